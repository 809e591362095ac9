"""POST /pairing, both ends (mission P5, protocol §2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eventworx.messaging.inbox import notify
from eventworx.tenants.roles import Permission
from partners import connections, outbox
from partners.client import Answer, PartnerRefused, Reason, last_words
from partners.models import Delivery, PartnerConnection
from partners.outbox import DeliveryHandlers, DeliveryKind
from partners.protocol.wire import ConnectionDocument, FieldError, FieldErrors, PairingRequest, parse_connection

GREETED_FOR = timedelta(hours=1)


def greet(*, connection: PartnerConnection, now: datetime) -> None:
    """POST /pairing, again and again, until the partner has entered our code too or it expires.

    His own code may expire meanwhile: it is entered already. Where ours has expired he may have entered it before, so
    he is asked for a while all the same.
    """
    outbox.enqueue_delivery(
        connection=connection,
        kind=DeliveryKind.PAIRING,
        path="/pairing",
        body={"connection": str(connection.pk), "partner_connection": str(connection.peer_connection_id)},
        not_after=max(connection.code_expires_at or now, now + GREETED_FOR),
    )


def is_greeted(connection: PartnerConnection, now: datetime) -> bool:
    """Whether the partner's code is entered and he is still asked for ours."""
    entered_at, expires_at = connection.peer_key_at, connection.code_expires_at
    return entered_at is not None and now < max(expires_at or entered_at, entered_at + GREETED_FOR)


def receive_pairing(*, connection: PartnerConnection, request: PairingRequest, now: datetime) -> ConnectionDocument:
    """The partner has entered our code and we his: answer who we are. Raises FieldErrors for other ids."""
    expected = {"/connection": connection.peer_connection_id, "/partner_connection": connection.pk}
    said = {"/connection": request.connection, "/partner_connection": request.partner_connection}
    wrong = tuple(FieldError(pointer, "mismatch") for pointer, value in said.items() if value != expected[pointer])
    if wrong:
        raise FieldErrors(wrong)
    return connections.describe_connection(connection=connection, now=now)


def _answered(delivery: Delivery, answer: Answer, now: datetime) -> None:
    connections.note_heard(connection=delivery.connection, now=now)
    try:
        document = parse_connection(answer.document)
    except FieldErrors:  # the signed 200 was what counts
        return
    connections.learn(connection=delivery.connection, document=document, now=now)


def _refused(delivery: Delivery, refused: PartnerRefused, now: datetime) -> None:
    _tell_admins(delivery, refused.__str__)


def _expired(delivery: Delivery, last_problem: str, now: datetime) -> None:
    if not delivery.connection.connected_at:
        _tell_admins(delivery, partial(_why_expired, delivery.connection, last_problem))


def _why_expired(connection: PartnerConnection, last_problem: str) -> str:
    """The partner did not enter our code, or his server could not be asked: the last try says which."""
    if last_problem in {"", Reason.NOT_ENTERED_THERE}:
        return gettext("The code expired before the partner entered it. Please connect again.")
    expired = gettext("The code expired before the connection came about. Please connect again.")
    return f"{expired} {last_words(connection, last_problem)}".strip()


def _tell_admins(delivery: Delivery, body: Callable[[], str]) -> None:
    notify(
        tenant=delivery.tenant,
        permission=Permission.MANAGE_PARTNERS,
        subject=format_lazy(_("The connection with {partner} did not come about"), partner=str(delivery.connection)),
        body=body,
        link=delivery.tenant.url("partners:tab", delivery.connection.contact_id),
    )


HANDLERS = DeliveryHandlers(delivered=_answered, refused=_refused, given_up=_expired)
