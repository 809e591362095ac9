"""The real server over raw sockets: what is out of shape or slow is refused, and holds nobody up (protocol §3).

Nothing is timed: that others are answered while the slow ones still hang on is what counts.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection as database

from eventworx.tenants.models import Tenant
from tests import services
from tests.factories import make_connection
from tests.partners.questions import V1, Question, notice
from tests.source import ROOT
from tools.two_companies import GRANIAN

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]
THREADS = int(GRANIAN[GRANIAN.index("--blocking-threads") + 1])
PATIENCE = 30.0  # seconds until a test gives up
POST = f"POST {V1}/connection/notice HTTP/1.1\r\nHost: x\r\n"
WELL_KNOWN = "GET /.well-known/ewx-partner HTTP/1.1\r\nHost: x\r\n"


class Server:
    """One granian with the product, on the database and the keys of this test."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def open(self, *sent: str | bytes) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        for part in sent:
            # Whoever is refused while he still sends finds the line closed.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(part.encode() if isinstance(part, str) else part)
        return line

    def statuses(self, *sent: str | bytes) -> list[int]:
        """The statuses of all answers until the server closes the line."""
        return statuses_of(self.open(*sent))

    def memory(self) -> int:
        """The most that any of its processes has taken so far, in MiB."""
        listed = subprocess.run(["pgrep", "-g", str(self.process.pid)], capture_output=True, text=True, check=True)
        peaks = [Path(f"/proc/{pid}/status").read_text() for pid in listed.stdout.split()]
        return max(int(found.group(1)) for peak in peaks if (found := re.search(r"VmHWM:\s+(\d+)", peak))) // 1024


def statuses_of(line: socket.socket) -> list[int]:
    """The statuses of all answers until the server closes the line, which is then closed here too."""
    received = b""
    with line, contextlib.suppress(ConnectionResetError):
        while part := line.recv(65536):
            received += part
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


