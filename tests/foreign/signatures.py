"""HTTP message signatures, exactly the profile of protocol §3 and nothing else of RFC 9421.

The profile leaves one spelling for everything that is signed, so nothing is parsed and written anew: what was
received is compared with what must stand there. Times are unix seconds; every refusal is a `Refused` with its reason.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LABEL, NEW_LABEL, TAG = "ewx", "ewx-new", "ewx-partner-1"
LIFETIME, TOLERANCE = 300, 60
INPUT = re.compile(r'([a-z][a-z0-9-]*)=(\(([^()]*)\)((?:;[a-z]+=(?:"[^"\\]*"|0|[1-9][0-9]{0,14}))+))')
PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
SIGNATURE = re.compile(r"([a-z][a-z0-9-]*)=:([A-Za-z0-9+/]{85}[AQgw]==):")
VALUES = {
    "created": re.compile(r"[0-9]+"),
    "expires": re.compile(r"[0-9]+"),
    "keyid": re.compile(r"[0-9a-f]{16}"),
    "alg": re.compile(r"ed25519"),
    "nonce": re.compile(r"[A-Za-z0-9_-]{22,86}"),
    "tag": re.compile(TAG),
}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LINE = re.compile(r"[A-Z]{1,16} /[!-\"$-~]*")  # no blank, no fragment
PRINTABLE, SEPARATOR = re.compile(r"[ -~]+"), re.compile(r"[ \t]*,[ \t]*")
NO_UUID = "00000000-0000-0000-0000-000000000000"
BODILESS = {"GET", "HEAD", "DELETE"}
KEYED = re.compile(
    r"/api/partner/v1/(?:pairing|keys|connection/notice|orders|orders/[A-Za-z0-9_-]{1,64}/commands|order-events)"
)
Headers = Iterable[tuple[str, str]]
Components = Mapping[str, str]  # component identifier as it stands in the signature -> its value, in order


class Refused(Exception):
    """Why a message is not believed; for the own admin, never for the caller."""


@dataclass(frozen=True)
class Signed:
    """One signature as received: `params` is the text after the label, `covered` what stands in the brackets."""

    params: str
    covered: str
    values: dict[str, str]
    signature: bytes

    @property
    def created(self) -> int:
        return int(self.values["created"])


def keyid(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:16]


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def unbase64(text: str) -> bytes:
    """Bytes of base64 in its one spelling, with padding; ValueError otherwise."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not canonical")
    return raw


def header(headers: Headers, name: str) -> str | None:
    """The one line of a header; twice is refused, absent is None."""
    found = [value.strip(" \t") for field, value in headers if field.lower() == name]
    if len(found) > 1:
        raise Refused(f"{name} twice")
    if found and not PRINTABLE.fullmatch(found[0]):
        raise Refused(f"{name} malformed")
    return found[0] if found else None


def needs_key(method: str, target: str) -> bool:
    """Whether the route takes an Idempotency-Key."""
    return method == "POST" and bool(KEYED.fullmatch(target.partition("?")[0]))


def check_request(method: str, target: str, headers: Headers, body: bytes) -> None:
    """What can be told from the outside: a plain request line, no encodings, no body where none belongs."""
    if not LINE.fullmatch(f"{method} {target}"):
        raise Refused("request line")
    if any(name.lower() in ("content-encoding", "transfer-encoding") for name, _ in headers):
        raise Refused("encoding")
    if body and method in BODILESS:
        raise Refused("body")


def request_components(method: str, origin: str, target: str, headers: Headers, body: bytes) -> Components:
    """Everything that a request's signature must cover, and nothing more. `origin` is the receiver's."""
    names = ["ewx-connection", *(["content-type", "content-digest"] if body else [])]
    if needs_key(method, target) and header(headers, "idempotency-key") is not None:
        names.append("idempotency-key")
    fields = _fields(headers, names)
    if not all(UUID.fullmatch(fields.get(f'"{name}"', NO_UUID)) for name in ("ewx-connection", "idempotency-key")):
        raise Refused("no UUID")
    return {'"@method"': method, '"@target-uri"': origin + target} | fields


def answer_components(status: int, headers: Headers, body: bytes, request_signature: bytes) -> Components:
    """The same for an answer; `request_signature` is that of the request's label `ewx`."""
    if header(headers, "content-encoding") is not None:
        raise Refused("encoding")
    names = ["content-type", "content-digest"] if body else []
    bound = f":{base64.b64encode(request_signature).decode()}:"
    return {'"@status"': str(status)} | _fields(headers, names) | {'"signature";req;key="ewx"': bound}


