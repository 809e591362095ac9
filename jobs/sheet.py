"""What a page shows of a job or an inquiry, gathered in a fixed number of queries."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from eventworx.errors import BusinessError
from eventworx.periods import Period
from inventory.availability import stock_of
from jobs.goods import Goods, goods_of
from jobs.inquiries import require_confirmable
from jobs.logistics import customer_facts, logistics_facts
from jobs.models import Inquiry, InquiryLine, Job, Position, SubRentalOrderLine
from jobs.shortages import Need, known_of, needs_of, shortages_of
from jobs.states import OrderState
from jobs.totals import Totals, totals_of


@dataclass(frozen=True, slots=True)
class Line:
    """A position with what it needs and, once ordered, its open or confirmed sub-rental order line."""

    position: Position
    need: Need
    ordered: SubRentalOrderLine | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything about a job at the moment `now`, which decides what of an option still counts."""

    lines: list[Line]
    totals: Totals
    goods: Goods
    now: datetime

    @property
    def short(self) -> list[Line]:
        return [line for line in self.lines if line.need.shortage]

    @property
    def asks_partners(self) -> bool:
        """Whether partners matter to it: something comes from them, or should."""
        return any(line.need.is_open or line.position.is_sub_rental for line in self.lines)

    @property
    def held(self) -> list[Position]:
        """What is optioned at this moment."""
        rows = [line.position for line in self.lines]
        return [row for row in rows if row.reservation and row.reservation.is_hold and row.reservation.counts(self.now)]


@dataclass(frozen=True, slots=True)
class InquiryRow:
    """A line of an inquiry, how much of our own is free for it, and how much of it confirming would not get."""

    line: InquiryLine
    free: int
    shortage: int


@dataclass(frozen=True, slots=True)
class InquirySheet:
    """The "Partneranfrage" as it is read: lines, for the period that confirming would reserve, what else confirming
    would be refused for, and (label, value) of customer and logistics."""

    rows: list[InquiryRow]
    period: Period
    hindrance: str
    customer_facts: list[tuple[str, str]]
    logistics: list[tuple[str, str]]


def sheet_of(job: Job) -> Sheet:
    """Positions in order, needs, orders and sums of `job` (with `tenant` loaded)."""
    now = timezone.now()
    positions = list(job.positions.select_related("tenant", "article", "supplier", "reservation").in_order())
    for position in positions:
        position.job = job
    known = known_of(tenant=job.tenant, positions=positions, now=now)
    needs = needs_of(positions=positions, known=known)
    lines = [Line(position, needs[position.pk], known.ordered.get(position.pk)) for position in positions]
    goods = goods_of(job=job, positions=positions, now=now)
    return Sheet(lines=lines, totals=totals_of(job, positions), goods=goods, now=now)


def sheet_of_inquiry(inquiry: Inquiry) -> InquirySheet:
    """Everything that arrived, and what confirming would get of each article: for as long as its job takes by now and
    for all that the job needs. What that holds already, and what is turned around after it, stand in nobody's way."""
    lines = list(inquiry.lines.select_related("article").order_by("pk"))
    articles = {line.article_id: line.article for line in lines}
    period, positions, ours = inquiry.planning_period, list[Position](), list[int]()
    if inquiry.job:
        period = inquiry.job.planning_period.with_all_of(period)
        positions = list(inquiry.job.positions.filter(article__in=articles).select_related("reservation"))
        ours = _ours(inquiry.job, positions)
    stock = stock_of(articles=list(articles.values()), period=period, excluding=ours)
    rows = list[InquiryRow]()
    for article_id, known in stock.items():
        theirs = [row for row in positions if row.article_id == article_id]
        rows += _rows_of([line for line in lines if line.article_id == article_id], theirs, known.free)
    return InquirySheet(
        rows=sorted(rows, key=lambda row: row.line.pk),
        period=period,
        hindrance=_hindrance(inquiry),
        customer_facts=customer_facts(inquiry.customer_details),
        logistics=logistics_facts(inquiry.logistics, inquiry.tenant),
    )


def _rows_of(lines: Sequence[InquiryLine], positions: Iterable[Position], free: int) -> Iterator[InquiryRow]:
    """The lines of one article, of which so many units are free for the positions that the job has of it."""
    now, asked = timezone.now(), sum(line.quantity for line in lines)
    standing = [row for row in positions if not row.is_over]
    others = sum(row.sub_rented_quantity for row in standing) + sum(row.sold_quantity for row in positions)
    needed = max(sum(row.own_quantity for row in standing), asked - others)
    own = max(free, sum(row.reserved_quantity for row in standing if row.reservation and row.reservation.counts(now)))
    left, had = own - max(needed - asked, 0), own - needed + asked
    for line in lines:
        yield InquiryRow(line, max(left, 0), max(line.quantity - max(had, 0), 0))
        left, had = left - line.quantity, had - line.quantity


def _hindrance(inquiry: Inquiry) -> str:
    """Why confirming would be refused whatever is free, in a sentence; else nothing."""
    if inquiry.job and inquiry.state == OrderState.REQUESTED:
        try:
            require_confirmable(inquiry, inquiry.job)
        except BusinessError as refusal:
            return str(refusal)
        return _missing_besides(inquiry, inquiry.job)
    return ""


def _missing_besides(inquiry: Inquiry, job: Job) -> str:
    """What the job needs of articles that nobody asked for here and cannot have: confirming reserves all or nothing."""
    needs, asked = shortages_of(job=job), inquiry.lines.values("article")
    besides = job.positions.filter(article__isnull=False).exclude(article__in=asked).select_related("reservation")
    rows = [(needs[row.pk], row) for row in besides.in_order() if not row.is_over]
    # What is reserved stays so, whether it is there or not: nothing is refused for it.
    missing = [(need.shortage - need.lost - need.spare, row) for need, row in rows]
    goods = ", ".join(f"{count} × {row.description}" for count, row in missing if count > 0)
    said = _("The job %(job)s needs more than was asked for, and of that these are missing: %(goods)s.")
    return said % {"job": job.number, "goods": goods} if goods else ""


def _ours(job: Job, positions: Sequence[Position]) -> list[int]:
    """The reservations that bar others and not the job itself, by their ids."""
    turning = job.turnarounds.reservations(row.article_id for row in positions if row.article_id)
    standing = [row.reservation for row in positions if row.reservation and not row.is_over]
    return [row.pk for row in [*standing, *turning]]
