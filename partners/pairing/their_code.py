"""The partner's code: read, shown, entered (mission P4, protocol §1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from jobs.sub_rentals import forget_article_ids
from partners import connections
from partners.connections import ConnectionEnded, Deed
from partners.models import KeySide, PartnerConnection
from partners.pairing.handshake import greet
from partners.pairing.our_code import KeyMissing
from partners.protocol import pairing_code
from partners.protocol.keys import keyid
from partners.protocol.look_alikes import Oddity, oddities, shown_host
from partners.protocol.pairing_code import CodeRefused, PairingCode, Refusal
from partners.protocol.safety_number import Side, safety_number
from partners.transport import is_allowed_origin

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
    return describe_code(connection=connection, code=code)


def _check_may_enter(connection: PartnerConnection) -> None:
    if connection.closed_at:
        raise ConnectionEnded
    if not connection.code_expires_at:
        raise KeyMissing
    if connection.peer_key_at:
        raise CodeAlreadyEntered


def describe_code(*, connection: PartnerConnection, code: PairingCode) -> EnteredCode:
    """What an admin is shown of a code, with the safety number that it makes with ours."""
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
    """A key as people compare it."""
    return in_groups(keyid(public_key))


def in_groups(key_id: str) -> str:
    """A key id as people compare it: "B8EE A830 5DBF 8B38"."""
    return " ".join(key_id[at : at + 4] for at in range(0, len(key_id), 4)).upper()


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
    return enter_code(connection=connection, entered=entered, actor=actor, now=now)


@transaction.atomic
def enter_code(
    *, connection: PartnerConnection, entered: EnteredCode, actor: Actor, now: datetime
) -> PartnerConnection:
    connection, code = connection.locked(), entered.code
    _check_may_enter(connection)
    _forget_another_company(connection, code)
    connection.peer_connection_id = code.connection_id
    connection.peer_origin, connection.peer_tenant_id = code.origin, code.tenant_id
    connection.peer_display_name = code.display_name
    connection.peer_code_expires_at, connection.peer_key_at = code.expires_at, now
    connection.safety_number = entered.safety_number
    _save_unless_in_use(connection)
    key = connections.add_key(connection=connection, side=KeySide.PEER, key=code.public_key, now=now)
    greet(connection=connection, now=now)
    record(
        tenant=connection.tenant,
        actor=actor,
        action=Deed.CODE_ENTERED,
        target=connection,
        server=code.origin,
        keyid=key.keyid,
    )
    return connection


def _forget_another_company(connection: PartnerConnection, code: PairingCode) -> None:
    """Where the contact was connected from another company before, from a trial installation say, what its articles
    are called there names others here: a person has to decide anew which is which (mission J4)."""
    before = connection.contact.partner_connections.entered().exclude(pk=connection.pk).latest_first().first()
    if before and (before.peer_origin, before.peer_tenant_id) != (code.origin, code.tenant_id):
        connection.contact.article_links.all().delete()
        connection.contact.partner_listings.all().delete()
        forget_article_ids(supplier=connection.contact)


def _save_unless_in_use(connection: PartnerConnection) -> None:
    """Where two admins enter one code for two contacts at the same moment, the second is told so."""
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        raise CodeNotTaken(CodeRefused(Refusal.IN_USE)) from error
