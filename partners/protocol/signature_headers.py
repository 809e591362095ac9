"""The two signature headers of a message and what may go wrong with a signature (protocol §3).

Of Structured Fields (RFC 9651) exactly the shapes that our profile knows, nothing more.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partners.protocol.errors import ProtocolError
from partners.protocol.keys import SIGNATURE_BYTES, KeyPair

LIFETIME = 300  # seconds from created to expires
_TAG = "ewx-partner-1"
_MAX_HEADER = 2048

_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_MEMBER = re.compile(r"(?P<label>[a-z-]+)=(?P<value>.+)")
_INPUT = re.compile(r'(?P<components>\((?:[a-z@";=-]+(?: [a-z@";=-]+)*)?\))(?P<parameters>(?:;[a-z]+=[^;,]+){6})')
_SIGNATURE = re.compile(r":(?P<value>[A-Za-z0-9+/]{86}==):")
_PARAMETERS = {
    "created": re.compile(r"0|[1-9][0-9]{0,14}"),
    "expires": re.compile(r"0|[1-9][0-9]{0,14}"),
    "keyid": re.compile(r'"[0-9a-f]{16}"'),
    "alg": re.compile(r'"ed25519"'),
    "nonce": re.compile(r'"[A-Za-z0-9_-]{22,86}"'),
    "tag": re.compile(re.escape(f'"{_TAG}"')),
}

Headers = Sequence[tuple[str, str]]
Components = tuple[tuple[str, str], ...]  # (identifier, value) of what is covered, in order


class Reason(StrEnum):
    """What was wrong, in the order in which it is looked at. CONNECTION and NONCE are the caller's."""

    UNSIGNED = "unsigned"
    HEADERS = "headers"
    CONNECTION = "connection"
    KEY = "key"
    COVERAGE = "coverage"
    SIGNATURE = "signature"
    DIGEST = "digest"
    TIME = "time"
    NONCE = "nonce"


class SignatureRefused(ProtocolError):
    """The message proves nothing. To a partner every reason is the same 401."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature as it was sent, well-formed and not verified."""

    components: str
    parameters: str
    created: int
    expires: int
    keyid: str
    nonce: str
    value: bytes


# Writing


def inner_list(components: Components) -> str:
    """The identifiers of what is covered, as Signature-Input names them."""
    return f"({' '.join(identifier for identifier, _ in components)})"


def signature_base(components: Components, signature_parameters: str) -> bytes:
    """The signature base (RFC 9421 §2.5)."""
    lines = [f"{identifier}: {value}" for identifier, value in components]
    return "\n".join([*lines, f'"@signature-params": {signature_parameters}']).encode("ascii")


def signed_headers(
    components: Components, signers: Iterable[tuple[str, KeyPair, str]], now: datetime
) -> dict[str, str]:
    """Signature-Input and Signature over `components`, one member per signer (label, key, nonce)."""
    if not all(_VALUE.fullmatch(value) for _, value in components):
        raise ValueError("a covered value is empty or not printable ASCII")
    inputs, values = [], []
    for label, key, nonce in signers:
        parameters = inner_list(components) + _parameters(key, now, nonce)
        inputs.append(f"{label}={parameters}")
        values.append(f"{label}=:{base64.b64encode(key.sign(signature_base(components, parameters))).decode()}:")
    return {"Signature-Input": ", ".join(inputs), "Signature": ", ".join(values)}


def _parameters(key: KeyPair, now: datetime, nonce: str) -> str:
    if not _PARAMETERS["nonce"].fullmatch(f'"{nonce}"'):
        raise ValueError("a nonce is 22-86 characters of base64url")
    created = int(now.timestamp())
    return (
        f";created={created};expires={created + LIFETIME}"
        f';keyid="{key.keyid}";alg="ed25519";nonce="{nonce}";tag="{_TAG}"'
    )


# Reading


def read_fields(headers: Headers, wanted: tuple[str, ...]) -> dict[str, str]:
    """The wanted headers by lower-case name: each at most once, short, printable ASCII."""
    fields: dict[str, str] = {}
    for name, value in headers:
        lower, stripped = name.lower(), value.strip(" \t")
        if lower not in wanted:
            continue
        if lower in fields or len(stripped) > _MAX_HEADER or not _VALUE.fullmatch(stripped):
            raise SignatureRefused(Reason.HEADERS)
        fields[lower] = stripped
    return fields


def read_members(header: str) -> dict[str, str]:
    """The members of a dictionary header (RFC 9651) by label. No value of this profile holds a comma."""
    members: dict[str, str] = {}
    for text in re.split(r"[ \t]*,[ \t]*", header):
        member = _MEMBER.fullmatch(text)
        if member is None or member["label"] in members:
            raise SignatureRefused(Reason.HEADERS)
        members[member["label"]] = member["value"]
    return members


def read_signatures(fields: Mapping[str, str], labels: set[str]) -> dict[str, Signature]:
    """The signatures with exactly these labels."""
    if "signature-input" not in fields and "signature" not in fields:
        raise SignatureRefused(Reason.UNSIGNED)
    inputs, values = (read_members(fields.get(name, "")) for name in ("signature-input", "signature"))
    if inputs.keys() != labels or values.keys() != labels:
        raise SignatureRefused(Reason.HEADERS)
    return {label: _signature(inputs[label], values[label]) for label in labels}


def _signature(signature_input: str, signature: str) -> Signature:
    parts, value = _INPUT.fullmatch(signature_input), _SIGNATURE.fullmatch(signature)
    if parts is None or value is None:
        raise SignatureRefused(Reason.HEADERS)
    parameters = _read_parameters(parts["parameters"])
    created, expires = int(parameters["created"]), int(parameters["expires"])
    if expires != created + LIFETIME:
        raise SignatureRefused(Reason.HEADERS)
    return Signature(
        components=parts["components"],
        parameters=parts["parameters"],
        created=created,
        expires=expires,
        keyid=parameters["keyid"].strip('"'),
        nonce=parameters["nonce"].strip('"'),
        value=_signature_bytes(value["value"]),
    )


def _read_parameters(text: str) -> dict[str, str]:
    """Exactly the six parameters, each once, in any order."""
    parameters = dict(pair.split("=", 1) for pair in text[1:].split(";"))
    if parameters.keys() != _PARAMETERS.keys():
        raise SignatureRefused(Reason.HEADERS)
    if not all(_PARAMETERS[name].fullmatch(value) for name, value in parameters.items()):
        raise SignatureRefused(Reason.HEADERS)
    return parameters


def _signature_bytes(text: str) -> bytes:
    raw = base64.b64decode(text)
    if len(raw) != SIGNATURE_BYTES or base64.b64encode(raw).decode() != text:
        raise SignatureRefused(Reason.HEADERS)
    return raw
