"""Order documents: made from our records, moved from version to version (protocol §4, §7). Writes nothing."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from jobs.models import Inquiry, InquiryLine, SubRentalOrder, SubRentalOrderLine
from partners.models import PartnerOrder
from partners.protocol.money import AmountTooLarge, line_net, order_net
from partners.protocol.order_states import Event, Party, next_state
from partners.protocol.sizes import MAX_REQUEST_BYTES, how_many_fit
from partners.protocol.wire import (
    MAX_LINES,
    Answer,
    BuyerArticle,
    FieldErrors,
    Intent,
    OrderAddress,
    OrderBuyer,
    OrderContact,
    OrderDocument,
    OrderLine,
    OrderLogistics,
    OrderRequest,
    Outcome,
    RequestLine,
    ZonedPeriod,
    dumps,
    parse_order,
    to_wire,
)
from partners.protocol.wire.fields import MAX_NOTE

# What is said of an order later, in bytes: the reason, and when it was read.
MOST_SAID_LATER = MAX_NOTE * 4 + 256
# Of an answer that we foresee, in bytes: the texts of his catalogue may be longer than those that we know.
_MOST_FORESEEN = MAX_REQUEST_BYTES * 3 // 4
_OUTCOMES = {Event.CONFIRM: Outcome.CONFIRMED, Event.DECLINE: Outcome.DECLINED}


def order_request(
    *, order: SubRentalOrder, lines: Iterable[SubRentalOrderLine], order_id: UUID, person: User | None
) -> OrderRequest:
    """What we ask of the supplier; `person` is our contact for it."""
    tenant, job = order.tenant, order.job
    return OrderRequest(
        id=order_id,
        intent=Intent.ORDER,
        buyer_reference=order.number,
        buyer=_buyer(tenant, person),
        planning_period=_zoned(Period(order.planning_start, order.planning_end), tenant),
        usage_period=_zoned(Period(order.usage_start, order.usage_end), tenant),
        logistics=_logistics(order.logistics, job.planning_period),
        remark=order.remark,
        currency=order.currency,
        lines=tuple(_request_line(line) for line in lines),
    )


def lines_that_fit(request: OrderRequest, lines: Sequence[SubRentalOrderLine]) -> int:
    """How many of the first of these lines, which are those of `request`, one order can hold: at most 500, and so many
    that the supplier's answer, which repeats them beside what he says of them, fits into a request as theirs does."""
    asked = zip(request.lines[:MAX_LINES], lines, strict=False)
    foreseen = [_without_nulls(to_wire(_answered(_foreseen(*both), Outcome.CONFIRMED))) for both in asked]
    head = len(dumps(request_body(dataclasses.replace(request, lines=()))))
    return how_many_fit(foreseen, _MOST_FORESEEN - head - MOST_SAID_LATER)


def first_document(*, request: OrderRequest, inquiry: Inquiry, now: datetime) -> OrderDocument:
    """Version 1 at the supplier: the request, priced; valid until its planning period starts."""
    priced = {line.wire_id: line for line in inquiry.lines.select_related("article")}
    head = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    head["lines"] = tuple(_order_line(line, priced[line.id]) for line in request.lines)
    return OrderDocument(
        **head,
        version=1,
        state=next_state(None, Event.CREATE, Party.BUYER),
        supplier_reference=inquiry.number,
        created_at=now,
        updated_at=now,
        valid_until=request.planning_period.start,
        net=inquiry.net,
    )


def advanced(document: OrderDocument, *, event: Event, by: Party, now: datetime, reason: str = "") -> OrderDocument:
    """The next version after `event`; raises WrongState."""
    state = next_state(document.state, event, by)
    return dataclasses.replace(
        document,
        version=document.version + 1,
        state=state,
        updated_at=now,
        reason=reason or document.reason,
        lines=tuple(_answered(line, _OUTCOMES.get(event)) for line in document.lines),
    )


def seen(document: OrderDocument, *, at: datetime, now: datetime) -> OrderDocument:
    """The next version once a person has read the order."""
    return dataclasses.replace(document, version=document.version + 1, seen_at=at, updated_at=now)


def written(document: OrderDocument, *, over: Mapping[str, Any]) -> dict[str, Any]:
    """`document` as JSON, laid over the raw one it came from: fields that we do not know are kept (protocol §4)."""
    said: dict[str, Any] = as_object(to_wire(document))
    known = {line["id"]: line for line in over.get("lines", ())}
    said["lines"] = [{**known.get(line["id"], {}), **line} for line in said["lines"]]
    return {**over, **said}


