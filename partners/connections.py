"""The life of a partner connection: on, off, level, test, end (mission P1, P2, P5-P9)."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import models, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.contacts.contacts import set_roles
from eventworx.contacts.models import Contact
from eventworx.encryption import CannotOpen
from eventworx.errors import BusinessError
from eventworx.messaging.inbox import notify
from eventworx.tenants.roles import Permission
from jobs.promises import end_promises
from partners import client, outbox
from partners.access import OFFERED_LEVELS, AccessLevel
from partners.client import PartnerPaused, PartnerProblem, PartnerUnreachable, Reason
from partners.models import KeySide, KeyState, PartnerConnection
from partners.protocol.connection_state import paused_by
from partners.protocol.pairing_code import as_display_name
from partners.protocol.signing import SKEW
from partners.protocol.wire import ConnectionDocument, FieldErrors, NoticeKind, ProtocolRange, parse_connection

HEARD_EVERY = timedelta(minutes=1)
REFUSALS_SHOWN = 86_400  # seconds
PROTOCOL = ProtocolRange(min="1.0", max="1.0")


class Deed(models.TextChoices):
    """What the journal says about a connection."""

    SWITCHED_ON = "partner.switched_on", _("“Partner (network)” switched on")
    SWITCHED_OFF = "partner.switched_off", _("“Partner (network)” switched off")
    LEVEL_SET = "partner.level_set", _("Kind of partner connection changed")
    ROLES_SET = "partner.roles_set", _("Roles of the contact changed")
    KEY_MADE = "partner.key_made", _("Key pair created")
    CODE_SENT = "partner.code_sent", _("Partner code sent by e-mail")
    CODE_ENTERED = "partner.code_entered", _("The partner's code entered")
    CONNECTED = "partner.connected", _("Connection established")
    VERIFIED = "partner.verified", _("Safety number compared")
    TESTED = "partner.tested", _("Connection tested")
    PEER_PAUSED = "partner.peer_paused", _("Paused by the partner")
    PEER_RESUMED = "partner.peer_resumed", _("Resumed by the partner")
    RELEASED = "partner.article_released", _("Released for the partner")
    EXCLUDED = "partner.article_excluded", _("Excluded for the partner")
    RELEASE_WITHDRAWN = "partner.release_withdrawn", _("Release or exception removed")
    PEER_LEVEL = "partner.peer_level", _("The partner changed what he offers")
    CLOSED = "partner.closed", _("Connection ended")
    PEER_CLOSED = "partner.peer_closed", _("Connection ended by the partner")


class ConnectionEnded(BusinessError):
    code = "closed"
    status = 409
    message = _("This connection has ended. “Connect with the partner” starts a new one.")


class LevelNotOffered(BusinessError):
    code = "level-not-offered"
    message = _("This kind of partner connection is not offered.")
    field = "level"


class LevelNeeded(BusinessError):
    code = "level-needed"
    message = _("Please choose what you offer this partner as your customer.")
    field = "level"


class NothingToCompare(BusinessError):
    code = "nothing-to-compare"
    status = 409
    message = _("There is no safety number yet: the partner's code has to be entered first.")


class OtherSafetyNumber(BusinessError):
    code = "other-safety-number"
    status = 409
    message = _("The safety number has changed since this page was opened. Please compare the new one.")


def open_connection(contact: Contact) -> PartnerConnection | None:
    """The connection that counts for a contact, on or paused; None where there is none."""
    return contact.partner_connections.open().first()


def partner_actor(connection: PartnerConnection) -> Actor:
    """The partner's server, for the journal."""
    return Actor(label=str(connection))


# On, off, level, roles


@transaction.atomic
def switch_on(*, contact: Contact, actor: Actor, now: datetime) -> PartnerConnection:
    """Make the tab appear, or end our pause (mission P1, P8): no new code is needed."""
    connection = open_connection(contact)
    if connection is None:
        # The second of two clicks waits here and finds the connection of the first.
        contact.tenant.contacts.select_for_update().get(pk=contact.pk)
        connection = open_connection(contact) or _begin(contact)
    elif connection.paused_at:
        _resume(connection.locked(), now)
    else:
        return connection
    record(tenant=contact.tenant, actor=actor, action=Deed.SWITCHED_ON, target=connection)
    return connection


def _begin(contact: Contact) -> PartnerConnection:
    """A new draft. Where the partner ended the last one (he connects anew), level and releases stay as they were."""
    last = contact.partner_connections.latest_first().first()
    if last is None or not last.closed_by_peer:
        return contact.partner_connections.create(tenant_id=contact.tenant_id)
    return succeed(last)


def succeed(old: PartnerConnection) -> PartnerConnection:
    """A new connection in the place of an ended one: level and releases move over (protocol §2)."""
    new = old.contact.partner_connections.create(tenant_id=old.tenant_id, level=old.level)
    old.releases.update(connection=new)
    return new


def _resume(connection: PartnerConnection, now: datetime) -> None:
    connection.paused_at = None
    connection.save(update_fields=["paused_at"])
    outbox.unpark_deliveries(connection=connection, now=now)
    _tell(connection, NoticeKind.RESUMED)


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
    """What we offer this partner from his next request on (mission P2, R3). Raises LevelNotOffered, ConnectionEnded."""
    if level not in OFFERED_LEVELS:
        raise LevelNotOffered
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    before, connection.level = connection.level, AccessLevel(level)
    if before == level:
        return connection
    connection.save(update_fields=["level"])
    _tell(connection, NoticeKind.LEVEL_CHANGED)
    record(tenant=connection.tenant, actor=actor, action=Deed.LEVEL_SET, target=connection, before=before, after=level)
    return connection


