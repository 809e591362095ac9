"""Where a request comes from: the address of the caller, not of the proxy before us (security.md §1, §4)."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

Network = IPv4Network | IPv6Network


def client_address(request: HttpRequest) -> str:
    """The caller's IP address in its canonical spelling; '' where the server names none.

    Of X-Forwarded-For only what our own proxies (EWX_TRUSTED_PROXIES) wrote counts.
    """
    return caller(request.META, settings.EWX_TRUSTED_PROXIES)


def is_from_our_proxy(request: HttpRequest) -> bool:
    """Whether one of our own proxies handed this request on, so that what it says of the way counts."""
    near = _canonical(request.META.get("REMOTE_ADDR", ""))
    return bool(near) and any(ip_address(near) in network for network in settings.EWX_TRUSTED_PROXIES)


def caller(meta: Mapping[str, str], proxies: Iterable[Network]) -> str:
    """The last address on the way that is not one of `proxies`, read from the near end; pure."""
    trusted = tuple(proxies)
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    found = _canonical(meta.get("REMOTE_ADDR", ""))
    while found and hops and any(ip_address(found) in network for network in trusted):
        before = _canonical(hops.pop())
        if not before:
            break
        found = before
    return found


def _canonical(text: str) -> str:
    """One spelling per address, IPv4 never as IPv6, no zone; '' for what is no address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
