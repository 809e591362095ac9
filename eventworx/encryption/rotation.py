"""Changing the master key while the servers run (security.md §1): a fresh one at the head of the ring, every value
sealed anew, everything opened once more, and later the old ones dropped.

It may be killed at any moment and started again: the key id inside each value tells what is left to do. Nothing
else is remembered.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from eventworx import secret_files
from eventworx.encryption.columns import SealedColumn, sealed_columns
from eventworx.encryption.ring import CannotOpen, MasterKey, Ring, current_ring, read_ring, write_ring
from eventworx.encryption.sealing import key_id_of, open_sealed, seal

logger = logging.getLogger(__name__)

BATCH = 100
GRACE = timedelta(minutes=15)
"""How long an old key stays after the ring changed: far above any transaction that still holds a value of it."""

Report = Callable[[str], None]


class TooEarly(Exception):
    """An old key may still be in the hands of a transaction; `until` is when it may go (UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"The ring changed less than {GRACE.seconds // 60} minutes ago. Try again at {until:%H:%M} UTC."
        )
        self.until = until


@dataclass(slots=True)
class Findings:
    """What the sealed columns hold: how many values per master key, and which values do not open."""

    by_key: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.by_key.total()

    def left(self, ring: Ring) -> int:
        """How many values are still to be sealed with the first key."""
        return sum(self.by_key[key.id] for key in ring[1:])


def survey(*, opening: bool = False) -> Findings:
    """Look at every sealed value; with `opening`, open it too."""
    found = Findings()
    for column in sealed_columns():
        for row in _all(column):
            sealed = column.sealed(row)
            found.by_key[key_id_of(sealed)] += 1
            if opening and not _opens(sealed, column, row):
                found.broken.append(f"{column} of row {row.pk}")
    return found


def add_key() -> MasterKey:
    """A fresh master key at the head of the ring: from now on it seals. Raises RingUnusable."""
    path = settings.EWX_KEY_FILE
    current_ring()  # makes the embedded default's file
    fresh = MasterKey.generate()
    with secret_files.locked(path.parent):
        write_ring(path, (fresh, *read_ring(path)))
    logger.info("master key %s added", fresh.id)
    return fresh


def reseal(*, report: Report) -> int:
    """Seal what is sealed with an older key of the ring with the first one; how many. Servers may run meanwhile."""
    done = 0
    while changed := sum(_reseal_column(column, report) for column in sealed_columns()):
        done += changed  # and once more: a server may have used the old key a moment ago
    return done


def drop_old_keys(*, now: datetime) -> list[str]:
    """Remove the keys that no value needs; their ids. Raises TooEarly, RingUnusable."""
    path = settings.EWX_KEY_FILE
    with secret_files.locked(path.parent):
        ring = read_ring(path)
        until = datetime.fromtimestamp(path.stat().st_mtime, UTC) + GRACE
        if len(ring) > 1 and now < until:
            raise TooEarly(until)
        needed = survey().by_key
        kept = ring[:1] + tuple(key for key in ring[1:] if needed[key.id])
        if kept != ring:
            write_ring(path, kept)
    dropped = [key.id for key in ring if key not in kept]
    logger.info("master keys dropped: %s", ", ".join(dropped) or "none")
    return dropped


def _reseal_column(column: SealedColumn, report: Report) -> int:
    done = 0
    for rows in _batches(column):
        ring = current_ring()
        stale = [row.pk for row in rows if _is_stale(column.sealed(row), ring)]
        changed = _reseal_rows(column, stale) if stale else 0
        done += changed
        if changed:
            report(f"{column}: {done} sealed anew")
    return done


@transaction.atomic
def _reseal_rows(column: SealedColumn, pks: list[Any]) -> int:
    """Each row under its lock, as it is now."""
    rows = column.rows().filter(pk__in=pks).select_for_update(of=("self",))
    return sum(_reseal_row(column, row) for row in rows)


def _reseal_row(column: SealedColumn, row: Any) -> bool:
    sealed, place = column.sealed(row), column.place(row)
    if not _is_stale(sealed, current_ring()):
        return False
    try:
        plain = open_sealed(sealed, place)
    except CannotOpen:
        return False  # stays as it is; the verification names it
    return column.replace(row, seal(plain, place))


def _is_stale(sealed: str, ring: Ring) -> bool:
    return key_id_of(sealed) in {key.id for key in ring[1:]}


def _opens(sealed: str, column: SealedColumn, row: Any) -> bool:
    try:
        open_sealed(sealed, column.place(row))
    except CannotOpen:
        return False
    return True


def _all(column: SealedColumn) -> Iterator[Any]:
    """Every row of the column that holds a value."""
    for rows in _batches(column):
        yield from (row for row in rows if column.sealed(row))


def _batches(column: SealedColumn) -> Iterator[list[Any]]:
    rows = list(column.rows()[:BATCH])
    while rows:
        yield rows
        rows = list(column.rows().filter(pk__gt=rows[-1].pk)[:BATCH])
