"""Our key and our code, made and mailed (mission P3, protocol §1)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.messaging.mail import Attachment, queue_mail
from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import User
from partners import connections
from partners.connections import ConnectionEnded, Deed
from partners.models import KeySide, PartnerConnection
from partners.protocol import pairing_code
from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import PairingCode

CODE_IS_GOOD_FOR = timedelta(days=14)
CODE_FILE = "partner-code.ewx"
CODE_MAIL = "partner_code"


class NotSwitchedOn(BusinessError):
    code = "not-switched-on"
    status = 409
    message = _("Please switch on “Partner (network)” first.")


class KeyMissing(BusinessError):
    code = "key-missing"
    status = 409
    message = _("Please click “Connect with the partner” first: it makes our key.")
    field = "code"


class OurCodeExpired(BusinessError):
    code = "our-code-expired"
    status = 409
    message = _("Our code has expired. “Connect with the partner” makes a new one.")


class AlreadyConnected(BusinessError):
    code = "already-connected"
    status = 409
    message = _("This partner has our code already. To connect anew, click “Connect with the partner”.")


class AddressMissing(BusinessError):
    code = "address-missing"
    message = _("This contact has no e-mail address. Please enter one in the master data.")


@transaction.atomic
def start_pairing(*, contact: Contact, actor: Actor, now: datetime) -> PartnerConnection:
    """Make a key pair ("Verbinden mit dem Partner"). The code is good for 14 days.

    Doing it again is a new connection: the old one is archived with its orders; level, terms and releases move
    over (protocol §2). Raises NotSwitchedOn.
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
    """Our code for the partner, as it stands in the mail. Raises KeyMissing, OurCodeExpired, AlreadyConnected."""
    if connection.code_expires_at is None:
        raise KeyMissing
    if connection.connected_at:  # he has our code; after a change of keys it would name one that is none any more
        raise AlreadyConnected
    if connection.code_expires_at <= timezone.now():
        raise OurCodeExpired
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
