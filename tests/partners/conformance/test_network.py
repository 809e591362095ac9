"""The kit's two ends of the network: requests byte by byte, and a little server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from partners.transport import MAX_ANSWER_BYTES, Fault, RawAnswer, Unreachable
from partners.transport.listening import HeardRequest, listening
from partners.transport.raw import exchange
from tests.services import free_port

pytestmark = pytest.mark.sqlite  # no database at all: once is enough


@contextmanager
def server(answer: bytes, *, patience: float = 0) -> Iterator[tuple[str, list[bytes]]]:
    """Reads one request, waits, answers and closes; its origin, and what it read."""
    heard: list[bytes] = []

    def serve() -> None:
        accepted, _address = listener.accept()
        with accepted:
            heard.append(accepted.recv(65536))
            time.sleep(patience)
            accepted.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        thread.join(5)


def test_every_byte_goes_out_as_it_is() -> None:
    request = b"GET /a%2fb HTTP/1.1\r\nX: 1\r\nx: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with server(b"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nContent-Length: 2\r\n\r\nok") as (origin, heard):
        answer = exchange(origin=origin, request=request, deadline=5)
    assert heard == [request]
    assert answer == RawAnswer(200, (("A", "1"), ("A", "2"), ("Content-Length", "2")), b"ok")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", Fault.BROKEN),
        (b"nonsense\r\n\r\n", Fault.BROKEN),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_ANSWER_BYTES + 1), Fault.TOO_LARGE),
    ],
)
def test_what_is_no_answer(answer: bytes, fault: Fault) -> None:
    with server(answer) as (origin, _heard), pytest.raises(Unreachable) as unreachable:
        exchange(origin=origin, request=b"GET / HTTP/1.1\r\n\r\n", deadline=5)
    assert unreachable.value.reason is fault


def test_the_deadline_holds() -> None:
    began = time.monotonic()
    with server(b"", patience=1) as (origin, _heard), pytest.raises(Unreachable) as unreachable:
        exchange(origin=origin, request=b"GET / HTTP/1.1\r\n\r\n", deadline=0.2)
    assert unreachable.value.reason is Fault.TIMEOUT
    assert time.monotonic() - began < 3


def test_nobody_listens() -> None:
    with pytest.raises(Unreachable) as unreachable:
        exchange(origin=f"http://127.0.0.1:{free_port()}", request=b"GET / HTTP/1.1\r\n\r\n", deadline=5)
    assert unreachable.value.reason is Fault.REFUSED


def test_a_visitor_is_heard_and_answered() -> None:
    heard: list[HeardRequest] = []

    def answering(request: HeardRequest) -> RawAnswer:
        heard.append(request)
        return RawAnswer(204 if request.method == "DELETE" else 200, (("X", "y"),), b"")

    request = b"POST /p?q=%41 HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\nContent-Length: 2\r\n\r\n{}"
    with listening("127.0.0.1", 0, answering) as port:
        answer = exchange(origin=f"http://127.0.0.1:{port}", request=request, deadline=5)
        empty = exchange(origin=f"http://127.0.0.1:{port}", request=b"DELETE / HTTP/1.1\r\n\r\n", deadline=5)
    assert (heard[0].method, heard[0].target, heard[0].body) == ("POST", "/p?q=%41", b"{}")
    assert [value for name, value in heard[0].headers if name.lower() == "a"] == ["1", "2"]
    assert ("X", "y") in answer.headers
    assert "Content-Length" not in dict(empty.headers)
