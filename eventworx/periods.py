"""Half-open periods of time. Pure Python: knows neither Django nor the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def ticks(instant: datetime) -> int:
    """An instant as a number that every database compares and adds to alike: microseconds since 1970, UTC."""
    return (instant - _EPOCH) // _TICK


def instant_at(ticks: int) -> datetime:
    """The instant, in UTC, behind a number of `ticks`."""
    return _EPOCH + ticks * _TICK


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`[start, end)`: both aware, kept in UTC; `start == end` is a single instant.

    Raises ValueError for naive bounds or an end before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a period needs aware instants")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end < self.start:
            raise ValueError("a period cannot end before it starts")

    @classmethod
    def spanning(cls, one: datetime, other: datetime) -> Self:
        """The period between two instants, whichever comes first."""
        return cls(min(one, other), max(one, other))

    @property
    def is_instant(self) -> bool:
        return self.start == self.end

    def overlaps(self, other: "Period") -> bool:
        """Whether both share an instant; an instant lies inside `[start, end)` or nowhere."""
        if self.is_instant:
            return other.covers(self.start)
        if other.is_instant:
            return self.covers(other.start)
        return self.start < other.end and other.start < self.end

    def with_all_of(self, other: "Period") -> "Period":
        """The shortest period that contains both."""
        return Period(min(self.start, other.start), max(self.end, other.end))

    def covers(self, instant: datetime) -> bool:
        return self.start <= instant < self.end or (self.is_instant and instant == self.start)

    def widened(self, before: timedelta, after: timedelta) -> "Period":
        """The period with a buffer on both sides, kept within what a datetime can hold."""
        start = self.start - before if self.start - EARLIEST >= before else EARLIEST
        end = self.end + after if LATEST - self.end >= after else LATEST
        return Period(start, end)

    def days_touched(self, zone: ZoneInfo) -> int:
        """Calendar days of `zone` that the period touches, at least 1 (mission R6, protocol §4 Money)."""
        first = self.start.astimezone(zone).date()
        ends_at = self.end.astimezone(zone)
        last = ends_at.date()
        if ends_at.time() == time.min and last > first:
            last -= timedelta(days=1)
        return (last - first).days + 1
