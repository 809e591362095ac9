"""What the journal says about a connection, and who says it."""

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor
from eventworx.audit.models import AuditQuerySet
from eventworx.contacts.models import Contact
from partners.models.connections import PartnerConnection


class Deed(models.TextChoices):
    """What the journal says about a connection."""

    SWITCHED_ON = "partner.switched_on", _("“Partner (network)” switched on")
    SWITCHED_OFF = "partner.switched_off", _("“Partner (network)” switched off")
    LEVEL_SET = "partner.level_set", _("Kind of partner connection changed")
    STOCK_SHOWN = "partner.stock_shown", _("What the partner sees of the stock changed")
    GUARD_RAILS_SET = "partner.guard_rails_set", _("Limits of automatic reservation changed")
    BRAKE_PULLED = "partner.brake_pulled", _("Emergency brake pulled for this partner")
    BRAKE_RELEASED = "partner.brake_released", _("Emergency brake released for this partner")
    BRAKE_PULLED_FOR_ALL = "partner.brake_pulled_for_all", _("Emergency brake pulled for all partners")
    BRAKE_RELEASED_FOR_ALL = "partner.brake_released_for_all", _("Emergency brake released for all partners")
    ROLES_SET = "partner.roles_set", _("Roles of the contact changed")
    KEY_MADE = "partner.key_made", _("Key pair created")
    CODE_SENT = "partner.code_sent", _("Partner code sent by e-mail")
    CODE_HANDED_OVER = "partner.code_handed_over", _("Partner code handed over on the command line")
    CODE_ENTERED = "partner.code_entered", _("The partner's code entered")
    CONNECTED = "partner.connected", _("Connection established")
    VERIFIED = "partner.verified", _("Safety number compared")
    KEY_STAGED = "partner.key_staged", _("Change of our key begun")
    KEY_CHANGED = "partner.key_changed", _("Our key changed")
    KEY_KEPT = "partner.key_kept", _("Change of our key given up; the former key stays")
    PEER_KEY_STAGED = "partner.peer_key_staged", _("New key announced by the partner")
    PEER_KEY_CHANGED = "partner.peer_key_changed", _("The partner uses their new key")
    PEER_KEY_WITHDRAWN = "partner.peer_key_withdrawn", _("Key withdrawn by the partner")
    TESTED = "partner.tested", _("Connection tested")
    PEER_PAUSED = "partner.peer_paused", _("Paused by the partner")
    PEER_RESUMED = "partner.peer_resumed", _("Resumed by the partner")
    RELEASED = "partner.article_released", _("Released for the partner")
    EXCLUDED = "partner.article_excluded", _("Excluded for the partner")
    RELEASE_WITHDRAWN = "partner.release_withdrawn", _("Release or exception removed")
    PEER_LEVEL = "partner.peer_level", _("The partner changed what they offer")
    CLOSED = "partner.closed", _("Connection ended")
    PEER_CLOSED = "partner.peer_closed", _("Connection ended by the partner")


def partner_actor(connection: PartnerConnection) -> Actor:
    """The partner's server, for the journal: from where, its signature proves."""
    server = urlsplit(connection.peer_origin).netloc
    return Actor(label=f"{connection} ({server})" if server else str(connection))


def entries_about(contact: Contact) -> AuditQuerySet:
    """What happened to a contact and its connections, the ended ones included, and to all; the newest first."""
    ids = [str(pk) for pk in contact.partner_connections.values_list("pk", flat=True)]
    its_own = Q(target_type=Contact._meta.label_lower, target_id=str(contact.pk))
    its_connections = Q(target_type=PartnerConnection._meta.label_lower, target_id__in=ids)
    of_all = Q(action__in=(Deed.BRAKE_PULLED_FOR_ALL, Deed.BRAKE_RELEASED_FOR_ALL))
    entries: AuditQuerySet = contact.tenant.audit_entries.filter(its_own | its_connections | of_all)
    return entries.newest_first()
