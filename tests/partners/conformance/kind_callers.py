"""Ways of calling a partner that the protocol forbids: for cases about what the server under test sends."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.foreign.client import Client

Raw = tuple[int, list[tuple[str, str]], bytes]


class BelievesEverything(Client):
    """Takes a success from whoever says so."""

    def _verify(self, status: int, headers: list[tuple[str, str]], raw: bytes, bound: bytes) -> None:
        pass


class FollowsRedirects(Client):
    def exchange(self, method: str, target: str, headers: list[tuple[str, str]], raw: bytes) -> Raw:
        answer = super().exchange(method, target, headers, raw)
        location = dict(answer[1]).get("Location")
        return super().exchange(method, location.removeprefix(self.origin), headers, raw) if location else answer


class SendsCookies(Client):
    def exchange(self, method: str, target: str, headers: list[tuple[str, str]], raw: bytes) -> Raw:
        return super().exchange(method, target, [*headers, ("Cookie", "session=1")], raw)


class NewKeyPerAttempt(Client):
    """Treats every attempt as a request of its own."""

    def send_event(self, event: str, document: Mapping[str, Any], key: str = "") -> bool:
        return super().send_event(event, document)


class OldState(Client):
    """Tells what an order was before."""

    def send_event(self, event: str, document: Mapping[str, Any], key: str = "") -> bool:
        return super().send_event(event, dict(document) | {"state": "requested"}, key)


class SaysNothingOfConfirming(Client):
    """Thinks that its answer to the order was enough."""

    def send_event(self, event: str, document: Mapping[str, Any], key: str = "") -> bool:
        return event == "confirm" or super().send_event(event, document, key)


class WrongIds(Client):
    """Confuses the two connection ids."""

    def pair(self) -> Any:
        return self.post("/pairing", {"connection": self.partner, "partner_connection": self.connection.id})


class KeepsItsKey(Client):
    """Introduces a new key and goes on with the old one."""

    def rotate(self) -> str:
        before: Ed25519PrivateKey = self.connection.key
        introduced = super().rotate()
        self.connection.key = before
        return introduced
