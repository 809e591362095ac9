"""docs/protocol.md shows what really goes over the wire: each example is asked for and answered here."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from partners.api.schema import openapi
from partners.transport import RawAnswer
from tests.fakes import InProcess
from tests.partners.api.examples import BEGINNING, PAGE, REST, Companies, Example, examples

OPAQUE = {"instance": re.compile(r"urn:uuid:[0-9a-f-]{36}"), "next": re.compile(r"[A-Za-z0-9_-]{1,512}")}


@pytest.fixture
def answered(db: None, network: InProcess) -> list[tuple[Example, RawAnswer]]:
    """Every example with its real answer, a minute after the one before."""
    with time_machine.travel(BEGINNING, tick=False) as clock:
        companies = Companies()
        found = []
        for example in examples():
            clock.shift(timedelta(minutes=1))
            found.append((example, companies.ask(example)))
        return found


def whole(document: Any, order: Any) -> Any:
    """The documented answer with what it does not repeat of the order."""
    if isinstance(document, list):
        return [whole(item, order) for item in document]
    if not isinstance(document, dict):
        return document
    said = {name: whole(value, order) for name, value in document.items() if name != REST}
    return order | said if REST in document else said


def content_type(answer: RawAnswer) -> str:
    return dict(answer.headers).get("Content-Type", "")


def comparable(answer: Any) -> Any:
    """What is never the same twice, in the right form, counts as equal: a request's number, a cursor."""
    alike = {name: bool(form.fullmatch(answer.get(name) or "")) for name, form in OPAQUE.items() if answer.get(name)}
    return answer | alike


def test_every_example_is_what_is_really_answered(answered: list[tuple[Example, RawAnswer]]) -> None:
    order = next(example.answer for example in examples() if example.name == "POST /orders")
    for example, answer in answered:
        assert (example.name, answer.status, content_type(answer)) == (
            example.name,
            example.status,
            example.content_type,
        )
        if example.answer:
            real = json.loads(answer.body)
            assert comparable(real) == comparable(whole(example.answer, order)), example.name


def test_every_endpoint_has_an_example_that_succeeds() -> None:
    shown = [example for example in examples() if example.status < 300]
    for path, item in openapi()["paths"].items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(path)))
        for method in item.keys() - {"servers"}:
            matching = [
                example
                for example in shown
                if example.method == method.upper() and pattern.fullmatch(example.target.partition("?")[0])
            ]
            assert matching, f"{method} {path} has no example"


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda page: page.replace('"owned": 10, "free": 6', '"owned": 10, "free": 7', 1),
        lambda page: page.replace('"has_picture": true, ', "", 1),
        lambda page: page.replace('"level_granted_to_you": 2', '"level_granted_to_you": "2"', 1),
        lambda page: page.replace("→ 201\n", "→ 200\n", 1),
        lambda page: page.replace('"version": 2, "state": "withdrawn"', '"version": 3, "state": "withdrawn"', 1),
    ],
    ids=["value", "missing", "type", "status", "rest"],
)
def test_guard_sees_a_wrong_example(answered: list[tuple[Example, RawAnswer]], spoilt: Callable[[str], str]) -> None:
    """The same answers against a page with one mistake."""
    wrong = spoilt(PAGE)
    assert wrong != PAGE
    documented = list(examples(wrong))
    with pytest.raises(AssertionError):
        test_every_example_is_what_is_really_answered(
            [(example, answer) for example, (_, answer) in zip(documented, answered, strict=True)]
        )
