"""How far each order of a job has come, for the job page: a timeline per order (mission O5)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from eventworx.contacts.models import Contact
from jobs.models import Job, SubRentalOrder
from jobs.states import OrderState
from partners import outbox
from partners.client import sentence
from partners.guard_rails import Objection
from partners.models import Delivery, DeliveryState, PartnerConnection, PartnerOrder
from partners.orders.differences import other_terms, other_total
from partners.orders.documents import kept, recomputed_net
from partners.orders.news import objection_words, state_words, what_now
from partners.outbox import DeliveryKind
from partners.protocol.order_states import State
from partners.protocol.wire import OrderDocument


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or the one that we wait for (`at` is None or when it is tried next)."""

    words: str
    at: datetime | None = None
    tone: str = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProgress:
    """An order as the job page shows it. `notes` are sentences that need a person's eye."""

    order: SubRentalOrder
    partner_order: PartnerOrder | None
    line_count: int
    state: str
    steps: list[Step]
    notes: list[str]
    can_withdraw: bool
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Orderable:
    """Positions that could be sent to a partner now."""

    connection: PartnerConnection
    count: int
    net: Decimal


def progress_of(job: Job) -> list[OrderProgress]:
    """Every order of the job with its timeline, the newest first; in a fixed number of queries."""
    deliveries = Prefetch("partner_order__deliveries", job.tenant.deliveries.order_by("pk"))
    related = "supplier", "tenant", "partner_order__connection__contact"
    orders = job.sub_rental_orders.select_related(*related).annotate(line_count=Count("lines"))
    return [_progress(order, job) for order in orders.prefetch_related(deliveries, "lines").newest_first()]


def orderable(job: Job) -> list[Orderable]:
    """What is not ordered yet, per supplier whose connection takes orders now."""
    connections = job.tenant.partner_connections.lending_to_us().select_related("contact").by_name()
    waiting = job.positions.not_ordered().select_related("tenant").in_order()
    by_supplier: dict[int | None, list[Decimal]] = {}
    for position in waiting:
        by_supplier.setdefault(position.supplier_id, []).append(position.cost)
    found = [(connection, by_supplier.get(connection.contact_id, [])) for connection in connections]
    return [
        Orderable(connection=connection, count=len(costs), net=sum(costs, Decimal(0)))
        for connection, costs in found
        if costs
    ]


def answer_steps(order: PartnerOrder) -> list[Step]:
    """How far our answer to a partner's order has come; empty while there is none."""
    last = order.deliveries.filter(kind=DeliveryKind.EVENT).order_by("-pk").first()
    answered = order.inquiry.answered_at if order.inquiry else None
    if answered and order.state != order.document["state"]:
        return [Step(_("closed here after the end of the connection, unknown to the customer"), answered)]
    if last is None or answered is None:
        return []
    how = _("confirmed automatically") if order.is_automatic else _("answered")
    return [Step(how, answered), *delivery_steps(last, order.connection.contact)]


def why_not_automatic(order: PartnerOrder) -> list[str]:
    """What kept a machine from confirming a partner's order on arrival, in words."""
    currency = order.document["currency"]
    return [objection_words(Objection.from_json(written), currency) for written in order.objections]


def fingerprint(orders: Iterable[OrderProgress]) -> str:
    """Changes whenever the state of an order does."""
    states = ",".join(f"{shown.order.pk}:{shown.order.state}" for shown in orders)
    return hashlib.sha256(states.encode()).hexdigest()[:16]


def delivery_steps(delivery: Delivery, partner: Contact) -> list[Step]:
    """Queued, attempts with the last problem, and what became of it."""
    name = str(partner)
    if delivery.state == DeliveryState.DELIVERED:
        return [Step(_("delivered"), delivery.delivered_at, "good")]
    if delivery.state == DeliveryState.FAILED:
        return [Step(_("not delivered: %(why)s") % {"why": _why(delivery.last_problem, name)}, None, "bad")]
    if delivery.state == DeliveryState.PARKED:
        return [Step(_("on hold: %(why)s") % {"why": _why(delivery.last_problem, name)}, None, "warn")]
    if not delivery.attempts or not delivery.last_problem:
        return [Step(_("in the queue"), None, "info")]
    tried = ngettext("%(n)s attempt: %(why)s", "%(n)s attempts: %(why)s", delivery.attempts)
    why = _why(delivery.last_problem, name)
    return [
        Step(tried % {"n": delivery.attempts, "why": why}, None, "warn"),
        Step(_("next attempt"), delivery.next_attempt_at),
    ]


