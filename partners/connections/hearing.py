"""What the partner says about the connection, and what we say about it (protocol §2, §4)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from eventworx.audit import record
from eventworx.messaging.inbox import notify
from eventworx.tenants.roles import Permission
from partners import outbox
from partners.client import note_sign_of_life
from partners.connections.ending import end
from partners.models import PartnerConnection
from partners.models.journal import Deed, partner_actor
from partners.protocol.connection_state import paused_by
from partners.protocol.pairing_code import as_display_name
from partners.protocol.versions import OURS
from partners.protocol.wire import ConnectionDocument, NoticeKind, ProtocolRange

HEARD_EVERY = timedelta(minutes=1)


def note_heard(*, connection: PartnerConnection, now: datetime) -> None:
    """A valid request came in: the partner lives, holds our code, and what is parked may be tried again."""
    if connection.connected_at is None:
        connection.connected_at = _connected_at(connection, now)
    if connection.peer_paused_at and not connection.paused_at:
        outbox.unpark_deliveries(connection=connection, now=now)
    if note_sign_of_life(connection, now):
        outbox.hurry_deliveries(connection=connection, now=now)
    if connection.last_heard_at is None or now - connection.last_heard_at >= HEARD_EVERY:
        connection.last_heard_at = now
        connection.save(update_fields=["last_heard_at"])


@transaction.atomic
def _connected_at(connection: PartnerConnection, now: datetime) -> datetime | None:
    """Since when the connection stands. Of several first signs of life one makes it stand, whole or not at all."""
    row = connection.locked()
    if row.connected_at or row.closed_at:
        return row.connected_at
    row.connected_at = now
    row.save(update_fields=["connected_at"])
    record(tenant=row.tenant, actor=partner_actor(row), action=Deed.CONNECTED, target=row)
    outbox.hurry_pairing(connection=row, now=now)
    return now


def describe_connection(*, connection: PartnerConnection, now: datetime) -> ConnectionDocument:
    """The connection document that we answer with (protocol §4); `connection` with tenant and contact."""
    return ConnectionDocument(
        connection=connection.pk,
        tenant=connection.tenant.wire_id,
        display_name=as_display_name(connection.tenant.name),
        state=connection.state.value,
        paused_by=paused_by(connection.facts),
        verified=connection.verified_at is not None,
        protocol=ProtocolRange(min=str(OURS.min), max=str(OURS.max)),
        capabilities=tuple(sorted(OURS.capabilities)),
        level_granted_to_you=connection.effective_level.value,
        time=now,
    )


def receive_notice(*, connection: PartnerConnection, notice: str, now: datetime) -> None:
    """What the partner tells about the connection itself; best effort, unknown notices change nothing.

    `connection` is locked by the caller.
    """
    if notice == NoticeKind.PAUSED:
        _note(connection, Deed.PEER_PAUSED, peer_paused_at=connection.peer_paused_at or now)
    elif notice == NoticeKind.RESUMED:
        _note(connection, Deed.PEER_RESUMED, peer_paused_at=None)
        if not connection.paused_at:
            outbox.unpark_deliveries(connection=connection, now=now)
    elif notice == NoticeKind.LEVEL_CHANGED:
        _note(connection, Deed.PEER_LEVEL, peer_level=None)
    elif notice == NoticeKind.CLOSING:
        end(connection=connection, now=now, by_peer=True)
        _note(connection, Deed.PEER_CLOSED)
        _tell_admins_of_the_end(connection)


def _note(connection: PartnerConnection, deed: Deed, **facts: datetime | int | None) -> None:
    for name, value in facts.items():
        setattr(connection, name, value)
    connection.save(update_fields=list(facts))
    record(tenant=connection.tenant, actor=partner_actor(connection), action=deed, target=connection)


def _tell_admins_of_the_end(connection: PartnerConnection) -> None:
    notify(
        tenant=connection.tenant,
        permission=Permission.MANAGE_PARTNERS,
        subject=format_lazy(_("{partner} has ended the partner connection"), partner=str(connection)),
        body=_("Orders stay as they are and can be read; nothing is exchanged any more."),
        link=connection.tenant.url("partners:tab", connection.contact_id),
    )
