"""What is free, and when: the one arithmetic of stock (mission E3).

Free = the minimum over every instant of a half-open period of owned − out of service − use. List, job, quote, guard
and partner API all ask here. The steps kept per article answer for everything but what moves with time: holds that
have not run out, and overdue goods that stay away until somebody takes them back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from eventworx.databases import one_moment
from eventworx.periods import Period, instant_at
from inventory.courses import blocks, stays_away
from inventory.models import Article, Lowest, Read, each_course, lowest_over, read_courses, reservations_on
from inventory.steps import EMPTY, Change, Course, changed, during, lowest, scarcest, span_of, undone


@dataclass(frozen=True, slots=True)
class Claim:
    """`quantity` units during `period`; a period of one instant claims nothing."""

    period: Period
    quantity: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Of one article in a period, dated changes included: the fewest owned, the most out of service, the fewest free.

    `free` is signed: a shortage is negative.
    """

    owned: int
    out_of_service: int
    free: int


def free_quantity(
    *, owned: int, out_of_service: int, inflows: Iterable[Claim], reservations: Iterable[Claim], period: Period
) -> int:
    """The fewest free units at any instant of `period` (which may be a single instant); signed.

    `inflows` are dated additions to stock. `reservations` come widened by their own buffers, `period` by those of
    whoever asks.
    """
    changes = [Change(span_of(row.period), added=row.quantity) for row in inflows if not row.period.is_instant]
    changes += [Change(span_of(row.period), reserved=row.quantity) for row in reservations if not row.period.is_instant]
    return owned - out_of_service + lowest(changed(EMPTY, changes), span_of(period))


def stock_of(
    *, articles: Collection[Article], period: Period, excluding: Collection[int] = (), now: datetime | None = None
) -> dict[int, Stock]:
    """The stock of each article in `period`, by its id; one statement however many articles and reservations, and two
    more while something of them is held, overdue or left out.

    The period is widened by each article's current buffers, so that what is shown is what can be reserved.
    Reservations with ids in `excluding` do not count; holds and returns are judged as of `now` (default: this moment).
    """
    known = lowest_over([article.pk for article in articles], span_of(period)) if articles else {}
    return stock_from(known, period=period, excluding=excluding, now=now)


def stock_from(
    known: Mapping[int, Lowest], *, period: Period, excluding: Collection[int] = (), now: datetime | None = None
) -> dict[int, Stock]:
    """`stock_of` where what the steps tell of the articles in `period` has been read already; no statement, and two
    while something of them is held, overdue or left out."""
    found = {pk: Stock(lowest.owned, lowest.out_of_service, lowest.free) for pk, lowest in known.items()}
    if affected := [pk for pk, lowest in known.items() if excluding or lowest.moves]:
        # Before the steps: a hold that is confirmed in between counts twice rather than not at all.
        changes = _beside_steps(affected, excluding, now or timezone.now())
        read = read_courses(affected, span_of(period))
        for pk, article in read.articles.items():
            course = changed(read.courses[pk], changes.get(pk, ()))
            found[pk] = stock_in(article=article, course=course, period=period)
    return found


def courses_on(
    *, articles: Collection[Article], period: Period, excluding: Collection[int] = (), now: datetime | None = None
) -> dict[int, Course]:
    """All that bears on each article in `period`, widened by its buffers; one statement, and one more while something
    of them is held, overdue or left out."""
    if not articles:
        return {}
    read = read_courses([article.pk for article in articles], span_of(period))
    return moved(read, excluding, now or timezone.now())


@one_moment()
def each_stock(
    *, articles: Iterable[Article], period: Period, now: datetime | None = None
) -> dict[int, tuple[Stock, Period]]:
    """The stock of each article in `period` and when it is scarcest, by its id; two statements, and of the steps, which
    may be hundreds of thousands, those of one article in memory at a time.

    Both see one moment: a hold that is confirmed between them would count twice.
    """
    asked = {article.pk: article for article in articles}
    changes = _beside_steps(asked, (), now or timezone.now()) if asked else {}
    found = {}
    for pk, kept in each_course(asked, span_of(period)) if asked else ():
        article, course = asked[pk], changed(kept, changes.get(pk, ()))
        stock = stock_in(article=article, course=course, period=period)
        found[pk] = stock, bottleneck_in(article=article, course=course, period=period)
    return found


def moved(read: Read, excluding: Collection[int], now: datetime) -> dict[int, Course]:
    """The courses as they count at `now`: with what moves with time, without the reservations in `excluding`."""
    if not (read.moving or excluding):
        return read.courses
    changes = _beside_steps(read.courses, excluding, now)
    return {pk: changed(course, changes.get(pk, ())) for pk, course in read.courses.items()}


def _beside_steps(
    article_ids: Collection[int], excluding: Collection[int], now: datetime
) -> Mapping[int, Sequence[Change]]:
    """By article, what moves with time, of which no step knows, and what takes `excluding` out of the steps."""
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in reservations_on(article_ids).moving_with_time(now, *excluding):
        if row.pk not in excluding:
            changes[row.article_id].append(blocks(row) if row.is_hold else stays_away(row))
        elif row.in_steps:
            changes[row.article_id].append(undone(blocks(row)))
    return changes


def stock_in(*, article: Article, course: Course, period: Period) -> Stock:
    """The stock of one article whose course is known already."""
    steps = during(course, span_of(article.with_buffers(period)))
    return Stock(
        owned=article.owned + min(step.added for step in steps),
        out_of_service=article.out_of_service + max(step.out_of_service for step in steps),
        free=article.owned - article.out_of_service + min(step.level for step in steps),
    )


def bottleneck_in(*, article: Article, course: Course, period: Period) -> Period:
    """When the fewest units of the article are free for the first time: the proof of `Stock.free` (mission §6).

    A stretch of `period` itself if one is as scarce as any; else one before or after it, which the article's buffers
    touch.
    """
    asked, widened = span_of(period), span_of(article.with_buffers(period))
    inside = lowest(course, asked) == lowest(course, widened)
    start, end = scarcest(course, asked if inside else widened)
    return Period(instant_at(start), instant_at(end))
