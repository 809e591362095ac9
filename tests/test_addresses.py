"""Whose address counts: the caller's, believed only as far as our own proxies wrote it."""

from ipaddress import ip_network

import pytest
from django.test import Client
from pytest_django import Settings

from eventworx.addresses import caller

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # a stranger may write what he likes
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "9.9.9.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("fd00::1", "2a01:0:0::1", "2a01::1"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("", "198.51.100.1", ""),
        ("unix:", "", ""),
    ],
)
def test_the_caller(remote: str, forwarded: str, expected: str) -> None:
    meta = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    assert caller(meta, PROXIES) == expected


@pytest.mark.parametrize(
    ("remote", "is_believed"), [("10.0.0.1", True), ("::ffff:10.0.0.1", True), ("203.0.113.7", False), ("", False)]
)
def test_only_our_own_proxies_say_that_it_was_https(
    settings: Settings, remote: str, is_believed: bool, db: None
) -> None:
    """Judged by what Django makes of it: a header that only answers over https carry."""
    settings.EWX_TRUSTED_PROXIES = tuple(PROXIES)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 60
    answer = Client().get("/healthz", headers={"X-Forwarded-Proto": "https"}, REMOTE_ADDR=remote)
    assert ("Strict-Transport-Security" in answer.headers) is is_believed
