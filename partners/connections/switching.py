"""On, off, level, roles of the contact (mission P1, P2, P8, P9)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.contacts.contacts import set_roles
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from partners import outbox
from partners.access import AccessLevel
from partners.connections.ending import ConnectionEnded
from partners.connections.lending import propose_guard_rails
from partners.models import PartnerConnection
from partners.models.journal import Deed
from partners.protocol.wire import NoticeKind


class LevelNeeded(BusinessError):
    code = "level-needed"
    message = _("Please choose what you offer this partner as your customer.")
    field = "level"


def open_connection(contact: Contact) -> PartnerConnection | None:
    """The connection that counts for a contact, on or paused; None where there is none."""
    return contact.partner_connections.open().first()


@transaction.atomic
def switch_on(*, contact: Contact, actor: Actor, now: datetime) -> PartnerConnection:
    """Make the tab appear, or end our pause (mission P1, P8). Raises ConnectionEnded where that comes in between."""
    connection = open_connection(contact)
    if connection:
        return resume(connection=connection, actor=actor, now=now)
    # The second of two clicks waits here and finds the connection of the first.
    contact.tenant.contacts.select_for_update().get(pk=contact.pk)
    connection = open_connection(contact) or _begin(contact)
    record(tenant=contact.tenant, actor=actor, action=Deed.SWITCHED_ON, target=connection)
    return connection


def _begin(contact: Contact) -> PartnerConnection:
    """A new draft. Where the partner ended the last one (he connects anew), what was granted stays as it was."""
    last = contact.partner_connections.latest_first().first()
    if last is None or not last.closed_by_peer:
        return contact.partner_connections.create(tenant_id=contact.tenant_id)
    return succeed(last)


def succeed(old: PartnerConnection) -> PartnerConnection:
    """A new connection in the place of an ended one: what was granted moves over (protocol §2)."""
    new = old.contact.partner_connections.create(tenant_id=old.tenant_id, **old.granted)
    old.releases.update(connection=new)
    old.brakes.update(connection=new)
    return new


@transaction.atomic
def resume(*, connection: PartnerConnection, actor: Actor, now: datetime) -> PartnerConnection:
    """End our pause (mission P8): no new code is needed. Never begins anew; raises ConnectionEnded."""
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    if not connection.paused_at:
        return connection
    connection.paused_at = None
    connection.save(update_fields=["paused_at"])
    outbox.unpark_deliveries(connection=connection, now=now)
    _tell(connection, NoticeKind.RESUMED)
    record(tenant=connection.tenant, actor=actor, action=Deed.SWITCHED_ON, target=connection)
    return connection


@transaction.atomic
def switch_off(*, connection: PartnerConnection, actor: Actor, now: datetime) -> PartnerConnection:
    """Pause: from the commit on the partner is refused, and what waits for him is parked (mission P8)."""
    connection = connection.locked()
    if connection.paused_at or connection.closed_at:
        return connection
    connection.paused_at = now
    connection.save(update_fields=["paused_at"])
    outbox.park_deliveries(connection=connection)
    _tell(connection, NoticeKind.PAUSED)
    record(tenant=connection.tenant, actor=actor, action=Deed.SWITCHED_OFF, target=connection)
    return connection


def _tell(connection: PartnerConnection, notice: NoticeKind) -> None:
    if connection.connected_at:
        outbox.enqueue_notice(connection=connection, notice=notice.value)


@transaction.atomic
def set_level(*, connection: PartnerConnection, level: int, actor: Actor) -> PartnerConnection:
    """What we offer this partner from his next request on (mission P2, R3). Raises ConnectionEnded.

    Whoever rises to level 3 gets the proposed limits where he has none (mission R5).
    """
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    before, wanted = connection.level, AccessLevel(level)
    if before == wanted:
        return connection
    if wanted is AccessLevel.AUTOMATIC:
        connection = propose_guard_rails(connection=connection, actor=actor)
    connection.level = wanted
    connection.save(update_fields=["level"])
    _tell(connection, NoticeKind.LEVEL_CHANGED)
    record(tenant=connection.tenant, actor=actor, action=Deed.LEVEL_SET, target=connection, before=before, after=level)
    return connection


@transaction.atomic
def set_contact_roles(
    *,
    contact: Contact,
    is_customer: bool | None = None,
    is_supplier: bool | None = None,
    level: int | None = None,
    actor: Actor,
) -> Contact:
    """Make a contact customer, supplier or both, None: as it is by now; the level counts while he is a customer
    (mission P9).

    Raises NoRole, and LevelNeeded where a connected contact becomes a customer at level 0 and `level` is None.
    """
    connection = open_connection(contact)
    if connection:
        connection = connection.locked()
        becomes_customer = bool(is_customer) and not connection.contact.is_customer
        if becomes_customer and level is None and connection.level == AccessLevel.NONE:
            raise LevelNeeded
        if level is not None:
            set_level(connection=connection, level=level, actor=actor)
    set_roles(contact=contact, is_customer=is_customer, is_supplier=is_supplier)
    record(
        tenant=contact.tenant,
        actor=actor,
        action=Deed.ROLES_SET,
        target=connection or contact,
        customer=contact.is_customer,
        supplier=contact.is_supplier,
    )
    return contact
