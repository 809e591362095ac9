"""A complete little partner: `with ForeignServer(level=2) as server:` listens on 127.0.0.1 until the block ends.

A person's side of it: `make_code`, `enter_code`, `pause`, `set_level`, `confirm`… Each takes the connection as its last
argument; without it, the newest is meant. The network is touched by `client(connection)` alone, so by `handshake` and
`deliver` too.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from tests.foreign import codes, orders, strict
from tests.foreign.client import Client
from tests.foreign.faults import FAULTS
from tests.foreign.gate import Answer, Gate, Problem, Request, fingerprint
from tests.foreign.routes import Asked, Route, find, invalid
from tests.foreign.signatures import Refused, needs_key
from tests.foreign.store import Company, Connection

WELL_KNOWN = "/.well-known/ewx-partner"
JSON_FAULTS = {
    "duplicate-keys-json": "duplicates",
    "nul-in-json": "nul",
    "surrogates-in-json": "surrogates",
    "deep-json": "depth",
}
SECONDS_PER_READ = 10
READ_LIMIT = 1024 * 1024  # what is too large for us but not absurd is read, so that the caller gets to read the 413


@dataclass(frozen=True)
class Waiting:
    """An event that the buyer has not acknowledged; its key is the same at every attempt (§6)."""

    connection: Connection
    event: str
    document: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))


class ForeignServer:
    """`faults` are names in `faults.FAULTS`; `level` is what a new connection is granted; `now` gives unix seconds."""

    def __init__(
        self,
        port: int = 0,
        faults: Collection[str] = frozenset(),
        level: int = 2,
        company: Company | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        self.company = company or Company()
        self.gate = Gate(self.company, frozenset(faults))
        self.level, self.now = level, now
        self.lock = threading.RLock()
        self.outbox: list[Waiting] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self.answer))
        self._http.daemon_threads = True
        self.company.origin = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def origin(self) -> str:
        return self.company.origin

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    # --- what the partner's server asks ------------------------------------------------------------
    def answer(self, request: Request) -> Answer:
        """Everything happens under one lock: what is judged still holds when it takes effect."""
        with self.lock:
            try:
                return self._answer(request, self.now())
            except Problem as unsigned:
                return unsigned.answer()
            except Refused as refusal:
                return self.gate.refused(str(refusal), request, self.now())

    def _answer(self, request: Request, now: float) -> Answer:
        self.gate.check_size(request)
        if request.path == WELL_KNOWN:
            if request.method != "GET":
                raise Problem(405, "method")
            more = {"name": self.company.name, "software": "foreign 1.0"} if self.gate.has("well-known-chatty") else {}
            return Answer(200, {"protocols": ["1.0"]} | more)
        self.gate.check_version(request)
        connection, signed = self.gate.authenticate(request, now)
        if connection.closed and not self.gate.has("closed-is-open"):
            closed = Problem(410, "closed")
            if self.gate.has("signs-410"):
                return self.gate.signed(closed.answer(), connection, signed, now)
            raise closed
        asked = Asked(self.gate, connection, request, signed, now)
        try:
            answer = self._authenticated(asked)
        except Problem as problem:
            answer = problem.answer()
        return self.gate.signed(answer, connection, signed, now)

    def _authenticated(self, asked: Asked) -> Answer:
        """Route, media type, key, stored answer, state, level, JSON, fields, effect."""
        request = asked.request
        try:
            route, asked.ids = find(request.method, request.path, self.gate)
        except Problem as unknown:
            if self.gate.has("unknown-route-200") and unknown.status == 404:
                return Answer(200, {})
            raise
        media = request.line("content-type").partition(";")[0].rstrip().lower()
        if request.body and media != "application/json" and not self.gate.has("no-415"):
            raise Problem(415, "media-type")
        key = request.line("idempotency-key") if needs_key(request.method, request.path) else ""
        if needs_key(request.method, request.path) and not strict.UUID.fullmatch(key) and not self.gate.has("no-428"):
            raise Problem(428, "idempotency-required")
        if self.gate.has("state-before-stored"):
            self._check_state(asked, route)
        if stored := self._stored(asked, key):
            return stored
        return self._effect(asked, route, key)

    def _stored(self, asked: Asked, key: str) -> Answer | None:
        if key not in asked.connection.stored or self.gate.has("no-idempotency"):
            return None
        print_then, (status, content) = asked.connection.stored[key]
        if print_then != fingerprint(asked.request) and not self.gate.has("replays-other-fingerprint"):
            raise Problem(422, "idempotency-reuse")
        told = [] if self.gate.has("replays-silently") else [("Idempotent-Replayed", "true")]
        media = "application/json" if status < 400 else "application/problem+json"
        return Answer(status, json.loads(content), media, told)

    def _effect(self, asked: Asked, route: Route, key: str) -> Answer:
        if self.gate.has("json-before-level"):
            self._read(asked, route)
        self._check_state(asked, route)
        self._read(asked, route)
        try:
            answer = route.endpoint(asked)
        except Problem as problem:  # a 422 of the effect is stored like a success; what the shape refused is not
            if problem.status != 422:
                raise
            answer = problem.answer()
        for event, document in asked.events:
            self._queue(event, document, asked.connection)
        if key:
            asked.connection.stored[key] = (fingerprint(asked.request), (answer.status, json.dumps(answer.content)))
        return Answer(answer.status, json.loads(json.dumps(answer.content)), answer.media, answer.headers)

    def _check_state(self, asked: Asked, route: Route) -> None:
        if asked.connection.paused and not route.while_paused and not self.gate.has("ignores-pause"):
            raise Problem(403, "paused")
        if asked.connection.level < route.level and not self.gate.has("ignores-level"):
            raise Problem(403, "level")

    def _read(self, asked: Asked, route: Route) -> None:
        if route.shape is None:
            return
        try:
            allowed = {JSON_FAULTS[fault] for fault in self.gate.faults if fault in JSON_FAULTS}
            asked.body = strict.loads(asked.request.body, allowed)
        except strict.Malformed as broken:
            raise Problem(400, "malformed") from broken
        if (problems := list(route.shape(asked.body, ""))) and not self.gate.has("no-field-check"):
            raise invalid(problems)

    # --- what our people do: connection ------------------------------------------------------------
    def connection(self) -> Connection:
        """The newest."""
        return list(self.company.connections.values())[-1]

    def _of(self, connection: Connection | None) -> Connection:
        return connection or self.connection()

    def make_code(self, days: float = 14) -> str:
        """A new connection of ours; the text that we would mail."""
        with self.lock:
            return codes.encode(self.company.new_connection(self.now(), days, self.level).ours)

    def enter_code(self, text: str, connection: Connection | None = None) -> Connection:
        """The partner's code, for the connection whose code he got; `codes.Refused` if it is none."""
        with self.lock:
            entered = self._of(connection)
            code = codes.decode(text, self.now(), self.company.issued(), self.company.entered())
            entered.enter(code, self.now())
            return entered

    def client(self, connection: Connection | None = None) -> Client:
        return Client(self._of(connection), self.now)

    def handshake(self, connection: Connection | None = None) -> Any:
        return self.client(connection).pair()

    def set_level(self, level: int, connection: Connection | None = None) -> None:
        with self.lock:
            self._of(connection).level = level

    def pause(self, connection: Connection | None = None) -> None:
        with self.lock:
            self._of(connection).paused = True

    def resume(self, connection: Connection | None = None) -> None:
        with self.lock:
            self._of(connection).paused = False

    def verify(self, connection: Connection | None = None) -> None:
        """Somebody has compared the safety number by phone."""
        with self.lock:
            self._of(connection).verified = True

    def close(self, connection: Connection | None = None) -> None:
        with self.lock:
            self._of(connection).closed = True

    def release(self, *articles: str, connection: Connection | None = None) -> None:
        """Exactly these articles."""
        with self.lock:
            self._of(connection).released = set(articles)

    # --- what our people do: orders ----------------------------------------------------------------
    def orders(self, connection: Connection | None = None) -> list[dict[str, Any]]:
        """Documents of the orders in which we lend."""
        with self.lock:
            return [order.document for order in self._of(connection).orders.values()]

    def copies(self, connection: Connection | None = None) -> list[dict[str, Any]]:
        """What we know of those in which we hire."""
        with self.lock:
            return list(self._of(connection).copies.values())

    def say(self, event: str, order: str, reason: str | None = None, connection: Connection | None = None) -> None:
        """An event of the supplier that needs no contents: confirm, decline, agree, refuse, cancel, dispatch…"""
        with self.lock:
            document = self._of(connection).orders[order].document
            orders.may(document, event, orders.SUPPLIER)
            orders.settle(document, event)
            orders.move(document, event, orders.SUPPLIER, self.now(), reason)
            self._queue(event, document, connection)

    def confirm(self, order: str, connection: Connection | None = None) -> None:
        self.say("confirm", order, connection=connection)

    def decline(self, order: str, reason: str, connection: Connection | None = None) -> None:
        self.say("decline", order, reason, connection)

    def propose(self, order: str, answers: dict[str, dict[str, Any]], connection: Connection | None = None) -> None:
        """Answers by line id, as in `orders.answer`; every other line is confirmed as it is."""
        with self.lock:
            document = self._of(connection).orders[order].document
            orders.may(document, "propose", orders.SUPPLIER)
            for line in document["lines"]:
                line["answer"] = answers.get(line["id"]) or orders.answer("confirmed", quantity=line["quantity"])
            orders.move(document, "propose", orders.SUPPLIER, self.now())
            self._queue("propose", document, connection)

    def seen(self, order: str, connection: Connection | None = None) -> None:
        """A person has opened the request: a change like any other, without a state of its own."""
        with self.lock:
            document = self._of(connection).orders[order].document
            document["version"] += 1
            document["seen_at"] = document["updated_at"] = strict.wire(self.now())
            self._queue("seen", document, connection)

    def _queue(self, event: str, document: dict[str, Any], connection: Connection | None) -> None:
        self.outbox.append(Waiting(self._of(connection), event, json.loads(json.dumps(document))))

    def deliver(self) -> list[bool]:
        """Send what waits, oldest first; what fails keeps waiting and the failure is raised."""
        applied = []
        while self.outbox:
            one = self.outbox[0]
            applied.append(Client(one.connection, self.now).send_event(one.event, one.document, one.key))
            del self.outbox[0]
        return applied


