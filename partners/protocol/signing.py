"""Signed requests and signed answers: RFC 9421 and RFC 9530 in the one profile of protocol §3.

Everything that RFC 9421 leaves open is fixed here: which components, in which order, which six
parameters, one digest. What differs in the slightest is refused, with a reason that is for our own
admin only. A server works in the order of the protocol: `parse_request` checks the syntax and says
which connection and key are claimed; the caller finds that connection's keys; `verify_request` proves
the rest. That the nonce was never seen is the caller's to check, afterwards.

Headers are (name, value) pairs, in any case, so that a header sent twice can be seen.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from partners.protocol.keys import KeyPair, keyid, verify
from partners.protocol.signature_headers import (
    LIFETIME,
    Components,
    Headers,
    Reason,
    Signature,
    SignatureRefused,
    inner_list,
    read_fields,
    read_members,
    read_signatures,
    signature_base,
    signed_headers,
)

__all__ = [
    "LIFETIME",
    "SKEW",
    "ClaimedRequest",
    "Proof",
    "Reason",
    "SignatureRefused",
    "UnreadBody",
    "content_digest",
    "fresh_nonce",
    "needs_idempotency_key",
    "parse_request",
    "sign_request",
    "sign_response",
    "verify_new_key",
    "verify_request",
    "verify_response",
]

LABEL = "ewx"
NEW_KEY_LABEL = "ewx-new"
SKEW = 60  # seconds that the signer's clock may be ahead
API_ROOT = "/api/partner/v1"

_ALWAYS = ("ewx-connection", "signature-input", "signature")
_OF_BODY = ("content-type", "content-digest")
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TARGET = re.compile(r"/[!-\"$-~]*")  # printable ASCII without blanks and fragments
_METHOD = re.compile(r"[A-Z]{1,16}")
_DIGEST = re.compile(r"sha-256=:[A-Za-z0-9+/]{43}=:")
_WITH_IDEMPOTENCY_KEY = re.compile(
    re.escape(API_ROOT) + r"/(?:pairing|keys|connection/notice|orders|orders/[A-Za-z0-9_-]{1,64}/commands|order-events)"
)


@dataclass(frozen=True, slots=True)
class UnreadBody:
    """A body that is announced and not read yet. `read` gives the same bytes each time."""

    read: Callable[[], bytes]

    def __bytes__(self) -> bytes:
        return self.read()


Body = bytes | UnreadBody


@dataclass(frozen=True, slots=True)
class ClaimedRequest:
    """A request whose headers are well-formed. Whoever it claims to be from has yet to be proven."""

    connection_id: UUID
    idempotency_key: UUID | None
    signature: Signature
    new_key_signature: Signature | None
    components: Components
    digest: str | None
    given_body: Body = field(repr=False)

    @property
    def body(self) -> bytes:
        """Reads it where that was not done yet: nobody may make us wait for one before he is proven."""
        return bytes(self.given_body)

    @property
    def keyid(self) -> str:
        return self.signature.keyid


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verified message was signed with; record `nonce` until `expires`, or for 15 minutes."""

    keyid: str
    nonce: str
    created: datetime
    expires: datetime


# Requests


