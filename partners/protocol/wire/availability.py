"""What a partner asks about stock, and what he is told (protocol §4 "Availability")."""

from dataclasses import dataclass
from datetime import datetime

from partners.protocol.wire import fields
from partners.protocol.wire.fields import Node, ZonedPeriod
from partners.protocol.wire.listings import Stock, stock

MAX_ASKED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    article: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityRequest:
    """POST /availability: up to 100 articles in one period; nothing is promised by the answer."""

    period: ZonedPeriod
    lines: tuple[AskedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """Half-open: when the fewest are free for the first time."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredLine:
    """`stock` is None for an article that is unknown or not released; so is `bottleneck` then."""

    article: str
    stock: Stock | None = None
    bottleneck: Bottleneck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """The answer, line by line in the order of the question."""

    as_of: datetime | None = None
    lines: tuple[AnsweredLine, ...]


def _request(node: Node) -> AvailabilityRequest:
    return AvailabilityRequest(
        period=node.required("period", fields.period),
        lines=node.items("lines", _asked_line, low=1, high=MAX_ASKED),
    )


def _asked_line(node: Node) -> AskedLine:
    return AskedLine(
        article=node.required("article", fields.identifier),
        quantity=node.required("quantity", fields.quantity),
    )


def _availability(node: Node) -> Availability:
    return Availability(
        as_of=node.optional("as_of", fields.instant),
        lines=node.items("lines", _answered_line, low=1, high=MAX_ASKED),
    )


def _answered_line(node: Node) -> AnsweredLine:
    return AnsweredLine(
        article=node.required("article", fields.identifier),
        stock=node.optional("stock", stock),
        bottleneck=node.optional("bottleneck", _bottleneck),
    )


def _bottleneck(node: Node) -> Bottleneck:
    return Bottleneck(start=node.required("start", fields.instant), end=node.required("end", fields.instant))


parse_availability_request = fields.Parser(_request)
parse_availability = fields.Parser(_availability)
