"""A request as the protocol wants it (§3), with every part open to be spoilt.

The product signs with `protocol.signing`, which makes nothing but correct requests. A `Draft` is correct too until
a case changes it; what is signed can then be spoilt once more on its way out, as a `Wire`.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from partners.protocol.signature_headers import LIFETIME, Components, inner_list, signature_base
from partners.protocol.signing import fresh_nonce

TAG = "ewx-partner-1"


@dataclass(slots=True, kw_only=True)
class Wire:
    """What goes out, byte by byte. Headers in order, repetitions kept."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first header of that name, '' where there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    def set(self, name: str, value: str) -> None:
        """Replace a header where it stands."""
        self.headers = [(known, value if known.lower() == name.lower() else old) for known, old in self.headers]

    def add(self, name: str, value: str) -> None:
        """One header more, whether there is one of that name or not."""
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        self.headers = [(known, value) for known, value in self.headers if known.lower() != name.lower()]

    def bytes_for(self, origin: str) -> bytes:
        """The request as it is sent. `Host` and `Content-Length` are ours, unless a case made its own."""
        ours = [] if self.get("Host") else [("Host", urlsplit(origin).netloc)]
        if not self.get("Transfer-Encoding") and (self.body or self.method == "POST"):
            ours.append(("Content-Length", str(len(self.body))))
        fields = [*ours, ("Connection", "close"), *self.headers]
        head = "\r\n".join([f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)])
        return head.encode("latin-1") + b"\r\n\r\n" + self.body


class SigningKey(Protocol):
    """A key pair, or what passes for one."""

    @property
    def keyid(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(slots=True, kw_only=True)
class Signer:
    """One signature: its label, who signs, and the six parameters in order, values as they are written.

    `leaves_out` is a component that this signature alone does not cover.
    """

    label: str
    key: SigningKey
    parameters: list[tuple[str, str]]
    leaves_out: str = ""

    @classmethod
    def of(cls, key: SigningKey, now: int, label: str = "ewx") -> "Signer":
        values = {
            "created": str(now),
            "expires": str(now + LIFETIME),
            "keyid": f'"{key.keyid}"',
            "alg": '"ed25519"',
            "nonce": f'"{fresh_nonce()}"',
            "tag": f'"{TAG}"',
        }
        return cls(label=label, key=key, parameters=list(values.items()))

    def get(self, name: str) -> str:
        return dict(self.parameters)[name]

    def set(self, name: str, value: str) -> None:
        self.parameters = [(known, value if known == name else old) for known, old in self.parameters]

    def drop(self, name: str) -> None:
        self.parameters = [(known, value) for known, value in self.parameters if known != name]

    def shift(self, seconds: int) -> None:
        """As if signed so much later."""
        for name in ("created", "expires"):
            self.set(name, str(int(self.get(name)) + seconds))

    def signed(self, components: Components) -> tuple[str, str]:
        """The member of Signature-Input and that of Signature."""
        covered = tuple(component for component in components if component[0] != self.leaves_out)
        parameters = inner_list(covered) + "".join(f";{name}={value}" for name, value in self.parameters)
        value = base64.b64encode(self.key.sign(signature_base(covered, parameters))).decode()
        return f"{self.label}={parameters}", f"{self.label}=:{value}:"


@dataclass(slots=True, kw_only=True)
class Draft:
    """A request before it is signed. `origin` is what the signature says; where it is sent to is another matter."""

    method: str
    origin: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    covered: list[str]
    signers: list[Signer]
    spoilers: list[Callable[[Wire], None]] = field(default_factory=list)

    @property
    def signer(self) -> Signer:
        return self.signers[0]

    def signed(self) -> Wire:
        """The request on the wire, spoilt as the case wants it."""
        components = tuple((identifier, self._value(identifier)) for identifier in self.covered)
        members = [signer.signed(components) for signer in self.signers]
        signature = {
            "Signature-Input": ", ".join(given for given, _ in members),
            "Signature": ", ".join(value for _, value in members),
        }
        wire = Wire(
            method=self.method, target=self.target, headers=list((self.headers | signature).items()), body=self.body
        )
        for spoil in self.spoilers:
            spoil(wire)
        return wire

    def _value(self, identifier: str) -> str:
        """What a component stands for; parameters on it are those that change nothing about that."""
        name = identifier.split('"')[1]
        derived = {
            "@method": self.method,
            "@target-uri": self.origin + self.target,
            "@authority": urlsplit(self.origin).netloc,
        }
        return derived[name] if name in derived else {known.lower(): v for known, v in self.headers.items()}[name]
