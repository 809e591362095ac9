"""The buyer's end: our orders, and what the supplier says about them (protocol §4, §7)."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.tenants.models import User
from jobs import sub_rentals
from jobs.models import Job, SubRentalOrder, SubRentalOrderLine
from jobs.states import OrderState
from partners.access import PeriodTooLong, is_askable
from partners.models import Delivery, DeliveryState, Direction, PartnerConnection, PartnerOrder
from partners.orders import documents, news
from partners.outbox import DEADLINE_SECONDS, SUPERSEDED, DeliveryKind, enqueue_delivery
from partners.protocol.order_states import Event, Party, State, WrongState, can_follow, next_state
from partners.protocol.signing import LIFETIME, SKEW
from partners.protocol.wire import (
    MAX_LINES,
    FieldError,
    FieldErrors,
    OrderDocument,
    OrderEvent,
    ProblemCode,
    new_order_id,
)

# How long a request may still be taken that was sent and not answered.
MAY_STILL_ARRIVE = timedelta(seconds=LIFETIME + SKEW + DEADLINE_SECONDS)


class NoConnectionToOrder(BusinessError):
    code = "no-connection"
    status = 409
    message = _("There is no active connection to %(supplier)s: orders cannot be sent there now.")


class ToBePickedAnew(BusinessError):
    code = "pick-anew"
    status = 409
    message = _(
        "%(supplier)s is connected from another company than when these were picked, and calls its articles otherwise: "
        "%(positions)s. Please remove them and pick them there anew."
    )


class CannotWithdraw(BusinessError):
    code = "cannot-withdraw"
    status = 409
    message = _("The order %(order)s is %(state)s: it cannot be withdrawn any more.")


class WithdrawalIsUnderway(BusinessError):
    code = "withdrawal-underway"
    status = 409
    message = _("The withdrawal of %(order)s is on its way already.")


class CannotFollow(BusinessError):
    code = "state"
    status = 409
    message = _("An order that is %(before)s cannot be %(after)s after that.")


@transaction.atomic
def send_order(
    *,
    connection: PartnerConnection,
    job: Job,
    actor: Actor,
    now: datetime,
    remark: str = "",
    logistics: Mapping[str, Any] | None = None,
) -> PartnerOrder:
    """Order what is not ordered yet from this supplier, as much as one order can hold, by count and by size; the worker
    delivers it, the click ends here (mission O1): until its period starts, or what a person orders after that until it
    ends (protocol §6).

    What was too large for the supplier goes in halves, whenever it is sent again.

    Raises NothingToOrder (also for the second of two clicks), NoConnectionToOrder, PeriodTooLong, ToBePickedAnew.
    """
    if not is_askable(job.planning_period):
        raise PeriodTooLong
    locked = connection.locked()
    if locked.closed_at or locked.paused_at or locked.connected_at is None:
        raise NoConnectionToOrder(supplier=locked.contact)
    person = actor.user if isinstance(actor.user, User) else None
    asking = partial(documents.order_request, order_id=new_order_id(now, os.urandom), person=person)

    def room(order: SubRentalOrder, lines: Sequence[SubRentalOrderLine]) -> int:
        return min(documents.lines_that_fit(asking(order=order, lines=lines), lines), _most_taken(locked, job))

    ordered = sub_rentals.create_order(
        job=job, supplier=locked.contact, created_by=person, remark=remark, logistics=logistics, room=room
    )
    if unknown := ordered.lines.filter(supplier_article_id="").order_by("pk").values_list("name", flat=True):
        raise ToBePickedAnew(supplier=locked.contact, positions=", ".join(unknown))
    request = asking(order=ordered, lines=ordered.lines.select_related("position__article").order_by("pk"))
    body = documents.request_body(request)
    order = locked.orders.create(
        tenant=locked.tenant,
        direction=Direction.OUTGOING,
        order_id=request.id,
        state=next_state(None, Event.CREATE, Party.BUYER),
        document=body,
        sub_rental_order=ordered,
        created_at=now,
        updated_at=now,
    )
    enqueue_delivery(
        connection=locked,
        kind=DeliveryKind.ORDER,
        path="/orders",
        body=body,
        order=order,
        not_after=ordered.planning_start if now < ordered.planning_start else ordered.planning_end,
    )
    record(tenant=locked.tenant, actor=actor, action="partner.order_sent", target=ordered, lines=len(request.lines))
    return order


def _most_taken(connection: PartnerConnection, job: Job) -> int:
    """How many lines of an order to try: half of those that were too many the last time. How long the texts are that
    his server adds to them, it alone knows."""
    failed = connection.deliveries.filter(state=DeliveryState.FAILED, kind=DeliveryKind.ORDER)
    refused = failed.filter(last_problem=ProblemCode.TOO_LARGE, order__sub_rental_order__job=job)
    last = refused.newest_first().first()
    return max(len(last.body["lines"]) // 2, 1) if last else MAX_LINES


@transaction.atomic
def withdraw_order(*, order: PartnerOrder, actor: Actor, now: datetime, reason: str = "") -> PartnerOrder:
    """Take an order back before the supplier answers; it is not sent any more. What never left the house ends here and
    now, and so does what hangs on a connection that is over: nobody can answer it any more.

    What was tried in vain may have arrived all the same. The supplier is asked to end it once no try can arrive any
    more; that he does not know it ends it, too. Raises CannotWithdraw, WithdrawalIsUnderway.
    """
    locked = lock_order(order)
    ordered = locked.sub_rental_order
    _require_withdrawable(locked)
    record(tenant=locked.tenant, actor=actor, action="partner.order_withdrawn", target=ordered or locked)
    sending = locked.deliveries.unfinished().filter(kind=DeliveryKind.ORDER).select_for_update().first()
    if sending:
        sending.state, sending.last_problem = DeliveryState.FAILED, SUPERSEDED
        sending.save(update_fields=["state", "last_problem"])
    if locked.connection.closed_at or (sending and not sending.attempts):
        end_withdrawn(locked, reason, now)
        return locked
    not_before = now + MAY_STILL_ARRIVE if sending else now
    enqueue_delivery(
        connection=locked.connection,
        kind=DeliveryKind.COMMAND,
        path=f"/orders/{locked.order_id}/commands",
        body={"command": Event.WITHDRAW.value, "expected_version": max(locked.version, 1), "reason": reason or None},
        order=locked,
        not_before=not_before,
        not_after=_machines_may_until(ordered, not_before),
    )
    return locked


def _machines_may_until(ordered: SubRentalOrder | None, now: datetime) -> datetime | None:
    """After the start of the period only a person sends something out, and this one just did (protocol §6)."""
    return ordered.planning_start if ordered and ordered.planning_start > now else None


@transaction.atomic
def receive_event(*, connection: PartnerConnection, event: OrderEvent, raw: Mapping[str, Any], now: datetime) -> bool:
    """Take over the supplier's document if it is newer than ours; whether it was. `connection` is locked.

    Raises Http404 for an order that is not ours, FieldErrors where id, currency or lines are not those we sent,
    CannotFollow where no way of protocol §7 leads to its state.
    """
    order = connection.orders.filter(order_id=event.order.id, direction=Direction.OUTGOING).first()
    if order is None:
        raise Http404
    return take_over(lock_order(order), event.order, raw, now)


def take_over(order: PartnerOrder, document: OrderDocument, raw: Mapping[str, Any], now: datetime) -> bool:
    """Store a newer document of a locked order, and write down and tell what it says about our order."""
    _check_same_order(order, document)
    if document.version <= order.version:
        return False
    before, known = order.state, documents.kept(order)
    if document.state in set(State) and not _can_follow(order, known, document):
        raise CannotFollow(before=before, after=document.state, current=order.document if known else None)
    order.version, order.document, order.updated_at = document.version, dict(raw), now
    order.state = document.state if document.state in set(State) else order.state
    order.save(update_fields=["version", "document", "updated_at", "state"])
    if document.state != before:
        _write_down(order, document, now)
    elif document.state == OrderState.REQUESTED and (known is None or _asked(known) != _asked(document)):
        news.tell_answer(order, document)
    return True


def _can_follow(order: PartnerOrder, known: OrderDocument | None, document: OrderDocument) -> bool:
    """Nobody but we gives our commands. Where a state that we do not know may lead to, nobody here can count."""
    steps = document.version - order.version if known is None or known.state in set(State) else len(State)
    commands = order.deliveries.filter(kind=DeliveryKind.COMMAND).values_list("body__command", flat=True)
    return can_follow(order.state, document.state, steps=steps, commanded=set(commands))


def _asked(document: OrderDocument) -> tuple[object, ...]:
    """All that its prices follow from."""
    return document.net, document.lines


def end_withdrawn(order: PartnerOrder, reason: str, now: datetime) -> None:
    """Withdrawn without the supplier's server: where he has the order, or its mail, a person has to tell him."""
    end_unsent(order, OrderState.WITHDRAWN, reason, now)
    if order.sub_rental_order and (order.mailed_at or order.version):
        news.tell_withdrawn_unheard(order.sub_rental_order, delivered=bool(order.version))


