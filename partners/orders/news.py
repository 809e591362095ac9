"""What people read about an order: inbox messages and mails on both sides (mission O1, O5)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from eventworx.messaging.inbox import Words, notify
from eventworx.messaging.mail import Attachment, queue_mail
from eventworx.tenants.models import User
from eventworx.tenants.roles import Permission
from eventworx.web.templatetags.ewx import money
from jobs import documents as papers
from jobs.models import Inquiry, SubRentalOrder
from jobs.states import OrderState
from partners.guard_rails import Hindrance, Objection
from partners.models import PartnerOrder
from partners.orders.differences import other_terms, other_total
from partners.protocol.order_states import State
from partners.protocol.wire import OrderDocument, dumps

MAIL_TO_SUPPLIER = "partner_order"
MAIL_OF_ANSWER = "partner_order_answer"


def mail_to_supplier(order: PartnerOrder) -> bool:
    """The order by mail, with PDF and data, and a link to the request on his own server; False without address. Whose
    server has confirmed it on arrival is not asked to answer it.
    """
    ordered, contact = order.sub_rental_order, order.connection.contact
    if ordered is None or not contact.email:
        return False
    attachments = (
        Attachment(f"{ordered.number}.pdf", "application/pdf", papers.sub_rental_order_pdf(order=ordered)),
        Attachment(f"{ordered.number}.json", "application/json", dumps(order.document)),
    )
    queue_mail(
        tenant=order.tenant,
        to=contact.email,
        topic=MAIL_TO_SUPPLIER,
        template=MAIL_TO_SUPPLIER,
        context={
            "order": ordered,
            "lines": list(ordered.lines.order_by("pk")),
            "link": f"{order.connection.peer_origin}/partner/orders/{order.order_id}",
            "is_confirmed": order.state == OrderState.CONFIRMED,
        },
        language=contact.language,
        contact=contact,
        created_by=ordered.created_by,
        attachments=attachments,
    )
    return True


def tell_answer(order: PartnerOrder, document: OrderDocument) -> None:
    """Our sales staff read it in the inbox, whoever ordered (and still may) also by mail, each in his language.

    While there is no answer yet: that the supplier asks other prices than were seen, as long as it can be withdrawn.
    """
    ordered = order.sub_rental_order
    if ordered is None or (document.state == OrderState.REQUESTED and not other_total(ordered, document)):
        return
    supplier = order.connection.contact
    _to_sales(
        ordered,
        subject=lambda: (
            _("%(order)s at %(supplier)s: %(state)s")
            % {"order": ordered.number, "supplier": supplier, "state": _how_it_stands(document)}
        ),
        body=lambda: "\n".join(filter(None, [document.reason, _what_is_other(ordered, document)])),
    )
    for person in _to_be_mailed(ordered, document):
        _mail_answer(order, ordered, document, person)


def _to_be_mailed(ordered: SubRentalOrder, document: OrderDocument) -> list[User]:
    """Whoever ordered; where a supplier takes back what he has promised all of our sales (protocol §7: loud alarm)."""
    sales = ordered.tenant.memberships.who_may(Permission.EDIT_JOBS).select_related("user").order_by("pk")
    if document.state != OrderState.CANCELLED:
        sales = sales.filter(user=ordered.created_by)
    return [membership.user for membership in sales]


def _how_it_stands(document: OrderDocument) -> str:
    if document.state == OrderState.REQUESTED:
        return _("requested, and at other prices")
    if document.state == OrderState.CANCELLED:
        return _("cancelled by the supplier")
    return state_words(document.state)


_WHAT_NOW: Mapping[str, Promise] = {
    OrderState.CANCELLED: gettext_lazy("What was promised is not coming: please cover it elsewhere, now."),
    State.PROPOSED: gettext_lazy(
        "Proposals cannot be accepted here: please call there, withdraw the order and order anew what you agree on."
    ),
    State.CHANGE_PROPOSED: gettext_lazy("What is confirmed stands until you agree otherwise: please call there."),
    OrderState.EXPIRED: gettext_lazy("It was not answered in time. Its positions can be ordered again."),
}


def what_now(state: str) -> str:
    """What a person has to do about an order that came to this state; else nothing."""
    return str(_WHAT_NOW.get(state, ""))


def _what_is_other(ordered: SubRentalOrder, document: OrderDocument) -> str:
    """What is other than was seen, and what can still be done about it; else nothing."""
    if now := what_now(document.state):
        return now
    other, is_open = other_total(ordered, document), document.state == OrderState.REQUESTED
    way_out = _("Until it is answered the order can be withdrawn.")
    if other and is_open:
        return f"{other} {way_out}"
    return "\n".join(filter(None, [other, *other_terms(ordered, document)]))


def tell_refused(ordered: SubRentalOrder, reason: str, *, mailed: bool) -> None:
    """The partner's server did not take the order; `mailed`: the mail had gone before."""
    _to_sales(
        ordered,
        subject=lambda: (
            _("%(order)s was not accepted by %(supplier)s") % {"order": ordered.number, "supplier": ordered.supplier}
        ),
        body=lambda: " ".join([reason, _("The mail had gone out before: please call there.")] if mailed else [reason]),
    )


