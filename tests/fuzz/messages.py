"""Fuzz targets around signatures: requests and answers as they arrive (protocol §3).

The bytes are a message as it is written: a first line, headers, an empty line, the body.
"""

import base64
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from partners.protocol.keys import KeyPair
from partners.protocol.signing import (
    SKEW,
    ClaimedRequest,
    Proof,
    SignatureRefused,
    needs_idempotency_key,
    parse_request,
    sign_request,
    sign_response,
    verify_new_key,
    verify_request,
    verify_response,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY, NEW_KEY = KeyPair.from_raw(b"\x01" * 32), KeyPair.from_raw(b"\x02" * 32)
KEYS = {KEY.keyid: KEY.public}
ORIGIN = "https://bassline.example"
CONNECTION = UUID("22222222-2222-4222-8222-222222222222")
ATTEMPT = UUID("99999999-9999-4999-8999-999999999999")
NONCE, NEW_NONCE = "abcdefghijklmnopqrstuv", "zyxwvutsrqponmlkjihgfe"
ROOT = "/api/partner/v1"


class Message(NamedTuple):
    """`first` is the method and the target of a request, the status of an answer."""

    first: str
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def read(cls, data: bytes) -> "Message":
        head, _, body = data.partition(b"\n\n")
        first, *lines = head.decode("latin-1").split("\n")
        pairs = (line.partition(":") for line in lines)
        return cls(first, [(name, value.removeprefix(" ")) for name, _, value in pairs], body)

    def write(self) -> bytes:
        head = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join(head).encode("latin-1") + b"\n\n" + self.body


def _signed(method: str, target: str, body: bytes = b"", new_key: bool = False) -> Message:
    headers = sign_request(
        method=method,
        origin=ORIGIN,
        target=target,
        connection_id=CONNECTION,
        key=KEY,
        now=NOW,
        nonce=NONCE,
        body=body,
        idempotency_key=ATTEMPT if needs_idempotency_key(method, target) else None,
        new_key=(NEW_KEY, NEW_NONCE) if new_key else None,
    )
    return Message(f"{method} {target}", [*headers.items()], body)


REQUESTS = [
    _signed("GET", f"{ROOT}/articles?q=par%2064&limit=5"),
    _signed("POST", f"{ROOT}/orders", b'{"id":1}'),
    _signed("POST", f"{ROOT}/orders/17/commands", b'{"command":"withdraw"}'),
    _signed("POST", f"{ROOT}/availability", b"{}"),
    _signed("DELETE", f"{ROOT}/keys/0123456789abcdef"),
    _signed("POST", f"{ROOT}/keys", b'{"public_key":""}', new_key=True),
]
_KNOWN_REQUESTS = {(message.first, message.body) for message in REQUESTS}


def request(data: bytes) -> None:
    """What is proven was signed: the same method, target, connection, idempotency key and body."""
    message = Message.read(data)
    claimed = _claimed(message)
    if claimed is None or _proof(claimed) is None:
        return
    assert (message.first, message.body) in _KNOWN_REQUESTS
    assert claimed.connection_id == CONNECTION
    method, _, target = message.first.partition(" ")
    assert claimed.idempotency_key == (ATTEMPT if needs_idempotency_key(method, target) else None)


def _claimed(message: Message) -> ClaimedRequest | None:
    method, _, target = message.first.partition(" ")
    try:
        return parse_request(method=method, origin=ORIGIN, target=target, headers=message.headers, body=message.body)
    except SignatureRefused:
        return None


def _proof(claimed: ClaimedRequest) -> Proof | None:
    try:
        if claimed.new_key_signature:
            verify_new_key(claimed, public_key=NEW_KEY.public, now=NOW)
        return verify_request(claimed, keys=KEYS, now=NOW)
    except SignatureRefused:
        return None


def self_signed(data: bytes) -> None:
    """A request whose sender holds the key and signs whatever he likes: only our profile is taken.

    Signature-Input is the sender's; the signature is made for it, whatever it covers and says.
    """
    message = Message.read(data)
    given = dict(message.headers)
    declared = given.get("Signature-Input", "").partition("=")[2]
    value = base64.b64encode(KEY.sign(_base(message, declared))).decode()
    honest = message._replace(headers=[*message.headers, ("Signature", f"ewx=:{value}:")])
    claimed = _claimed(honest)
    proof = claimed and _proof(claimed)
    if proof is None:
        return
    assert declared == _profile(message, proof, order=re.findall(r";([a-z]+)=", declared))
    created = proof.created.timestamp()
    assert created - SKEW <= NOW.timestamp() <= created + 300 == proof.expires.timestamp()


def _base(message: Message, declared: str) -> bytes:
    """The signature base of RFC 9421 over what was declared, as far as it can be understood."""
    method, _, target = message.first.partition(" ")
    values = {name.lower(): value for name, value in message.headers}
    values |= {"@method": method, "@target-uri": ORIGIN + target}
    names = re.findall(r'"([^"]*)"', declared.partition(")")[0])
    lines = [f'"{name}": {values.get(name, "")}' for name in names]
    return "\n".join([*lines, f'"@signature-params": {declared}']).encode("latin-1")


def _profile(message: Message, proof: Proof, order: Iterable[str]) -> str:
    """What Signature-Input has to say, from protocol §3."""
    method, _, target = message.first.partition(" ")
    has_key = needs_idempotency_key(method, target) and "idempotency-key" in {n.lower() for n, _ in message.headers}
    covered = ["@method", "@target-uri", "ewx-connection"]
    covered += ["content-type", "content-digest"] * bool(message.body) + ["idempotency-key"] * has_key
    created = int(proof.created.timestamp())
    parameters = {
        "created": f"{created}",
        "expires": f"{created + 300}",
        "keyid": f'"{KEY.keyid}"',
        "alg": '"ed25519"',
        "nonce": f'"{proof.nonce}"',
        "tag": '"ewx-partner-1"',
    }
    assert sorted(order) == sorted(parameters)
    listed = " ".join(f'"{name}"' for name in covered)
    return f"({listed})" + "".join(f";{name}={parameters[name]}" for name in order)


ASKED = dict(REQUESTS[1].headers)["Signature"]


def _answered(status: int, body: bytes) -> Message:
    headers = sign_response(status=status, request_signature=ASKED, key=KEY, now=NOW, nonce=NONCE, body=body)
    return Message(str(status), [*headers.items()], body)


ANSWERS = [_answered(200, b'{"version":1}'), _answered(204, b""), _answered(422, b"{}")]
_KNOWN_ANSWERS = {(message.first, message.body) for message in ANSWERS}


def answer(data: bytes) -> None:
    """What is proven was signed, for this request, with this status and body."""
    message = Message.read(data)
    if not re.fullmatch("[1-9][0-9]{2}", message.first):
        return
    try:
        verify_response(
            status=int(message.first),
            headers=message.headers,
            body=message.body,
            request_signature=ASKED,
            keys=KEYS,
            now=NOW,
        )
    except SignatureRefused:
        return
    assert (message.first, message.body) in _KNOWN_ANSWERS
