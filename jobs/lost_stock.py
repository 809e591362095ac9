"""Own stock that is reserved and will not be there after all: broken since, or not brought back (mission J6)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from eventworx.periods import Period
from inventory.courses import blocks
from inventory.models import Article, Reservation, reservations_on
from inventory.steps import Change, Course, changed, lowest, span_of, undone
from jobs.models import Position


def passing_on(
    *, articles: Collection[Article], courses: Mapping[int, Course], now: datetime
) -> Mapping[int, Sequence[Reservation]]:
    """What takes no unit from whom it is firmly reserved though it stands in the courses, by article: options, and what
    is back and being turned around. One statement; none where no course says that units are missing."""
    short = [article.pk for article in articles if _free(article, min(step.level for step in courses[article.pk])) < 0]
    found = defaultdict[int, list[Reservation]](list)
    if short:
        is_option, is_back = Q(expires_at__gt=now), Q(returned_at__isnull=False, blocked_until__gt=now)
        for row in reservations_on(short).filter(is_option | is_back):
            found[row.article_id].append(row)
    return found


def lost_units(
    *, rows: Sequence[Position], article: Article, course: Course, passing: Iterable[Reservation], now: datetime
) -> dict[int, int]:
    """How many units that are reserved for these positions of one job will not be there from now on; by position, the
    last one loses first. What has left the store is there. Pure."""
    waiting = [(row, row.reservation) for row in rows if row.reservation and row.reservation.waits]
    if not waiting:
        return {}
    asked = article.with_buffers(rows[0].job.planning_period)
    start = max(asked.start, now, min(reserved.blocked_from for _row, reserved in waiting))
    end = min(asked.end, max(reserved.blocked_until for _row, reserved in waiting))
    if start >= end:
        return {}
    firm = changed(course, [undone(blocks(row)) for row in passing])
    left, lost = max(-_free(article, lowest(firm, span_of(Period(start, end)))), 0), dict[int, int]()
    for row, reserved in reversed(waiting):
        lost[row.pk] = min(left, reserved.quantity)
        left -= lost[row.pk]
    return lost


def stood_in_for(courses: Mapping[int, Course], lost: Iterable[tuple[Position, int]]) -> dict[int, Course]:
    """The courses as they will be when others stand in for so many units that are reserved for each position. Pure."""
    found = dict(courses)
    for row, units in lost:
        if row.reservation:
            freed = Change(span_of(row.reservation.blocked), reserved=-units)
            found[row.reservation.article_id] = changed(found[row.reservation.article_id], [freed])
    return found


def _free(article: Article, level: int) -> int:
    return article.owned - article.out_of_service + level