@contextlib.contextmanager
def running(*options: str) -> Iterator[Server]:
    port = services.free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "eventworx.settings",
        "DATABASE_URL": f"sqlite:///{database.settings_dict['NAME']}",
        "EWX_DATA_DIR": str(settings.DATA_DIR),
        "EWX_KEY_FILE": str(settings.EWX_KEY_FILE),
        "EWX_SECRET_KEY": settings.SECRET_KEY,
        "EWX_ORIGIN": settings.EWX_ORIGIN,
    }
    command = [str(Path(sys.executable).parent / "granian"), *GRANIAN, *options]
    command += ["--host", "127.0.0.1", "--port", str(port), "eventworx.wsgi:application"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **quiet)
    try:
        deadline = time.monotonic() + 60
        while not services.listens(port):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)
        yield Server(port, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def signed_notice(aurora: Tenant, bassline: Tenant) -> tuple[str, bytes]:
    """The headers and the body of a request that bassline would take from aurora."""
    ours, _theirs = make_connection(aurora, peer=bassline)
    question = notice(ours)
    return head_of(question), question.body


def head_of(question: Question) -> str:
    headers = question.signed() | {"Host": "x", "Connection": "close"}
    if question.body:
        headers["Content-Length"] = str(len(question.body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{question.method} {question.target} HTTP/1.1\r\n{lines}\r\n"


def test_what_is_out_of_shape_is_refused(server: Server, aurora: Tenant, bassline: Tenant) -> None:
    close = "Connection: close\r\n"
    body = "\r\nabc"
    cases: dict[str, tuple[list[str | bytes], list[int]]] = {
        "no length": ([POST, close, body], [401]),
        "negative length": ([POST, close, "Content-Length: -1\r\n", body], [400]),
        "a length with a sign": ([POST, close, "Content-Length: +3\r\n", body], [400]),
        "two lengths": ([POST, close, "Content-Length: 3\r\nContent-Length: 4\r\n", body], [400]),
        "one length twice": ([POST, close, "Content-Length: 3\r\nContent-Length: 3\r\n", body], [401]),
        "chunks": ([POST, close, "Transfer-Encoding: chunked\r\n", "\r\n3\r\nabc\r\n0\r\n\r\n"], [401]),
        "chunks and a length": (
            [POST, close, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "\r\n3\r\nabc\r\n0\r\n\r\n"],
            [401],
        ),
        "HTTP/1.0": ([POST.replace("1.1", "1.0"), "Content-Length: 3\r\n", body], [401]),
        "HTTP/2": (["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], []),
        "a quarter megabyte of header": ([WELL_KNOWN, close, f"A: {'x' * 250_000}\r\n\r\n"], [431]),
        "two hundred headers": ([WELL_KNOWN, close, "".join(f"A{n}: x\r\n" for n in range(200)), "\r\n"], [431]),
        "two at once": ([WELL_KNOWN, "\r\n", WELL_KNOWN, close, "\r\n"], [200, 200]),
        "two at once, the first with a body that nobody reads": (
            [POST, "Content-Length: 3\r\n", body, WELL_KNOWN, close, "\r\n"],
            [401, 200],
        ),
    }
    # Too long a target or, where it comes in pieces, too much of a header.
    assert server.statuses(f"GET /{'a' * 70_000} HTTP/1.1\r\nHost: x\r\n", close, "\r\n") in ([414], [431])
    found = {name: server.statuses(*sent) for name, (sent, _statuses) in cases.items()}
    found.pop("HTTP/2", None)  # whatever it says to that, it is no answer
    assert found == {name: statuses for name, (_sent, statuses) in cases.items() if name != "HTTP/2"}
    assert server.statuses(*signed_notice(aurora, bassline)) == [204]


def test_what_is_too_large_is_neither_waited_for_nor_kept(server: Server) -> None:
    length = "Content-Length: {}\r\n\r\n"
    assert server.statuses(POST, length.format(256 * 1024 + 1)) == [413]  # of which not one byte was sent
    before = server.memory()
    for size in (256 * 1024, 64 * 1024 * 1024):
        assert server.statuses(POST, length.format(size), b"x" * size) in ([401], [413], [])
    assert server.memory() < before + 32


def test_whoever_sends_his_body_slowly_holds_nobody_up(server: Server) -> None:
    """More of them than there are threads; they are answered before they have sent it."""
    slow = [server.open(POST, "Content-Length: 1000\r\n\r\nabc") for _line in range(THREADS + 1)]
    assert server.statuses(WELL_KNOWN, "Connection: close\r\n\r\n") == [200]
    assert [statuses_of(line) for line in slow] == [[401]] * len(slow)


def test_a_proven_body_may_take_its_time(server: Server, aurora: Tenant, bassline: Tenant) -> None:
    head, body = signed_notice(aurora, bassline)
    line = server.open(head, body[:5])
    assert server.statuses(WELL_KNOWN, "Connection: close\r\n\r\n") == [200]
    line.sendall(body[5:])
    assert statuses_of(line) == [204]


def test_whoever_sends_his_headers_slowly_is_disconnected() -> None:
    with running("--http1-header-read-timeout", "1000") as server:
        slow = [server.open("GET /healthz HT") for _line in range(THREADS + 1)]
        silent = server.open()
        assert server.statuses(WELL_KNOWN, "Connection: close\r\n\r\n") == [200]
        assert [statuses_of(line) for line in [*slow, silent]] == [[]] * (len(slow) + 1)


def test_what_one_process_has_answered_no_other_answers_again(aurora: Tenant, bassline: Tenant) -> None:
    """A question, whose nonce needs no durable memory, but a common one."""
    ours, _theirs = make_connection(aurora, peer=bassline)
    captured = head_of(Question(ours))
    with running() as one, running() as other:
        assert [server.statuses(captured) for server in (one, other, one, other)] == [[200], [401], [401], [401]]
