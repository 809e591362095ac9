"""Signed requests and answers, honest and not (protocol §3). Nothing here is signed by the product's own code."""

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Self

from partners.protocol.keys import KeyPair
from partners.protocol.wire import Json
from tools.vectors.cast import (
    AURORA,
    BASSLINES_ID,
    BASSLINES_ORIGIN,
    GROUP_ORDER,
    NEUTRAL,
    NOW,
    instant,
)

ROOT = "/api/partner/v1"
NONCE, OTHER_NONCE = "abcdefghijklmnopqrstuv", "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789"
ASKED = base64.b64encode(bytes(range(64))).decode()  # the signature of the request that is answered
_CREATED = int(NOW.timestamp())
_ATTEMPT = "99999999-9999-4999-8999-999999999999"
_ORDER = ("created", "expires", "keyid", "alg", "nonce", "tag")


@dataclass(frozen=True)
class Message(ABC):
    """What is sent. `derived` are the covered values that stand in no header, by component."""

    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    @abstractmethod
    def derived(self) -> Mapping[str, str]: ...

    @property
    @abstractmethod
    def profile(self) -> list[str]:
        """The components that the protocol wants covered."""

    def signed(
        self,
        *,
        key: KeyPair = AURORA,
        label: str = "ewx",
        covered: list[str] | None = None,
        order: tuple[str, ...] = _ORDER,
        said: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """With a true signature over `covered`; what is `said` replaces parameters, '' takes one out."""
        inner = " ".join(self.profile if covered is None else covered)
        parameters = f"({inner})" + "".join(f";{name}={value}" for name, value in _parameters(key, order, said))
        base = self.base(parameters)
        value = base64.b64encode(key.sign(base.encode("ascii"))).decode()
        return self._added("Signature-Input", f"{label}={parameters}")._added("Signature", f"{label}=:{value}:")

    def base(self, parameters: str) -> str:
        """The signature base (RFC 9421 §2.5)."""
        values = {f'"{name.lower()}"': value for name, value in self.headers} | dict(self.derived)
        names = parameters[1 : parameters.index(")")].split(" ") if not parameters.startswith("()") else []
        lines = [f"{name}: {values.get(name, '')}" for name in names]
        return "\n".join([*lines, f'"@signature-params": {parameters}'])

    def value(self, name: str) -> str:
        return next(value for found, value in self.headers if found.lower() == name.lower())

    def _added(self, name: str, value: str) -> Self:
        """A member more in a dictionary header."""
        known = dict(self.headers).get(name)
        return self.having(name, f"{known}, {value}" if known else value)

    def having(self, name: str, value: str) -> Self:
        return replace(self, headers=tuple((dict(self.headers) | {name: value}).items()))

    def without(self, *names: str) -> Self:
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] not in names))

    def twice(self, name: str) -> Self:
        return replace(self, headers=(*self.headers, (name.lower(), self.value(name))))

    def as_json(self) -> dict[str, Json]:
        headers: list[Json] = [[name, value] for name, value in self.headers]
        return {"headers": headers, "body": base64.b64encode(self.body).decode()}


@dataclass(frozen=True)
class Request(Message):
    method: str = "GET"
    target: str = ROOT + "/connection"

    @property
    def derived(self) -> Mapping[str, str]:
        return {'"@method"': self.method, '"@target-uri"': BASSLINES_ORIGIN + self.target}

    @property
    def profile(self) -> list[str]:
        names = ["@method", "@target-uri", "ewx-connection"]
        names += ["content-type", "content-digest"] if self.body else []
        names += ["idempotency-key"] if "Idempotency-Key" in dict(self.headers) else []
        return [f'"{name}"' for name in names]

    def as_json(self) -> dict[str, Json]:
        return {"method": self.method, "target": self.target, **super().as_json()}


@dataclass(frozen=True)
class Answer(Message):
    status: int = 200

    @property
    def derived(self) -> Mapping[str, str]:
        return {'"@status"': str(self.status), '"signature";req;key="ewx"': f":{ASKED}:"}

    @property
    def profile(self) -> list[str]:
        content = ['"content-type"', '"content-digest"'] if self.body else []
        return ['"@status"', *content, '"signature";req;key="ewx"']

    def as_json(self) -> dict[str, Json]:
        return {"status": self.status, **super().as_json()}


def _parameters(key: KeyPair, order: tuple[str, ...], said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    created = int(said.get("created") or _CREATED)
    known = {
        "created": f"{created}",
        "expires": f"{created + 300}",
        "keyid": f'"{key.keyid}"',
        "alg": '"ed25519"',
        "nonce": f'"{NONCE}"',
        "tag": '"ewx-partner-1"',
    }
    merged = {name: known[name] for name in order} | dict(said)
    return ((name, value) for name, value in merged.items() if value)


def request(method: str, path: str, body: bytes = b"", *, idempotent: bool = False) -> Request:
    headers = [("EWX-Connection", str(BASSLINES_ID)), *_content(body)]
    headers += [("Idempotency-Key", _ATTEMPT)] if idempotent else []
    return Request(tuple(headers), body, method, ROOT + path)


def answer(status: int, body: bytes = b"", content_type: str = "application/json") -> Answer:
    return Answer(tuple(_content(body, content_type)), body, status)


def _content(body: bytes, content_type: str = "application/json") -> list[tuple[str, str]]:
    return [("Content-Type", content_type), ("Content-Digest", digest(body))] if body else []


def digest(body: bytes, name: str = "sha256") -> str:
    value = base64.b64encode(hashlib.new(name, body).digest()).decode()
    return f"{name.replace('sha', 'sha-')}=:{value}:"


# Tampering with signatures themselves


def respelt(message: Message) -> Message:
    """The same signature with one of the four unused bits of its base64 set."""
    value = message.value("Signature")
    return message.having("Signature", f"{value[:-4]}{chr(ord(value[-4]) + 1)}{value[-3:]}")


def beyond_the_group(message: Message) -> Message:
    """The same signature with the group's order added to its scalar (RFC 8032 §5.1.7 forbids it)."""
    raw = _raw(message)
    scalar = int.from_bytes(raw[32:], "little") + GROUP_ORDER
    return _with_raw(message, raw[:32] + scalar.to_bytes(32, "little"))


def forged_for_the_neutral_point(message: Message) -> Message:
    """R and the key are the neutral point, S is 0: holds for every message if the key is taken."""
    return _with_raw(message, NEUTRAL + bytes(32))


def flipped(message: Message) -> Message:
    raw = _raw(message)
    return _with_raw(message, bytes([raw[0] ^ 1]) + raw[1:])


def _raw(message: Message) -> bytes:
    return base64.b64decode(message.value("Signature").removeprefix("ewx=:").removesuffix(":"))


def _with_raw(message: Message, raw: bytes) -> Message:
    return message.having("Signature", f"ewx=:{base64.b64encode(raw).decode()}:")


def seconds(count: int) -> datetime:
    return NOW + timedelta(seconds=count)


def vector(about: str, message: Message, verdict: str = "accepted", now: datetime = NOW) -> Json:
    described: dict[str, Json] = {"about": about, "now": instant(now), **message.as_json(), "verdict": verdict}
    if verdict == "accepted":
        members = message.value("Signature-Input").split(", ")
        described["signature_bases"] = [message.base(member.partition("=")[2]) for member in members]
    return described
