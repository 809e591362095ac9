"""What a page shows of a job or an inquiry, gathered in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inventory.availability import stock_of
from jobs.goods import Goods, goods_of
from jobs.logistics import customer_facts, logistics_facts
from jobs.models import Inquiry, InquiryLine, Job, Position, SubRentalOrderLine
from jobs.shortages import Need, known_of, needs_of
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

    def short_position(self, named: str) -> Position | None:
        """The one whose id a page names as the one to cover, while it lacks something."""
        return next((line.position for line in self.short if str(line.position.pk) == named), None)

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
    """A line of an inquiry and what is free for it in the planning period."""

    line: InquiryLine
    free: int

    @property
    def shortage(self) -> int:
        return max(self.line.quantity - self.free, 0)


@dataclass(frozen=True, slots=True)
class InquirySheet:
    """The "Partneranfrage" as it is read: lines, and (label, value) of customer and logistics."""

    rows: list[InquiryRow]
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
    """Everything that arrived, and what confirming would get of each article: what its own job holds already, and what
    is turned around after it, stand in nobody's way."""
    lines = list(inquiry.lines.select_related("article").order_by("pk"))
    articles = {line.article_id: line.article for line in lines}
    ours = _ours(inquiry.job, articles) if inquiry.job else []
    stock = stock_of(articles=list(articles.values()), period=inquiry.planning_period, excluding=ours)
    left = {article_id: known.free for article_id, known in stock.items()}
    rows = []
    for line in lines:
        rows.append(InquiryRow(line, max(left[line.article_id], 0)))
        left[line.article_id] -= line.quantity
    return InquirySheet(
        rows=rows,
        customer_facts=customer_facts(inquiry.customer_details),
        logistics=logistics_facts(inquiry.logistics, inquiry.tenant),
    )


def _ours(job: Job, article_ids: Iterable[int]) -> list[int]:
    """The reservations that bar others and not the job itself, by their ids."""
    turning = job.turnarounds.reservations(article_ids)
    return [*job.positions.reservation_ids(), *(row.pk for row in turning)]
