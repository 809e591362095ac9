"""The outlined JSON Schema against the documents themselves: what we write and what we take fits what we say."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol import wire
from partners.protocol.wire.fields import Node, Parser, Reader
from partners.protocol.wire.schema import Outlines
from tests.partners.protocol.strategies import moderate
from tests.partners.protocol.test_wire_documents import DOCUMENTS, written

PARSERS = {name: parser for name, parser in vars(wire).items() if isinstance(parser, Parser)}


def validator(read: Reader[Any]) -> jsonschema_rs.Draft202012Validator:
    outlines = Outlines()
    schema = {**outlines.of(read), "components": {"schemas": outlines.documents}}
    return jsonschema_rs.Draft202012Validator(json.loads(json.dumps(schema)))


@pytest.mark.parametrize("name", PARSERS)
def test_every_document_can_be_outlined(name: str) -> None:
    assert validator(PARSERS[name].read).is_valid({}) in (True, False)


@pytest.mark.parametrize(("parse", "documents"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_what_we_write_fits_the_outline(parse: Callable[[Any], Any], documents: st.SearchStrategy) -> None:
    fits = validator(parse.read)  # type: ignore[attr-defined]

    @given(documents)
    @moderate
    def check(document: Any) -> None:
        assert [error.message for error in fits.iter_errors(written(document))] == []

    check()


ARTICLE = {"id": "1", "number": "1", "name": "PAR"}
ORDER = {"id": "x", "lines": [{"id": 1}], "currency": "euro", "planning_period": {"start": "today"}}


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (wire.parse_notice, {"notice": ""}),
        (wire.parse_notice, {"notice": 3}),
        (wire.parse_notice, {}),
        (wire.parse_availability_request, {"period": None, "lines": []}),
        (wire.parse_command, {"command": "accept", "expected_version": 0}),
        (wire.parse_command, {"command": "accept", "expected_version": "1"}),
        (wire.parse_order_request, ORDER),
        (
            wire.parse_listing,
            ARTICLE | {"stock": {"mode": "exact", "owned": -1, "free": 0}},
        ),
        (wire.parse_listing, ARTICLE | {"price": {"currency": "EUR", "list": 1.5}}),
    ],
)
def test_what_we_refuse_does_not_fit_the_outline(parse: Parser, value: Any) -> None:
    with pytest.raises(wire.FieldErrors):
        parse(value)
    assert not validator(parse.read).is_valid(value)


def test_an_unknown_word_of_an_enumeration_fits_and_known_ones_are_named() -> None:
    outlines = Outlines()
    outlines.of(wire.parse_command.read)
    known, any_text = outlines.documents["Command"]["properties"]["command"]["anyOf"]
    assert known == {"enum": ["accept", "refuse", "request_cancel", "request_change", "withdraw"]}
    assert any_text == {"type": "string", "minLength": 1, "maxLength": 100}


def test_a_reader_that_says_nothing_cannot_be_outlined() -> None:
    def silent(node: Node) -> Any:
        return node.value

    with pytest.raises(TypeError):
        Outlines().of(silent)
