"""Requests as they are signed and sent, honest and not, and what becomes of them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from partners.protocol.keys import KeyPair
from partners.protocol.signing import (
    ClaimedRequest,
    Proof,
    Reason,
    SignatureRefused,
    needs_idempotency_key,
    parse_request,
    sign_request,
    verify_request,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AURORA = KeyPair.from_raw(b"\x0a" * 32)
BASSLINE = KeyPair.from_raw(b"\x0b" * 32)
CYMBAL = KeyPair.from_raw(b"\x0c" * 32)
ORIGIN = "https://bassline.example"
ORDERS = "/api/partner/v1/orders"
KEYS = "/api/partner/v1/keys"
CONNECTION = UUID("22222222-2222-4222-8222-222222222222")
ATTEMPT = UUID("99999999-9999-4999-8999-999999999999")
NONCE = "abcdefghijklmnopqrstuv"


@dataclass(frozen=True)
class Sent:
    """A request on its way, to be tampered with."""

    method: str = "POST"
    origin: str = ORIGIN
    target: str = ORDERS
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"id":1}'
    more: tuple[tuple[str, str], ...] = ()

    def signed(self, key: KeyPair = AURORA, **arguments) -> "Sent":
        known = {"nonce": NONCE, "now": NOW, "connection_id": CONNECTION, "key": key}
        if needs_idempotency_key(self.method, self.target):
            known["idempotency_key"] = ATTEMPT
        request = {"method": self.method, "origin": self.origin, "target": self.target, "body": self.body}
        return replace(self, headers=sign_request(**(request | known | arguments)))

    def with_header(self, name: str, value: str) -> "Sent":
        return replace(self, headers=self.headers | {name: value})

    def without_header(self, name: str) -> "Sent":
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})


def claim(sent: Sent) -> ClaimedRequest:
    return parse_request(
        method=sent.method,
        origin=sent.origin,
        target=sent.target,
        headers=[*sent.headers.items(), *sent.more],
        body=sent.body,
    )


def receive(sent: Sent, *, now: datetime = NOW, keys: dict[str, bytes] | None = None) -> Proof:
    """As a server does it: whose connection, which keys, is it true."""
    claimed = claim(sent)
    if claimed.connection_id != CONNECTION:
        raise SignatureRefused(Reason.CONNECTION)
    return verify_request(claimed, keys={AURORA.keyid: AURORA.public} if keys is None else keys, now=now)


def reason_of(sent: Sent, **arguments) -> Reason:
    with pytest.raises(SignatureRefused) as caught:
        receive(sent, **arguments)
    return caught.value.reason


def resigned(
    sent: Sent, components: list[str], key: KeyPair = AURORA, order: Sequence[str] = (), **parameters: str
) -> Sent:
    """A true signature over anything, written down from RFC 9421 once more."""
    values = {
        "@method": sent.method,
        "@target-uri": sent.origin + sent.target,
        **{name.lower(): value for name, value in sent.headers.items()},
    }
    created = int(NOW.timestamp())
    known = {
        "created": str(created),
        "expires": str(created + 300),
        "keyid": f'"{key.keyid}"',
        "alg": '"ed25519"',
        "nonce": f'"{NONCE}"',
        "tag": '"ewx-partner-1"',
    }
    known = {name: known[name] for name in order or known}
    listed = " ".join(f'"{name}"' for name in components)
    written = f"({listed})" + "".join(f";{n}={v}" for n, v in (known | parameters).items() if v)
    base = "".join(f'"{name}": {values[name]}\n' for name in components) + f'"@signature-params": {written}'
    signature = base64.b64encode(key.sign(base.encode())).decode()
    return sent.with_header("Signature-Input", f"ewx={written}").with_header("Signature", f"ewx=:{signature}:")


WHOLE = ["@method", "@target-uri", "ewx-connection", "content-type", "content-digest", "idempotency-key"]
SENT = Sent().signed()
FOUND = Sent(method="GET", target="/api/partner/v1/articles?q=par%2064&limit=5", body=b"").signed()
