"""Orders: what the buyer asks, what the supplier keeps, what both tell each other (protocol §4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from partners.protocol.wire.fields import ZonedPeriod


class Intent(StrEnum):
    INQUIRY = "inquiry"
    OPTION = "option"
    ORDER = "order"


class Logistics(StrEnum):
    COLLECT = "collect"
    DELIVER = "deliver"
    VENUE = "venue"


class Outcome(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    FEWER = "fewer"
    OTHER_PERIOD = "other_period"
    SUBSTITUTE = "substitute"
    OTHER_PRICE = "other_price"
    DECLINED = "declined"


SEEN = "seen"  # an order event that is no transition: a person has read the order
AFTER_COMMAND = "command"  # an order event that answers a buyer's command


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderContact:
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAddress:
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBuyer:
    name: str
    contact: OrderContact | None = None
    address: OrderAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLogistics:
    """How the goods go `out` and come `back`: see Logistics; when; where to; what else matters."""

    out: str = ""
    out_at: datetime | None = None
    back: str = ""
    back_at: datetime | None = None
    address: OrderAddress | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerArticle:
    """The buyer's own article, for his reference."""

    number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """A line as the buyer sends it; `id` is his, `article` the supplier's."""

    id: UUID
    article: str
    quantity: int
    expected_net: Decimal | None = None
    buyer_article: BuyerArticle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The supplier's answer to a line; what is None or '' stays as the line has it."""

    outcome: str = Outcome.PENDING
    quantity: int | None = None
    period: ZonedPeriod | None = None
    article: str = ""
    unit_price: Decimal | None = None
    factor: Decimal | None = None
    discount_percent: Decimal | None = None
    net: Decimal | None = None
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine(RequestLine):
    """A line of the order document: the buyer's, priced by the supplier."""

    number: str
    name: str
    unit_price: Decimal | None = None
    factor: Decimal | None = None
    discount_percent: Decimal | None = None
    net: Decimal | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHead:
    """What the buyer says once for the whole order; without intent it binds nobody."""

    id: UUID
    intent: str = Intent.INQUIRY
    buyer_reference: str = ""
    buyer: OrderBuyer
    planning_period: ZonedPeriod
    usage_period: ZonedPeriod
    logistics: OrderLogistics | None = None
    remark: str = ""
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest(OrderHead):
    """POST /orders."""

    lines: tuple[RequestLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Changed terms on the table, priced by the supplier."""

    planning_period: ZonedPeriod
    usage_period: ZonedPeriod
    lines: tuple[OrderLine, ...]
    net: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerProposal:
    """Changed terms as the buyer asks for them: without prices."""

    planning_period: ZonedPeriod
    usage_period: ZonedPeriod
    lines: tuple[RequestLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDocument(OrderHead):
    """The order as the supplier keeps it; `version` rises by one with every change."""

    version: int
    state: str
    supplier_reference: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    seen_at: datetime | None = None
    valid_until: datetime | None = None
    reason: str = ""
    net: Decimal | None = None
    proposal: Proposal | None = None
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """POST /orders/{id}/commands; `lines` is None where none are named."""

    command: str
    expected_version: int
    lines: tuple[UUID, ...] | None = None
    reason: str = ""
    proposal: BuyerProposal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """POST /order-events: the name of the event and the whole document after it."""

    event: str
    order: OrderDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The answer to POST /order-events: whether the version was a higher one."""

    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """GET /orders."""

    items: tuple[OrderDocument, ...]
    next: str = ""
    as_of: datetime | None = None


def new_order_id(now: datetime, random_bytes: Callable[[int], bytes]) -> UUID:
    """A UUID of version 7 (RFC 9562 §5.7): sorts by time."""
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(random_bytes(10), "big")
    number = number & ~(0xF << 76) | 7 << 76
    return UUID(int=number & ~(0b11 << 62) | 0b10 << 62)