@transaction.atomic
def set_contact_roles(
    *, contact: Contact, is_customer: bool, is_supplier: bool, level: int | None = None, actor: Actor
) -> Contact:
    """Make a contact customer, supplier or both; the level counts while he is a customer (mission P9).

    Raises NoRole, and LevelNeeded where a connected contact becomes a customer at level 0 and `level` is None.
    """
    connection = open_connection(contact)
    if connection:
        connection = connection.locked()
        becomes_customer = is_customer and not connection.contact.is_customer
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
        customer=is_customer,
        supplier=is_supplier,
    )
    return contact


# The end


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
    outbox.end_deliveries(connection=connection)
    end_promises(inquiries=connection.tenant.inquiries.filter(partner_order__connection=connection))
    connection.keys.update(state=KeyState.DESTROYED, sealed_private_key="")


def _sign_farewell(connection: PartnerConnection, now: datetime) -> client.SignedRequest | None:
    if not connection.connected_at or not connection.keys.filter(side=KeySide.PEER).exists():
        return None
    try:
        line = client.line_of(connection)
    except CannotOpen:  # a lost master key must not keep anybody from ending a connection
        return None
    return client.sign_ahead(
        line=line,
        path="/connection/notice",
        body={"notice": NoticeKind.CLOSING.value},
        now=now,
    )


# The test


def test_connection(*, connection: PartnerConnection, actor: Actor) -> None:
    """Ask the partner's server who it is ("Verbindung testen", mission P6). Returns where all is well.

    Raises PartnerUnreachable, PartnerPaused or PartnerRefused with a sentence that says who can mend it.
    """
    outcome = "ok"
    try:
        _ask(connection)
    except PartnerProblem as problem:
        outcome = str(problem.reason)
        raise
    finally:
        record(tenant=connection.tenant, actor=actor, action=Deed.TESTED, target=connection, outcome=outcome)


def _ask(connection: PartnerConnection) -> None:
    answer = client.call(connection=connection, method="GET", path="/connection")
    try:
        document = parse_connection(answer.document)
    except FieldErrors as error:
        raise PartnerUnreachable(Reason.RUBBISH, partner=str(connection)) from error
    learn(connection=connection, document=document, now=answer.received_at)
    if document.protocol and not document.protocol.min.startswith("1."):
        raise PartnerUnreachable(Reason.VERSION, partner=str(connection))
    if document.time and abs((document.time - answer.received_at).total_seconds()) > SKEW:
        raise PartnerUnreachable(Reason.CLOCK, partner=str(connection))
    if "us" in document.paused_by:
        raise PartnerPaused(partner=str(connection))


@transaction.atomic
def learn(*, connection: PartnerConnection, document: ConnectionDocument, now: datetime) -> None:
    """Take over what the partner's connection document says about his side; it was signed."""
    connection = connection.locked()
    if connection.closed_at:
        return
    is_new = connection.connected_at is None
    connection.connected_at = connection.connected_at or now
    connection.last_heard_at = now
    connection.peer_level = document.level_granted_to_you
    connection.peer_paused_at = (connection.peer_paused_at or now) if "us" in document.paused_by else None
    connection.save(update_fields=["connected_at", "last_heard_at", "peer_level", "peer_paused_at"])
    if is_new:
        record(tenant=connection.tenant, actor=partner_actor(connection), action=Deed.CONNECTED, target=connection)
    if not connection.peer_paused_at and not connection.paused_at:
        outbox.unpark_deliveries(connection=connection, now=now)


@transaction.atomic
def verify(*, connection: PartnerConnection, safety_number: str, actor: Actor, now: datetime) -> PartnerConnection:
    """Two people compared the safety number by phone and it was the same (protocol §1).

    `safety_number` is the one they saw: after a new pairing an old page still shows the former one. Raises
    ConnectionEnded, NothingToCompare before the partner's code is entered, OtherSafetyNumber.
    """
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    if connection.peer_key_at is None:
        raise NothingToCompare
    if safety_number != connection.safety_number:
        raise OtherSafetyNumber
    if not connection.verified_at:
        connection.verified_at = now
        connection.save(update_fields=["verified_at"])
        record(tenant=connection.tenant, actor=actor, action=Deed.VERIFIED, target=connection)
    return connection


# What the partner says


def note_heard(*, connection: PartnerConnection, now: datetime) -> None:
    """A valid request came in: the partner lives, holds our code, and what is parked may be tried again."""
    if connection.connected_at is None:
        connection.connected_at = now
        connection.save(update_fields=["connected_at"])
        record(tenant=connection.tenant, actor=partner_actor(connection), action=Deed.CONNECTED, target=connection)
        outbox.hurry_pairing(connection=connection, now=now)
    if connection.peer_paused_at and not connection.paused_at:
        outbox.unpark_deliveries(connection=connection, now=now)
    if connection.last_heard_at is None or now - connection.last_heard_at >= HEARD_EVERY:
        connection.last_heard_at = now
        connection.save(update_fields=["last_heard_at"])


def note_refused(*, connection: PartnerConnection, reason: str, now: datetime) -> None:
    """A request in the partner's name proved nothing: for our own admin to see, for a day."""
    cache.set(f"partner-refused:{connection.pk}", (reason, now), REFUSALS_SHOWN)


def last_refused(connection: PartnerConnection) -> tuple[str, datetime] | None:
    """Why, and when, a request in the partner's name was last refused; None if not in the last day."""
    found: tuple[str, datetime] | None = cache.get(f"partner-refused:{connection.pk}")
    return found


def describe_connection(*, connection: PartnerConnection, now: datetime) -> ConnectionDocument:
    """The connection document that we answer with (protocol §4); `connection` with tenant and contact."""
    return ConnectionDocument(
        connection=connection.pk,
        tenant=connection.tenant.wire_id,
        display_name=as_display_name(connection.tenant.name),
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
