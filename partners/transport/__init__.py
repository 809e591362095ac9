"""The only way out (security.md §3). Names come from mailed codes, so every target is hostile.

A name is resolved once, *all* its addresses are judged by our own table, and the connection goes to a judged
address while TLS still verifies the name. No redirects, proxies, cookies or encodings: the layer below httpx2
knows none. One deadline holds over the whole exchange, however slowly the other side drips.

Tests put a fake into `current`; nothing else opens connections.
"""

import ssl
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import httpcore2
from django.conf import settings

from partners.protocol import origins
from partners.protocol.sizes import MAX_ANSWER_BYTES
from partners.transport import addresses
from partners.transport.addresses import is_public
from partners.transport.faults import Fault, Unreachable
from partners.transport.names import Resolve, Resolver

MAX_HEADER_BYTES = 32 * 1024
MAX_RECEIVED = MAX_ANSWER_BYTES + 256 * 1024  # with headers, chunks and whatever else stands around the content
MAX_PIECES = 10_000  # chunks of a byte each would keep us busy for seconds
MAX_CONNECTIONS = 64
IDLE_SECONDS = 5.0  # our own server closes such a line after ten: one that is just being closed must not be taken again

__all__ = [
    "Fault",
    "NetworkTransport",
    "RawAnswer",
    "Transport",
    "Unreachable",
    "current",
    "is_allowed_origin",
    "is_public",
]


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back, unjudged. Headers as (name, value), in any case, repetitions kept."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Transport(Protocol):
    """The seam: the network, or a test's fake."""

    def send(
        self, *, method: str, origin: str, target: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> RawAnswer:
        """One exchange within `deadline` seconds; `target` goes out as it is. Raises Unreachable."""
        ...


def is_allowed_origin(origin: str) -> bool:
    """Whether the operator named this origin: plain http, another port or a private address are fine then.

    This machine, this cable and the metadata of a cloud are not, unless it is their address that is named.
    """
    return origin in settings.EWX_ALLOWED_PARTNER_ORIGINS


@dataclass(slots=True)
class _Exchange:
    """What the layers below must know of the exchange that runs in this thread."""

    ends_at: float
    is_named: bool  # the origin, by the operator
    received: int = 0

    def remaining(self) -> float:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise Unreachable(Fault.TIMEOUT)
        return left

    def count(self, received: bytes) -> bytes:
        self.received += len(received)
        if self.received > MAX_RECEIVED:
            raise Unreachable(Fault.TOO_LARGE)
        return received

    def allows(self, host: str, address: str) -> bool:
        """Whether this host may lie at this address."""
        if is_public(address) or addresses.is_allowed(address, settings.EWX_ALLOWED_PARTNER_NETWORKS):
            return True
        return self.is_named and (addresses.is_neighbour(address) or host in {address, "localhost"})


_exchange: ContextVar[_Exchange] = ContextVar("exchange")


class _Stream(httpcore2.NetworkStream):
    """A stream whose every step ends with the exchange."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        exchange = _exchange.get()
        return exchange.count(self._inner.read(max_bytes, exchange.remaining()))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Piece by piece: whoever takes a few bytes now and then gains no time by it."""
        waiting, connected = memoryview(buffer), self._inner.get_extra_info("socket")
        while waiting:
            connected.settimeout(_exchange.get().remaining())
            try:
                waiting = waiting[connected.send(waiting) :]
            except TimeoutError as error:
                raise Unreachable(Fault.TIMEOUT) from error
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            return _Stream(self._inner.start_tls(ssl_context, server_hostname, _exchange.get().remaining()))
        except httpcore2.ConnectTimeout as error:
            raise Unreachable(Fault.TIMEOUT) from error
        except httpcore2.ConnectError as error:
            raise Unreachable(Fault.CERTIFICATE) from error

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _JudgingBackend(httpcore2.NetworkBackend):
    """Resolves once, judges every answer, connects to a judged address."""

    def __init__(self, resolve: Resolve) -> None:
        self._sockets = httpcore2.SyncBackend()
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        exchange = _exchange.get()
        found = self._resolve(host, port, exchange.remaining())
        if not found or not all(exchange.allows(host, address) for address in found):
            raise Unreachable(Fault.NOT_ALLOWED)
        return _Stream(self._first_that_answers(found, port, exchange))

    def _first_that_answers(self, found: list[str], port: int, exchange: _Exchange) -> httpcore2.NetworkStream:
        """Whether a port is closed or filtered is nobody's business: both are REFUSED."""
        for left in range(len(found), 0, -1):
            try:
                return self._sockets.connect_tcp(found[-left], port, exchange.remaining() / min(left, 2))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        raise Unreachable(Fault.REFUSED)


class NetworkTransport:
    """HTTP/1.1 over real sockets, connections kept for a few seconds."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or Resolver()

    @cached_property
    def _pool(self) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_JudgingBackend(self._resolve),
        )

    def close(self) -> None:
        """Let go of the connections that are kept, where this is not the transport of a whole process."""
        self._pool.close()

    def send(
        self, *, method: str, origin: str, target: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> RawAnswer:
        allowed = is_allowed_origin(origin)
        if not origins.is_canonical(origin) or not (allowed or origins.is_standard(origin)):
            raise Unreachable(Fault.NOT_ALLOWED)
        token = _exchange.set(_Exchange(time.monotonic() + deadline, allowed))
        try:
            return self._exchange(method, origin + target, headers, body, deadline)
        except httpcore2.TimeoutException as error:
            raise Unreachable(Fault.TIMEOUT) from error
        except httpcore2.ConnectError as error:
            raise Unreachable(Fault.REFUSED) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise Unreachable(Fault.BROKEN) from error
        finally:
            _exchange.reset(token)

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes, deadline: float) -> RawAnswer:
        sent = [("User-Agent", "Eventworx"), ("Accept-Encoding", "identity"), *headers.items()]
        waits: dict[str, Any] = {"timeout": {"pool": deadline}}
        with self._pool.stream(method, url, headers=sent, content=body, extensions=waits) as answer:
            fields = _judged(answer.headers)
            received = bytearray()
            for pieces, part in enumerate(answer.iter_stream()):
                received += part
                if len(received) > MAX_ANSWER_BYTES or pieces > MAX_PIECES:
                    raise Unreachable(Fault.TOO_LARGE)
            return RawAnswer(answer.status, fields, bytes(received))


def _judged(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """The headers of an answer, if they are few enough and say in one way only where it ends."""
    fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    if sum(len(name) + len(value) for name, value in fields) > MAX_HEADER_BYTES:
        raise Unreachable(Fault.TOO_LARGE)
    if {"content-length", "transfer-encoding"} <= {name.lower() for name, _value in fields}:
        raise Unreachable(Fault.BROKEN)
    return fields


current: Transport = NetworkTransport()
