"""The only way out: which addresses, how long, how much (security.md §3, rows 16-20)."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from partners.transport import (
    IDLE_SECONDS,
    MAX_ANSWER_BYTES,
    Fault,
    NetworkTransport,
    RawAnswer,
    Unreachable,
    is_public,
)
from tools.two_companies import GUARDED

REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 169.254.0.1 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1
192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 100.100.100.200 168.63.129.16
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1
2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 2002:a00:1::1 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00::1
fd12:3456:789a::1 fe80::1 fe80::1%eth0 fec0::1 ff00::1 ff02::1 1::1 8000::1
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 9.9.9.9 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 172.15.255.255 172.32.0.1
192.0.1.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
2001:200::1 2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1 ::ffff:8.8.8.8
""".split()

Serve = Callable[[socket.socket], None]
PATIENCE = 10.0  # seconds; a test about time names its own


@pytest.mark.parametrize("address", REFUSED)
def test_address_that_is_never_connected_to(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address(address: str) -> None:
    assert is_public(address)


@contextlib.contextmanager
def server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback that handles each connection by `serve`; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def one(accepted: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError))
            stack.enter_context(accepted)
            serve(stack.enter_context(context.wrap_socket(accepted, server_side=True)) if context else accepted)

    def loop() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def answering(head: str, body: bytes = b"") -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

    return serve


def send(
    origin: str, target: str = "/", deadline: float = PATIENCE, transport: NetworkTransport | None = None
) -> RawAnswer:
    if transport is None:
        with contextlib.closing(NetworkTransport()) as own:
            return send(origin, target, deadline, own)
    return transport.send(method="GET", origin=origin, target=target, headers={}, body=b"", deadline=deadline)


def fault(origin: str, deadline: float = PATIENCE, transport: NetworkTransport | None = None) -> Fault:
    with pytest.raises(Unreachable) as caught:
        send(origin, deadline=deadline, transport=transport)
    return caught.value.reason


@pytest.fixture
def allow(settings: Settings) -> Callable[[int], str]:
    """The origin of a local port, allowed by the operator."""

    def named(port: int, host: str = "127.0.0.1", scheme: str = "http") -> str:
        origin = f"{scheme}://{host}:{port}"
        settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({origin})
        settings.EWX_ALLOWED_PARTNER_NETWORKS = (ip_network("127.0.0.0/8"),)
        return origin

    return named


@pytest.mark.parametrize(
    "origin",
    [
        "http://rent.example",
        "https://rent.example:8443",
        "https://127.0.0.1",
        "https://[::1]",
        "https://localhost",
        "ftp://rent.example",
        "https://rent.example/path",
        "https://user@rent.example",
        "https://RENT.example",
    ],
)
def test_what_the_operator_has_to_allow(origin: str) -> None:
    assert fault(origin) is Fault.NOT_ALLOWED


def test_all_addresses_must_be_public() -> None:
    mixed = NetworkTransport(resolve=lambda _host, _port, _seconds: ["93.184.216.34", "10.0.0.1"])
    assert fault("https://rent.example", transport=mixed) is Fault.NOT_ALLOWED


def test_a_name_is_resolved_once(allow: Callable[..., str]) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int, _seconds: float) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with server(answering("HTTP/1.1 200 OK\nContent-Length: 2\nConnection: close", b"ok")) as port:
        answer = send(allow(port, "rent.example"), transport=NetworkTransport(resolve))
    assert (answer.status, answer.body, asked) == (200, b"ok", ["rent.example"])


def test_unknown_name() -> None:
    assert fault("https://rent.invalid", deadline=5) is Fault.NAME


def test_nobody_listens(allow: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert fault(allow(port)) is Fault.REFUSED


def test_no_redirect_is_followed(allow: Callable[..., str]) -> None:
    with server(answering("HTTP/1.1 302 Found\nLocation: http://127.0.0.1:1/\nContent-Length: 0")) as port:
        assert send(allow(port)).status == 302


def test_no_proxy_is_used(allow: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with server(answering("HTTP/1.1 204 No Content")) as port:
        assert send(allow(port)).status == 204


def test_the_target_goes_out_as_it_is(allow: Callable[..., str]) -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with server(serve) as port:
        send(allow(port), target="/api/partner/v1/articles?q=%C3%A4%20%2F")
    assert seen[0].startswith(b"GET /api/partner/v1/articles?q=%C3%A4%20%2F HTTP/1.1\r\n")
    assert b"accept-encoding: identity\r\n" in seen[0].lower()


def drip_headers(connection: socket.socket) -> None:
    connection.recv(65536)
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
        connection.sendall(bytes([letter]))
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.05)


def say_nothing(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(10)


@pytest.mark.parametrize("serve", [drip_headers, drip_body, say_nothing])
def test_the_deadline_holds_over_the_whole_answer(allow: Callable[..., str], serve: Serve) -> None:
    with server(serve) as port:
        started = time.monotonic()
        assert fault(allow(port), deadline=0.5) is Fault.TIMEOUT
        assert time.monotonic() - started < 1.0


def test_a_line_is_given_up_well_before_the_other_server_closes_it() -> None:
    """A question on a line that closes at that moment would be a failure of a partner who is well."""
    closes_after = int(GUARDED[GUARDED.index("--http1-header-read-timeout") + 1]) / 1000
    assert closes_after / 2 >= IDLE_SECONDS


def test_size_cap(allow: Callable[..., str]) -> None:
    fits, too_large = b"x" * MAX_ANSWER_BYTES, b"x" * (MAX_ANSWER_BYTES + 1)
    with server(answering(f"HTTP/1.1 200 OK\nContent-Length: {len(fits)}", fits)) as port:
        assert len(send(allow(port)).body) == MAX_ANSWER_BYTES
    with server(answering("HTTP/1.1 200 OK\nConnection: close", too_large)) as port:
        assert fault(allow(port)) is Fault.TOO_LARGE


@pytest.mark.parametrize("head", ["SSH-2.0-OpenSSH", "HTTP/1.1 200 OK\nContent-Length: 100"])
def test_broken_answer(allow: Callable[..., str], head: str) -> None:
    with server(answering(head)) as port:
        assert fault(allow(port)) is Fault.BROKEN


def certificate_for(name: str, folder: Path) -> ssl.SSLContext:
    """A server context with a fresh certificate for `name`, which lies in folder/ca.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    ("name", "is_trusted", "outcome"),
    [
        ("rent.example", True, "ok"),
        ("rent.example", False, Fault.CERTIFICATE),
        ("other.example", True, Fault.CERTIFICATE),
    ],
)
def test_tls_still_verifies_the_name(
    allow: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_trusted: bool,
    outcome: object,
) -> None:
    context = certificate_for(name, tmp_path)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    local = NetworkTransport(resolve=lambda _host, _port, _seconds: ["127.0.0.1"])
    with contextlib.closing(local), server(answering("HTTP/1.1 200 OK\nContent-Length: 2", b"ok"), context) as port:
        origin = allow(port, "rent.example", "https")
        found = send(origin, transport=local).body.decode() if outcome == "ok" else fault(origin, transport=local)
    assert found == outcome
