"""Requests made by hand, byte by byte: chunked, doubled, contradictory. For the conformance kit alone.

Its operator names the server himself and wants exactly these bytes to arrive, so no address is judged here and
nothing is added. The product asks its partners through `partners.transport.current` and never through this.
"""

import contextlib
import http.client
import io
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from partners.protocol.sizes import MAX_ANSWER_BYTES
from partners.transport import Fault, RawAnswer, Unreachable

_PORTS = {"http": 80, "https": 443}


def exchange(*, origin: str, request: bytes, deadline: float) -> RawAnswer:
    """Send `request` as it is over a connection of its own; the one answer, within `deadline` seconds.

    A server may answer before it has read everything. Raises Unreachable.
    """
    ends_at = time.monotonic() + deadline
    try:
        stream = _connected(origin, ends_at)
        with contextlib.closing(stream):
            with contextlib.suppress(httpcore2.WriteError):
                stream.write(request, _left(ends_at))
            return _answer(stream, request.partition(b" ")[0].decode(), ends_at)
    except httpcore2.TimeoutException as error:
        raise Unreachable(Fault.TIMEOUT) from error
    except httpcore2.ConnectError as error:
        raise Unreachable(Fault.REFUSED) from error
    except (httpcore2.NetworkError, http.client.HTTPException) as error:
        raise Unreachable(Fault.BROKEN) from error


def _connected(origin: str, ends_at: float) -> httpcore2.NetworkStream:
    address = urlsplit(origin)
    host, port = address.hostname or "", address.port or _PORTS[address.scheme]
    stream = httpcore2.SyncBackend().connect_tcp(host, port, _left(ends_at))
    if address.scheme == "http":
        return stream
    try:
        return stream.start_tls(ssl.create_default_context(), host, _left(ends_at))
    except httpcore2.ConnectError as error:
        raise Unreachable(Fault.CERTIFICATE) from error


def _left(ends_at: float) -> float:
    return max(ends_at - time.monotonic(), 0.001)


def _answer(stream: httpcore2.NetworkStream, method: str, ends_at: float) -> RawAnswer:
    answer = http.client.HTTPResponse(_Socket(stream, ends_at), method=method)  # type: ignore[arg-type]
    answer.begin()
    body = answer.read(MAX_ANSWER_BYTES + 1)
    if len(body) > MAX_ANSWER_BYTES:
        raise Unreachable(Fault.TOO_LARGE)
    return RawAnswer(answer.status, tuple(answer.getheaders()), body)


class _Socket(io.RawIOBase):
    """As much of a socket as the standard library's parser of answers asks for."""

    def __init__(self, stream: httpcore2.NetworkStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        received = self._stream.read(len(buffer), _left(self._ends_at))
        buffer[: len(received)] = received
        return len(received)
