"""Two admins exchange partner codes by mail; both ends of the handshake (mission P3-P5, protocol §1, §2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.messaging.inbox import notify
from eventworx.messaging.mail import Attachment, queue_mail
from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import User
from eventworx.tenants.roles import Permission
from partners import connections, outbox
from partners.client import Answer, PartnerRefused
from partners.connections import ConnectionEnded, Deed
from partners.models import Delivery, KeySide, PartnerConnection
from partners.outbox import DeliveryHandlers, DeliveryKind
from partners.protocol import pairing_code
from partners.protocol.keys import KeyPair, keyid
from partners.protocol.look_alikes import Oddity, oddities, shown_host
from partners.protocol.pairing_code import CodeRefused, PairingCode, Refusal
from partners.protocol.safety_number import Side, safety_number
from partners.protocol.wire import (
    ConnectionDocument,
    FieldError,
    FieldErrors,
    PairingRequest,
    parse_connection,
)
from partners.transport import is_allowed_origin

CODE_IS_GOOD_FOR = timedelta(days=14)
GREETED_FOR = timedelta(hours=1)
CODE_FILE = "partner-code.ewx"
CODE_MAIL = "partner_code"

REFUSALS: Mapping[Refusal, str | Promise] = {
    Refusal.INCOMPLETE: _("The code is not complete. Please copy the whole e-mail and paste it again."),
    Refusal.CHANGED: _("The code was damaged on its way. Please copy it again, or use the attachment of the e-mail."),
    Refusal.NEWER: _("The code comes from a newer version. Whoever runs our installation has to update it."),
    Refusal.NOT_A_CODE: _(
        "There is no partner code in this text that we accept. It begins with EWX1: and ends with :EWX."
    ),
    Refusal.BAD_KEY: _("The key in this code is not usable. Please ask the partner for a new code."),
    Refusal.OWN: _("This is a code of this very installation. Please paste the one that you got from the partner."),
    Refusal.IN_USE: _("This code was entered already. Please ask the partner for a new code."),
    Refusal.EXPIRED: _("This code expired on %(date)s. Please ask the partner for a new code."),
}


class NotSwitchedOn(BusinessError):
    code = "not-switched-on"
    status = 409
    message = _("Please switch on “Partner (network)” first.")


class KeyMissing(BusinessError):
    code = "key-missing"
    status = 409
    message = _("Please click “Connect with the partner” first: it makes our key.")
    field = "code"


class AlreadyConnected(BusinessError):
    code = "already-connected"
    status = 409
    message = _("This partner has our code already. To connect anew, click “Connect with the partner”.")


class AddressMissing(BusinessError):
    code = "address-missing"
    message = _("This contact has no e-mail address. Please enter one in the master data.")


class CodeAlreadyEntered(BusinessError):
    code = "code-already-entered"
    status = 409
    message = _(
        "The code of this partner has been entered already. To connect anew, click “Connect with the partner” first."
    )
    field = "code"


class CodeNotTaken(BusinessError):
    """A text that holds no code that may be entered; nothing was changed."""

    code = "code-refused"
    field = "code"

    def __init__(self, refused: CodeRefused) -> None:
        super().__init__()
        self.refusal = refused.refusal
        self.expired_at = refused.expired_at

    def __str__(self) -> str:
        date = date_format(timezone.localtime(self.expired_at), "SHORT_DATE_FORMAT") if self.expired_at else ""
        return str(REFUSALS[self.refusal]) % {"date": date}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredCode:
    """What an admin sees of a partner's code before anything is stored (mission P4)."""

    code: PairingCode
    fingerprint: str
    safety_number: str
    mail_domain: str
    oddities: tuple[Oddity, ...]

    @property
    def server_name(self) -> str:
        return server_name(self.code.origin)


# Our key and our code