def fresh_nonce(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """24 characters of base64url, 144 bits."""
    return base64.urlsafe_b64encode(random_bytes(18)).decode()


def needs_idempotency_key(method: str, target: str) -> bool:
    """Whether the route takes an idempotency key, which is then covered (protocol §3)."""
    return method == "POST" and bool(_WITH_IDEMPOTENCY_KEY.fullmatch(target.partition("?")[0]))


def sign_request(
    *,
    method: str,
    origin: str,
    target: str,
    connection_id: UUID,
    key: KeyPair,
    now: datetime,
    nonce: str,
    body: bytes = b"",
    idempotency_key: UUID | None = None,
    new_key: tuple[KeyPair, str] | None = None,
) -> dict[str, str]:
    """The headers that make a request a signed one.

    `origin` and `connection_id` are the receiver's, `target` the raw path and query, exactly as it
    will be sent. `nonce`: fresh, 22-86 characters of base64url. `new_key` is for POST /keys: the new
    pair and a nonce of its own. Raises ValueError for what no receiver would take.
    """
    if idempotency_key and not needs_idempotency_key(method, target):
        raise ValueError("this route takes no idempotency key")
    headers = {"EWX-Connection": str(connection_id)}
    if body:
        headers |= {"Content-Type": "application/json", "Content-Digest": content_digest(body)}
    if idempotency_key:
        headers["Idempotency-Key"] = str(idempotency_key)
    components = _request_components(method, origin + target, _lowered(headers), bool(body))
    signers = [(LABEL, key, nonce)]
    if new_key:
        signers.append((NEW_KEY_LABEL, *new_key))
    return headers | signed_headers(components, signers, now)


def parse_request(*, method: str, origin: str, target: str, headers: Headers, body: Body) -> ClaimedRequest:
    """Check the syntax of a request and learn whom it claims to be from; raises SignatureRefused.

    `origin` is our own, configured one, never one from a header; `target` the raw request target as
    it was received, never decoded. Of the body only its presence counts here: an UnreadBody stays unread.
    """
    _check_request(method, target, headers, body)
    fields = read_fields(headers, (*_ALWAYS, *_OF_BODY, *_key_header(method, target)))
    covered_key = fields.get("idempotency-key")
    signatures = read_signatures(fields, _labels_of(method, target))
    return ClaimedRequest(
        connection_id=_uuid(fields.get("ewx-connection", "")),
        idempotency_key=_uuid(covered_key) if covered_key is not None else None,
        signature=signatures[LABEL],
        new_key_signature=signatures.get(NEW_KEY_LABEL),
        components=_request_components(method, origin + target, fields, bool(body)),
        digest=_digest_of(fields) if body else None,
        given_body=body,
    )


def verify_request(claimed: ClaimedRequest, *, keys: Mapping[str, bytes], now: datetime) -> Proof:
    """Prove a request: key, coverage, signature, digest, time, in this order; raises SignatureRefused.

    `keys` are the raw public keys of the claimed connection by key id. The body is read only after the
    signature proved right. The caller then checks that the nonce was never seen and, on POST /keys, calls
    `verify_new_key`.
    """
    return _verify(claimed.signature, claimed.components, claimed.digest, claimed.given_body, keys, now)


def verify_new_key(claimed: ClaimedRequest, *, public_key: bytes, now: datetime) -> Proof:
    """Prove that the sender of a POST /keys holds the new key that his body names; raises SignatureRefused."""
    signature = claimed.new_key_signature
    if signature is None or signature.nonce == claimed.signature.nonce:
        raise SignatureRefused(Reason.HEADERS)
    keys = {keyid(public_key): public_key}
    return _verify(signature, claimed.components, claimed.digest, claimed.given_body, keys, now)


# Answers


def sign_response(
    *,
    status: int,
    request_signature: str,
    key: KeyPair,
    now: datetime,
    nonce: str,
    body: bytes = b"",
    content_type: str = "application/json",
) -> dict[str, str]:
    """The headers of a signed answer. `request_signature`: the Signature header of the request."""
    headers = {}
    if body:
        headers = {"Content-Type": content_type, "Content-Digest": content_digest(body)}
    components = _response_components(status, _lowered(headers), request_signature, bool(body))
    return headers | signed_headers(components, [(LABEL, key, nonce)], now)


def verify_response(
    *,
    status: int,
    headers: Headers,
    body: bytes,
    request_signature: str,
    keys: Mapping[str, bytes],
    now: datetime,
) -> Proof:
    """Prove that an answer is the partner's, to this very request; raises SignatureRefused.

    `body` are the raw bytes as received, `keys` the partner's public keys by key id. The reason is
    UNSIGNED where the answer carries no signature at all.
    """
    if any(name.lower() == "content-encoding" for name, _ in headers):
        raise SignatureRefused(Reason.HEADERS)
    fields = read_fields(headers, ("signature-input", "signature", *_OF_BODY))
    signature = read_signatures(fields, {LABEL})[LABEL]
    components = _response_components(status, fields, request_signature, bool(body))
    return _verify(signature, components, _digest_of(fields) if body else None, body, keys, now)


# What is covered


def content_digest(body: bytes) -> str:
    """The value of Content-Digest (RFC 9530), SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _request_components(method: str, target_uri: str, fields: Mapping[str, str], has_body: bool) -> Components:
    names = ["ewx-connection", *(_OF_BODY if has_body else ())]
    if "idempotency-key" in fields:
        names.append("idempotency-key")
    covered = [('"@method"', method), ('"@target-uri"', target_uri)]
    return (*covered, *_named(names, fields))


def _response_components(status: int, fields: Mapping[str, str], request_signature: str, has_body: bool) -> Components:
    answered = read_members(request_signature).get(LABEL, "")
    return (
        ('"@status"', str(status)),
        *_named(_OF_BODY if has_body else (), fields),
        (f'"signature";req;key="{LABEL}"', answered),
    )


def _named(names: Iterable[str], fields: Mapping[str, str]) -> Components:
    return tuple((f'"{name}"', fields.get(name, "")) for name in names)


# Signing and verifying


_NOBODY = KeyPair.generate().public  # whose private half nobody has


def _verify(
    signature: Signature,
    components: Components,
    digest: str | None,
    body: Body,
    keys: Mapping[str, bytes],
    now: datetime,
) -> Proof:
    """Whatever is wrong with key or coverage costs the same work as a wrong signature: its time tells nothing."""
    public_key = keys.get(signature.keyid)
    is_known = public_key is not None and keyid(public_key) == signature.keyid
    base = signature_base(components, signature.components + signature.parameters)
    is_right = verify(public_key if public_key and is_known else _NOBODY, signature.value, base)
    if not is_known:
        raise SignatureRefused(Reason.KEY)
    if signature.components != inner_list(components):
        raise SignatureRefused(Reason.COVERAGE)
    if not is_right:
        raise SignatureRefused(Reason.SIGNATURE)
    if digest is not None and digest != content_digest(bytes(body)):
        raise SignatureRefused(Reason.DIGEST)
    if not signature.created - SKEW <= now.timestamp() <= signature.expires:
        raise SignatureRefused(Reason.TIME)
    created, expires = (datetime.fromtimestamp(at, UTC) for at in (signature.created, signature.expires))
    return Proof(signature.keyid, signature.nonce, created, expires)


# Reading headers


def _check_request(method: str, target: str, headers: Headers, body: Body) -> None:
    """What our profile does without: odd targets, bodies where none belongs, encodings, chunks."""
    encoded = any(name.lower() in {"content-encoding", "transfer-encoding"} for name, _ in headers)
    misplaced_body = body and method in _BODILESS
    if encoded or misplaced_body or not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target):
        raise SignatureRefused(Reason.HEADERS)


def _key_header(method: str, target: str) -> tuple[str, ...]:
    return ("idempotency-key",) if needs_idempotency_key(method, target) else ()


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _labels_of(method: str, target: str) -> set[str]:
    is_new_key = method == "POST" and target.partition("?")[0] == f"{API_ROOT}/keys"
    return {LABEL, NEW_KEY_LABEL} if is_new_key else {LABEL}


def _uuid(text: str) -> UUID:
    if not _UUID.fullmatch(text):
        raise SignatureRefused(Reason.HEADERS)
    return UUID(text)


def _digest_of(fields: Mapping[str, str]) -> str:
    digest = fields.get("content-digest", "")
    if not _DIGEST.fullmatch(digest) or "content-type" not in fields:
        raise SignatureRefused(Reason.HEADERS)
    return digest
