"""What becomes of our deliveries about orders; each is called in the transaction of the outcome (mission O1, O6)."""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from jobs.models import Inquiry, SubRentalOrder
from jobs.states import OrderState
from partners.client import Answer, PartnerRefused, PartnerUnreachable, last_words
from partners.models import Delivery, PartnerOrder
from partners.orders import news
from partners.orders.sending import CannotFollow, end_unsent, end_withdrawn, lock_order, take_over
from partners.outbox import CLOSED, DeliveryHandlers, DeliveryKind
from partners.protocol.order_states import is_over
from partners.protocol.wire import FieldErrors, Json, Problem, ProblemCode, parse_order

logger = logging.getLogger(__name__)


def order_delivered(delivery: Delivery, answer: Answer, now: datetime) -> None:
    """He has it: his document becomes our copy, and the mail goes unless it went before."""
    order = _order(delivery)
    _take_over_answer(order, answer.document, now)
    _mail_once(order, now)


def order_unreachable(delivery: Delivery, _problem: PartnerUnreachable, now: datetime) -> None:
    """The mail goes anyway, the message follows when he is back."""
    _mail_once(_order(delivery), now)


def order_refused(delivery: Delivery, refused: PartnerRefused, now: datetime) -> None:
    """Refused for good: no mail; the order ends, and the user reads why."""
    order = _order(delivery)
    ordered = _ordered(order)
    with translation.override(order.tenant.language):
        reason = _refusal(ordered, refused)
    end_unsent(order, OrderState.DECLINED, reason, now)
    news.tell_refused(ordered, reason, mailed=order.mailed_at is not None)


def order_given_up(delivery: Delivery, last_problem: str, _now: datetime) -> None:
    order = _order(delivery)
    has_mail = delivery.kind == DeliveryKind.ORDER and order.mailed_at is not None
    news.tell_given_up(_ordered(order), partial(_why_given_up, delivery, last_problem), mailed=has_mail)


def order_late(delivery: Delivery) -> None:
    if delivery.order is None:
        raise TypeError("a delivery about an order names it")
    news.tell_late(_ordered(delivery.order))


def command_delivered(delivery: Delivery, answer: Answer, now: datetime) -> None:
    _take_over_answer(_order(delivery), answer.document, now)


def command_refused(delivery: Delivery, refused: PartnerRefused, now: datetime) -> None:
    """He answered before, or never had the order; what he has now is in his refusal."""
    order = _order(delivery)
    if refused.problem.code == ProblemCode.NOT_FOUND:
        end_withdrawn(order, str(delivery.body.get("reason") or ""), now)
        return
    if refused.problem.current is not None:
        _take_over_answer(order, refused.problem.current, now)
    with translation.override(order.tenant.language):
        news.tell_withdrawal_refused(_ordered(order), str(refused))


def event_refused(delivery: Delivery, refused: PartnerRefused, _now: datetime) -> None:
    inquiry = _inquiry(delivery)
    with translation.override(inquiry.tenant.language):
        news.tell_answer_undelivered(inquiry, str(refused))


def event_given_up(delivery: Delivery, last_problem: str, _now: datetime) -> None:
    news.tell_answer_undelivered(_inquiry(delivery), partial(_why_given_up, delivery, last_problem))


ORDER_HANDLERS: Mapping[str, DeliveryHandlers] = {
    DeliveryKind.ORDER: DeliveryHandlers(
        delivered=order_delivered,
        unreachable=order_unreachable,
        refused=order_refused,
        given_up=order_given_up,
        late=order_late,
    ),
    DeliveryKind.COMMAND: DeliveryHandlers(
        delivered=command_delivered, refused=command_refused, given_up=order_given_up
    ),
    DeliveryKind.EVENT: DeliveryHandlers(refused=event_refused, given_up=event_given_up),
}


def _order(delivery: Delivery) -> PartnerOrder:
    if delivery.order is None:
        raise TypeError("a delivery about an order names it")
    return lock_order(delivery.order)


def _ordered(order: PartnerOrder) -> SubRentalOrder:
    if order.sub_rental_order is None:
        raise TypeError("an outgoing order has its sub-rental order")
    return order.sub_rental_order


def _take_over_answer(order: PartnerOrder, raw: Json, now: datetime) -> None:
    """His document if it is one. What cannot be read changes nothing: his next event carries the whole again. Nor does
    what cannot follow what he has said before: else the delivery would be tried anew, in vain, for a week."""
    try:
        document = parse_order(raw)
        with transaction.atomic():
            take_over(order, document, raw if isinstance(raw, dict) else {}, now)
    except (FieldErrors, CannotFollow) as error:
        logger.warning("order %s: the partner's document is not taken over (%s)", order.order_id, error)


def _mail_once(order: PartnerOrder, now: datetime) -> None:
    """What is over already, as somebody else heard of it first, is not asked for by mail."""
    if order.mailed_at is None and not is_over(order.state) and news.mail_to_supplier(order):
        order.mailed_at = now
        order.save(update_fields=["mailed_at"])


def _why_given_up(delivery: Delivery, last_problem: str) -> str:
    if delivery.last_problem == CLOSED:
        return _("The connection ended before it was delivered. Please call there.")
    given_up = _("It could not be delivered in time. Please call there.")
    return f"{given_up} {last_words(delivery.connection, last_problem)}".strip()


def _refusal(ordered: SubRentalOrder, refused: PartnerRefused) -> str:
    """Why, in the user's words: the articles that are not offered any more by name."""
    names = _unreleased(ordered, refused.problem)
    if names:
        return _("%(supplier)s does not offer this any more: %(articles)s. Please choose another article.") % {
            "supplier": ordered.supplier,
            "articles": ", ".join(names),
        }
    if refused.reason == ProblemCode.TOO_LARGE:
        return " ".join([str(refused), _("Please send it again: it is split into smaller orders then.")])
    return str(refused)


def _unreleased(ordered: SubRentalOrder, problem: Problem) -> list[str]:
    """Names of the lines that the problem points to as not released."""
    lines = list(ordered.lines.order_by("pk"))
    places = [error.pointer.split("/") for error in problem.errors if error.code == "not-released"]
    at = {int(place[2]) for place in places if len(place) == 4 and place[1] == "lines" and place[2].isdecimal()}
    return [line.name for number, line in enumerate(lines) if number in at]


def _inquiry(delivery: Delivery) -> Inquiry:
    if delivery.order is None or delivery.order.inquiry is None:
        raise TypeError("an event is about an incoming order")
    return delivery.order.inquiry