@transaction.atomic
def start_pairing(*, contact: Contact, actor: Actor, now: datetime) -> PartnerConnection:
    """Make a key pair ("Verbinden mit dem Partner"). The code is good for 14 days.

    Doing it again is a new connection: the old one is archived with its orders, level and releases move over
    (protocol §2). Raises NotSwitchedOn.
    """
    connection = connections.open_connection(contact)
    if connection is None or connection.paused_at:
        raise NotSwitchedOn
    connection = connection.locked()
    if connection.code_expires_at:
        connection = connections.succeed(connections.close(connection=connection, actor=actor, now=now))
    connection.code_expires_at = now + CODE_IS_GOOD_FOR
    connection.save(update_fields=["code_expires_at"])
    key = connections.add_key(connection=connection, side=KeySide.OWN, key=KeyPair.generate(), now=now)
    record(tenant=contact.tenant, actor=actor, action=Deed.KEY_MADE, target=connection, keyid=key.keyid)
    return connection


def code_text(connection: PartnerConnection) -> str:
    """Our code for the partner, as it stands in the mail. Raises KeyMissing, AlreadyConnected."""
    if connection.code_expires_at is None:
        raise KeyMissing
    if connection.connected_at:  # he has our code; after a change of keys it would name one that is none any more
        raise AlreadyConnected
    key = connection.pairing_key()
    return pairing_code.encode(
        PairingCode(
            connection_id=connection.pk,
            public_key=bytes(key.public_key),
            origin=settings.EWX_ORIGIN,
            tenant_id=connection.tenant.wire_id,
            display_name=pairing_code.as_display_name(connection.tenant.name),
            expires_at=connection.code_expires_at.replace(microsecond=0),
        )
    )


def code_mail(connection: PartnerConnection) -> dict[str, str]:
    """The mail that `send_code` would send, for its preview. Raises KeyMissing."""
    context = _mail_context(connection) | {"tenant": connection.tenant, "origin": settings.EWX_ORIGIN}
    with translation.override(connection.contact.language):
        return {
            "to": connection.contact.email,
            "subject": render_to_string(f"emails/{CODE_MAIL}_subject.txt", context).strip(),
            "text": render_to_string(f"emails/{CODE_MAIL}.txt", context).strip(),
        }


def _mail_context(connection: PartnerConnection) -> dict[str, object]:
    return {
        "code": code_text(connection),
        "contact": connection.contact,
        "expires_at": connection.code_expires_at,
        "is_reply": connection.peer_key_at is not None,
    }


@transaction.atomic
def send_code(*, connection: PartnerConnection, actor: Actor, sender: User, now: datetime) -> MailMessage:
    """Queue the mail with our code ("Sende E-Mail"). Raises AddressMissing, KeyMissing, ConnectionEnded."""
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    if not connection.contact.email:
        raise AddressMissing
    context = _mail_context(connection)
    mail = queue_mail(
        tenant=connection.tenant,
        to=connection.contact.email,
        topic=CODE_MAIL,
        template=CODE_MAIL,
        context=context,
        language=connection.contact.language,
        contact=connection.contact,
        created_by=sender,
        attachments=[Attachment(CODE_FILE, "application/octet-stream", str(context["code"]).encode())],
    )
    connection.code_sent_at = now
    connection.save(update_fields=["code_sent_at"])
    record(tenant=connection.tenant, actor=actor, action=Deed.CODE_SENT, target=connection, to=mail.to)
    return mail


@transaction.atomic
def hand_over_code(*, connection: PartnerConnection, actor: Actor, now: datetime) -> str:
    """Our code for somebody who passes it on himself, an operator on the command line. Raises as `send_code` does."""
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    code = code_text(connection)
    connection.code_sent_at = now
    connection.save(update_fields=["code_sent_at"])
    record(tenant=connection.tenant, actor=actor, action=Deed.CODE_HANDED_OVER, target=connection)
    return code


# The partner's code


def read_code(*, connection: PartnerConnection, text: str, now: datetime) -> EnteredCode:
    """What a pasted text says; stores nothing. Raises CodeNotTaken, KeyMissing, CodeAlreadyEntered, ConnectionEnded."""
    _check_may_enter(connection)
    try:
        code = pairing_code.decode(
            text,
            now=now,
            is_own=lambda found: PartnerConnection.ever_issued(
                connection_id=found.connection_id, public_key=found.public_key
            ),
            is_in_use=lambda found: PartnerConnection.is_entered(
                connection_id=found.connection_id, public_key=found.public_key, besides=connection.pk
            ),
            # Our own origin is let through to be refused as `own`, whatever its scheme.
            allow_origin=lambda origin: is_allowed_origin(origin) or origin == settings.EWX_ORIGIN,
        )
    except CodeRefused as refused:
        raise CodeNotTaken(refused) from refused
    return _described(connection, code)


