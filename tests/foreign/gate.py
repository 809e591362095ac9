"""What stands in front of every endpoint, in the order of protocol §3, and what signs every answer.

Each check is one method; a fault of `faults.py` leaves one out or turns it round, and is named at that very place.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.foreign import signatures, strict
from tests.foreign.codes import good_key
from tests.foreign.faults import kind_read, whatever_is_covered
from tests.foreign.signatures import LABEL, NEW_LABEL, Components, Refused, Signed, header
from tests.foreign.store import Company, Connection

REQUEST_LIMIT = 256 * 1024
NONCE_SECONDS = 15 * 60
INCOMPLETE_PER_MINUTE = 10
PREFIX = "/api/partner/v1"
OTHER_MAJOR = re.compile(r"/api/partner/v(?!1(?:/|\Z))\d+(?:/.*)?")
TITLES = {
    "malformed": "The request cannot be read.",
    "signature": "The request is not signed as it must be.",
    "pairing-incomplete": "Your code is not entered here yet.",
    "closed": "This connection is closed.",
    "protocol": "This version of the protocol is not spoken here.",
}


@dataclass(frozen=True)
class Request:
    """As it came: `target` is the raw request target, `size` what the caller says that the body has."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    size: int = 0

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def line(self, name: str) -> str:
        """A header that nothing depends on for safety; empty if absent."""
        return next((value.strip() for field, value in self.headers if field.lower() == name), "")


@dataclass
class Answer:
    """`content` is JSON, or None for no body at all."""

    status: int
    content: Any = None
    media: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"" if self.content is None else json.dumps(self.content, ensure_ascii=False).encode()


class Problem(Exception):
    """An answer of §5; `more` are its further members."""

    def __init__(self, status: int, kind: str, **more: Any) -> None:
        super().__init__(kind)
        self.status, self.kind, self.more = status, kind, more

    def answer(self, instance: bool = True) -> Answer:
        head = {
            "type": f"urn:ewx:problem/{self.kind}",
            "title": TITLES.get(self.kind, self.kind),
            "status": self.status,
        }
        number = {"instance": f"urn:uuid:{secrets.token_hex(8)}"} if instance else {}
        wait = [("Retry-After", str(self.more["retry_after"]))] if "retry_after" in self.more else []
        return Answer(self.status, head | number | self.more, "application/problem+json", wait)