def end_unsent(order: PartnerOrder, state: OrderState, reason: str, now: datetime) -> None:
    """The supplier does not have it and will not: our order ends, its positions can be ordered again, and what else
    was to be said about it has lost its sense.
    """
    if order.sub_rental_order is None:
        raise TypeError("an outgoing order has its sub-rental order")
    order.state, order.updated_at = state.value, now
    order.save(update_fields=["state", "updated_at"])
    sub_rentals.record_answer(order=order.sub_rental_order, state=state, at=now, reason=reason)
    order.deliveries.unfinished().update(state=DeliveryState.FAILED, last_problem=SUPERSEDED)


def lock_order(order: PartnerOrder) -> PartnerOrder:
    """The order under lock, the connection first, as the worker and the partner's requests lock them."""
    order.connection.locked()
    related = "connection__tenant", "connection__contact", "tenant", "sub_rental_order__job"
    rows = order.tenant.partner_orders.select_related(*related).select_for_update(of=("self",))
    return rows.get(pk=order.pk)


def _require_withdrawable(order: PartnerOrder) -> None:
    number = order.sub_rental_order
    try:
        next_state(order.state, Event.WITHDRAW, Party.BUYER)
    except WrongState as wrong:
        state = number.get_state_display() if number else order.state
        raise CannotWithdraw(order=number, state=state) from wrong
    if waiting_withdrawal(order):
        raise WithdrawalIsUnderway(order=number)