def _check_may_enter(connection: PartnerConnection) -> None:
    if connection.closed_at:
        raise ConnectionEnded
    if not connection.code_expires_at:
        raise KeyMissing
    if connection.peer_key_at:
        raise CodeAlreadyEntered


def _described(connection: PartnerConnection, code: PairingCode) -> EnteredCode:
    host = urlsplit(code.origin).hostname or ""
    domain = connection.contact.email.rpartition("@")[2].lower()
    return EnteredCode(
        code=code,
        fingerprint=fingerprint(code.public_key),
        safety_number=safety_number(_our_side(connection), _side_of(code)),
        mail_domain=domain,
        oddities=oddities(host, domain),
    )


def server_name(origin: str) -> str:
    """A server as people compare it: letters beyond a to z as they are read, and as they are spelt (punycode)."""
    spelt = origin.removeprefix("https://")
    read = shown_host(spelt)
    return spelt if read == spelt else f"{read} ({spelt})"


def fingerprint(public_key: bytes) -> str:
    """A key as people compare it: its key id in groups of four."""
    name = keyid(public_key).upper()
    return " ".join(name[at : at + 4] for at in range(0, len(name), 4))


def _our_side(connection: PartnerConnection) -> Side:
    return Side(
        origin=settings.EWX_ORIGIN,
        tenant_id=connection.tenant.wire_id,
        connection_id=connection.pk,
        pairing_key=bytes(connection.pairing_key().public_key),
    )


def _side_of(code: PairingCode) -> Side:
    return Side(
        origin=code.origin,
        tenant_id=code.tenant_id,
        connection_id=code.connection_id,
        pairing_key=code.public_key,
    )


def save_code(*, connection: PartnerConnection, text: str, actor: Actor, now: datetime) -> PartnerConnection:
    """Store the partner's code and start the handshake ("Speichern"). Raises what `read_code` raises."""
    entered = read_code(connection=connection, text=text, now=now)
    return _enter(connection=connection, entered=entered, actor=actor, now=now)


@transaction.atomic
def _enter(*, connection: PartnerConnection, entered: EnteredCode, actor: Actor, now: datetime) -> PartnerConnection:
    connection, code = connection.locked(), entered.code
    _check_may_enter(connection)
    connection.peer_connection_id = code.connection_id
    connection.peer_origin, connection.peer_tenant_id = code.origin, code.tenant_id
    connection.peer_display_name = code.display_name
    connection.peer_code_expires_at, connection.peer_key_at = code.expires_at, now
    connection.safety_number = entered.safety_number
    _save_unless_in_use(connection)
    key = connections.add_key(connection=connection, side=KeySide.PEER, key=code.public_key, now=now)
    _greet(connection, now)
    record(
        tenant=connection.tenant,
        actor=actor,
        action=Deed.CODE_ENTERED,
        target=connection,
        server=code.origin,
        keyid=key.keyid,
    )
    return connection


def _save_unless_in_use(connection: PartnerConnection) -> None:
    """Where two admins enter one code for two contacts at the same moment, the second is told so."""
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        raise CodeNotTaken(CodeRefused(Refusal.IN_USE)) from error


def _greet(connection: PartnerConnection, now: datetime) -> None:
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


# The handshake


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
    _tell_admins(delivery, str(refused))


def _expired(delivery: Delivery, why: str, now: datetime) -> None:
    if not delivery.connection.connected_at:
        _tell_admins(delivery, _("The code expired before the partner entered it. Please connect again."))


def _tell_admins(delivery: Delivery, body: str | Promise) -> None:
    notify(
        tenant=delivery.tenant,
        permission=Permission.MANAGE_PARTNERS,
        subject=format_lazy(_("The connection with {partner} did not come about"), partner=str(delivery.connection)),
        body=body,
        link=delivery.tenant.url("partners:tab", delivery.connection.contact_id),
    )


HANDLERS = DeliveryHandlers(delivered=_answered, refused=_refused, given_up=_expired)
