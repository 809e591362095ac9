"""The calls of both roles over one connection. Every answer is verified before anybody reads it (protocol §3)."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.foreign import signatures, strict
from tests.foreign.signatures import LABEL, NEW_LABEL
from tests.foreign.store import Connection

PREFIX = "/api/partner/v1"
ANSWER_LIMIT = 1024 * 1024
SECONDS = 10


class NotBelieved(Exception):
    """A success that the partner did not sign, or not for this request."""


class Failed(Exception):
    """The partner says no; `received` is his answer."""

    def __init__(self, received: Received) -> None:
        super().__init__(f"{received.status} {received.problem}")
        self.received = received


@dataclass(frozen=True)
class Received:
    """`signed` is False only where no success is told; then nothing but a delay may follow from it."""

    status: int
    headers: list[tuple[str, str]]
    content: Any
    signed: bool

    @property
    def problem(self) -> str:
        """The last segment of a problem's type; empty for everything else."""
        kind = self.content.get("type") if isinstance(self.content, dict) else None
        return str(kind).rpartition("/")[2] if kind and self.status >= 400 else ""


class Client:
    """Speaks for `connection` to whoever issued the code that was entered there."""

    def __init__(self, connection: Connection, now: Callable[[], float] = time.time) -> None:
        assert connection.theirs, "their code is not entered yet"
        self.connection, self.now = connection, now
        self.origin, self.partner = connection.theirs.origin, str(connection.theirs.connection)

    # --- one call ----------------------------------------------------------------------------------
    def call(
        self, method: str, path: str, body: Any = None, key: str = "", new_key: Ed25519PrivateKey | None = None
    ) -> Received:
        """`path` below the prefix, query included. `key` is the Idempotency-Key of a repeat; else a fresh one."""
        target = PREFIX + path
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = [("EWX-Connection", self.partner)]
        if raw:
            headers += [("Content-Type", "application/json"), ("Content-Digest", signatures.digest(raw))]
        if signatures.needs_key(method, target):
            headers.append(("Idempotency-Key", key or str(uuid4())))
        components = signatures.request_components(method, self.origin, target, headers, raw)
        keys = {LABEL: self.connection.key} | ({NEW_LABEL: new_key} if new_key else {})
        signed = {label: signatures.sign(components, one, self.now()) for label, one in keys.items()}
        headers += signatures.signature_headers(signed)
        return self.received(*self.exchange(method, target, headers, raw), bound=signed[LABEL][1])

    def exchange(
        self, method: str, target: str, headers: list[tuple[str, str]], raw: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Exactly these headers, and Content-Length where nothing else says where the body ends."""
        url = urlsplit(self.origin)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        wire = kind(url.hostname or "", url.port, timeout=SECONDS)
        try:
            wire.putrequest(method, target, skip_host="Host" in dict(headers), skip_accept_encoding=True)
            for name, value in headers:
                wire.putheader(name, value)
            if (raw or method == "POST") and "Transfer-Encoding" not in dict(headers):
                wire.putheader("Content-Length", str(len(raw)))
            wire.endheaders(raw or None)
            answer = wire.getresponse()
            return answer.status, answer.getheaders(), answer.read(ANSWER_LIMIT + 1)
        finally:
            wire.close()

    def received(self, status: int, headers: list[tuple[str, str]], raw: bytes, bound: bytes) -> Received:
        """An answer, verified against the signature of its request; `NotBelieved` for an unproven success."""
        success = 200 <= status < 300
        try:
            self._verify(status, headers, raw, bound)
            signed = True
        except signatures.Refused as refusal:
            if success:
                raise NotBelieved(str(refusal)) from refusal
            signed = False
        try:
            content = strict.loads(raw) if raw else None
        except strict.Malformed:
            if success:
                raise
            content = None
        return Received(status, headers, content, signed)

    def _verify(self, status: int, headers: list[tuple[str, str]], raw: bytes, bound: bytes) -> None:
        """Key, coverage, signature, digest and time of an answer."""
        if len(raw) > ANSWER_LIMIT:
            raise signatures.Refused("too large")
        keyid = signatures.read(headers)[LABEL].values["keyid"]
        known = self.connection.keys.get(keyid)
        if known is None or not known.good(self.now()):
            raise signatures.Refused("unknown key")
        components = signatures.answer_components(status, headers, raw, bound)
        signatures.verify(headers, raw, components, known.public, self.now())
        self.connection.promote(keyid, self.now())

    def get(self, path: str, **query: str) -> Any:
        """The content of a success, or `Failed`."""
        return self._ok(self.call("GET", f"{path}?{urlencode(query)}" if query else path))

    def post(self, path: str, body: Any, key: str = "") -> Any:
        return self._ok(self.call("POST", path, body, key))

    def _ok(self, received: Received) -> Any:
        if not 200 <= received.status < 300:
            raise Failed(received)
        return received.content

    # --- connection --------------------------------------------------------------------------------
    def pair(self) -> Any:
        """The handshake: their connection document, or `Failed` with pairing-incomplete: try again later."""
        document = self.post("/pairing", {"connection": self.connection.id, "partner_connection": self.partner})
        self.connection.connected = True
        return document

    def test(self) -> Any:
        return self.get("/connection")

    def notify(self, notice: str) -> None:
        self.post("/connection/notice", {"notice": notice})

    def list_keys(self) -> Any:
        return self.get("/keys")["items"]

    def rotate(self) -> str:
        """A new key of ours, introduced by the old one; we sign with it as soon as they say 201. Its id."""
        new = Ed25519PrivateKey.generate()
        public = new.public_key().public_bytes_raw()
        body = {"public_key": base64.b64encode(public).decode()}
        self._ok(self.call("POST", "/keys", body, new_key=new))
        self.connection.key = new
        return signatures.keyid(public)

    def delete_key(self, keyid: str) -> None:
        self._ok(self.call("DELETE", f"/keys/{keyid}"))

    # --- hiring ------------------------------------------------------------------------------------
    def articles(self, **query: str) -> Iterator[Any]:
        """Every listing of every page."""
        yield from self._pages("/articles", query)

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **query, **cursor)
            yield from page["items"]
            if not page["next"]:
                return
            cursor = {"cursor": page["next"]}

    def article(self, article: str, **query: str) -> Any:
        return self.get(f"/articles/{article}", **query)

    def categories(self) -> Any:
        return self.get("/categories")["items"]

    def availability(self, period: Mapping[str, str], quantities: Mapping[str, int]) -> Any:
        lines = [{"article": article, "quantity": quantity} for article, quantity in quantities.items()]
        return self.post("/availability", {"period": period, "lines": lines})["lines"]

    def send_order(self, content: dict[str, Any], key: str = "") -> Any:
        """Our copy is stored before anything is sent, so that an event finds it however the call ends."""
        copies = self.connection.copies
        copies.setdefault(
            content["id"], content | {"version": 0, "state": "sent", "updated_at": strict.wire(self.now())}
        )
        return self._learnt(self.post("/orders", content, key))

    def command(self, order: str, command: str, **more: Any) -> Any:
        """On the version that we have seen. `Failed` with version-conflict brings the current document."""
        said = {"command": command, "expected_version": self.connection.copies[order]["version"]} | more
        return self._learnt(self.post(f"/orders/{order}/commands", said))

    def read_order(self, order: str) -> Any:
        return self.get(f"/orders/{order}")

    def orders(self, **query: str) -> Iterator[Any]:
        yield from self._pages("/orders", query)

    def _learnt(self, document: Any) -> Any:
        if document["version"] > self.connection.copies[document["id"]]["version"]:
            self.connection.copies[document["id"]] = document
        return document

    # --- lending -----------------------------------------------------------------------------------
    def send_event(self, event: str, document: Mapping[str, Any], key: str = "") -> bool:
        """Whether it was news to the buyer."""
        return bool(self.post("/order-events", {"event": event, "order": document}, key)["applied"])
