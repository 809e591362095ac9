"""Whose address counts: the caller's, believed only as far as our own proxies wrote it."""

from ipaddress import ip_network

import pytest

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
