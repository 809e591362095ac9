"""Every refused request is counted, for our admin to see; a flood fills neither the table nor the log."""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

from eventworx.limits import Limit, hit_all
from partners.models import PartnerConnection, Refusal
from partners.protocol.signing import Reason

logger = logging.getLogger(__name__)

# So many are written down at once; beyond that each process gathers them and writes once a second per kind.
EXACTLY = Limit("partner-refusals", 600, 60)
GATHERED_FOR = timedelta(seconds=1)
UNREADABLE_LISTING = "unreadable-listing"
UNPROVEN = frozenset(reason.value for reason in Reason)

Kind = tuple[UUID | None, str]  # connection and reason


class Gathering:
    """What a flood was refused for in this process and what was not written down yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: Counter[Kind] = Counter()
        self._written: dict[Kind, datetime] = {}

    def take(self, kind: Kind, now: datetime, *, is_flood: bool) -> int:
        """Add one; how many are to be written now."""
        with self._lock:
            self._waiting[kind] += 1
            if is_flood and now - self._written.get(kind, datetime.min.replace(tzinfo=UTC)) < GATHERED_FOR:
                return 0
            self._written[kind] = now
            return self._waiting.pop(kind)


gathering = Gathering()


def note_refused(
    *, connection: PartnerConnection | None, reason: str, address: str, now: datetime, is_flood: bool = False
) -> None:
    """Count a request from `address` that was refused, outside of any transaction that could undo it.

    `connection` is the one it named or proved, None where it named none of ours. `is_flood`: it was one too many.
    Of a flood the last second may be missing until the next request is refused.
    """
    is_flood = is_flood or not hit_all([(EXACTLY, "")], now=now).is_allowed
    count = gathering.take((connection.pk if connection else None, reason), now, is_flood=is_flood)
    if count == 0:
        return
    Refusal.add(connection=connection, reason=reason, address=address, count=count, now=now)
    level = logging.WARNING if reason in UNPROVEN else logging.INFO
    named = connection.pk if connection else "none of ours"
    logger.log(level, "partner requests refused: %d for %s (connection: %s, from: %s)", count, reason, named, address)


def note_unreadable(*, connection: PartnerConnection, listings: int, now: datetime) -> None:
    """Count listings in an answer of the partner that did not fit the protocol and were left out."""
    Refusal.add(connection=connection, reason=UNREADABLE_LISTING, address="", count=listings, now=now)
    logger.info("listings that cannot be read: %d (connection: %s)", listings, connection.pk)


@dataclass(slots=True)
class RefusalSummary:
    """What was refused for one reason in the last 30 days."""

    reason: str
    count: int
    last_at: datetime
    last_address: str


def refusals_of(*, connection: PartnerConnection, now: datetime) -> list[RefusalSummary]:
    """By reason, the latest first."""
    found: dict[str, RefusalSummary] = {}
    for row in connection.refusals.lately(now).newest_first():
        if row.reason in found:
            found[row.reason].count += row.count
        else:
            found[row.reason] = RefusalSummary(row.reason, row.count, row.last_at, row.last_address)
    return list(found.values())
