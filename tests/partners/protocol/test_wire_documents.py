"""Documents: there and back, unknown things kept out, and everything wrong named at once (protocol §4)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol import wire
from tests.partners.protocol import strategies
from tests.partners.protocol.strategies import json_values, moderate

DOCUMENTS: dict[str, tuple[Callable[[Any], Any], st.SearchStrategy]] = {
    "connection": (wire.parse_connection, strategies.connections),
    "pairing request": (wire.parse_pairing_request, strategies.pairing_requests),
    "notice": (wire.parse_notice, strategies.notices),
    "listing": (wire.parse_listing, strategies.listings),
    "listing page": (wire.parse_listing_page, strategies.listing_pages),
    "categories": (wire.parse_category_list, strategies.category_lists),
    "availability request": (wire.parse_availability_request, strategies.availability_requests),
    "availability": (wire.parse_availability, strategies.availabilities),
    "order request": (wire.parse_order_request, strategies.order_requests),
    "order": (wire.parse_order, strategies.orders),
    "command": (wire.parse_command, strategies.commands),
    "order event": (wire.parse_order_event, strategies.order_events),
    "applied": (wire.parse_applied, strategies.applied),
    "order page": (wire.parse_order_page, strategies.order_pages),
    "stored key": (wire.parse_stored_key, strategies.stored_keys),
    "key list": (wire.parse_key_list, strategies.key_lists),
    "new key": (wire.parse_new_key, strategies.new_keys),
    "problem": (wire.parse_problem, strategies.problems),
}
each_document = pytest.mark.parametrize(("parse", "documents"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
PERIOD = {"start": "2026-12-01T08:00:00Z", "end": "2026-12-03T08:00:00Z", "zone": "Europe/Berlin"}
LINE = {"id": "0192f3a4-0000-7000-8000-000000000001", "article": "17", "quantity": 4}
ORDER = {
    "id": "0192f3a4-0000-7000-8000-000000000000",
    "intent": "order",
    "buyer": {"name": "Aurora"},
    "planning_period": PERIOD,
    "usage_period": PERIOD,
    "currency": "EUR",
    "lines": [LINE],
}


def errors_of(value: Any, parse: Callable[[Any], Any] = wire.parse_order_request) -> list[tuple[str, str]]:
    with pytest.raises(wire.FieldErrors) as caught:
        parse(value)
    return [(error.pointer, error.code) for error in caught.value.errors]


def taken_or_refused(parse: Callable[[Any], Any], value: Any) -> None:
    """Parse; FieldErrors with 1 to 100 errors are fine, every other exception is not."""
    try:
        parse(value)
    except wire.FieldErrors as refused:
        count = len(refused.errors)
    else:
        count = 1
    assert 1 <= count <= 100


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """ORDER with one value replaced; `...` takes it out."""
    order = json.loads(json.dumps(ORDER))
    place: Any = order
    *path, last = pointer.strip("/").split("/")
    for step in path:
        place = place[int(step) if isinstance(place, list) else step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return order


# --- all documents ---


def test_every_parser_is_here():
    assert {parse for parse, _ in DOCUMENTS.values()} == {
        getattr(wire, name) for name in wire.__all__ if name.startswith("parse_")
    }


def written(document: Any) -> wire.Json:
    """The document as it goes out."""
    if isinstance(document, wire.Problem):
        return wire.problem_to_wire(document)
    return wire.new_key_to_wire(document.public_key) if isinstance(document, wire.NewKey) else wire.to_wire(document)


@each_document
@given(data=st.data())
@moderate
def test_there_and_back(parse: Callable[[Any], Any], documents: st.SearchStrategy, data: st.DataObject):
    document = data.draw(documents)
    assert parse(wire.loads_strict(wire.dumps(written(document)))) == document


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def with_strangers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: with_strangers(item) for name, item in value.items()} | {"of_tomorrow": [1, {"a": None}]}
    return [with_strangers(item) for item in value] if isinstance(value, list) else value


@each_document
@given(data=st.data())
@moderate
def test_absent_is_null_and_unknown_is_ignored(
    parse: Callable[[Any], Any], documents: st.SearchStrategy, data: st.DataObject
):
    document = data.draw(documents)
    sent = written(document)
    assert parse(without_nulls(sent)) == parse(with_strangers(sent)) == document


@each_document
@given(value=json_values)
@moderate
def test_any_json_gives_a_document_or_field_errors(
    parse: Callable[[Any], Any], documents: st.SearchStrategy, value: Any
):
    taken_or_refused(parse, value)


@each_document
@given(data=st.data(), poison=json_values)
@moderate
def test_any_poisoned_field_gives_a_document_or_field_errors(
    parse: Callable[[Any], Any], documents: st.SearchStrategy, data: st.DataObject, poison: Any
):
    sent = written(data.draw(documents))
    place = sent
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from([*place] if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = poison
            break
        place = place[key]
    taken_or_refused(parse, sent)


# --- single rules ---


def test_a_least_order():
    order = wire.parse_order_request(ORDER)
    assert order.intent == wire.Intent.ORDER
    assert order.planning_period.period.start == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert order.lines == (wire.RequestLine(id=UUID(LINE["id"]), article="17", quantity=4),)


def test_an_order_without_intent_binds_nobody():
    assert wire.parse_order_request(changed("/intent", ...)).intent == wire.Intent.INQUIRY


def test_an_unknown_word_is_kept_and_equals_nothing_known():
    order = wire.parse_order_request(changed("/intent", "lease"))
    assert order.intent == "lease"
    assert order.intent not in set(wire.Intent)


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/id", ..., "required"),
        ("/id", "0192F3A4-0000-7000-8000-000000000000", "format"),
        ("/id", "{0192f3a4-0000-7000-8000-000000000000}", "format"),
        ("/id", 17, "type"),
        ("/intent", 17, "type"),
        ("/buyer", ..., "required"),
        ("/buyer", [], "type"),
        ("/buyer/name", ..., "required"),
        ("/buyer/name", "  \n ", "required"),
        ("/buyer/name", "x" * 201, "length"),
        ("/buyer/name", "x" * 1_000_000, "length"),
        ("/buyer/name", "a" + "\u0301" * 40, "format"),
        ("/buyer_reference", "x" * 101, "length"),
        ("/remark", "x" * 4001, "length"),
        ("/remark", {"a": 1}, "type"),
        ("/currency", ..., "required"),
        ("/currency", "eur", "currency"),
        ("/currency", "EURO", "currency"),
        ("/currency", "XTS", "currency"),
        ("/currency", ["EUR"], "type"),
        ("/planning_period", ..., "required"),
        ("/planning_period", "2026", "type"),
        ("/planning_period/zone", ..., "required"),
        ("/planning_period/zone", "Mars/Olympus", "zone"),
        ("/planning_period/zone", "../../etc/passwd", "zone"),
        ("/planning_period/zone", 1, "type"),
        ("/planning_period/start", "2026-12-01T08:00:00", "format"),
        ("/planning_period/start", "2026-12-01T08:00:00+01:00", "format"),
        ("/planning_period/start", "2026-12-01 08:00:00Z", "format"),
        ("/planning_period/start", "2026-12-01T08:00:00.1234567Z", "format"),
        ("/planning_period/start", "2026-13-01T08:00:00Z", "format"),
        ("/planning_period/start", "2026-12-01T08:00:60Z", "format"),
        ("/planning_period/start", "٢٠٢٦-12-01T08:00:00Z", "format"),
        ("/planning_period/start", "0001-01-01T00:00:00Z", "range"),
        ("/planning_period/end", "9999-12-31T23:59:59Z", "range"),
        ("/lines", ..., "required"),
        ("/lines", [], "length"),
        ("/lines", [LINE] * 501, "length"),
        ("/lines", {}, "type"),
        ("/lines", [LINE, LINE], "duplicate"),
        ("/lines/0/article", "a b", "format"),
        ("/lines/0/article", "../x", "format"),
        ("/lines/0/article", "x" * 65, "format"),
        ("/lines/0/article", "x\n", "format"),
        ("/lines/0/quantity", 0, "range"),
        ("/lines/0/quantity", -1, "range"),
        ("/lines/0/quantity", 1_000_000, "range"),
        ("/lines/0/quantity", 1.0, "type"),
        ("/lines/0/quantity", "4", "type"),
        ("/lines/0/quantity", True, "type"),
        ("/lines/0/expected_net", 12.5, "type"),
        ("/lines/0/expected_net", "-1.00", "range"),
        ("/lines/0/expected_net", "1e3", "format"),
        ("/lines/0/expected_net", "1,50", "format"),
        ("/lines/0/expected_net", ".5", "format"),
        ("/lines/0/expected_net", "1.", "format"),
        ("/lines/0/expected_net", "NaN", "format"),
        ("/lines/0/expected_net", "1234567890123", "format"),
        ("/lines/0/expected_net", "1.1234567", "format"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_field_rules(pointer: str, value: Any, code: str):
    assert errors_of(changed(pointer, value)) == [(pointer, code)]


def test_a_period_ends_after_it_starts():
    for end in (PERIOD["start"], "2026-11-01T08:00:00Z"):
        assert errors_of(changed("/usage_period/end", end)) == [("/usage_period", "period")]


def test_everything_wrong_is_named_at_once():
    wrong = changed("/lines", [{"id": 1}, {**LINE, "quantity": 0}])
    wrong["currency"] = None
    assert errors_of(wrong) == [
        ("/currency", "required"),
        ("/lines/0/id", "type"),
        ("/lines/0/article", "required"),
        ("/lines/0/quantity", "required"),
        ("/lines/1/quantity", "range"),
    ]


def test_at_most_a_hundred_errors():
    assert len(errors_of(changed("/lines", [{}] * 500))) == 100


def test_a_hundred_errors_in_one_place_do_not_hide_that_the_next_is_wrong_too():
    """What is read after the hundredth error was no value: it must not be looked at."""
    half_read = {**LINE, "number": "1", "name": "PAR", "answer": {"period": {}}}
    wrong = {**ORDER, "version": 1, "state": "requested", "lines": [*([{}] * 40), half_read, {}]}
    assert len(errors_of(wrong, wire.parse_order)) == 100
    proposal = {"planning_period": PERIOD, "usage_period": PERIOD, "lines": [{}] * 40}
    assert len(errors_of({**wrong, "lines": [1], "proposal": proposal}, wire.parse_order)) == 100
    assert len(errors_of({"items": [wrong, {"lines": [1]}]}, wire.parse_order_page)) == 100


def test_marks_that_multiply_when_normalised_are_counted_afterwards():
    """U+0344 is one mark and becomes two."""
    assert errors_of(changed("/buyer/name", "a" + "\u0344" * 20)) == [("/buyer/name", "format")]
    name = wire.parse_order_request(changed("/buyer/name", "a" + "\u0344" * 15)).buyer.name
    assert wire.parse_order_request(changed("/buyer/name", name)).buyer.name == name


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_a_document_is_an_object(value: Any):
    assert errors_of(value) == [("", "type")]


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [("Ko\u0308ln", "Köln"), ("  Aurora\t\r\nGmbH ", "Aurora   GmbH"), ("a\u2028b\x7f", "a b")],
    ids=ascii,
)
def test_names_are_one_line_of_nfc(given_text: str, kept: str):
    assert wire.parse_order_request(changed("/buyer/name", given_text)).buyer.name == kept


def test_notes_keep_their_lines():
    assert wire.parse_order_request(changed("/remark", "a\r\nb\rc\td\x07")).remark == "a\nb\nc\td "


@pytest.mark.parametrize("written", ["2026-12-01T08:00:00Z", "2026-12-01T08:00:00.000Z", "2026-12-01T08:00:00+00:00"])
def test_instants_in_utc(written: str):
    order = wire.parse_order_request(changed("/planning_period/start", written))
    assert wire.instant_text(order.planning_period.start) == "2026-12-01T08:00:00Z"


@pytest.mark.parametrize(
    ("stock", "read"),
    [
        (None, None),
        ({"mode": "exact", "owned": 10, "free": 0}, wire.ExactStock(owned=10, free=0)),
        ({"mode": "yes_no", "available": True}, wire.YesNoStock(available=True)),
        ({"mode": "capped", "at_least": 5}, wire.CappedStock(at_least=5)),
        ({"mode": "fuzzy", "owned": "many"}, wire.UnknownStock(mode="fuzzy")),
    ],
)
def test_stock_in_every_detail(stock: Any, read: Any):
    assert wire.parse_listing({"id": "1", "number": "1", "name": "PAR", "stock": stock}).stock == read


@pytest.mark.parametrize(
    ("stock", "error"),
    [
        ({}, ("/stock/mode", "required")),
        ({"mode": "exact", "owned": 1, "free": -1}, ("/stock/free", "range")),
        ({"mode": "yes_no", "available": 1}, ("/stock/available", "type")),
        ({"mode": "capped"}, ("/stock/at_least", "required")),
    ],
)
def test_stock_that_says_nothing(stock: Any, error: tuple[str, str]):
    listing = {"id": "1", "number": "1", "name": "PAR", "stock": stock}
    assert errors_of(listing, wire.parse_listing) == [error]


def test_a_discount_is_at_most_the_whole():
    price = {"currency": "EUR", "discount_percent": "100.01"}
    listing = {"id": "1", "number": "1", "name": "PAR", "price": price}
    assert errors_of(listing, wire.parse_listing) == [("/price/discount_percent", "range")]


@pytest.mark.parametrize("cursor", ["a b", "x" * 513, "ä", "x\n"], ids=ascii)
def test_a_cursor_is_opaque_but_tame(cursor: str):
    assert errors_of({"items": [], "next": cursor}, wire.parse_listing_page) == [("/next", "format")]


GOOD = {"id": "1", "number": "1", "name": "PAR"}
BROKEN: list[Any] = [GOOD | {"name": ""}, GOOD | {"price": {"currency": "EUR", "net": 9.5}}, None, "PAR", [], {}]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_reader_leaves_out_and_counts_what_does_not_fit(broken: Any):
    page = {"items": [broken, GOOD, broken], "next": "further"}
    read, unreadable = wire.read_listing_page(page)
    assert (read, unreadable) == (wire.parse_listing_page(page | {"items": [GOOD]}), 2)
    assert errors_of(page, wire.parse_listing_page)


@pytest.mark.parametrize(
    "page",
    [
        {"items": [GOOD, {}], "next": "a b"},
        {"items": [GOOD, {}], "as_of": "today"},
        {"items": [GOOD, {}] * 51},
        {"items": {"0": GOOD}},
        {"items": [{"price": {"factors": [{}] * 100}}] * 100},
        {"items": "x"},
        [GOOD],
        None,
    ],
    ids=lambda page: str(page)[:40],
)
def test_a_page_is_refused_for_itself_and_where_nothing_in_it_fits(page: Any):
    assert errors_of(page, wire.read_listing_page)


def test_a_command_names_lines_or_none():
    command = {"command": "accept", "expected_version": 3}
    assert wire.parse_command(command).lines is None
    assert wire.parse_command(command | {"lines": [LINE["id"]]}).lines == (UUID(LINE["id"]),)
    assert errors_of({"command": "accept", "expected_version": 0}, wire.parse_command) == [
        ("/expected_version", "range")
    ]


# --- writing ---


def test_nothing_leaves_that_the_wire_cannot_carry():
    order = wire.parse_order_request(ORDER)
    (line,) = order.lines
    for amount in (Decimal(10) ** 12, Decimal("0.1234567"), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match="digits"):
            wire.to_wire(replace(line, expected_net=amount))
    with pytest.raises(ValueError, match="naive"):
        wire.to_wire(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(TypeError):
        wire.to_wire(object())
