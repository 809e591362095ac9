"""Origins, `https://host[:port]`, in their one canonical spelling (protocol §1).

Nothing is repaired: what is not spelt canonically is refused, because both sides sign it.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_ORIGIN = 255
MAX_HOST = 253


def is_canonical(origin: str) -> bool:
    """Whether `origin` is spelt as the protocol demands.

    Lower case, punycode, no default port, no trailing dot, no path, IPv6 compressed in brackets
    (RFC 5952). IPv4 only as four plain decimals; IPv4-mapped IPv6 has a better spelling and is refused.
    """
    match = _ORIGIN.fullmatch(origin)
    if match is None or len(origin) > MAX_ORIGIN:
        return False
    port = int(match["port"]) if match["port"] else None
    if port is not None and (port > 65_535 or port == _DEFAULT_PORTS[match["scheme"]]):
        return False
    return _is_canonical_host(match["host"])


def is_standard(origin: str) -> bool:
    """Whether a canonical origin is HTTPS on port 443; others need the operator's leave (protocol §3)."""
    return origin.startswith("https://") and not re.search(r":[0-9]+\Z", origin)


def _is_canonical_host(host: str) -> bool:
    if host.startswith("["):
        return _is_canonical_ipv6(host[1:-1])
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        return False
    # A host that ends in a number is read as an IPv4 address by browsers and resolvers, so it has to be one.
    return not _NUMBER.fullmatch(labels[-1]) or _is_ipv4(host)


def _is_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except AddressValueError:
        return False


def _is_canonical_ipv6(host: str) -> bool:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        return False
    return address.ipv4_mapped is None and address.compressed == host
