"""The order of checks (protocol §3): of two faults at once the earlier one is found, for every two of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from partners.api import authentication, gateway, rates
from partners.api.authentication import NotAuthenticated
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signature_headers import signed_headers
from partners.protocol.signing import content_digest, fresh_nonce
from partners.transport import RawAnswer
from tests.fakes import deliver
from tests.partners.questions import V1, Pair, notice, problem

TOO_LARGE = b" " * (256 * 1024 + 1)
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


@dataclass
class Draft:
    """A request before it is signed: an order of aurora's that bassline would read to the end."""

    ours: PartnerConnection
    theirs: PartnerConnection
    method: str = "POST"
    target: str = f"{V1}/orders"
    body: bytes = b"{}"
    signed_body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    key: KeyPair | None = None
    uncovered: set[str] = field(default_factory=set)
    nonce: str = field(default_factory=fresh_nonce)
    is_forged: bool = False
    age: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.headers = {
            "EWX-Connection": str(self.ours.peer_connection_id),
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }

    def signed(self) -> dict[str, str]:
        body = self.body if self.signed_body is None else self.signed_body
        headers = self.headers | {"Content-Digest": content_digest(body)}
        names = ["EWX-Connection", "Content-Type", "Content-Digest"]
        if "Idempotency-Key" in headers and "/orders" in self.target:
            names.append("Idempotency-Key")
        covered = [('"@method"', self.method), ('"@target-uri"', self.ours.peer_origin + self.target)]
        covered += [(f'"{name.lower()}"', headers[name]) for name in names if name not in self.uncovered]
        signer = ("ewx", self.key or self.ours.own_key(), self.nonce)
        proof = signed_headers(tuple(covered), [signer], timezone.now() - self.age)
        if self.is_forged:
            proof["Signature"] = "ewx=:" + "A" * 86 + "==:"
        return headers | proof | self.extra

    def send(self) -> RawAnswer:
        return deliver(self.method, self.target, self.signed(), self.body)


def too_large(draft: Draft) -> None:
    draft.body = TOO_LARGE


def bad_header(draft: Draft) -> None:
    draft.extra["Content-Encoding"] = "gzip"


def unknown_connection(draft: Draft) -> None:
    draft.headers["EWX-Connection"] = str(uuid4())


def unknown_key(draft: Draft) -> None:
    draft.key = KeyPair.generate()


def too_little_covered(draft: Draft) -> None:
    draft.uncovered.add("Content-Type")


def forged(draft: Draft) -> None:
    draft.is_forged = True


def other_body(draft: Draft) -> None:
    draft.signed_body = b'{"another": "body"}'


def too_old(draft: Draft) -> None:
    draft.age = timedelta(hours=1)


def used_nonce(draft: Draft) -> None:
    authentication._use_nonce(draft.nonce, draft.theirs, is_durable=True, now=timezone.now())


def used_up_rate(draft: Draft) -> None:
    limit = rates.PER_CONNECTION["signed"]
    for _request in range(limit.most):
        rates.count_signed(connection=draft.theirs, rate=None, now=timezone.now())


def unknown_route(draft: Draft) -> None:
    draft.target = f"{V1}/nowhere"


def wrong_method(draft: Draft) -> None:
    draft.target = f"{V1}/articles"


def wrong_media_type(draft: Draft) -> None:
    draft.headers["Content-Type"] = "text/plain"


def no_key(draft: Draft) -> None:
    draft.headers.pop("Idempotency-Key")


def used_key(draft: Draft) -> None:
    key = UUID(draft.headers["Idempotency-Key"])
    draft.theirs.stored_answers.create(key=key, fingerprint="x", status=204, body=b"", created_at=timezone.now())


def closed(draft: Draft) -> None:
    PartnerConnection.objects.filter(pk=draft.theirs.pk).update(closed_at=timezone.now())


def paused(draft: Draft) -> None:
    PartnerConnection.objects.filter(pk=draft.theirs.pk).update(paused_at=timezone.now())


def no_level(draft: Draft) -> None:
    PartnerConnection.objects.filter(pk=draft.theirs.pk).update(level=0)


def malformed(draft: Draft) -> None:
    draft.body = b'{"id": 3, "id": 3}'


def invalid(draft: Draft) -> None:
    pass  # the draft has no field at all


Fault = Callable[[Draft], None]
FAULTS: dict[str, Fault] = {
    "too-large": too_large,
    "headers": bad_header,
    "connection": unknown_connection,
    "key": unknown_key,
    "coverage": too_little_covered,
    "signature": forged,
    "digest": other_body,
    "time": too_old,
    "nonce": used_nonce,
    "rate": used_up_rate,
    "not-found": unknown_route,
    "method": wrong_method,
    "media-type": wrong_media_type,
    "idempotency-required": no_key,
    "idempotency-reuse": used_key,
    "closed": closed,
    "paused": paused,
    "level": no_level,
    "malformed": malformed,
    "invalid": invalid,
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
