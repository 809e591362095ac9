"""How often a partner, and whoever pretends to be one, may knock (security.md §4, docs/decisions/0016)."""

import hashlib
from datetime import datetime
from ipaddress import ip_network
from typing import Literal

from eventworx.limits import Limit, Verdict, hit_all
from partners.models import PartnerConnection

Rate = Literal["search", "orders"]

PER_CONNECTION = {
    "signed": Limit("partner-signed", 600, 60),
    "search": Limit("partner-search", 240, 60),
    "orders": Limit("partner-orders", 60, 60),
}
FAILED_FROM_ADDRESS = Limit("partner-failed-address", 30, 60)
FAILED_FOR_CONNECTION = Limit("partner-failed-connection", 120, 60)
PAIRING_INCOMPLETE = Limit("partner-pairing-incomplete", 10, 60)
NONCE = Limit("partner-nonce", 1, 900)

# So many counters hold all addresses and all made-up connections: a flood cannot fill the table. Whoever shares
# one with a flood notices only if his own requests fail as well.
COUNTERS = 4096


def count_signed(*, connection: PartnerConnection, rate: Rate | None, now: datetime) -> Verdict:
    """Count a proven request of the partner; `rate`: what else it is limited as."""
    names = ["signed", *([rate] if rate else [])]
    return hit_all([(PER_CONNECTION[name], str(connection.pk)) for name in names], now=now)


def count_failed(*, address: str, claimed: str, now: datetime) -> Verdict:
    """Count a request that proved nothing. It is judged only after it failed, so no flood locks a partner out."""
    keys = ((FAILED_FROM_ADDRESS, network_of(address)), (FAILED_FOR_CONNECTION, claimed))
    return hit_all([(limit, _counter(key)) for limit, key in keys], now=now)


def count_pairing_incomplete(*, connection: PartnerConnection, now: datetime) -> Verdict:
    return hit_all([(PAIRING_INCOMPLETE, str(connection.pk))], now=now)


def is_first_use(*, connection: PartnerConnection, nonce: str, now: datetime) -> bool:
    """Whether a nonce of a question was not seen yet, by none of our processes."""
    return hit_all([(NONCE, f"{connection.pk} {nonce}")], now=now).is_allowed


def network_of(address: str) -> str:
    """Whom an address belongs to: itself, or of IPv6 its /64, which one line has whole."""
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _counter(key: str) -> str:
    return str(int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) % COUNTERS)
