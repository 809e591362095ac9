"""A little server for one visitor: what the conformance kit hears of the server that it tests.

Plain HTTP/1.1 without any protocol of ours: each request is handed on as it came, and what comes back is sent.
For TLS, let a proxy stand in front.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from partners.transport import RawAnswer

MAX_BODY_BYTES = 1024 * 1024
_PATIENCE = 10.0  # seconds that a silent visitor keeps a thread


@dataclass(frozen=True, slots=True)
class HeardRequest:
    """One request, unjudged. Headers as (name, value), repetitions kept."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


Answering = Callable[[HeardRequest], RawAnswer]


@contextlib.contextmanager
def listening(host: str, port: int, answering: Answering) -> Iterator[int]:
    """Answer every request by `answering`, which runs in threads of the server, until the block ends; the port."""
    server = _Server((host, port), answering)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], answering: Answering) -> None:
        super().__init__(address, _Handler)
        self.answering = answering


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    server: _Server

    def answer(self) -> None:
        given = self.server.answering(self._heard())
        self.send_response_only(given.status)
        length = [] if given.status == 204 else [("Content-Length", str(len(given.body)))]
        for name, value in (*given.headers, *length):
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(given.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  (what the standard library calls)

    def _heard(self) -> HeardRequest:
        length = self.headers.get("Content-Length", "0")
        size = min(int(length), MAX_BODY_BYTES) if length.isascii() and length.isdecimal() else 0
        return HeardRequest(self.command, self.path, tuple(self.headers.items()), self.rfile.read(size))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet: what was heard stands in the report."""
