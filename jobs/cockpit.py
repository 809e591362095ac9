"""The shortage cockpit: what is lacking over all jobs of two weeks, by article and by job (mission §6, J6)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from eventworx.periods import Period, ticks
from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.steps import Change, Course, Span, changed, lowest, span_of
from jobs.models import Job, Position
from jobs.shortages import Known, Need, known_of, needs_of

WEEK = timedelta(days=7)
SHOWN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A position that is short of something, or belongs to an article of which there is too little for all."""

    position: Position
    need: Need


@dataclass(frozen=True, slots=True)
class ArticleLack:
    """`lack`: the most units that are missing at any one moment, of all these jobs together, quotes included."""

    article: Article
    lack: int
    rows: Sequence[Lacking]


@dataclass(frozen=True, slots=True)
class JobLack:
    job: Job
    rows: Sequence[Lacking]


@dataclass(frozen=True, slots=True)
class Board:
    """What is short in a period, twice: `articles` in order of name, `jobs` in order of time."""

    articles: list[ArticleLack]
    jobs: list[JobLack]


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weeks_from(*, tenant: Tenant, monday: date) -> Period:
    """The two weeks from a Monday on, on the tenant's clock."""
    begin, end = (datetime.combine(day, time.min, tenant.zone) for day in (monday, monday + SHOWN))
    return Period(begin, end)


def board_of(*, tenant: Tenant, period: Period, now: datetime) -> Board:
    """Everything short in jobs that run in `period` and are not over; in four statements, however many there are."""
    since = max(period.start, now) if now < period.end else period.start
    jobs = tenant.jobs.alive().running_at(Period(since, period.end))
    related = "job", "article", "reservation", "supplier"
    rows = tenant.positions.filter(article__isnull=False, job__in=jobs).select_related(*related)
    positions = list(rows.order_by("job__planning_start", "job", "sequence", "pk"))
    known = known_of(tenant=tenant, positions=positions, now=now)
    needs = needs_of(positions=positions, known=known)
    return Board(
        articles=_by_article(positions, needs, known),
        jobs=_by_job([Lacking(row, needs[row.pk]) for row in positions if needs[row.pk].is_open]),
    )


def _by_job(rows: Sequence[Lacking]) -> list[JobLack]:
    return [JobLack(job, list(found)) for job, found in groupby(rows, key=lambda row: row.position.job)]


def _by_article(positions: Sequence[Position], needs: Mapping[int, Need], known: Known) -> list[ArticleLack]:
    grouped: defaultdict[int, list[Position]] = defaultdict(list)
    for row in positions:
        if row.article:
            grouped[row.article.pk].append(row)
    found = []
    for article_id, rows in grouped.items():
        lack = _lack(rows, needs, known.courses[article_id], known.now)
        short = [Lacking(row, needs[row.pk]) for row in rows if needs[row.pk].is_open or (lack and _wants(row, needs))]
        if short and rows[0].article:
            found.append(ArticleLack(rows[0].article, lack, short))
    return sorted(found, key=lambda one: (one.article.sort_key, one.article.pk))


def _lack(rows: Sequence[Position], needs: Mapping[int, Need], course: Course, now: datetime) -> int:
    """What is missing at the worst moment, if everybody took now what he still wants of one article."""
    spans, wanted = list[Span](), list[Change]()
    for row in rows:
        if row.article and (needs[row.pk].shortage or _wants(row, needs)):
            start, end = span_of(row.article.with_buffers(row.job.planning_period))
            # What was missing is over; what is wanted, nobody could have had then either.
            spans.append(Span(start if _wants(row, needs) else min(max(start, ticks(now)), end - 1), end))
            wanted.append(Change(Span(start, end), reserved=_wants(row, needs)))
    if not spans:
        return 0
    then, article = changed(course, wanted), rows[0].article
    always = article.owned - article.out_of_service if article else 0
    return max(0, -min(always + lowest(then, span) for span in spans))


def _wants(row: Position, needs: Mapping[int, Need]) -> int:
    """What its own part still has to reserve."""
    return max(row.own_quantity - needs[row.pk].reserved, 0)
