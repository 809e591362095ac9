"""Stock as a step function of time: the arithmetic below availability (mission E3). Pure.

The course of an article is a list of steps in order of time. Each says how many units are added, out of service and
reserved from its instant on, until the next. The first lies before all time; none equals the one before it. Instants
are `ticks` (microseconds since 1970, UTC), so that a course is read the same from every database.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eventworx.periods import EARLIEST, LATEST, Period, ticks

BEGINNING = ticks(EARLIEST)
END = ticks(LATEST)


class Span(NamedTuple):
    """A half-open stretch of time in ticks, never empty."""

    start: int
    end: int


class Change(NamedTuple):
    """By how much stock differs during a span."""

    span: Span
    added: int = 0
    out_of_service: int = 0
    reserved: int = 0


class Step(NamedTuple):
    instant: int
    added: int = 0
    out_of_service: int = 0
    reserved: int = 0

    @property
    def level(self) -> int:
        """By how much the free quantity differs from what always stands in store."""
        return self.added - self.out_of_service - self.reserved


Course = Sequence[Step]
Amounts = tuple[int, int, int]  # added, out of service, reserved
EMPTY: Course = (Step(BEGINNING),)


def span_of(period: Period) -> Span:
    """A period in ticks; a single instant lasts one of them."""
    start = ticks(period.start)
    return Span(start, max(ticks(period.end), start + 1))


def during(course: Course, span: Span) -> Course:
    """The steps that bear on `span`: the one that holds at its start, and those inside."""
    first = bisect_right(course, span.start, key=_instant) - 1
    return course[max(first, 0) : bisect_left(course, span.end, key=_instant)]


def changed(course: Course, changes: Iterable[Change]) -> Course:
    """The course with all changes applied; where they cancel each other out, no step is left."""
    moves = _moves(changes)
    if not moves:
        return course
    known, steps = {step.instant: step for step in course}, list[Step]()
    base, moved = course[0], (0, 0, 0)
    for instant in sorted(known.keys() | moves.keys()):
        base, moved = known.get(instant, base), _sum(moved, moves.get(instant, (0, 0, 0)))
        now = _sum(base[1:], moved)
        if not steps or steps[-1][1:] != now:
            steps.append(Step(instant, *now))
    return steps


def undone(change: Change) -> Change:
    """The change that takes this one back."""
    return Change(change.span, -change.added, -change.out_of_service, -change.reserved)


def lowest(course: Course, span: Span) -> int:
    """The lowest level at any instant of `span`."""
    return min(step.level for step in during(course, span))


def scarcest(course: Course, span: Span) -> Span:
    """The first stretch of `span` on which the level is at its lowest."""
    steps = during(course, span)
    levels = [step.level for step in steps]
    first = levels.index(min(levels))
    later = (step.instant for step in steps[first:] if step.level != levels[first])
    return Span(max(steps[first].instant, span.start), next(later, span.end))


def _instant(step: Step) -> int:
    return step.instant


def _moves(changes: Iterable[Change]) -> dict[int, Amounts]:
    """What begins and ends at which instant."""
    moves: dict[int, Amounts] = {}
    for change in changes:
        for instant, amounts in ((change.span.start, change[1:]), (change.span.end, undone(change)[1:])):
            if instant < END:
                moves[instant] = _sum(moves.get(instant, (0, 0, 0)), amounts)
    return moves


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
