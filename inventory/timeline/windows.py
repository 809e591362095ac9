"""Stretches of the calendar that a timeline shows: a day, a week, a month or a quarter in the tenant's zone. Pure.

A day begins and ends at midnight of the zone, so it lasts 23 or 25 hours where the clock changes in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from eventworx.periods import Period

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
WEEKEND = (5, 6)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


class Reach(TextChoices):
    """How much of the calendar is shown at once."""

    DAY = "day", _("Day")
    WEEK = "week", _("Week")
    MONTH = "month", _("Month")
    QUARTER = "quarter", _("Quarter")


@dataclass(frozen=True, slots=True)
class Column:
    """A unit of time on the axis: an hour of a day, a day, a week of a quarter; `start` in the tenant's zone."""

    start: datetime
    period: Period

    @property
    def is_weekend(self) -> bool:
        return self.start.weekday() in WEEKEND


@dataclass(frozen=True, slots=True)
class Window:
    """From midnight of `first` to midnight of `end`, which does not belong to it any more."""

    reach: Reach
    first: date
    zone: ZoneInfo

    @property
    def end(self) -> date:
        if self.reach is Reach.DAY:
            return self.first + DAY
        if self.reach is Reach.WEEK:
            return self.first + WEEK
        return _later(self.first, 1 if self.reach is Reach.MONTH else 3)

    @property
    def day(self) -> str:
        """How an address names it, together with its reach."""
        return self.first.isoformat()

    @property
    def reaches(self) -> list[tuple[str, str]]:
        """What could be shown instead."""
        return [(reach.value, str(reach.label)) for reach in Reach]

    @property
    def period(self) -> Period:
        return Period(_midnight(self.first, self.zone), _midnight(self.end, self.zone))

    @property
    def previous(self) -> "Window | None":
        return window_around(self.first - DAY, self.reach, self.zone) if self.first > FIRST else None

    @property
    def next(self) -> "Window | None":
        return window_around(self.end, self.reach, self.zone) if self.end <= LAST else None

    @property
    def columns(self) -> list[Column]:
        instants = [*(self._hours() if self.reach is Reach.DAY else self._days()), self.period.end]
        return [Column(start.astimezone(self.zone), Period(start, end)) for start, end in pairwise(instants)]

    def _hours(self) -> Iterator[datetime]:
        """Hours as they pass: where the clock is put back, two of them are called the same."""
        instant = self.period.start
        while instant < self.period.end:
            yield instant
            instant += HOUR

    def _days(self) -> Iterator[datetime]:
        """Days; in a quarter the first one and then Mondays."""
        day = self.first
        while day < self.end:
            yield _midnight(day, self.zone)
            day += DAY if self.reach is not Reach.QUARTER else DAY * (7 - day.weekday())


def window_around(day: date, reach: Reach, zone: ZoneInfo) -> Window:
    """The day, the week from Monday, the month or the quarter in which `day` lies; the nearest there is."""
    day = min(max(day, FIRST), LAST)
    starts = {
        Reach.DAY: day,
        Reach.WEEK: max(day - DAY * day.weekday(), FIRST),
        Reach.MONTH: day.replace(day=1),
        Reach.QUARTER: day.replace(month=day.month - (day.month - 1) % 3, day=1),
    }
    return Window(reach, starts[reach], zone)


def _later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
