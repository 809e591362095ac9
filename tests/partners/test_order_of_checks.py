"""The order of checks (protocol §3): of two faults at once the earlier one is found, for every two of them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from partners.api import authentication, gateway
from partners.api.authentication import NotAuthenticated
from partners.protocol.signing import fresh_nonce
from partners.transport import RawAnswer
from tests.partners.faults import FAULTS, Draft, closed
from tests.partners.questions import Pair, notice, problem

# What our own admin learns; to the caller all but the first are one and the same 401.
BEFORE = ["too-large", "headers", "connection", "key", "coverage", "signature", "digest", "time", "nonce"]
AFTER = {
    "rate": 429,
    "not-found": 404,
    "method": 405,
    "media-type": 415,
    "idempotency-required": 428,
    "idempotency-reuse": 422,
    "closed": 410,
    "paused": 403,
    "level": 403,
    "malformed": 400,
    "invalid": 422,
}
NO_TWO_AT_ONCE = {
    ("not-found", "method"),  # an address that does not exist has no methods
    ("idempotency-required", "idempotency-reuse"),  # a key is either missing or used
    ("closed", "paused"),  # what has ended is not paused any more
}


PAIRS = [two for two in itertools.combinations(FAULTS, 2) if two not in NO_TWO_AT_ONCE]


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why the door turned somebody away."""
    found: list[str] = []

    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            return authentication.authenticate(*args, **kwargs)
        except NotAuthenticated as refused:
            found.append(refused.reason)
            raise

    monkeypatch.setattr(gateway, "authenticate", watched)
    return found


def has_signature(answer: RawAnswer) -> bool:
    return "signature" in {name.lower() for name, _ in answer.headers}


def test_the_faults_stand_in_the_order_of_the_protocol() -> None:
    assert list(FAULTS) == [*BEFORE, *AFTER]


@pytest.mark.parametrize(("earlier", "later"), PAIRS, ids=map("+".join, PAIRS))
def test_of_two_faults_the_earlier_is_found(pair: Pair, reasons: list[str], earlier: str, later: str) -> None:
    draft = Draft(*pair)
    for fault in (later, earlier):
        FAULTS[fault](draft)
    answer = draft.send()
    if earlier in BEFORE:
        assert reasons == [earlier]
        assert answer.status == (413 if earlier == "too-large" else 401)
        assert not has_signature(answer)
    else:
        assert reasons == []
        assert (answer.status, problem(answer)) == (AFTER[earlier], earlier)
        assert has_signature(answer) == (earlier != "closed")


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone_is_found(pair: Pair, reasons: list[str], name: str) -> None:
    draft = Draft(*pair)
    FAULTS[name](draft)
    code = problem(draft.send())
    assert (reasons or [code]) == [name]


def test_a_stored_answer_comes_before_the_state(pair: Pair) -> None:
    said = notice(pair[0])
    assert said.ask().status == 204
    closed(Draft(*pair))
    said.nonce = fresh_nonce()
    assert said.ask().status == 204


def test_everything_up_to_the_nonce_is_answered_byte_for_byte_the_same(pair: Pair) -> None:
    answers = set()
    for name in BEFORE[1:]:
        draft = Draft(*pair)
        FAULTS[name](draft)
        answer = draft.send()
        headers = tuple(item for item in answer.headers if item[0] != "Date")
        answers.add((answer.status, headers, answer.body))
    assert len(answers) == 1
