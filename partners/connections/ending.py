"""The end, also while the partner's server is down (mission P8)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from jobs.promises import end_promises
from partners import client, outbox
from partners.client import PartnerUnreachable
from partners.models import KeySide, KeyState, PartnerConnection
from partners.models.journal import Deed
from partners.protocol.wire import NoticeKind


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
    end_promises(inquiries=connection.tenant.inquiries.filter(partner_order__connection=connection))
    connection.keys.filter(side=KeySide.PEER, state=KeyState.RETIRING).delete()
    for key in connection.keys.exclude(state=KeyState.DESTROYED):
        key.become(KeyState.DESTROYED, now)


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