class Gate:
    """`faults` are the defects that are switched on."""

    def __init__(self, company: Company, faults: Collection[str]) -> None:
        self.company, self.faults = company, faults
        self.reasons: list[str] = []  # of every 401, for the own admin
        self._before = bytes(64)  # the signature of the request before, for a fault

    def has(self, fault: str) -> bool:
        return fault in self.faults

    # --- who is it? --------------------------------------------------------------------------------
    def check_size(self, request: Request) -> None:
        if request.size > REQUEST_LIMIT and not self.has("no-size-limit"):
            raise Problem(413, "too-large")

    def check_version(self, request: Request) -> None:
        """Before authentication: whoever speaks version 2 cannot sign for version 1."""
        if OTHER_MAJOR.fullmatch(request.path) and not self.has("no-426"):
            raise Problem(426, "protocol", min="1.0", max="1.0")

    def authenticate(self, request: Request, now: float) -> tuple[Connection, Signed]:
        """Header syntax, connection, key, coverage, signature, digest, time, nonce. `Refused` is the 401."""
        self._check_framing(request)
        signed = self._signatures(request)
        connection = self._connection(request, signed[LABEL])
        if connection.theirs is None:
            self._refuse_unpaired(connection, request, now)
            return connection, signed[LABEL]  # only with the fault
        if self.has("nonce-before-signature"):
            self._check_nonces(connection, signed, now)
        components = self._components(request, signed[LABEL])
        for label, public in self._keys(connection, request, signed, now).items():
            self._check_coverage(signed[label], components)
            self._check_signature(signed[label], components, public)
        if not self.has("no-digest-check"):
            signatures.check_digest(self._lines(request), request.body)
        for one in signed.values():
            self._check_time(one, now)
        if not self.has("nonce-before-signature"):
            self._check_nonces(connection, signed, now)
        connection.used(signed[LABEL].values["keyid"], now)
        if self.has("forgets-old-key-at-once"):
            connection.keys = {keyid: key for keyid, key in connection.keys.items() if key.state != "retiring"}
        return connection, signed[LABEL]

    def _check_framing(self, request: Request) -> None:
        kindly = {"accepts-content-encoding": "content-encoding", "accepts-chunked": "transfer-encoding"}
        passed_over = {header for fault, header in kindly.items() if self.has(fault)}
        headers = [line for line in request.headers if line[0].lower() not in passed_over]
        body = b"" if self.has("accepts-body-on-get") else request.body
        signatures.check_request(request.method, request.target, headers, body)
        if not (header(request.headers, "content-length") or "0").isdecimal():
            raise Refused("length")

    def _signatures(self, request: Request) -> dict[str, Signed]:
        rotates = (request.method, request.path) == ("POST", f"{PREFIX}/keys")
        if rotates and self.has("key-replace-without-new-signature"):
            return kind_read(request.headers, any_parameters=False)
        if not rotates and (self.has("accepts-two-signatures") or self.has("any-parameters")):
            return kind_read(request.headers, any_parameters=self.has("any-parameters"))
        return signatures.read(request.headers, (LABEL, NEW_LABEL) if rotates else (LABEL,))

    def _connection(self, request: Request, signed: Signed) -> Connection:
        named = header(self._lines(request), "ewx-connection") or ""
        if self.has("no-connection-check"):
            for connection in self.company.connections.values():
                if signed.values["keyid"] in connection.keys:
                    return connection
        if named not in self.company.connections:
            raise Refused("unknown connection")
        return self.company.connections[named]

    def _refuse_unpaired(self, connection: Connection, request: Request, now: float) -> None:
        """We cannot know who it is: nothing is stored but how often this happened."""
        if (request.method, request.path) != ("POST", f"{PREFIX}/pairing"):
            raise Refused("their code is not entered")
        if self.has("pairing-open"):
            return
        connection.refusals = [moment for moment in connection.refusals if moment > now - 60]
        if len(connection.refusals) >= INCOMPLETE_PER_MINUTE and not self.has("pairing-unlimited"):
            raise Problem(429, "rate", retry_after=60)
        connection.refusals.append(now)
        raise Problem(409, "pairing-incomplete")

    def _keys(
        self, connection: Connection, request: Request, signed: Mapping[str, Signed], now: float
    ) -> dict[str, bytes]:
        """Label to the public key that must have signed; the new one is in the body that its owner signs."""
        key = connection.keys.get(signed[LABEL].values["keyid"])
        if key is None or not key.good(now):
            raise Refused("unknown key")
        if NEW_LABEL not in signed:
            return {LABEL: key.public}
        return {LABEL: key.public, NEW_LABEL: self.new_key(request, connection)}

    def new_key(self, request: Request, connection: Connection) -> bytes:
        """The public key in a body of POST /keys; what is no good key can have signed nothing."""
        try:
            public = signatures.unbase64(strict.loads(request.body)["public_key"])
        except (strict.Malformed, KeyError, TypeError, ValueError) as broken:
            raise Refused("no new key") from broken
        if len(public) != 32 or not (good_key(public) or self.has("accepts-small-order-key")):
            raise Refused("bad new key")
        taken = [*self.company.issued(), *self.company.entered()]
        if public in taken and signatures.keyid(public) not in connection.keys:
            raise Refused("somebody else's key")
        return public

    def _lines(self, request: Request) -> list[tuple[str, str]]:
        if not self.has("accepts-twice"):
            return request.headers
        return list({name.lower(): (name, value) for name, value in reversed(request.headers)}.values())

    def _components(self, request: Request, signed: Signed) -> Components:
        origin = self.company.origin
        if self.has("ignores-target"):
            origin = f"http://{request.line('host')}"
        lines = self._lines(request)
        required = signatures.request_components(request.method, origin, request.target, lines, request.body)
        if self.has("any-coverage") or self.has("too-much-coverage"):
            covered = whatever_is_covered(signed, request.method, origin + request.target, lines)
            if set(covered) < set(required) if self.has("any-coverage") else set(covered) > set(required):
                return covered
        return required

    def _check_coverage(self, signed: Signed, components: Components) -> None:
        signatures.check_coverage(signed, components)

    def _check_signature(self, signed: Signed, components: Components, public: bytes) -> None:
        if not self.has("no-signature-check"):
            signatures.check_signature(signed, components, public)

    def _check_time(self, signed: Signed, now: float) -> None:
        if self.has("no-time-check"):
            return
        if self.has("any-lifetime"):
            if not signed.created - signatures.TOLERANCE <= now <= int(signed.values["expires"]):
                raise Refused("time")
            return
        signatures.check_time(signed, now)

    def _check_nonces(self, connection: Connection, signed: Mapping[str, Signed], now: float) -> None:
        """All unseen, then all remembered; two signatures of one request need two nonces."""
        connection.nonces = {nonce: until for nonce, until in connection.nonces.items() if until > now}
        for one in signed.values():
            nonce = one.values["nonce"]
            if nonce in connection.nonces and not self.has("no-nonce-check"):
                raise Refused("nonce seen")
            connection.nonces[nonce] = now + NONCE_SECONDS

    # --- the answer --------------------------------------------------------------------------------
    def refused(self, reason: str, request: Request, now: float) -> Answer:
        """The one 401, whatever was wrong."""
        self.reasons.append(reason)
        more = {"detail": reason} if self.has("tells-reason-in-401") else {}
        answer = Problem(401, "signature", **more).answer(instance=self.has("instance-in-401"))
        named = self.company.connections.get(request.line("ewx-connection"))
        if self.has("signs-401") and named:
            return self.signed(answer, named, signatures.read(request.headers)[LABEL], now)
        return answer

    def signed(self, answer: Answer, connection: Connection, request: Signed, now: float) -> Answer:
        """The answer with its signature, bound to that of the request."""
        if self.has("plain-json-problems"):
            answer.media = "application/json"
        body, bound, key = answer.body, request.signature, connection.key
        if body:
            hashed = b"another" if self.has("answer-digest-wrong") else body
            answer.headers += [("Content-Type", answer.media), ("Content-Digest", signatures.digest(hashed))]
        if self.has("unsigned-answers") or (self.has("unsigned-errors") and answer.status >= 400):
            return answer
        if self.has("signs-wrong-request"):
            bound, self._before = self._before, bound
        if self.has("signs-with-another-key"):
            key = Ed25519PrivateKey.generate()
        moment = now - 3600 if self.has("signs-stale") else now
        components = signatures.answer_components(answer.status, answer.headers, body, bound)
        answer.headers += signatures.signature_headers({LABEL: signatures.sign(components, key, moment)})
        return answer


def fingerprint(request: Request) -> bytes:
    """What a repeated Idempotency-Key must ask for again (§6)."""
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).digest()
