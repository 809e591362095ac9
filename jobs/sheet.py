"""What a page shows of a job or an inquiry, gathered in a fixed number of queries."""

from dataclasses import dataclass

from inventory.availability import stock_of
from jobs.logistics import customer_facts, logistics_facts
from jobs.models import Inquiry, InquiryLine, Job, Position, SubRentalOrderLine
from jobs.shortages import Need, needs_of
from jobs.totals import Totals, totals_of


@dataclass(frozen=True, slots=True)
class Line:
    """A position with what it needs and, once ordered, its open or confirmed sub-rental order line."""

    position: Position
    need: Need
    ordered: SubRentalOrderLine | None


@dataclass(frozen=True, slots=True)
class Sheet:
    lines: list[Line]
    totals: Totals

    @property
    def short(self) -> list[Line]:
        return [line for line in self.lines if line.need.shortage]


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
    positions = list(job.positions.select_related("tenant", "article", "supplier", "reservation").in_order())
    needs = needs_of(job=job, positions=positions)
    standing = job.tenant.sub_rental_order_lines.standing().filter(order__job=job).select_related("order")
    ordered = {line.position_id: line for line in standing}
    lines = [Line(position, needs[position.pk], ordered.get(position.pk)) for position in positions]
    return Sheet(lines=lines, totals=totals_of(job, positions))


def sheet_of_inquiry(inquiry: Inquiry) -> InquirySheet:
    """Everything that arrived, and what is free of each article, not counting what its own job holds already."""
    lines = list(inquiry.lines.select_related("article").order_by("pk"))
    held = inquiry.job.positions.reservation_ids() if inquiry.job else []
    articles = {line.article_id: line.article for line in lines}
    stock = stock_of(articles=list(articles.values()), period=inquiry.planning_period, excluding=held)
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
