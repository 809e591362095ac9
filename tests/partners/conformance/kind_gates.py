"""Gates that verify like a library for RFC 9421 does: what is signed holds, and the profile is asked for bit by bit.

`KindGate` with nothing left out is as strict as the protocol. Each name in `left_out` is one check that somebody
forgot; everything else about the request must still be right, so a case that fails here shows that its request is
wrong in nothing but what it says.
"""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.foreign import signatures
from tests.foreign.gate import PREFIX, Answer, Gate, Request
from tests.foreign.signatures import LABEL, LIFETIME, NEW_LABEL, NO_UUID, TAG, UUID, Components, Refused, Signed
from tests.foreign.store import Company, Connection

MEMBER = re.compile(r'([a-z0-9-]+)=(\(([^()]*)\)((?:;[a-z]+=(?:"[^"]*"|[0-9]+))*))(?:, |\Z)')
VALUE = re.compile(r"([a-z0-9-]+)=:([A-Za-z0-9+/]*={0,2}):(?:, |\Z)")
PARAMETER = re.compile(r';([a-z]+)=("[^"]*"|[0-9]+)')
NUMBERS = ("created", "expires")
NONCE = re.compile(r"[A-Za-z0-9_-]{22,86}")
ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True)
class Found:
    """One signature as it came."""

    label: str
    text: str
    covered: list[str]
    parameters: list[tuple[str, str]]
    raw: bytes

    def get(self, name: str, default: str = "") -> str:
        return dict(self.parameters).get(name, default).strip('"')


class KindGate(Gate):
    def __init__(self, company: Company, faults: Collection[str], left_out: Collection[str] = ()) -> None:
        super().__init__(company, faults)
        self.left_out = set(left_out)

    def require(self, check: str, holds: bool) -> None:
        if not holds and check not in self.left_out:
            raise Refused(check)

    def authenticate(self, request: Request, now: float) -> tuple[Connection, Signed]:
        if (request.method, request.path) == ("POST", f"{PREFIX}/keys"):
            return super().authenticate(request, now)
        self._check_framing(request)
        fields = self._fields(request)
        connection = self._named(fields)
        if connection.theirs is None:
            self._refuse_unpaired(connection, request, now)
        if not {"signature", "signature-input"} <= fields.keys():
            self.require("signed", False)
            return connection, self._as_signed(connection, now)
        found = self._found(fields)
        created = int(found.get("created", str(int(now))))
        public = self._public(connection, found, now)
        self._check_headers(request, fields)
        self._check_profile(request, fields, found, created)
        self._verify(request, {"ewx-connection": connection.id} | fields, found, public)
        if request.body and "content-digest" in fields:
            self.require("digest", fields["content-digest"] == signatures.digest(request.body))
        self.require("time", created - 60 <= now <= created + LIFETIME)
        values = {"keyid": found.get("keyid"), "nonce": found.get("nonce"), "created": str(created)}
        signed = Signed(found.text, " ".join(found.covered), values, found.raw)
        if found.get("nonce"):
            self._check_nonces(connection, {LABEL: signed}, now)
        return connection, signed

    def _as_signed(self, connection: Connection, now: float) -> Signed:
        return Signed("", "", {"keyid": next(iter(connection.keys)), "nonce": "", "created": str(now)}, bytes(64))

    def _fields(self, request: Request) -> dict[str, str]:
        """The last line of each header."""
        names = [name.lower() for name, _ in request.headers]
        ours = {"ewx-connection", "content-digest", "signature-input", "signature", "idempotency-key"}
        self.require("once", all(names.count(name) < 2 for name in ours))
        return {name.lower(): value for name, value in request.headers}

    def _named(self, fields: dict[str, str]) -> Connection:
        connections, named = self.company.connections, fields.get("ewx-connection", "")
        self.require("lower-case", named == named.lower())
        self.require("connection", named.lower() in connections)
        return connections.get(named.lower()) or next(iter(connections.values()))

    def _found(self, fields: dict[str, str]) -> Found:
        inputs = list(MEMBER.finditer(fields["signature-input"]))
        values = list(VALUE.finditer(fields["signature"]))
        self.require("one", len(inputs) == len(values) == 1)
        if not inputs or not values:
            raise Refused("headers")
        label, text, covered, parameters = inputs[0].groups()
        self.require("label", label == LABEL == values[0][1])
        return Found(label, text, covered.split(), PARAMETER.findall(parameters), base64.b64decode(values[0][2]))

    def _public(self, connection: Connection, found: Found, now: float) -> bytes:
        key = connection.keys.get(found.get("keyid"))
        self.require("keyid", key is not None and key.good(now))
        return key.public if key else next(iter(connection.keys.values())).public

    def _check_headers(self, request: Request, fields: dict[str, str]) -> None:
        if request.body:
            self.require("content-type", "content-type" in fields)
            self.require("content-digest", "content-digest" in fields)
        if signatures.needs_key(request.method, request.target):
            self.require("key", bool(UUID.fullmatch(fields.get("idempotency-key", NO_UUID))))

    def _check_profile(self, request: Request, fields: dict[str, str], found: Found, created: int) -> None:
        names = ["content-type", "content-digest"] if request.body else []
        if signatures.needs_key(request.method, request.target):
            names.append("idempotency-key")
        present = [name for name in ("ewx-connection", *names) if name in fields]
        expected = ['"@method"', '"@target-uri"', *(f'"{name}"' for name in present)]
        plain = [name.partition(";")[0] for name in found.covered]
        self.require("parameter-on-component", plain == found.covered)
        self.require("component-twice", len(set(plain)) == len(plain))
        self.require("more", set(plain) <= set(expected) | {'"ewx-connection"'})
        self.require("less", set(expected) <= set(plain))
        self.require("order", [name for name in dict.fromkeys(plain) if name in expected] == expected)
        self._check_parameters(found, created)

    def _check_parameters(self, found: Found, created: int) -> None:
        names = [name for name, _ in found.parameters]
        known = {*NUMBERS, "keyid", "alg", "nonce", "tag"}
        for name in known:
            self.require(f"without-{name}", name in names)
        self.require("twice", len(set(names)) == len(names))
        self.require("unknown", set(names) <= known)
        self.require("alg", found.get("alg", "ed25519") == "ed25519")
        self.require("tag", found.get("tag", TAG) == TAG)
        self.require("expires", found.get("expires", str(created + LIFETIME)) == str(created + LIFETIME))
        self.require("nonce", bool(NONCE.fullmatch(found.get("nonce", "A" * 22))))
        texts = {name for name, value in found.parameters if value.startswith('"')}
        self.require("type", not texts & set(NUMBERS))

    def _verify(self, request: Request, fields: dict[str, str], found: Found, public: bytes) -> None:
        url = {"@method": request.method, "@target-uri": self.company.origin + request.target}
        known = fields | url | {"@authority": self.company.origin.partition("://")[2]}
        values = {name: known.get(name.split('"')[1], "") for name in found.covered}
        lines = [f"{name}: {values[name]}" for name in found.covered]
        base = "\n".join([*lines, f'"@signature-params": {found.text}']).encode()
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(found.raw, base)
        except (InvalidSignature, ValueError):
            self.require("signature", False)


