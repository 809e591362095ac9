"""The only way out (security.md §3). Names come from mailed codes, so every target is hostile.

A name is resolved once, *all* its addresses are judged by our own table, and the connection goes to a judged
address while TLS still verifies the name. No redirects, proxies, cookies or encodings: the layer below httpx2
knows none. One deadline holds over the whole exchange, however slowly the other side drips.

Tests put a fake into `current`; nothing else opens connections.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Protocol

import httpcore2
from django.conf import settings

from partners.protocol import origins

MAX_ANSWER_BYTES = 1024 * 1024
MAX_CONNECTIONS = 64
IDLE_SECONDS = 10.0
RESOLVER_THREADS = 8

# The special-purpose registries (RFC 6890 and successors), and what tunnels into them.
_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 "
        "198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    ).split()
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


Resolve = Callable[[str, int, float], list[str]]
"""All addresses of a host and port, within so many seconds."""


class Fault(StrEnum):
    """Why nothing came back: a category, never a banner or a timing of the target."""

    NAME = "name"
    REFUSED = "refused"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TOO_LARGE = "answer-too-large"
    NOT_ALLOWED = "not-allowed"


class Unreachable(Exception):
    """No answer came back; `reason` says at which step."""

    def __init__(self, reason: Fault) -> None:
        super().__init__(reason.value)
        self.reason = reason


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


def is_public(address: str) -> bool:
    """Whether an IP address may be connected to without an operator's leave."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _REFUSED_V4)
    return parsed in _GLOBAL_V6 and not any(parsed in network for network in _REFUSED_V6)


def is_allowed_origin(origin: str) -> bool:
    """Whether the operator named this origin: plain http, another port or a private address are fine then."""
    return origin in settings.EWX_ALLOWED_PARTNER_ORIGINS


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What the layers below must know of the exchange that runs in this thread."""

    ends_at: float
    any_address: bool

    def remaining(self) -> float:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise Unreachable(Fault.TIMEOUT)
        return left


_exchange: ContextVar[_Exchange] = ContextVar("exchange")
_resolver = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolver")


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """All addresses of `host`; the system's resolver knows no deadline, so it waits in a thread of its own."""
    lookup = _resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = lookup.result(seconds)
    except FutureTimeout as error:
        lookup.cancel()
        raise Unreachable(Fault.TIMEOUT) from error
    except (OSError, UnicodeError) as error:
        raise Unreachable(Fault.NAME) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Stream(httpcore2.NetworkStream):
    """A stream whose every step ends with the exchange."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _exchange.get().remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _exchange.get().remaining())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            return _Stream(self._inner.start_tls(ssl_context, server_hostname, _exchange.get().remaining()))
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
        addresses = self._resolve(host, port, exchange.remaining())
        if not exchange.any_address and not all(is_public(address) for address in addresses):
            raise Unreachable(Fault.NOT_ALLOWED)
        return _Stream(self._first_that_answers(addresses, port, exchange))

    def _first_that_answers(self, addresses: list[str], port: int, exchange: _Exchange) -> httpcore2.NetworkStream:
        for address in addresses[:-1]:
            try:
                return self._sockets.connect_tcp(address, port, exchange.remaining() / 2)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._sockets.connect_tcp(addresses[-1], port, exchange.remaining())


class NetworkTransport:
    """HTTP/1.1 over real sockets, connections kept for a few seconds."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or _resolve

    @cached_property
    def _pool(self) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_JudgingBackend(self._resolve),
        )

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
            received = b""
            for part in answer.iter_stream():
                received += part
                if len(received) > MAX_ANSWER_BYTES:
                    raise Unreachable(Fault.TOO_LARGE)
            fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
            return RawAnswer(answer.status, fields, received)


current: Transport = NetworkTransport()
