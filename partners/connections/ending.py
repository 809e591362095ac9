"""The end, also while the partner's server is down (mission P8)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.messaging.inbox import notify
from eventworx.tenants.roles import Permission
from jobs.promises import end_promises
from jobs.states import OrderState
from partners import client, outbox
from partners.client import PartnerUnreachable
from partners.models import KeySide, KeyState, PartnerConnection
from partners.models.journal import Deed
from partners.protocol.wire import NoticeKind

MOST_NAMED = 20


class ConnectionEnded(BusinessError):
    code = "closed"
    status = 409
    message = _("This connection has ended. “Connect with the partner” starts a new one.")


@transaction.atomic
def close(*, connection: PartnerConnection, actor: Actor, now: datetime) -> PartnerConnection:
    """End it for good, also while the partner's server is down (mission P8).

    What waits is dropped, the keys are destroyed, documents stay. One farewell, signed before the key goes,
    is tried in the background.
    """
    connection = connection.locked()
    if connection.closed_at:
        return connection
    farewell = _sign_farewell(connection, now)
    end(connection=connection, now=now)
    if farewell:
        outbox.enqueue_farewell(connection=connection, signed=farewell, now=now)
    record(tenant=connection.tenant, actor=actor, action=Deed.CLOSED, target=connection)
    return connection


def end(*, connection: PartnerConnection, now: datetime, by_peer: bool = False) -> None:
    """Close a locked connection, drop what waits, destroy the keys. What was promised is a person's to release."""
    connection.closed_at, connection.closed_by_peer = now, by_peer
    connection.save(update_fields=["closed_at", "closed_by_peer"])
    outbox.end_deliveries(connection=connection, now=now)
    _tell_what_stays_open(connection)
    end_promises(inquiries=connection.tenant.inquiries.filter(partner_order__connection=connection))
    connection.keys.filter(side=KeySide.PEER, state=KeyState.RETIRING).delete()
    for key in connection.keys.exclude(state=KeyState.DESTROYED):
        key.become(KeyState.DESTROYED, now)


def _tell_what_stays_open(connection: PartnerConnection) -> None:
    """Our sales: what the partner has and has not answered, and what we have not; nothing more comes of it by itself.
    What has not reached him is told by the worker, who gives it up."""
    unanswered = connection.orders.filter(sub_rental_order__state=OrderState.REQUESTED, version__gt=0)
    rows = unanswered.order_by("pk").values_list("sub_rental_order__number", "sub_rental_order__job")
    said = _("Nobody answers {numbers} any more. Please call there; what is not wanted can be withdrawn in its job.")
    _tell_sales(connection, "jobs:detail", rows, said)
    inquiries = connection.orders.filter(inquiry__state=OrderState.REQUESTED).order_by("pk")
    rows = inquiries.values_list("inquiry__number", "inquiry")
    said = _("{numbers}: no answer reaches them any more. Please call there and close here what is open.")
    _tell_sales(connection, "jobs:inquiry", rows, said)


def _tell_sales(connection: PartnerConnection, page: str, rows: Iterable[tuple[str, int]], said: Promise) -> None:
    """In one message for all of them, which leads to the first."""
    found = list(rows)
    if not found:
        return
    numbers = ", ".join(number for number, _pk in found[:MOST_NAMED]) + (" …" if len(found) > MOST_NAMED else "")
    notify(
        tenant=connection.tenant,
        permission=Permission.EDIT_JOBS,
        subject=format_lazy(_("The partner connection with {partner} has ended"), partner=str(connection)),
        body=lambda: str(said).format(numbers=numbers),
        link=connection.tenant.url(page, found[0][1]),
    )


def _sign_farewell(connection: PartnerConnection, now: datetime) -> client.SignedRequest | None:
    if not connection.connected_at or not connection.keys.filter(side=KeySide.PEER).exists():
        return None
    try:
        line = client.line_of(connection)
    except PartnerUnreachable:  # a lost master key must not keep anybody from ending a connection
        return None
    return client.sign_ahead(
        line=line,
        path="/connection/notice",
        body={"notice": NoticeKind.CLOSING.value},
        now=now,
    )
