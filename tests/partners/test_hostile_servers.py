"""Servers that mean harm, names that lead inside (security.md §3, rows 16-20): nothing is reached, all ends in time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django import Settings

from eventworx.audit import Actor
from partners import client, connections, transport
from partners.client import PartnerUnreachable
from partners.models import PartnerConnection
from partners.transport import MAX_ANSWER_BYTES, MAX_HEADER_BYTES, Fault, NetworkTransport, RawAnswer, Unreachable
from partners.transport.addresses import is_allowed, is_neighbour
from partners.transport.names import LOOKUPS, THREADS, Resolver
from tests.partners.test_transport import answering, fault, send, server

Allow = Callable[..., str]


@pytest.fixture
def allow(settings: Settings) -> Allow:
    """The origin of a local port, named by the operator."""

    def named(port: int, host: str = "127.0.0.1") -> str:
        origin = f"http://{host}:{port}"
        settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({origin})
        return origin

    return named


def lying_at(*found: str) -> NetworkTransport:
    """Every name lies at these addresses."""
    return NetworkTransport(resolve=lambda _host, _port, _seconds: list(found))


# Networks that the operator allows


@pytest.mark.parametrize(
    ("networks", "address", "expected"),
    [
        ("192.168.10.0/24", "192.168.10.7", True),
        ("192.168.10.0/24", "::ffff:192.168.10.7", True),
        ("192.168.10.0/24", "192.168.11.7", False),
        ("fd12:3456::/32", "fd12:3456::7", True),
        ("fd12:3456::/32", "fd12:3457::7", False),
        ("10.0.0.0/8 192.168.0.0/16", "192.168.1.1", True),
        ("0.0.0.0/0", "10.0.0.1", True),
        ("0.0.0.0/0", "127.0.0.1", False),
        ("0.0.0.0/0", "0.0.0.0", False),
        ("0.0.0.0/0", "169.254.169.254", False),
        ("0.0.0.0/0", "168.63.129.16", False),
        ("100.64.0.0/10", "100.64.0.1", True),
        ("100.64.0.0/10", "100.100.100.200", False),
        ("0.0.0.0/0", "224.0.0.1", False),
        ("0.0.0.0/0", "255.255.255.255", False),
        ("::/0", "fd12::1", True),
        ("::/0", "::1", False),
        ("::/0", "fe80::1", False),
        ("::/0", "fe80::1%eth0", False),
        ("::/0", "ff02::1", False),
        ("::/0", "::ffff:127.0.0.1", False),
        ("::/0", "::127.0.0.1", False),
        ("::/0", "64:ff9b::a9fe:a9fe", False),
        ("::/0", "2002:7f00:1::1", False),
        ("fc00::/7", "fd00:ec2::254", False),
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.1", True),
        ("::1/128", "::1", True),
        ("169.254.0.0/16", "169.254.7.7", True),
        ("169.254.0.0/16", "169.254.169.254", False),
        ("169.254.169.254/32", "169.254.169.254", True),
        ("", "10.0.0.1", False),
    ],
)
def test_networks_of_the_operator(networks: str, address: str, expected: bool) -> None:
    assert is_allowed(address, [ip_network(network) for network in networks.split()]) is expected


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::"])
def test_a_named_host_does_not_mean_this_machine(settings: Settings, address: str) -> None:
    assert not is_neighbour(address)
    settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({"http://rent.example:8080"})
    assert fault("http://rent.example:8080", transport=lying_at(address)) is Fault.NOT_ALLOWED


def test_what_the_operator_names_is_reached(settings: Settings) -> None:
    with server(answering("HTTP/1.1 204 No Content")) as port:
        for host in ("127.0.0.1", "localhost"):
            settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({f"http://{host}:{port}"})
            assert send(f"http://{host}:{port}", transport=lying_at("127.0.0.1")).status == 204


def test_networks_allow_addresses_and_nothing_else(settings: Settings) -> None:
    settings.EWX_ALLOWED_PARTNER_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"))
    # Judged and tried: nobody listens there.
    assert fault("https://rent.example", transport=lying_at("127.7.7.7")) is Fault.REFUSED
    for origin in ("http://rent.example", "https://rent.example:8443"):
        assert fault(origin, transport=lying_at("127.7.7.7")) is Fault.NOT_ALLOWED
    for mixed in (["127.7.7.7", "10.2.0.1"], ["127.7.7.7", "169.254.169.254"], ["10.0.0.1", "1.1.1.1"], []):
        assert fault("https://rent.example", transport=lying_at(*mixed)) is Fault.NOT_ALLOWED


# The port matrix


@contextlib.contextmanager
def filtered() -> Iterator[int]:
    """A port that answers no call: its queue is full."""
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listening.getsockname())
        time.sleep(0.1)
        yield listening.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_every_other_port_answers_alike() -> None:
    """Open, closed, filtered, well-known: nobody is called, not even the name is looked up."""
    called: list[object] = []

    def resolve(host: str, _port: int, _seconds: float) -> list[str]:
        called.append(host)
        return ["127.0.0.1"]

    with server(lambda connection: called.append(connection)) as open_port, filtered() as filtered_port:
        ports = [open_port, closed_port(), filtered_port, 22, 25, 80, 5432, 6379, 8443]
        times = []
        for port in ports:
            started = time.monotonic()
            assert fault(f"https://rent.example:{port}", transport=NetworkTransport(resolve)) is Fault.NOT_ALLOWED
            times.append(time.monotonic() - started)
        time.sleep(0.2)
    assert called == []
    assert max(times) < 0.1


def test_closed_and_filtered_are_one_category(allow: Allow) -> None:
    assert fault(allow(closed_port())) is Fault.REFUSED
    with filtered() as port:
        started = time.monotonic()
        assert fault(allow(port), deadline=2) is Fault.REFUSED
        assert time.monotonic() - started < 4


def test_the_connection_test_takes_as_long_for_closed_as_for_filtered(
    allow: Allow, pair: tuple[PartnerConnection, PartnerConnection], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 20: neither what is said nor when tells one from the other."""
    settings.EWX_PARTNER_DEADLINE_SECONDS = 0.4
    monkeypatch.setattr(transport, "current", NetworkTransport())

    def seconds(port: int) -> float:
        pair[0].peer_origin, began = allow(port), time.monotonic()
        with pytest.raises(PartnerUnreachable) as caught:
            connections.test_connection(connection=pair[0], actor=Actor(label="Ada"))
        assert caught.value.reason == Fault.REFUSED
        return time.monotonic() - began

    with filtered() as filtered_port:
        assert all(seconds(port) >= 0.4 for port in (closed_port(), filtered_port))