def event_body(event: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What we tell the buyer of an order. Where it would be larger than a request may be, nulls are left out of it: of
    500 lines they are a quarter."""
    body: dict[str, Any] = {"event": event, "order": document}
    return body if len(dumps(body)) <= MAX_REQUEST_BYTES else {"event": event, "order": _without_nulls(document)}


def _without_nulls(said: Any) -> Any:
    if isinstance(said, list):
        return [_without_nulls(one) for one in said]
    if isinstance(said, Mapping):
        return {name: _without_nulls(value) for name, value in said.items() if value is not None}
    return said


def is_answerable(document: OrderDocument, *, over: Mapping[str, Any]) -> bool:
    """Whether our answer fits into a request, whatever the reason it gives: else the buyer would never hear of it."""
    lines = tuple(_answered(line, Outcome.CONFIRMED) for line in document.lines)
    told = _without_nulls(written(dataclasses.replace(document, lines=lines), over=over))
    return len(dumps(event_body(Event.DECLINE, told))) + MOST_SAID_LATER <= MAX_REQUEST_BYTES


def request_body(request: OrderRequest) -> dict[str, Any]:
    return as_object(to_wire(request))


def as_object(value: object) -> dict[str, Any]:
    """What `to_wire` made of a document."""
    if not isinstance(value, dict):
        raise TypeError("a document is a JSON object")
    return value


def kept(order: PartnerOrder) -> OrderDocument | None:
    """The supplier's document as we keep it; None while we have only what we sent, or where it cannot be read."""
    if not order.version:
        return None
    try:
        return parse_order(order.document)
    except FieldErrors:
        return None


def recomputed_net(document: OrderDocument) -> Decimal | None:
    """The total by our own arithmetic; None where a figure is missing or beyond all measure."""
    try:
        return order_net(_line_nets(document))
    except (AmountTooLarge, _Unpriced):
        return None


class _Unpriced(Exception):
    pass


def _line_nets(document: OrderDocument) -> Iterable[Decimal]:
    for line in document.lines:
        if line.unit_price is None:
            raise _Unpriced
        yield line_net(
            quantity=line.quantity,
            unit_price=line.unit_price,
            factor=Decimal(1) if line.factor is None else line.factor,
            discount_percent=line.discount_percent or Decimal(0),
            currency=document.currency,
        )


def _answered(line: OrderLine, outcome: Outcome | None) -> OrderLine:
    """The reason of the whole stands in the document once: at each of 500 lines it would be too long for a request."""
    if outcome is None:
        return line
    quantity = line.quantity if outcome == Outcome.CONFIRMED else 0
    net = line.net if outcome == Outcome.CONFIRMED else Decimal(0)
    answer = Answer(outcome=outcome, quantity=quantity, net=net)
    return dataclasses.replace(line, answer=answer)


def _buyer(tenant: Tenant, person: User | None) -> OrderBuyer:
    contact = OrderContact(
        name=str(person) if person else tenant.name,
        email=tenant.mail_reply_to or (person.email if person else ""),
        phone=tenant.phone,
    )
    address = OrderAddress(street=tenant.street, postcode=tenant.postcode, city=tenant.city, country=tenant.country)
    return OrderBuyer(name=tenant.name, contact=contact, address=address)


def _zoned(period: Period, tenant: Tenant) -> ZonedPeriod:
    return ZonedPeriod(start=period.start, end=period.end, zone=tenant.time_zone)


def _logistics(chosen: Mapping[str, Any], planning: Period) -> OrderLogistics | None:
    """How the goods go and come, at the ends of the planning period; None where nothing was chosen."""
    if not chosen:
        return None
    return OrderLogistics(
        out=chosen.get("out", ""),
        out_at=planning.start,
        back=chosen.get("back", ""),
        back_at=planning.end,
        address=OrderAddress(street=chosen["address"][:200]) if chosen.get("address") else None,
        note=chosen.get("note", ""),
    )


def _request_line(line: SubRentalOrderLine) -> RequestLine:
    article = line.position.article if line.position else None
    return RequestLine(
        id=line.wire_id,
        article=line.supplier_article_id,
        quantity=line.quantity,
        expected_net=line.net,
        buyer_article=BuyerArticle(number=article.number, name=article.name) if article else None,
    )


def _foreseen(asked: RequestLine, line: SubRentalOrderLine) -> OrderLine:
    """The line as the supplier would answer it, at the figures that we know."""
    return OrderLine(
        **{field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)},
        number=line.supplier_number,
        name=line.name,
        unit_price=line.unit_cost,
        factor=line.factor,
        discount_percent=line.discount_percent,
        net=line.net,
    )


def _order_line(asked: RequestLine, priced: InquiryLine) -> OrderLine:
    return OrderLine(
        **{field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)},
        number=priced.article.number,
        name=priced.article.name,
        unit_price=priced.unit_price,
        factor=priced.factor,
        discount_percent=priced.discount_percent,
        net=priced.net,
        answer=Answer(),
    )
