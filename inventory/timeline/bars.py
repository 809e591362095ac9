"""Who has an article in a window, and what changes its stock: bars to be drawn. Pure, apart from the two that read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from heapq import heappop, heappush
from typing import TypedDict

from django.db.models import Q

from eventworx.periods import LATEST, Period, ticks
from inventory.models import Article, Reservation, StockMovement, StockMovementKind, movements_on, reservations_on
from inventory.steps import span_of
from inventory.timeline.lanes import Part, Ruler, percent

ROW = 36  # pixels: a line of text and the bar below it
TEXT_SHARE = 0.3  # of the width is kept for the text of a bar, however short the bar is


class BarKind(StrEnum):
    FIRM = "firm"
    HOLD = "hold"
    OVERDUE = "overdue"
    ADDITION = "addition"
    OUT_OF_SERVICE = "out-of-service"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a reservation or a movement takes or brings, and when; what is sold, for good. `before` and `after` are the
    buffers of a reservation, `late` the time since its goods should be back; None where there is nothing to be seen.

    `top` is the upper edge of its line in pixels. Its text begins at `text_at`, or ends there (`text_ends`);
    `hit_at` is where the room begins that is kept for it.
    """

    kind: BarKind
    label: str
    quantity: int
    period: Period
    reservation: Reservation | None
    top: int
    core: Part | None
    before: Part | None
    after: Part | None
    late: Part | None
    hit_at: str
    text_at: str
    text_ends: bool

    @property
    def is_open(self) -> bool:
        """Whether it lasts for good."""
        return self.period.end == LATEST

    @property
    def top_y(self) -> str:
        return str(self.top + 1)

    @property
    def text_y(self) -> str:
        return str(self.top + 14)

    @property
    def bar_y(self) -> str:
        return str(self.top + 18)

    @property
    def buffer_y(self) -> str:
        return str(self.top + 21)


class Place(TypedDict):
    """Where a bar and its text stand."""

    top: int
    hit_at: str
    text_at: str
    text_ends: bool


def claims_in(*, articles: Collection[Article], period: Period, now: datetime) -> list[Reservation]:
    """All that takes stock at some instant of `period`, as it counts at `now`: buffers included, and overdue goods for
    as long as nobody has taken them back. In order of time; one statement."""
    begun = Q(blocked_from__lte=period.start) if period.is_instant else Q(blocked_from__lt=period.end)
    overdue = Q(handed_over_at__isnull=False, returned_at__isnull=True, blocked_until__lte=now)
    rows = (
        reservations_on([article.pk for article in articles])
        .standing(now)
        .filter(begun, Q(blocked_until__gt=period.start) | overdue)
    )
    return list(rows.order_by("start", "end", "pk"))


def changes_in(*, articles: Collection[Article], period: Period) -> list[StockMovement]:
    """Movements that last at some instant of `period`, in order of time; one statement."""
    return list(movements_on([article.pk for article in articles]).in_force(period).order_by("start", "pk"))


def bars_of(
    *, claims: Iterable[Reservation], movements: Iterable[StockMovement], period: Period, now: datetime
) -> list[Bar]:
    """Bars of one article in lines that do not overlap, text included: movements first, then who has it."""
    ruler, rows = Ruler(span_of(period)), _Rows()
    return [_moved(row, ruler, rows) for row in movements] + [_claimed(row, ruler, rows, now) for row in claims]


def height_of(bars: Sequence[Bar]) -> int:
    """In pixels."""
    return max((bar.top for bar in bars), default=0) + ROW


class _Rows:
    """Lines and up to where each is taken; bars come in order of time."""

    def __init__(self) -> None:
        self._free: list[tuple[float, int]] = []
        self._count = 0

    def take(self, start: float, end: float) -> int:
        """The upper edge of a line that is free from `start` on; afterwards it is taken until `end`."""
        if self._free and self._free[0][0] <= start:
            _until, row = heappop(self._free)
        else:
            row, self._count = self._count, self._count + 1
        heappush(self._free, (end, row))
        return row * ROW


def _claimed(row: Reservation, ruler: Ruler, rows: _Rows, now: datetime) -> Bar:
    overdue = row.is_overdue(now)
    kind = BarKind.OVERDUE if overdue else BarKind.HOLD if row.is_hold else BarKind.FIRM
    period = Period(row.start, LATEST) if row.is_for_good else row.period
    taken = Period(row.blocked_from, LATEST if overdue else row.blocked_until)
    return Bar(
        kind=kind,
        label=row.label,
        quantity=row.quantity,
        period=period,
        reservation=row,
        core=ruler.part(period),
        before=ruler.part(Period(row.blocked_from, row.start)),
        after=ruler.part(Period(period.end, row.blocked_until)),
        late=ruler.part(Period(row.blocked_until, LATEST)) if overdue else None,
        **_placed(ruler, rows, taken),
    )


def _moved(row: StockMovement, ruler: Ruler, rows: _Rows) -> Bar:
    period = Period(row.start, row.end or LATEST)
    is_addition = row.kind == StockMovementKind.ADDITION
    return Bar(
        kind=BarKind.ADDITION if is_addition else BarKind.OUT_OF_SERVICE,
        label=row.note,
        quantity=row.quantity,
        period=period,
        reservation=None,
        core=ruler.part(period),
        before=None,
        after=None,
        late=None,
        **_placed(ruler, rows, period),
    )


def _placed(ruler: Ruler, rows: _Rows, taken: Period) -> Place:
    """The line of a bar, and its text: from its beginning on, or up to its end where it would not fit otherwise."""
    left, right = ruler.share(ticks(taken.start)), ruler.share(ticks(taken.end))
    fits = left + TEXT_SHARE <= 1
    room = (left, max(right, left + TEXT_SHARE)) if fits else (min(left, right - TEXT_SHARE), right)
    text_at, hit_at = percent(left if fits else right), percent(left if fits else right - TEXT_SHARE)
    return {"top": rows.take(*room), "hit_at": hit_at, "text_at": text_at, "text_ends": not fits}