# The resolver


def test_names_that_hang_hold_few_threads_and_nobody_beyond_his_deadline() -> None:
    asked, released = [], threading.Event()

    def hang(host: str, port: int, **_kind: Any) -> list[Any]:
        asked.append(host)
        released.wait(10)
        return [(0, 0, 0, "", ("192.0.2.1", port))]

    resolve, outcomes = Resolver(hang), []

    def one(host: str) -> None:
        started = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            resolve(host, 443, 0.5)
        outcomes.append((caught.value.reason, time.monotonic() - started < 1.5))

    callers = [threading.Thread(target=one, args=(f"host{at}.example",)) for at in range(LOOKUPS + 20)]
    callers += [threading.Thread(target=one, args=("host0.example",)) for _ in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(10)
    assert outcomes == [(Fault.TIMEOUT, True)] * len(callers)
    assert len(asked) == THREADS  # the others wait for a thread, or were refused at once
    released.set()
    for _ in range(100):
        if not resolve._under_way:
            break
        time.sleep(0.05)
    assert resolve._under_way == {}
    assert resolve("late.example", 443, 1) == ["192.0.2.1"]
    assert len(asked) == LOOKUPS + 1


def test_a_hanging_name_keeps_no_other_waiting() -> None:
    released = threading.Event()

    def look_up(host: str, port: int, **_kind: Any) -> list[Any]:
        if host == "slow.example":
            released.wait(10)
        return [(0, 0, 0, "", ("192.0.2.1", port))]

    def ask_slow() -> None:
        with contextlib.suppress(Unreachable):
            resolve("slow.example", 443, 0.5)

    resolve = Resolver(look_up)
    slow = [threading.Thread(target=ask_slow) for _ in range(30)]
    for caller in slow:
        caller.start()
    assert resolve("quick.example", 443, 0.4) == ["192.0.2.1"]
    released.set()
    for caller in slow:
        caller.join(10)


# What comes back


def flooding(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """A beginning, and then the same piece without end."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(start)
        while True:
            connection.sendall(piece * 64)

    return serve


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
HEADERS = f"HTTP/1.1 200 OK\nContent-Length: 0\nX-Long: {'x' * MAX_HEADER_BYTES}"
MANY_HEADERS = "HTTP/1.1 200 OK\nContent-Length: 0\n" + "\n".join(f"X-{at}: 1" for at in range(8000))


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (flooding(OK + b"\r\n", b"x" * 1024), Fault.TOO_LARGE),
        (flooding(CHUNKED, b"1\r\nx\r\n"), Fault.TOO_LARGE),
        (flooding(CHUNKED, b"1;" + b"y" * 1024 + b"\r\nx\r\n"), Fault.TOO_LARGE),
        (flooding(CHUNKED + b"0\r\n", b"X-Trailer: " + b"y" * 1024 + b"\r\n"), Fault.BROKEN),
        (flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Fault.TOO_LARGE),
        (flooding(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), Fault.TOO_LARGE),
        (flooding(OK, b"X-Header: 1\r\n"), Fault.BROKEN),
        (flooding(OK + b"X-Header: ", b"x" * 1024), Fault.BROKEN),
        (flooding(b"", b"HTTP/1.1"), Fault.BROKEN),
        (answering(HEADERS), Fault.TOO_LARGE),
        (answering(MANY_HEADERS), Fault.TOO_LARGE),
        (answering(f"HTTP/1.1 200 OK\nContent-Length: {MAX_ANSWER_BYTES * 1000}", b"x" * 10), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked", HELLO), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 5", HELLO), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6", b"hello"), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nContent-Length: -1", b"hello"), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked", b"0\r\n\r\n"), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"zz\r\nhello\r\n0\r\n\r\n"), Fault.BROKEN),
        (answering("HTTP/2 200"), Fault.BROKEN),
        (answering("HTTP/1.1 200 OK\nX: \x00\nContent-Length: 0"), Fault.BROKEN),
        (answering("HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: upgrade"), Fault.BROKEN),
    ],
)
def test_an_answer_that_means_harm(allow: Allow, serve: Callable[[socket.socket], None], expected: Fault) -> None:
    with server(serve) as port:
        started = time.monotonic()
        assert fault(allow(port), deadline=20) is expected
        assert time.monotonic() - started < 15


def test_chunks_of_a_byte_each_keep_nobody_busy(allow: Allow) -> None:
    with server(flooding(CHUNKED, b"1\r\nx\r\n")) as port:
        origin, before = allow(port), time.thread_time()
        assert fault(origin, deadline=5) is Fault.TOO_LARGE
    assert time.thread_time() - before < 1


def test_a_bomb_stays_as_small_as_it_came(
    allow: Allow, pair: tuple[PartnerConnection, PartnerConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = b"\x1f\x8b" + b"\x00" * 1000
    head = f"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Encoding: gzip\nContent-Length: {len(bomb)}"
    with server(answering(head, bomb)) as port, contextlib.closing(NetworkTransport()) as ours:
        origin = allow(port)
        assert send(origin).body == bomb
        monkeypatch.setattr(transport, "current", ours)
        pair[0].peer_origin = origin
        with pytest.raises(PartnerUnreachable) as caught:
            client.call(connection=pair[0], method="GET", path="/connection")
    assert caught.value.reason == "wrong-signature"


# Who takes his time


def drip_handshake(connection: socket.socket) -> None:
    connection.recv(65536)
    record = b"\x16\x03\x03\x40\x00" + b"\x02" * 0x4000
    for byte in record:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def test_a_dripping_handshake_ends_with_the_deadline(settings: Settings) -> None:
    with server(drip_handshake) as port:
        origin = f"https://127.0.0.1:{port}"
        settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({origin})
        started = time.monotonic()
        assert fault(origin, deadline=0.5) is Fault.TIMEOUT
        assert time.monotonic() - started < 1


def sip(connection: socket.socket) -> None:
    """Takes some of what is sent every now and then, so that every single write makes progress."""
    for _ in range(60):
        for _piece in range(32):
            connection.recv(65536)
        time.sleep(0.1)


def test_who_takes_a_request_in_sips_gains_no_time(allow: Allow) -> None:
    with server(sip) as port:
        origin, started = allow(port), time.monotonic()
        with pytest.raises(Unreachable) as caught:
            NetworkTransport().send(
                method="POST", origin=origin, target="/", headers={}, body=b"x" * 64 * 1024 * 1024, deadline=0.6
            )
    assert (caught.value.reason, time.monotonic() - started < 1.2) == (Fault.TIMEOUT, True)


def test_answers_of_one_do_not_count_for_the_next(allow: Allow) -> None:
    """The limit of bytes is of one exchange, also over a connection that is kept."""
    body = b"x" * MAX_ANSWER_BYTES
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(head + body)

    with server(serve) as port, contextlib.closing(NetworkTransport()) as kept:
        origin = allow(port)
        answers: list[RawAnswer] = [send(origin, deadline=5, transport=kept) for _ in range(3)]
    assert [len(answer.body) for answer in answers] == [MAX_ANSWER_BYTES] * 3


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "SSL_CERT_DIR"])
def test_the_environment_leads_nowhere_else(allow: Allow, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with server(answering("HTTP/1.1 204 No Content")) as port:
        assert send(allow(port)).status == 204
