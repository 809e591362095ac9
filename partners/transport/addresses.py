"""Which addresses we connect to (security.md §3); pure.

Public ones, and those in networks that the operator of this installation allows. What belongs to one machine, one
cable or one cloud is never a partner's address, unless the operator names that very range.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

# The special-purpose registries (RFC 6890 and successors), what tunnels into them, and Azure's own 168.63.129.16.
_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
        "192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 "
        "198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    ).split()
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))

# This machine, this cable, everybody at once, the metadata of clouds, and what wraps an IPv4 address.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 169.254.169.254/32 100.100.100.200/32 168.63.129.16/32 224.0.0.0/4 "
        "240.0.0.0/4 ::/96 64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16 fe80::/10 fec0::/10 ff00::/8 "
        "fd00:ec2::254/128"
    ).split()
)


def is_public(address: str) -> bool:
    """Whether an IP address may be connected to without an operator's leave."""
    parsed = _unwrapped(address)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _REFUSED_V4)
    return parsed in _GLOBAL_V6 and not any(parsed in network for network in _REFUSED_V6)


def is_allowed(address: str, networks: Iterable[Network]) -> bool:
    """Whether an operator's networks hold this address. What is in `_NEVER` has to be named as narrowly as there."""
    parsed = _unwrapped(address)
    never = [network for network in _NEVER if parsed in network]
    return any(parsed in network and all(_lies_in(network, special) for special in never) for network in networks)


def is_neighbour(address: str) -> bool:
    """Whether an operator who names an origin by its host name means this address, too: public or private, no more."""
    parsed = _unwrapped(address)
    return not any(parsed in network for network in _NEVER)


def _unwrapped(address: str) -> IPv4Address | IPv6Address:
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed


def _lies_in(network: Network, other: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)
