"""A proxy in front that ends TLS and rewrites what proxies rewrite: signatures hold (security.md row 12)."""

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant
from partners import client, transport
from partners.transport import NetworkTransport
from tests.factories import make_connection
from tests.partners.test_transport import certificate_for

HOST = "rent.example"
DROPPED = {"host", "connection", "transfer-encoding"}


def forwarding_to(upstream: str) -> type[BaseHTTPRequestHandler]:
    class Forward(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Another host, plain HTTP, headers in another case, a few of its own."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            inner = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=10)
            kept = {name.lower(): value for name, value in self.headers.items() if name.lower() not in DROPPED}
            added = {"Host": "app:8000", "X-Forwarded-Proto": "https", "X-Forwarded-Host": HOST, "Via": "1.1 proxy"}
            inner.request(self.command, self.path, body or None, kept | added)
            answer = inner.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in DROPPED | {"content-length", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            inner.close()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            """Silent."""

    return Forward


@contextmanager
def proxy(upstream: str, context: ssl.SSLContext) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), forwarding_to(upstream))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.django_db(transaction=True)
def test_requests_and_answers_are_proven_through_a_proxy(
    live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = certificate_for(HOST, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    local = NetworkTransport(resolve=lambda _host, _port, _seconds: ["127.0.0.1"])
    monkeypatch.setattr(transport, "current", local)
    with closing(local), proxy(live_server.url, context) as port:
        settings.EWX_ORIGIN = f"https://{HOST}:{port}"
        settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({settings.EWX_ORIGIN})
        settings.EWX_ALLOWED_PARTNER_NETWORKS = (ip_network("127.0.0.0/8"),)
        ours, theirs = (Tenant.objects.create(slug=slug, name=slug.title()) for slug in ("aurora", "bassline"))
        side, _other = make_connection(ours, peer=theirs)
        answer = client.call(connection=side, method="GET", path="/articles", query={"q": "a b/ü", "limit": 3})
        assert answer.status == 200
        noticed = client.call(
            connection=side,
            method="POST",
            path="/connection/notice",
            body={"notice": "unheard-of"},
            idempotency_key=side.pk,
        )
        assert noticed.status == 204
        assert noticed.received_at <= timezone.now()
    local._pool.close()
