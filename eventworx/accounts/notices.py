"""What changes at a person's access is written down in each of their companies, and they get a mail about it."""

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.messaging.mail import queue_mail
from eventworx.tenants.models import User


class Change(models.TextChoices):
    """Kinds of change by their action in the journal; the label is the subject of the mail."""

    SET_UP = "second_factor_set_up", _("Your second factor is set up")
    REMOVED = "second_factor_removed", _("Your second factor is removed")
    RESET = "second_factor_reset", _("Your second factor was reset by the operator")
    CODES_RENEWED = "recovery_codes_renewed", _("You have new recovery codes")
    CODE_USED = "recovery_code_used", _("One of your recovery codes was used")
    CODES_TRIED = "second_factor_attacked", _("Somebody knows your password")
    PASSWORD = "password_changed", _("Your password was changed")


@transaction.atomic
def tell(*, user: User, actor: Actor, change: Change, **detail: int) -> None:
    """Journal and mail, in the transaction of the deed. `detail` holds no secret.

    The mail goes out once, in the name of the company that the person joined first.
    """
    memberships = list(user.memberships.select_related("tenant").order_by("pk"))
    for membership in memberships:
        record(tenant=membership.tenant, actor=actor, action=change, target=membership, **detail)
    for membership in memberships[:1]:
        queue_mail(
            tenant=membership.tenant,
            to=user.email,
            topic="account",
            template="account_change",
            context={"change": change, "at": timezone.now(), "address": actor.address, **detail},
            language=user.language,
        )
