"""What the journal says about a connection, and who says it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor
from partners.models import PartnerConnection


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


def partner_actor(connection: PartnerConnection) -> Actor:
    """The partner's server, for the journal."""
    return Actor(label=str(connection))