def waiting_withdrawal(order: PartnerOrder) -> Delivery | None:
    """The withdrawal that is on its way, if there is one."""
    return order.deliveries.unfinished().filter(kind=DeliveryKind.COMMAND).first()


def _check_same_order(order: PartnerOrder, document: OrderDocument) -> None:
    """Protocol §4: id, currency and lines are those of our copy."""
    errors = []
    if document.id != order.order_id:
        errors.append(FieldError("/order/id", "changed"))
    if document.currency != order.document["currency"]:
        errors.append(FieldError("/order/currency", "changed"))
    if {str(line.id) for line in document.lines} != {line["id"] for line in order.document["lines"]}:
        errors.append(FieldError("/order/lines", "changed"))
    if errors:
        raise FieldErrors(tuple(errors))


def _write_down(order: PartnerOrder, document: OrderDocument, now: datetime) -> None:
    """What the document says about our own record; a state we do not know is shown, never acted on."""
    ordered = order.sub_rental_order
    if ordered is None:
        raise TypeError("an outgoing order has its sub-rental order")
    if document.state in set(OrderState):
        state = OrderState(document.state)
        sub_rentals.record_answer(
            order=ordered,
            state=state,
            at=now,
            reason=document.reason,
            supplier_reference=document.supplier_reference,
        )
    news.tell_answer(order, document)
