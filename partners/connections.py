"""The life of a partner connection: on, off, level, test, end (mission P1, P2, P5-P9)."""

import unicodedata
from datetime import datetime, timedelta

from partners.models import PartnerConnection
from partners.outbox import hurry_pairing, unpark_deliveries
from partners.protocol.connection_state import paused_by
from partners.protocol.pairing_code import MAX_DISPLAY_NAME
from partners.protocol.wire import ConnectionDocument, NoticeKind, ProtocolRange

HEARD_EVERY = timedelta(minutes=1)
PROTOCOL = ProtocolRange(min="1.0", max="1.0")


def note_heard(*, connection: PartnerConnection, now: datetime) -> None:
    """A valid request came in: the partner lives, holds our code, and what is parked may be tried again."""
    if connection.connected_at is None:
        connection.connected_at = now
        connection.save(update_fields=["connected_at"])
        hurry_pairing(connection=connection, now=now)
    if connection.peer_paused_at:
        unpark_deliveries(connection=connection, now=now)
    if connection.last_heard_at is None or now - connection.last_heard_at >= HEARD_EVERY:
        connection.last_heard_at = now
        connection.save(update_fields=["last_heard_at"])


def display_name(name: str) -> str:
    """A company's name as partner codes carry it: NFC, at most 80 bytes."""
    return unicodedata.normalize("NFC", name).encode()[:MAX_DISPLAY_NAME].decode(errors="ignore").strip()


def describe_connection(*, connection: PartnerConnection, now: datetime) -> ConnectionDocument:
    """The connection document that we answer with (protocol §4); `connection` with tenant and contact."""
    return ConnectionDocument(
        connection=connection.pk,
        tenant=connection.tenant.wire_id,
        display_name=display_name(connection.tenant.name),
        state=connection.state.value,
        paused_by=paused_by(connection.facts),
        verified=connection.verified_at is not None,
        protocol=PROTOCOL,
        level_granted_to_you=connection.effective_level.value,
        time=now,
    )


def receive_notice(*, connection: PartnerConnection, notice: str, now: datetime) -> None:
    """What the partner tells about the connection itself; best effort, unknown notices change nothing.

    `connection` is locked by the caller.
    """
    if notice == NoticeKind.PAUSED:
        connection.peer_paused_at = connection.peer_paused_at or now
        connection.save(update_fields=["peer_paused_at"])
    elif notice == NoticeKind.RESUMED:
        connection.peer_paused_at = None
        connection.save(update_fields=["peer_paused_at"])
        unpark_deliveries(connection=connection, now=now)
