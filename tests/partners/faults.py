"""Everything that can be wrong with a request, in the order in which it is looked at (protocol §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from partners.api import authentication, rates
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signature_headers import signed_headers
from partners.protocol.signing import content_digest, fresh_nonce
from partners.transport import RawAnswer
from tests.fakes import deliver
from tests.partners.questions import V1

TOO_LARGE = b" " * (256 * 1024 + 1)


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
    authentication._use_nonce(draft.nonce, draft.theirs, timezone.now())


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
