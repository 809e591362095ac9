"""What jobs need, have and lack of our own stock (mission J6, J7), through the courses that `stock_of` reads."""

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from eventworx.periods import LATEST, Period
from eventworx.tenants.models import Tenant
from inventory.availability import Stock, courses_on, stock_in, stock_of
from inventory.courses import blocks, stays_away
from inventory.models import Article, Reservation, possibly_short
from inventory.search import find_articles
from inventory.steps import Change, Course, changed, during, span_of, undone
from jobs.lost_stock import lost_units, passing_on, stood_in_for
from jobs.models import Job, Position, SubRentalOrderLine
from jobs.states import OrderState

SOON = timedelta(days=14)
HITS = 20


@dataclass(frozen=True, slots=True)
class Need:
    """Of one position: what is needed, free for it of our own, reserved for it or sold with it, sub-rented, missing.

    `own_free` counts without what this job holds, less what its earlier positions take of the same article;
    None for free text. Missing is the own part less what is reserved, or less what is free while nothing can be; of
    what is reserved also so much as is `lost`: it will not be there after all. Of the sub-rented part so much is
    `requested` and `confirmed` in orders. `spare` units of our own are free by now which could stand in for what is
    missing or sub-rented.
    """

    need: int
    own_free: int | None
    reserved: int
    sub_rented: int
    shortage: int
    requested: int = 0
    confirmed: int = 0
    spare: int = 0
    lost: int = 0

    @property
    def own(self) -> int:
        return self.need - self.sub_rented

    @property
    def to_order(self) -> int:
        """What is to come from a supplier who does not know of it, or has said no."""
        return max(self.sub_rented - self.requested - self.confirmed, 0)

    @property
    def takeable(self) -> int:
        """So much of the spare can be taken over with one click: for what is missing or not ordered."""
        return min(self.spare, self.shortage + self.to_order)

    @property
    def spare_for_ordered(self) -> int:
        """So much could stand in for what is ordered: the order would have to be changed."""
        return self.spare - self.takeable

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to see to it."""
        return self.shortage > 0 or self.to_order > 0


@dataclass(frozen=True, slots=True)
class OwnHit:
    """An article of ours with its stock in the period that was asked for."""

    article: Article
    stock: Stock


def shortages_of(*, job: Job) -> dict[int, Need]:
    """The need of every position of `job`, by its id; in a fixed number of queries."""
    positions = list(job.positions.select_related("article", "reservation").in_order())
    for row in positions:
        row.job = job
    return needs_of(positions=positions, known=known_of(tenant=job.tenant, positions=positions, now=timezone.now()))


def _standing_lines(tenant: Tenant, positions: Iterable[Position]) -> dict[int, SubRentalOrderLine]:
    """The line of an open or confirmed order in which a position stands, by the position's id."""
    hired = [row.pk for row in positions if row.is_sub_rental]
    if not hired:
        return {}
    lines = tenant.sub_rental_order_lines.standing().filter(position__in=hired).select_related("order")
    return {line.position_id: line for line in lines if line.position_id}


@dataclass(frozen=True, slots=True)
class Known:
    """All that bears on some positions at the moment `now`: the courses of their articles while their jobs run, the
    lines of orders in which they stand, what is turned around after their jobs, by the jobs' ids, and what takes
    nothing from firm claims, by article."""

    now: datetime
    courses: Mapping[int, Course]
    ordered: Mapping[int, SubRentalOrderLine]
    turning: Mapping[int, Sequence[Reservation]]
    passing: Mapping[int, Sequence[Reservation]]


def known_of(*, tenant: Tenant, positions: Sequence[Position], now: datetime) -> Known:
    """Of positions that are loaded with `job`, `article` and `reservation`; in a fixed number of statements, and one
    more where units are missing."""
    turning = tenant.turnarounds.by_job({row.job_id for row in positions if row.article}) if positions else {}
    articles = {row.article.pk: row.article for row in positions if row.article}.values()
    courses = _courses_of(positions, articles, now)
    passing = passing_on(articles=articles, courses=courses, now=now)
    return Known(now, courses, _standing_lines(tenant, positions), turning, passing)


def needs_of(*, positions: Sequence[Position], known: Known, covered: Container[int] = ()) -> dict[int, Need]:
    """The needs of all positions of one or more jobs, in order. Pure.

    Each job is judged by itself: as if the others that do not use stock were not there, and as if what is lost to
    several were lost to it. Others stand in for what the positions lose that are named in `covered`: the next job is
    judged as if they did already.
    """
    by_job: defaultdict[int, list[Position]] = defaultdict(list)
    for row in positions:
        by_job[row.job_id].append(row)
    needs: dict[int, Need] = {}
    for rows in by_job.values():
        needs |= _needs_of_job(rows, known)
        lost = [(row, needs[row.pk].lost) for row in rows if row.pk in covered and needs[row.pk].lost]
        known = replace(known, courses=stood_in_for(known.courses, lost)) if lost else known
    return needs


