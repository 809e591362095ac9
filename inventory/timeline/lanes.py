"""What is free of each article in a window, laid out to be drawn. Pure, apart from `lanes_of`, which reads.

Lengths of time are drawn in units, a thousandth of the window each; what is shorter is drawn as one, and a unit shows
the fewest that are free at any instant of it: no shortage is too short to be seen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from eventworx.periods import Period, instant_at, ticks
from inventory.availability import Stock, courses_on, stock_in
from inventory.models import Article
from inventory.steps import Course, Span, during, span_of
from inventory.timeline.windows import Column, Reach, Window

UNITS = 1000
BASE, FLOOR = 30, 40  # of a lane: where nothing is free, and its lower edge
SCARCE = 4  # up to a quarter of what there is
MARKS = 5
NARROW = 0.025  # of the width: a column without room for its name
NARROW_WEEK = 0.06  # the same of a week, whose name is a day and its month
DAILY = (Reach.WEEK, Reach.MONTH)  # whose columns are days


class Stretch(NamedTuple):
    """From `start` until `end` (ticks) so many are free; negative where they are short."""

    start: int
    end: int
    free: int

    @property
    def period(self) -> Period:
        return Period(instant_at(self.start), instant_at(self.end))


class Run(NamedTuple):
    """From unit `first` until `last` at most so many are free at every instant."""

    first: int
    last: int
    free: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure at a place of the lane, in percent of its width."""

    left: str
    missing: int


@dataclass(frozen=True, slots=True)
class Lane:
    """An article in a window. `stock` is what one can have who needs it throughout, with the article's buffers: the
    figure that list, job, guard and partner get for this period. `stretches` say what is free inside it when.

    `enough`, `scarce` and `short` are paths, `UNITS` wide and `FLOOR` high; `marks` say how many are missing where.
    """

    article: Article
    stock: Stock
    stretches: Sequence[Stretch]
    enough: str
    scarce: str
    short: str
    marks: Sequence[Mark]

    @property
    def fewest(self) -> int:
        return min(stretch.free for stretch in self.stretches)

    @property
    def most(self) -> int:
        return max(stretch.free for stretch in self.stretches)

    @property
    def missing(self) -> int:
        return max(-self.fewest, 0)


class Part(NamedTuple):
    """A piece of the width, in percent."""

    left: str
    width: str


class Ruler:
    """Where an instant stands in a window."""

    def __init__(self, span: Span) -> None:
        self.span = span

    def share(self, instant: int) -> float:
        """Between 0 at the start and 1 at the end; what lies outside stands at the edge."""
        start, end = self.span
        return min(max((instant - start) / (end - start), 0.0), 1.0)

    def at(self, instant: datetime) -> str:
        return percent(self.share(ticks(instant)))

    def share_of(self, period: Period) -> float:
        return self.share(ticks(period.end)) - self.share(ticks(period.start))

    def part(self, period: Period) -> Part | None:
        """What of a period is to be seen."""
        width = self.share_of(period)
        return Part(self.at(period.start), percent(width)) if width > 0 else None


def percent(share: float) -> str:
    """For an attribute of a drawing, in which no language writes a comma."""
    return f"{share * 100:.3f}%"


def lanes_of(*, articles: Collection[Article], period: Period, now: datetime) -> list[Lane]:
    """A lane for each article; two statements however many they are. Holds and returns are judged as of `now`."""
    courses = courses_on(articles=articles, period=period, now=now)
    return [lane_of(article=article, course=courses[article.pk], period=period) for article in articles]


def lane_of(*, article: Article, course: Course, period: Period) -> Lane:
    """The lane of an article whose course is known."""
    span = span_of(period)
    stretches = stretches_of(article=article, course=course, span=span)
    runs = _runs(stretches, span)
    top = max(article.owned + max(step.added for step in during(course, span)), 1)
    return Lane(
        article=article,
        stock=stock_in(article=article, course=course, period=period),
        stretches=stretches,
        enough="".join(_block(run, top) for run in runs if run.free * SCARCE > top),
        scarce="".join(_block(run, top) for run in runs if 0 <= run.free * SCARCE <= top),
        short="".join(_block(run, top) for run in runs if run.free < 0),
        marks=_marks(runs),
    )


def stretches_of(*, article: Article, course: Course, span: Span) -> list[Stretch]:
    """The course as free quantities: from the start of `span` to its end without a gap, each unlike the last."""
    standing, starts = article.owned - article.out_of_service, list[tuple[int, int]]()
    for step in during(course, span):
        free = standing + step.level
        if not starts or starts[-1][1] != free:
            starts.append((max(step.instant, span.start), free))
    ends = [start for start, _free in starts[1:]] + [span.end]
    return [Stretch(start, end, free) for (start, free), end in zip(starts, ends, strict=True)]


def _runs(stretches: Sequence[Stretch], span: Span) -> list[Run]:
    """The units of the window, those with the same figure together."""
    length, fewest = span.end - span.start, [max(stretch.free for stretch in stretches)] * UNITS
    for start, end, free in stretches:
        first, last = (start - span.start) * UNITS // length, -((span.start - end) * UNITS // length)
        fewest[first:last] = [min(free, known) for known in fewest[first:last]]
    runs = ((free, list(units)) for free, units in groupby(range(UNITS), key=fewest.__getitem__))
    return [Run(units[0], units[-1] + 1, free) for free, units in runs]


def _block(run: Run, top: int) -> str:
    """A rectangle of a path: as high as much is free, at least a line; the whole lane where units are missing."""
    upper, lower = 0, FLOOR
    if run.free >= 0:
        upper, lower = BASE - max(min(run.free, top) * (BASE - 2) // top, 1), BASE
    return f"M{run.first} {lower}V{upper}H{run.last}V{lower}z"


def _marks(runs: Sequence[Run]) -> list[Mark]:
    """Of the first times at which units are missing, where they begin and how many are missing at worst."""
    groups = (list(group) for is_short, group in groupby(runs, key=lambda run: run.free < 0) if is_short)
    marks = [Mark(percent(group[0].first / UNITS), -min(run.free for run in group)) for group in groups]
    return marks[:MARKS]


@dataclass(frozen=True, slots=True)
class Tick:
    """A column of the axis and where it stands."""

    column: Column
    part: Part
    is_shaded: bool
    is_named: bool  # wide enough for its name


@dataclass(frozen=True, slots=True)
class Axis:
    """What stands above and behind the lanes; `now` is None outside the window."""

    ticks: Sequence[Tick]
    now: str | None


def axis_of(*, window: Window, now: datetime) -> Axis:
    ruler, is_daily = Ruler(span_of(window.period)), window.reach in DAILY
    narrow = NARROW_WEEK if window.reach is Reach.QUARTER else NARROW
    return Axis(
        ticks=[_tick(column, ruler, is_daily=is_daily, narrow=narrow) for column in window.columns],
        now=ruler.at(now) if window.period.covers(now) else None,
    )


def _tick(column: Column, ruler: Ruler, *, is_daily: bool, narrow: float) -> Tick:
    width = ruler.share_of(column.period)
    part = Part(ruler.at(column.period.start), percent(width))
    return Tick(column, part, is_shaded=is_daily and column.is_weekend, is_named=width >= narrow)