def _handler(answer: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    """HTTP as far as §3 needs it: the raw target, every header line, a body of the announced length."""

    class Handler(BaseHTTPRequestHandler):
        raw_requestline: bytes
        protocol_version = "HTTP/1.1"  # one request per connection: no length is ever argued about
        timeout = SECONDS_PER_READ

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):  # every verb: an unknown one is for the gate to judge
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            target = self.raw_requestline.decode("latin-1").split(" ")[1]
            headers = self.headers.items()
            lengths = {value for name, value in headers if name.lower() == "content-length"}
            size = int(length) if len(lengths) == 1 and (length := lengths.pop()).isdecimal() else 0
            body = self.rfile.read(size) if size <= READ_LIMIT else b""
            if "Transfer-Encoding" in self.headers:
                body = b"".join(iter(self._chunk, b""))
            self.close_connection = True
            self._send(answer(Request(self.command, target, headers, body, max(size, len(body)))))

        def _chunk(self) -> bytes:
            """The next chunk; nothing at the end or where it is malformed."""
            size = self.rfile.readline(20).strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,6}", size):
                return b""
            return self.rfile.read(int(size, 16) + 2)[:-2]

        def _send(self, answer: Answer) -> None:
            raw = answer.body
            self.send_response(answer.status)
            signed = {name for name, _ in answer.headers}
            for name, value in answer.headers:
                self.send_header(name, value)
            if raw and "Content-Type" not in signed:
                self.send_header("Content-Type", answer.media)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(raw)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Quiet."""

    return Handler
