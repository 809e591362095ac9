"""The course of the free quantity as a table: each change with its instant and its cause (mission E3). Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eventworx.periods import instant_at, ticks
from inventory.models import Reservation, StockMovement, StockMovementKind
from inventory.timeline.lanes import Stretch


class CauseKind(StrEnum):
    LEAVES = "leaves"
    RETURNS = "returns"
    ADDED = "added"
    ADDED_ENDS = "added-ends"
    REPAIR = "repair"
    REPAIR_ENDS = "repair-ends"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why more or fewer are free from an instant on: `quantity` is signed."""

    kind: CauseKind
    quantity: int
    label: str
    reservation: Reservation | None = None

    @property
    def signed(self) -> str:
        """As it is written: +3 or −3."""
        return f"{self.quantity:+d}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Changed:
    """From `instant` on so many are free; the first of a window has no cause in it."""

    instant: datetime
    free: int
    causes: Sequence[Cause]

    @property
    def missing(self) -> int:
        return max(-self.free, 0)


def changes_of(
    *, stretches: Iterable[Stretch], claims: Iterable[Reservation], movements: Iterable[StockMovement], now: datetime
) -> list[Changed]:
    """A row for each stretch of an article."""
    causes = _causes(claims, movements, now)
    rows = [Changed(instant_at(start), free, causes[start]) for start, _end, free in stretches]
    return [Changed(rows[0].instant, rows[0].free, ()), *rows[1:]]


def _causes(
    claims: Iterable[Reservation], movements: Iterable[StockMovement], now: datetime
) -> defaultdict[int, list[Cause]]:
    """What begins and ends when, by instant; overdue goods do not come back at the time that was agreed."""
    found: defaultdict[int, list[Cause]] = defaultdict(list)
    for row in claims:
        found[ticks(row.blocked_from)].append(Cause(CauseKind.LEAVES, -row.quantity, row.label, row))
        if not row.is_overdue(now):
            found[ticks(row.blocked_until)].append(Cause(CauseKind.RETURNS, row.quantity, row.label, row))
    for movement in movements:
        begins, ends = _KINDS[StockMovementKind(movement.kind)]
        quantity = movement.signed_quantity
        found[ticks(movement.start)].append(Cause(begins, quantity, movement.note))
        if movement.end:
            found[ticks(movement.end)].append(Cause(ends, -quantity, movement.note))
    return found


_KINDS = {
    StockMovementKind.ADDITION: (CauseKind.ADDED, CauseKind.ADDED_ENDS),
    StockMovementKind.OUT_OF_SERVICE: (CauseKind.REPAIR, CauseKind.REPAIR_ENDS),
}