def tell_withdrawal_refused(ordered: SubRentalOrder, reason: str) -> None:
    _to_sales(
        ordered,
        subject=lambda: _("%(order)s could not be withdrawn") % {"order": ordered.number},
        body=reason,
    )


def tell_withdrawn_unheard(ordered: SubRentalOrder, *, delivered: bool) -> None:
    """It is withdrawn, and the partner has it all the same: `delivered`, or by its mail alone."""
    _to_sales(
        ordered,
        subject=lambda: (
            _("%(order)s is withdrawn, and %(supplier)s does not know")
            % {"order": ordered.number, "supplier": ordered.supplier}
        ),
        body=lambda: (
            _("It had been delivered: please call there.")
            if delivered
            else _("The mail had gone out before: please call there.")
        ),
    )


def tell_late(ordered: SubRentalOrder) -> None:
    """It does not get through, and we keep trying (protocol §6)."""
    _to_sales(
        ordered,
        subject=lambda: (
            _("%(order)s has not reached the server of %(supplier)s yet")
            % {"order": ordered.number, "supplier": ordered.supplier}
        ),
        body=lambda: _("We keep trying. Please call there if it is urgent."),
    )


def tell_given_up(ordered: SubRentalOrder, reason: Callable[[], str], *, mailed: bool) -> None:
    """A person has to take over (mission O6); `mailed`: the mail had gone before."""
    _to_sales(
        ordered,
        subject=lambda: (
            _("%(order)s could not be delivered to %(supplier)s")
            % {"order": ordered.number, "supplier": ordered.supplier}
        ),
        body=lambda: " ".join([reason(), _("They have the order by mail alone.")] if mailed else [reason()]),
    )


def tell_inquiry(inquiry: Inquiry, objections: Sequence[Objection] = ()) -> None:
    """There is something to answer; on level 3 with what kept a machine from confirming it."""
    customer = inquiry.customer
    _to_suppliers_sales(
        inquiry,
        subject=lambda: (
            _("Partner inquiry %(number)s from %(customer)s") % {"number": inquiry.number, "customer": customer}
        ),
        body=lambda: "\n".join([_please_answer(inquiry), *_why_not_at_once(inquiry, objections)]),
    )


def _please_answer(inquiry: Inquiry) -> str:
    return _("%(customer)s would like to order from you. Please confirm or decline.") % {"customer": inquiry.customer}


def _why_not_at_once(inquiry: Inquiry, objections: Sequence[Objection]) -> Iterator[str]:
    if objections:
        yield _("Not confirmed automatically:")
        yield from (f"– {objection_words(objection, inquiry.currency)}" for objection in objections)


def tell_confirmed_by_itself(inquiry: Inquiry) -> None:
    """A machine has confirmed it on arrival; somebody has to get the goods ready all the same."""
    customer = inquiry.customer
    _to_suppliers_sales(
        inquiry,
        subject=lambda: (
            _("Confirmed automatically: %(number)s from %(customer)s")
            % {"number": inquiry.number, "customer": customer}
        ),
        body=lambda: _("Everything is reserved, the job is made, and %(customer)s knows.") % {"customer": customer},
    )


def tell_inquiry_withdrawn(inquiry: Inquiry) -> None:
    customer = inquiry.customer
    _to_suppliers_sales(
        inquiry,
        subject=lambda: (
            _("%(customer)s has withdrawn the inquiry %(number)s") % {"number": inquiry.number, "customer": customer}
        ),
        body=inquiry.reason,
    )


