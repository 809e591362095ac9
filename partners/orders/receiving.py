"""The supplier's end: what arrives, and our answer to it (protocol §4, §7). Every deed tells the buyer by an event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.tenants.models import User
from inventory.models import Article
from jobs import inquiries
from jobs.inquiries import InquiryLineData
from jobs.models import Inquiry
from partners.access import is_askable
from partners.models import Direction, PartnerConnection, PartnerOrder
from partners.orders import automatic, documents, news
from partners.outbox import DeliveryKind, enqueue_delivery
from partners.protocol.order_states import Event, Party, WrongState
from partners.protocol.wire import (
    AFTER_COMMAND,
    SEEN,
    TOO_MANY_LINES,
    Command,
    FieldError,
    FieldErrors,
    OrderDocument,
    OrderRequest,
    parse_order,
    parse_order_request,
    to_wire,
)
from partners.releases import released_named

MACHINE = Actor(label="Eventworx")  # confirms on level 3


class OrderExists(BusinessError):
    code = "order-exists"
    status = 409
    message = _("There is already an order with this id and other content.")


class VersionConflict(BusinessError):
    code = "version-conflict"
    status = 409
    message = _("The order has moved on to another version in the meantime.")


class NotInThisState(BusinessError):
    code = "state"
    status = 409
    message = _("In its present state this cannot be done with the order.")


class ConnectionIsOver(BusinessError):
    code = "connection-over"
    status = 409
    message = _("The connection with %(customer)s has ended: an answer would not reach them. Please call there.")


class NoReason(BusinessError):
    code = "no-reason"
    message = _("Please write why you decline: your customer reads it.")
    field = "reason"


@transaction.atomic
def receive_order(
    *, connection: PartnerConnection, request: OrderRequest, raw: Mapping[str, Any], now: datetime
) -> tuple[PartnerOrder, bool]:
    """The order behind a request of the buyer, and whether it is new. `connection` is locked and its level checked.

    On level 3 a firm order is confirmed at once if nothing speaks against it (`orders.automatic`).

    A known id with the same content is that order; with other content it raises OrderExists. Raises FieldErrors
    that name the line for an article that is not released, and for a foreign currency, impossible periods, or so much
    text that our answer would not fit into a request.
    """
    known = connection.orders.filter(order_id=request.id).first()
    if known:
        return _same(known, request), False
    inquiry = _inquiry(connection, request, _articles(connection, request))
    document = documents.first_document(request=request, inquiry=inquiry, now=now)
    if not documents.is_answerable(document, over=raw):
        raise FieldErrors((TOO_MANY_LINES,))
    is_wanted = automatic.is_wanted(connection=connection, request=request)
    objections = automatic.confirm(connection=connection, inquiry=inquiry, now=now) if is_wanted else []
    order = connection.orders.create(
        tenant=connection.tenant,
        direction=Direction.INCOMING,
        order_id=request.id,
        version=document.version,
        state=document.state,
        document=documents.written(document, over=raw),
        inquiry=inquiry,
        is_automatic=is_wanted and not objections,
        objections=[objection.as_json() for objection in objections],
        created_at=now,
        updated_at=now,
    )
    actor = Actor(label=str(connection))
    record(tenant=connection.tenant, actor=actor, action="partner.order_received", target=inquiry)
    if order.is_automatic:
        return _confirmed_by_itself(order, document, now), True
    news.tell_inquiry(inquiry, objections)
    return order, True


def _confirmed_by_itself(order: PartnerOrder, document: OrderDocument, now: datetime) -> PartnerOrder:
    """A machine has promised everything: create and, in the same transaction, confirm (protocol §7)."""
    news.tell_confirmed_by_itself(_inquiry_of(order))
    answered = _advanced(document, Event.CONFIRM, Party.SUPPLIER, now)
    return _store_and_tell(order, answered, Event.CONFIRM, MACHINE, now)


@transaction.atomic
def confirm_order(*, order: PartnerOrder, actor: Actor, now: datetime) -> PartnerOrder:
    """Promise everything: reserved under lock (mission O9), then the buyer is told.

    Raises Shortage with the exact shortfall and changes nothing, NotInThisState if it was answered or withdrawn,
    ConnectionIsOver.
    """
    locked, document = _locked(order)
    if locked.connection.closed_at:
        raise ConnectionIsOver(customer=locked.connection.contact)
    answered = _advanced(document, Event.CONFIRM, Party.SUPPLIER, now)
    inquiries.confirm_inquiry(inquiry=_inquiry_of(locked), at=now)
    return _store_and_tell(locked, answered, Event.CONFIRM, actor, now)


@transaction.atomic
def decline_order(*, order: PartnerOrder, reason: str, actor: Actor, now: datetime) -> PartnerOrder:
    """Say no with a reason. Raises NoReason, NotInThisState.

    After the end of the connection nobody hears it: it ends here alone, with a reason or without, or raises
    InquiryIsAnswered.
    """
    locked, document = _locked(order)
    if not (reason.strip() or locked.connection.closed_at):
        raise NoReason
    if locked.connection.closed_at:
        return _close(locked, reason.strip(), actor, now)
    answered = _advanced(document, Event.DECLINE, Party.SUPPLIER, now, reason.strip())
    inquiries.decline_inquiry(inquiry=_inquiry_of(locked), reason=reason.strip(), at=now)
    return _store_and_tell(locked, answered, Event.DECLINE, actor, now)


def _close(order: PartnerOrder, reason: str, actor: Actor, now: datetime) -> PartnerOrder:
    """The document stays as the customer knows it, frozen (mission P8)."""
    inquiry = _inquiry_of(order)
    inquiries.close_inquiry(inquiry=inquiry, reason=reason, at=now)
    order.state, order.updated_at = inquiry.state, now
    order.save(update_fields=["state", "updated_at"])
    record(tenant=order.tenant, actor=actor, action="partner.order_closed_here", target=inquiry)
    return order


@transaction.atomic
def receive_command(*, connection: PartnerConnection, order_id: UUID, command: Command, now: datetime) -> PartnerOrder:
    """A buyer's command; of those the protocol knows we take `withdraw`. `connection` is locked.

    Raises Http404 for an unknown order, VersionConflict or NotInThisState with the current document.
    """
    order = connection.orders.filter(order_id=order_id, direction=Direction.INCOMING).first()
    if order is None:
        raise Http404
    locked, document = _locked(order)
    if command.expected_version != locked.version:
        raise VersionConflict(current=locked.document)
    if command.command != Event.WITHDRAW:
        raise NotInThisState(current=locked.document)
    answered = _advanced(document, Event.WITHDRAW, Party.BUYER, now, command.reason, current=locked.document)
    inquiry = _inquiry_of(locked)
    inquiries.withdraw_inquiry(inquiry=inquiry, at=now, reason=command.reason)
    news.tell_inquiry_withdrawn(inquiry)
    return _store_and_tell(locked, answered, AFTER_COMMAND, Actor(label=str(connection)), now)


@transaction.atomic
def tell_seen(*, order: PartnerOrder, now: datetime) -> PartnerOrder:
    """Let the buyer know that a person has opened his order; once."""
    if order.document.get("seen_at"):
        return order
    locked, document = _locked(order)
    inquiry = _inquiry_of(locked)
    if document.seen_at or inquiry.seen_at is None or locked.connection.closed_at:
        return locked
    read = documents.seen(document, at=inquiry.seen_at, now=now)
    return _store_and_tell(locked, read, SEEN, None, now)


def incoming_order(*, user: User, order_id: UUID) -> PartnerOrder | None:
    """The order that a mail's link names, if it came to one of the user's companies."""
    for membership in user.memberships.select_related("tenant").order_by("pk"):
        orders = membership.tenant.partner_orders.filter(order_id=order_id, direction=Direction.INCOMING)
        order = orders.select_related("tenant").order_by("pk").last()
        if order:
            return order
    return None


def _same(known: PartnerOrder, request: OrderRequest) -> PartnerOrder:
    if known.direction != Direction.INCOMING or parse_order_request(known.document) != request:
        raise OrderExists
    return known


def _articles(connection: PartnerConnection, request: OrderRequest) -> dict[str, Article]:
    """Our released article of each line, by its id on the wire; in one statement."""
    found = released_named(connection, (line.article for line in request.lines)).select_related("factor_scale")
    articles = {str(article.pk): article for article in found}
    missing = [at for at, line in enumerate(request.lines) if line.article not in articles]
    if missing:
        raise FieldErrors(tuple(FieldError(f"/lines/{at}/article", "not-released") for at in missing[:100]))
    return articles


def _inquiry(connection: PartnerConnection, request: OrderRequest, articles: Mapping[str, Article]) -> Inquiry:
    _check_terms(connection, request)
    lines = [
        InquiryLineData(
            wire_id=line.id,
            article=articles[line.article],
            quantity=line.quantity,
            expected_net=line.expected_net,
            customer_article_number=line.buyer_article.number if line.buyer_article else "",
            customer_article_name=line.buyer_article.name if line.buyer_article else "",
        )
        for line in request.lines
    ]
    return inquiries.receive_inquiry(
        tenant=connection.tenant,
        customer=connection.contact,
        lines=lines,
        planning_period=request.planning_period.period,
        usage_period=request.usage_period.period,
        zone=ZoneInfo(request.usage_period.zone),
        currency=request.currency,
        customer_reference=request.buyer_reference,
        customer_details=documents.as_object(to_wire(request.buyer)),
        logistics=documents.as_object(to_wire(request.logistics) or {}),
        remark=request.remark,
    )


def _check_terms(connection: PartnerConnection, request: OrderRequest) -> None:
    planning, usage = request.planning_period.period, request.usage_period.period
    errors = []
    if request.currency != connection.tenant.currency:
        errors.append(FieldError("/currency", "currency"))
    if usage.start < planning.start or usage.end > planning.end:
        errors.append(FieldError("/usage_period", "period"))
    if not is_askable(planning):
        errors.append(FieldError("/planning_period", "range"))
    if errors:
        raise FieldErrors(tuple(errors))


def _locked(order: PartnerOrder) -> tuple[PartnerOrder, OrderDocument]:
    """The order and its document under lock, the connection first: the same order in which requests lock them."""
    rows = order.tenant.partner_orders.select_related("connection__tenant", "connection__contact", "inquiry", "tenant")
    order.connection.locked()
    locked = rows.select_for_update(of=("self",)).get(pk=order.pk)
    return locked, parse_order(locked.document)


def _advanced(
    document: OrderDocument,
    event: Event,
    by: Party,
    now: datetime,
    reason: str = "",
    current: Mapping[str, Any] | None = None,
) -> OrderDocument:
    try:
        return documents.advanced(document, event=event, by=by, now=now, reason=reason)
    except WrongState as wrong:
        raise NotInThisState(current=current) from wrong


def _store_and_tell(
    order: PartnerOrder, document: OrderDocument, event: str, actor: Actor | None, now: datetime
) -> PartnerOrder:
    order.version, order.state, order.updated_at = document.version, document.state, now
    order.document = documents.written(document, over=order.document)
    order.save(update_fields=["version", "state", "updated_at", "document"])
    if actor:
        record(tenant=order.tenant, actor=actor, action=f"partner.order_{document.state}", target=_inquiry_of(order))
    enqueue_delivery(
        connection=order.connection,
        kind=DeliveryKind.EVENT,
        path="/order-events",
        body=documents.event_body(str(event), order.document),
        order=order,
    )
    return order


def _inquiry_of(order: PartnerOrder) -> Inquiry:
    if order.inquiry is None:
        raise TypeError("an incoming order has an inquiry")
    return order.inquiry