def _courses_of(positions: Sequence[Position], articles: Collection[Article], now: datetime) -> dict[int, Course]:
    if not articles:
        return {}
    whole = Period(min(row.job.planning_start for row in positions), max(row.job.planning_end for row in positions))
    return courses_on(articles=articles, period=whole, now=now)


def _needs_of_job(rows: Sequence[Position], known: Known) -> dict[int, Need]:
    job, left, spare, lost = rows[0].job, Counter[int | None](), Counter[int | None](), Counter[int]()
    turning = defaultdict[int, list[Reservation]](list)
    for reservation in known.turning.get(job.pk, ()):
        turning[reservation.article_id].append(reservation)
    theirs = defaultdict[Article, list[Position]](list)
    for row in rows:
        if row.article:
            theirs[row.article].append(row)
    for article, some in theirs.items():
        # No more of it than bears on this job: beside hundreds of others each would go through all of theirs.
        bears = during(known.courses[article.pk], span_of(article.with_buffers(job.planning_period)))
        course = changed(bears, _taken_back(turning[article.pk], known.now))
        held = [row.reservation for row in some if row.reservation]
        without = changed(course, _taken_back(held, known.now))
        left[article.pk] = stock_in(article=article, course=without, period=job.planning_period).free
        free = stock_in(article=article, course=course, period=job.planning_period).free
        own = sum(row.own_quantity for row in some)
        spare[article.pk] = free if job.uses_stock else left[article.pk] - own
        passing = known.passing.get(article.pk, ())
        lost.update(lost_units(rows=some, article=article, course=bears, passing=passing, now=known.now))
    needs = {}
    for row in rows:
        there = left[row.article_id], spare[row.article_id], lost[row.pk]
        need = _need(row, *there, known.ordered.get(row.pk), known.now)
        left[row.article_id] -= row.own_quantity - row.sold_quantity
        spare[row.article_id] -= need.spare
        needs[row.pk] = need
    return needs


def _taken_back(reservations: Iterable[Reservation], now: datetime) -> Iterable[Change]:
    """What has to be undone in a course so that it shows what others take."""
    for row in reservations:
        if row.counts(now):
            yield undone(blocks(row))
        if row.is_overdue(now):
            yield undone(stays_away(row))


def _need(position: Position, left: int, spare: int, lost: int, line: SubRentalOrderLine | None, now: datetime) -> Need:
    if position.article is None:
        return Need(position.quantity, None, 0, position.sub_rented_quantity, 0, *_ordered(line))
    stands = position.reservation and (position.reservation.counts(now) or position.reservation.is_sold)
    reserved = position.reserved_quantity if stands else 0
    free = max(left, 0)
    shortage = max(position.own_quantity - (reserved if position.job.uses_stock else free), 0) + lost
    lacking = position.sub_rented_quantity + (shortage if position.job.uses_stock else 0)
    could = 0 if position.is_over else max(min(spare, lacking), 0)
    figures = position.quantity, free, reserved, position.sub_rented_quantity, shortage
    return Need(*figures, *_ordered(line), spare=could, lost=lost)


def _ordered(line: SubRentalOrderLine | None) -> tuple[int, int]:
    """How many units are requested, how many confirmed."""
    if line is None:
        return 0, 0
    return (0, line.quantity) if line.order.state == OrderState.CONFIRMED else (line.quantity, 0)


def short_positions(*, tenant: Tenant, now: datetime) -> list[tuple[Position, int]]:
    """Positions of orders of the next 14 days that lack own stock, the nearest first, each with how much is missing.

    Whatever is reserved in full lacks nothing unless its article is short: few are looked at closely.
    """
    of_orders = tenant.positions.of_orders().filter(job__in=tenant.jobs.running_at(Period(now, now + SOON)))
    theirs, ahead = tenant.articles.filter(pk__in=of_orders.values("article")), span_of(Period(now, LATEST))
    articles = possibly_short(theirs, ahead, now)
    rows = of_orders.filter(Q(missing__gt=0) | Q(article__in=articles))
    related = "job__tenant", "article", "reservation"
    positions = list(rows.select_related(*related).order_by("job__planning_start", "job", "sequence", "pk"))
    needs = needs_of(positions=positions, known=known_of(tenant=tenant, positions=positions, now=now))
    return [(row, needs[row.pk].shortage) for row in positions if needs[row.pk].shortage]


def own_material_for(*, job: Job, query: str) -> tuple[list[OwnHit], bool]:
    """Our own articles for a search, with what is free in the job's planning period; none for an empty search.

    The first `HITS`; also returned is whether there are more.
    """
    if not query.strip():
        return [], False
    found = find_articles(tenant=job.tenant, scope=job.tenant.articles.active(), query=query, limit=HITS + 1)
    articles = found[:HITS]
    stock = stock_of(articles=articles, period=job.planning_period)
    return [OwnHit(article, stock[article.pk]) for article in articles], len(found) > HITS