def kind(*left_out: str) -> type[KindGate]:
    """A kind gate without these checks."""

    class Kind(KindGate):
        def __init__(self, company: Company, faults: Collection[str]) -> None:
            super().__init__(company, faults, left_out)

    return Kind


class ForwardedHost(Gate):
    """Takes its own origin from what a proxy says, or anybody."""

    def _components(self, request: Request, signed: Signed) -> Components:
        host, scheme = request.line("x-forwarded-host"), request.line("x-forwarded-proto")
        origin = f"{scheme}://{host}" if host else self.company.origin
        return signatures.request_components(request.method, origin, request.target, self._lines(request), request.body)


class TidyQuery(Gate):
    """Decodes the query and writes it anew before it is verified."""

    def _components(self, request: Request, signed: Signed) -> Components:
        query = f"?{urlencode(parse_qsl(request.query))}" if request.query else ""
        return super()._components(replace(request, target=request.path + query), signed)


class ReducedSignature(Gate):
    """Takes the second half of a signature modulo the group's order."""

    def _check_signature(self, signed: Signed, components: Components, public: bytes) -> None:
        half = int.from_bytes(signed.signature[32:], "little") % ORDER
        super()._check_signature(
            replace(signed, signature=signed.signature[:32] + half.to_bytes(32, "little")), components, public
        )


class SelfVouching(Gate):
    """Lets a new key introduce itself."""

    def authenticate(self, request: Request, now: float) -> tuple[Connection, Signed]:
        found = request.line("signature-input")
        if request.path != f"{PREFIX}/keys" or request.method != "POST" or not found.startswith(NEW_LABEL):
            return super().authenticate(request, now)
        signed = signatures.read(request.headers, (NEW_LABEL,))[NEW_LABEL]
        self._check_signature(signed, self._components(request, signed), self.new_key(request))
        return self.company.connections[request.line("ewx-connection")], signed


class OneNonce(Gate):
    """Signs every answer with the same nonce."""

    def signed(self, answer: Answer, connection: Connection, request: Signed, now: float) -> Answer:
        answer = super().signed(answer, connection, request, now)
        answer.headers = [line for line in answer.headers if not line[0].startswith("Signature")]
        bound = signatures.answer_components(answer.status, answer.headers, answer.body, request.signature)
        one = signatures.sign(bound, connection.key, now, nonce="A" * 22)
        answer.headers += signatures.signature_headers({LABEL: one})
        return answer


class ShortLife(Gate):
    """Believes nobody for longer than 200 seconds."""

    def _check_time(self, signed: Signed, now: float) -> None:
        super()._check_time(signed, now + 100)


class NoTolerance(Gate):
    """Believes nobody whose clock is ahead."""

    def _check_time(self, signed: Signed, now: float) -> None:
        super()._check_time(signed, now)
        if signed.created > now:
            raise Refused("time")


class FixedOrder(Gate):
    """Wants the parameters in the order in which it writes them itself."""

    def _check_coverage(self, signed: Signed, components: Components) -> None:
        super()._check_coverage(signed, components)
        if list(signed.values) != ["created", "expires", "keyid", "alg", "nonce", "tag"]:
            raise Refused("order")