def tell_answer_undelivered(inquiry: Inquiry, reason: Words) -> None:
    """Our answer does not reach the customer's server: a person has to tell him."""
    _to_suppliers_sales(
        inquiry,
        subject=lambda: (
            _("Our answer to %(number)s does not reach %(customer)s")
            % {"number": inquiry.number, "customer": inquiry.customer}
        ),
        body=reason,
    )


def state_words(state: str) -> str:
    """The state in the user's language; an unknown one as it came."""
    return str(_STATES.get(state, state))


# Beside our own those of the protocol of which only the supplier makes something.
_STATES: Mapping[str, str | Promise] = dict(OrderState.choices) | {
    State.PROPOSED: gettext_lazy("something else proposed"),
    State.CHANGE_PROPOSED: gettext_lazy("change proposed"),
    State.DISPATCHED: gettext_lazy("handed out"),
    State.RETURNED: gettext_lazy("given back"),
    State.CLOSED: gettext_lazy("closed"),
}


def objection_words(objection: Objection, currency: str) -> str:
    """Why a machine did not confirm it, for our own people."""
    figures = dict(objection.figures)
    if objection.why is Hindrance.NET:
        figures = {name: money(Decimal(amount), currency) for name, amount in figures.items()}
    return _OBJECTIONS[objection.why] % figures


_OBJECTIONS: Mapping[Hindrance, Promise] = {
    Hindrance.BRAKE: gettext_lazy("The emergency brake is pulled."),
    Hindrance.UNVERIFIED: gettext_lazy("The safety number has not been compared yet."),
    Hindrance.UNITS: ngettext_lazy(
        "Approval needed: %(asked)s unit, above the limit of %(limit)s.",
        "Approval needed: %(asked)s units, above the limit of %(limit)s.",
        "asked",
    ),
    Hindrance.NET: gettext_lazy("Approval needed: %(asked)s net, above the limit of %(limit)s."),
    Hindrance.UNPRICED: gettext_lazy("Approval needed: %(article)s has no price, so the limit of value says nothing."),
    Hindrance.BEGUN: gettext_lazy("Approval needed: its period has begun already."),
    Hindrance.LEAD: ngettext_lazy(
        "Approval needed: it begins in less than %(limit)s hour.",
        "Approval needed: it begins in less than %(limit)s hours.",
        "limit",
    ),
    Hindrance.HORIZON: ngettext_lazy(
        "Approval needed: it ends more than %(limit)s day ahead.",
        "Approval needed: it ends more than %(limit)s days ahead.",
        "limit",
    ),
    Hindrance.ORDERS: ngettext_lazy(
        "Approval needed: the limit of %(limit)s automatically confirmed order in 24 hours is reached.",
        "Approval needed: the limit of %(limit)s automatically confirmed orders in 24 hours is reached.",
        "limit",
    ),
    Hindrance.SHORT: gettext_lazy("%(article)s: %(asked)s wanted, %(free)s free."),
    Hindrance.KEPT_BACK: gettext_lazy("%(article)s: %(asked)s wanted, %(free)s free, %(kept)s of them kept back."),
}


def _mail_answer(order: PartnerOrder, ordered: SubRentalOrder, document: OrderDocument, person: User) -> None:
    with translation.override(person.language):
        context = {
            "order": ordered,
            "supplier": order.connection.contact,
            "state": _how_it_stands(document),
            "reason": document.reason,
            "other_total": _what_is_other(ordered, document),
            "path": order.tenant.url("jobs:detail", ordered.job_id),
        }
    queue_mail(
        tenant=order.tenant,
        to=person.email,
        topic=MAIL_OF_ANSWER,
        template=MAIL_OF_ANSWER,
        context=context,
        language=person.language,
        contact=order.connection.contact,
    )


def _to_sales(ordered: SubRentalOrder, *, subject: Words, body: Words = "") -> None:
    tenant = ordered.tenant
    link = tenant.url("jobs:detail", ordered.job_id)
    notify(tenant=tenant, permission=Permission.EDIT_JOBS, subject=subject, body=body, link=link)


def _to_suppliers_sales(inquiry: Inquiry, *, subject: Words, body: Words = "") -> None:
    tenant = inquiry.tenant
    link = tenant.url("jobs:inquiry", inquiry.pk)
    notify(tenant=tenant, permission=Permission.EDIT_JOBS, subject=subject, body=body, link=link)
