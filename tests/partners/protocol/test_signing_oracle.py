"""Our fixed profile against a general library for RFC 9421: random messages, no difference.

The library alone accepts far more than we do, as the last test shows, so the oracle is the library's verdict on
the signature, and our profile read off its result. `./dev fuzz --oracle 100000` compares as many.
"""

import base64
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import http_sf
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)

from partners.protocol.keys import KeyPair, keyid
from partners.protocol.signing import (
    SignatureRefused,
    content_digest,
    fresh_nonce,
    needs_idempotency_key,
    parse_request,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from tests.source import ROOT

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAIRS = [KeyPair.from_raw(bytes([number]) * 32) for number in range(1, 5)]
KNOWN = {pair.keyid: pair.public for pair in PAIRS[:3]}
RESOLVER = MappingKeyResolver(
    public_keys={keyid: Ed25519PublicKey.from_public_bytes(raw) for keyid, raw in KNOWN.items()},
    private_keys={pair.keyid: pair.private for pair in PAIRS},
)
SIX = {"created", "expires", "keyid", "alg", "nonce", "tag"}
TARGETS = ["/orders", "/pairing", "/articles?q=a%20b&limit=3", "/availability", "/orders/17/commands", "/"]
ORIGINS = ["https://a.example", "https://b.example:8443", "http://127.0.0.1:8001", "https://[2001:db8::1]"]
ROUNDS = int(os.environ.get("EWX_ORACLE_MESSAGES", "7200")) // 6


@dataclass
class Message:
    method: str
    url: str
    headers: dict[str, str]


@dataclass
class AnswerMessage:
    status_code: int
    headers: dict[str, str]
    request: Message


class TimelessVerifier(HTTPMessageVerifier):
    """The clock of the library is its own; ours is looked at in the profile."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        return None


VERIFIER = TimelessVerifier(signature_algorithm=algorithms.ED25519, key_resolver=RESOLVER)
SIGNER = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=RESOLVER)


def oracle(message: Message | AnswerMessage, body: bytes, expected: list[str], now: datetime) -> bool:
    try:
        (result,) = VERIFIER.verify(message, expect_tag="ewx-partner-1", body=body or None)
    except (InvalidSignature, ValueError):
        return False
    parameters = result.parameters
    return (
        result.label == "ewx"
        and list(result.covered_components)[:-1] == expected
        and set(parameters) == SIX
        and parameters["expires"] == parameters["created"] + 300
        and parameters["created"] - 60 <= now.timestamp() <= parameters["expires"]
        and 22 <= len(parameters["nonce"]) <= 86
        and parameters["nonce"].replace("-", "_").replace("_", "0").isalnum()
        and all(_is_written_canonically(message.headers[name]) for name in ("Signature", "Signature-Input"))
    )


def _is_written_canonically(header: str) -> bool:
    return http_sf.ser(http_sf.parse(header.encode(), tltype="dictionary")) == header


def request_components(method: str, target: str, headers: dict[str, str], body: bytes) -> list[str]:
    names = ["@method", "@target-uri", "ewx-connection"]
    names += ["content-type", "content-digest"] if body else []
    names += ["idempotency-key"] if needs_idempotency_key(method, target) and "Idempotency-Key" in headers else []
    return [f'"{name}"' for name in names]


def ours_on_request(message: Message, origin: str, target: str, body: bytes, now: datetime) -> bool:
    try:
        claimed = parse_request(
            method=message.method, origin=origin, target=target, headers=[*message.headers.items()], body=body
        )
        verify_request(claimed, keys=KNOWN, now=now)
    except SignatureRefused:
        return False
    return True


@dataclass
class Draw:
    """One random request and what the attacker may do to it."""

    rng: Random

    def __post_init__(self) -> None:
        rng = self.rng
        self.origin = rng.choice(ORIGINS)
        self.target = "/api/partner/v1" + rng.choice(TARGETS)
        self.body = rng.choice([b"", rng.randbytes(rng.randrange(1, 60))])
        self.method = "POST" if self.body else rng.choice(["GET", "DELETE", "POST"])
        self.key = rng.choice(PAIRS)
        self.nonce = fresh_nonce(rng.randbytes)
        self.connection = UUID(bytes=rng.randbytes(16))
        with_key = needs_idempotency_key(self.method, self.target) and rng.random() < 0.8
        self.idempotency_key = UUID(bytes=rng.randbytes(16)) if with_key else None

    def signed_by_us(self) -> dict[str, str]:
        return sign_request(
            method=self.method,
            origin=self.origin,
            target=self.target,
            connection_id=self.connection,
            key=self.key,
            now=NOW,
            nonce=self.nonce,
            body=self.body,
            idempotency_key=self.idempotency_key,
        )

    def signed_by_the_library(self, components: list[str] | None = None, tag: str = "ewx-partner-1") -> dict[str, str]:
        headers = {"EWX-Connection": str(self.connection)}
        if self.body:
            headers |= {"Content-Type": "application/json", "Content-Digest": content_digest(self.body)}
        if self.idempotency_key:
            headers["Idempotency-Key"] = str(self.idempotency_key)
        covered = components or request_components(self.method, self.target, headers, self.body)
        message = Message(self.method, self.origin + self.target, headers)
        SIGNER.sign(
            message,
            key_id=self.key.keyid,
            created=NOW,
            expires=NOW + timedelta(seconds=300),
            nonce=self.nonce,
            label="ewx",
            tag=tag,
            use_existing_digest=bool(self.body),
            covered_component_ids=[name.strip('"') for name in covered],
        )
        return dict(message.headers)


def told(kind: str, accepted: int, of: int) -> None:
    """Seen with `-rP`: what was compared, none of it with two verdicts."""
    print(f"{kind}: {of} messages, {accepted} accepted by both, {of - accepted} refused by both")


def compare(draw: Draw, headers: dict[str, str], now: datetime = NOW) -> bool:
    """The verdict of both, which has to be one."""
    message = Message(draw.method, draw.origin + draw.target, headers)
    expected = request_components(draw.method, draw.target, headers, draw.body)
    ours = ours_on_request(message, draw.origin, draw.target, draw.body, now)
    assert ours == oracle(message, draw.body, expected, now), (draw, headers)
    return ours


@pytest.mark.parametrize("signer", ["signed_by_us", "signed_by_the_library"])
def test_honest_requests(signer: str):
    rng, accepted = Random(9421), 0
    for _ in range(ROUNDS):
        draw = Draw(rng)
        verdict = compare(draw, getattr(draw, signer)())
        assert verdict == (draw.key.keyid in KNOWN)
        accepted += verdict
    assert accepted > ROUNDS / 2
    told(f"honest, {signer}", accepted, ROUNDS)


def test_tampered_requests():
    rng, accepted = Random(9530), 0
    for _ in range(2 * ROUNDS):
        draw = Draw(rng)
        headers = _tampered_headers(rng, draw.signed_by_us())
        _tamper(rng, draw)
        accepted += compare(draw, headers, now=NOW + timedelta(seconds=rng.randrange(-90, 330)))
    assert 0 < accepted < ROUNDS
    told("tampered with", accepted, 2 * ROUNDS)


def test_requests_that_cover_something_else():
    rng, accepted = Random(17), 0
    for _ in range(ROUNDS):
        draw = Draw(rng)
        components = request_components(draw.method, draw.target, draw.signed_by_us(), draw.body)
        rng.shuffle(components)
        kept = components[: rng.randrange(1, len(components) + 1)]
        tag = rng.choice(["ewx-partner-1", "ewx-partner-1", "ewx-partner-2"])
        accepted += compare(draw, draw.signed_by_the_library(kept, tag))
    assert accepted < ROUNDS / 4
    told("covering something else", accepted, ROUNDS)


def test_answers():
    rng, accepted = Random(8032), 0
    for _ in range(ROUNDS):
        draw = Draw(rng)
        asked = draw.signed_by_us()
        status, body = rng.choice([200, 201, 204, 422]), rng.choice([b"", rng.randbytes(20)])
        headers = sign_response(
            status=status, request_signature=asked["Signature"], key=rng.choice(PAIRS), now=NOW,
            nonce=fresh_nonce(rng.randbytes), body=body,
        )  # fmt: skip
        headers = _tampered_headers(rng, headers)
        status = rng.choice([status, status, 200])
        accepted += _compare_answer(draw, asked, headers, status, body)
    assert ROUNDS / 10 < accepted < ROUNDS
    told("answers", accepted, ROUNDS)


def _compare_answer(draw: Draw, asked: dict[str, str], headers: dict[str, str], status: int, body: bytes) -> bool:
    message = AnswerMessage(status, headers, Message(draw.method, draw.origin + draw.target, asked))
    middle = ['"content-type"', '"content-digest"'] if body else []
    expected = ['"@status"', *middle, '"signature";req;key="ewx"']
    try:
        verify_response(
            status=status, headers=[*headers.items()], body=body, request_signature=asked["Signature"],
            keys=KNOWN, now=NOW,
        )  # fmt: skip
        ours = True
    except SignatureRefused:
        ours = False
    assert ours == oracle(message, body, expected, NOW), headers
    return ours


def _tampered_headers(rng: Random, headers: dict[str, str]) -> dict[str, str]:
    """Half of the time as they are; else one character of one header changed."""
    if rng.random() < 0.5:
        return headers
    name = rng.choice([*headers])
    value, at = headers[name], rng.randrange(len(headers[name]))
    digit = rng.choice('abcdef0123456789ABCXYZ+/-_=";() ,')
    return headers | {name: value[:at] + digit + value[at + 1 :]}


def _tamper(rng: Random, draw: Draw) -> None:
    """Half of the time nothing; else something of the message itself."""
    for change in rng.sample(["origin", "target", "body", "nothing", "nothing", "nothing"], 1):
        if change == "origin":
            draw.origin = rng.choice(ORIGINS)
        elif change == "target":
            draw.target += rng.choice(["?x=1", "", "/"])
        elif change == "body" and draw.body:
            draw.body = rng.choice([draw.body, draw.body + b" ", base64.b64encode(draw.body)])


def test_what_the_library_alone_would_take():
    """Of our vectors that nobody may take; the two about time aside, which its own clock decides."""
    vectors = json.loads((ROOT / "docs" / "vectors" / "requests.json").read_text(encoding="ascii"))
    keys = {keyid(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in map(bytes.fromhex, vectors["keys"])}
    resolver = MappingKeyResolver(public_keys=keys, private_keys={})
    verifier = TimelessVerifier(signature_algorithm=algorithms.ED25519, key_resolver=resolver)
    wrong = [vector for vector in vectors["vectors"] if vector["verdict"] not in {"accepted", "time"}]
    taken = {vector["about"] for vector in wrong if _is_taken(verifier, vectors["origin"], vector)}
    assert (len(taken), len(wrong)) == (29, 74)
    assert taken >= {
        "a forgery under a key of small order that was taken",
        "the same signature in another spelling",
        'not covered: "@target-uri"',
        "no body",
        "two digests, signed",
        'tag="ewx-partner-2"',
        "without nonce",
        "without expires",
    }


def _is_taken(verifier: HTTPMessageVerifier, origin: str, vector: dict[str, Any]) -> bool:
    headers: dict[str, str] = {}
    for name, value in vector["headers"]:
        known = headers.get(name.title())
        headers[name.title()] = f"{known}, {value}" if known else value
    message = Message(vector["method"], origin + vector["target"], headers)
    try:
        verifier.verify(message, body=base64.b64decode(vector["body"]) or None)
    except InvalidSignature:
        return False
    return True
