"""How often a partner, and whoever pretends to be one, may knock (security.md §4, docs/decisions/0016)."""

import hashlib
from datetime import datetime
from ipaddress import ip_network
from typing import Literal

from eventworx.limits import Hit, Limit, Verdict, hit_all, hit_once
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
    return hit_all(_hits(connection, rate), now=now)


def count_question(*, connection: PartnerConnection, nonce: str, rate: Rate | None, now: datetime) -> Verdict | None:
    """The same for a question, in the step that keeps its nonce; None if that was seen before, by any of our
    processes. A request that is repeated by somebody else is not counted."""
    return hit_once((NONCE, f"{connection.pk} {nonce}"), _hits(connection, rate), now=now)


def _hits(connection: PartnerConnection, rate: Rate | None) -> list[Hit]:
    names = ["signed", *([rate] if rate else [])]
    return [(PER_CONNECTION[name], str(connection.pk)) for name in names]


def count_failed(*, address: str, claimed: str, now: datetime) -> Verdict:
    """Count a request that proved nothing. It is judged only after it failed, so no flood locks a partner out."""
    keys = ((FAILED_FROM_ADDRESS, network_of(address)), (FAILED_FOR_CONNECTION, claimed))
    return hit_all([(limit, _counter(key)) for limit, key in keys], now=now)


def count_pairing_incomplete(*, connection: PartnerConnection, now: datetime) -> Verdict:
    return hit_all([(PAIRING_INCOMPLETE, str(connection.pk))], now=now)


def network_of(address: str) -> str:
    """Whom an address belongs to: itself, or of IPv6 its /64, which one line has whole."""
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _counter(key: str) -> str:
    return str(int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) % COUNTERS)