def _progress(order: SubRentalOrder, job: Job) -> OrderProgress:
    partner_order: PartnerOrder | None = getattr(order, "partner_order", None)
    document = kept(partner_order) if partner_order else None
    deliveries = list(partner_order.deliveries.all()) if partner_order else []
    is_withdrawing = any(_is_waiting(delivery, DeliveryKind.COMMAND) for delivery in deliveries)
    is_requested = order.state == OrderState.REQUESTED
    is_alive = partner_order is not None and partner_order.connection.closed_at is None
    return OrderProgress(
        order=order,
        partner_order=partner_order,
        line_count=order.line_count,  # type: ignore[attr-defined]
        state=_state(order, document),
        steps=list(_steps(order, document, deliveries)),
        notes=list(_notes(order, job, document, is_alive=is_alive or partner_order is None)),
        can_withdraw=is_requested and partner_order is not None and not is_withdrawing,
        is_open=is_alive and (is_requested or any(_is_waiting(delivery) for delivery in deliveries)),
    )


def _steps(order: SubRentalOrder, document: OrderDocument | None, deliveries: list[Delivery]) -> Iterable[Step]:
    yield Step(_("sent off"), order.created_at)
    for delivery in deliveries:
        if delivery.kind == DeliveryKind.COMMAND and delivery.last_problem != outbox.SUPERSEDED:
            yield Step(_("withdrawal sent off"), delivery.created_at)
        if delivery.last_problem != outbox.SUPERSEDED:
            yield from delivery_steps(delivery, order.supplier)
        if delivery.kind == DeliveryKind.ORDER and document and document.seen_at:
            yield Step(_("read"), document.seen_at, "good")
    if order.answered_at:
        ends = {OrderState.WITHDRAWN: _("withdrawn"), OrderState.EXPIRED: _("expired")}
        yield Step(ends.get(OrderState(order.state), _("answered")), order.answered_at, "good")
    if order.state == OrderState.CANCELLED and document:
        yield Step(_("cancelled by the supplier"), document.updated_at, "bad")


def _notes(order: SubRentalOrder, job: Job, document: OrderDocument | None, *, is_alive: bool) -> Iterable[str]:
    theirs = order.planning_start, order.planning_end, order.usage_start, order.usage_end
    ours = job.planning_start, job.planning_end, job.usage_start, job.usage_end
    if theirs != ours and order.state in {OrderState.REQUESTED, OrderState.CONFIRMED}:
        yield _("The job has moved: %(supplier)s still has the old period. Please agree on the new one.") % {
            "supplier": order.supplier
        }
    other = other_total(order, document) if document else ""
    if other:
        yield other
    elif document and recomputed_net(document) not in {document.net, None}:
        yield _("The total of %(supplier)s is not the sum of the lines: please ask.") % {"supplier": order.supplier}
    yield from other_terms(order, document) if document else ()
    if document and document.state in {State.PROPOSED, State.CHANGE_PROPOSED}:
        yield from filter(None, [document.reason, what_now(document.state)])
    if not is_alive:
        yield _("Connection ended")
        if order.state == OrderState.REQUESTED:
            yield _("No answer comes any more. Please call there.")
    if order.reason:
        yield order.reason


def _state(order: SubRentalOrder, document: OrderDocument | None) -> str:
    """The state in words; one that we do not know is shown as it came."""
    if document and document.state not in set(OrderState):
        return state_words(document.state)
    return order.get_state_display()


def _is_waiting(delivery: Delivery, kind: DeliveryKind | None = None) -> bool:
    return delivery.state in {DeliveryState.QUEUED, DeliveryState.PARKED} and kind in {None, delivery.kind}


def _why(problem: str, partner: str) -> str:
    ours = {
        outbox.PAUSED_HERE: _("We have paused the connection."),
        outbox.CLOSED: _("The connection was ended."),
        outbox.TOO_LATE: _("Its period has begun in the meantime. Please call there."),
        outbox.GIVEN_UP: _("It was tried for a week in vain. Please call there."),
    }
    return ours.get(problem) or sentence(problem, partner)