def _fields(headers: Headers, names: Iterable[str]) -> dict[str, str]:
    found = {name: header(headers, name) for name in names}
    if missing := [name for name, value in found.items() if value is None]:
        raise Refused(f"{missing[0]} missing")
    return {f'"{name}"': value or "" for name, value in found.items()}


def base(components: Components, params: str) -> bytes:
    """What is signed: one line per component, the parameters last, no line end after them."""
    lines = [f"{name}: {value}" for name, value in components.items()]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("ascii")


def sign(components: Components, key: Ed25519PrivateKey, now: float, nonce: str = "") -> tuple[str, bytes]:
    """Parameters and signature, to be written into the headers by `signature_headers`."""
    created = int(now)
    params = (
        f"({' '.join(components)});created={created};expires={created + LIFETIME}"
        f';keyid="{keyid(key.public_key().public_bytes_raw())}";alg="ed25519"'
        f';nonce="{nonce or secrets.token_urlsafe(18)}";tag="{TAG}"'
    )
    return params, key.sign(base(components, params))


def signature_headers(signatures: Mapping[str, tuple[str, bytes]]) -> list[tuple[str, str]]:
    """The two headers, from label to what `sign` gave."""
    return [
        ("Signature-Input", ", ".join(f"{label}={params}" for label, (params, _) in signatures.items())),
        (
            "Signature",
            ", ".join(f"{label}=:{base64.b64encode(raw).decode()}:" for label, (_, raw) in signatures.items()),
        ),
    ]


def read(headers: Headers, labels: Iterable[str] = (LABEL,)) -> dict[str, Signed]:
    """The signatures of exactly these labels, in their order; their syntax is checked, nothing else."""
    inputs = members(headers, "signature-input", INPUT)
    raws = members(headers, "signature", SIGNATURE)
    if list(inputs) != list(labels) or list(raws) != list(labels):
        raise Refused("labels")
    return {label: signed(inputs[label], base64.b64decode(raws[label].group(2))) for label in labels}


def members(headers: Headers, name: str, pattern: re.Pattern[str]) -> dict[str, re.Match[str]]:
    """The members of a dictionary header, by label."""
    text = header(headers, name) or ""
    found: dict[str, re.Match[str]] = {}
    at = 0
    while match := pattern.match(text, at):
        if match.group(1) in found:
            raise Refused(f"{name}: label twice")
        found[match.group(1)] = match
        if match.end() == len(text):
            return found
        separator = SEPARATOR.match(text, match.end())
        at = separator.end() if separator else len(text)
    raise Refused(f"{name} malformed")


def signed(match: re.Match[str], raw: bytes) -> Signed:
    """One signature, its parameters complete and of the right form."""
    pairs = [(name, text or number) for name, text, number in PARAMETER.findall(match.group(4))]
    values = dict(pairs)
    if len(pairs) != len(values) or values.keys() != VALUES.keys():
        raise Refused("parameters")
    numbers = {name for name, _, number in PARAMETER.findall(match.group(4)) if number}
    if numbers != {"created", "expires"} or not all(VALUES[name].fullmatch(values[name]) for name in values):
        raise Refused("parameter malformed")
    return Signed(match.group(2), match.group(3), values, raw)


def check_coverage(signed: Signed, components: Components) -> None:
    if signed.covered != " ".join(components):
        raise Refused("coverage")


def check_signature(signed: Signed, components: Components, public_key: bytes) -> None:
    if signed.values["keyid"] != keyid(public_key):
        raise Refused("key")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed.signature, base(components, signed.params))
    except (InvalidSignature, ValueError) as wrong:
        raise Refused("signature") from wrong


def check_digest(headers: Headers, body: bytes) -> None:
    if body and header(headers, "content-digest") != digest(body):
        raise Refused("digest")


def check_time(signed: Signed, now: float) -> None:
    if int(signed.values["expires"]) != signed.created + LIFETIME:
        raise Refused("lifetime")
    if not signed.created - TOLERANCE <= now <= signed.created + LIFETIME:
        raise Refused("time")


def verify(headers: Headers, body: bytes, components: Components, public_key: bytes, now: float) -> Signed:
    """A request or answer signed with label `ewx` by that key, or `Refused`. The nonce is the caller's to remember."""
    (signed,) = read(headers).values()
    check_coverage(signed, components)
    check_signature(signed, components, public_key)
    check_digest(headers, body)
    check_time(signed, now)
    return signed
