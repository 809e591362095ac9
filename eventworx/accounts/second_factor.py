"""The second factor of a login: codes that an app shows (TOTP, RFC 6238), and recovery codes (mission E1).

allauth keeps both in one table, a row per person and kind. What it must be able to read there is sealed for the
person whose row it is (security.md §1): copied into somebody else's row it does not open.
"""

import logging

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from eventworx.accounts.apps import place_of
from eventworx.accounts.notices import Change, tell
from eventworx.accounts.sessions import end_sessions
from eventworx.audit import Actor
from eventworx.encryption import CannotOpen, Place, open_sealed, seal
from eventworx.errors import BusinessError
from eventworx.tenants.models import User

logger = logging.getLogger(__name__)
Type = Authenticator.Type


class NoSecondFactor(BusinessError):
    code = "no_second_factor"
    status = 404
    message = _("%(person)s has no second factor.")


class SecondFactorUnreadable(BusinessError):
    """The key file or a master key is gone, or the row is not the person's own: nobody gets in by it."""

    code = "second_factor_unreadable"
    status = 503
    message = _("Your second factor can be neither read nor kept on this server. Please turn to its operator.")


class SecondFactorAdapter(DefaultMFAAdapter):
    """allauth's hooks see a text and no row. They seal it for whoever acts: all that allauth asks to open is theirs."""

    def encrypt(self, text: str) -> str:
        return sealed(text, place_of(_acting(self.request)))

    def decrypt(self, encrypted_text: str) -> str:
        return _opened(encrypted_text, _acting(self.request))


def sealed(text: str, place: Place) -> str:
    """Raises SecondFactorUnreadable without a key file."""
    try:
        return seal(text.encode(), place)
    except CannotOpen as error:
        raise SecondFactorUnreadable from error


def _opened(kept: str, user_id: int) -> str:
    try:
        return open_sealed(kept, place_of(user_id)).decode()
    except CannotOpen as error:
        logger.error("the second factor of user %s does not open", user_id)  # noqa: TRY400 - no trace with it
        raise SecondFactorUnreadable from error


def _acting(request: HttpRequest) -> int:
    """The id of whoever is logged in, or has come as far as the code in logging in."""
    stage = getattr(request, "_login_stage", None)
    user = stage.login.user if stage else request.user
    if user.pk is None:
        raise CannotOpen("nobody is here whom it could belong to")
    return int(user.pk)


def matching_step(secret: str, code: str) -> int | None:
    """The 30 seconds (since 1970) whose code this is, among those that MFA_TOTP_TOLERANCE allows."""
    steps = yield_hotp_counters_from_time()
    codes = {step: format_hotp_value(hotp_value(secret, step)) for step in steps}
    return max((step for step, right in codes.items() if compare_user_code(actual=code, expected=right)), default=None)


@transaction.atomic
def take_code(*, user: User, actor: Actor, code: str) -> Authenticator | None:
    """Use `code` up; the row that it was good for, None for a wrong or a used one.

    A code of the app is good once, and none is after a later one (RFC 6238 §5.2); the row is locked and remembers.
    """
    for found in Authenticator.objects.select_for_update().filter(user_id=user.pk).order_by("-type"):
        if found.type == Type.TOTP and _take_step(found, code):
            return found
        if found.type == Type.RECOVERY_CODES and found.wrap().validate_code(code):
            found.refresh_from_db()
            tell(user=user, actor=actor, change=Change.CODE_USED, left=len(found.wrap().get_unused_codes()))
            return found
    return None


def _take_step(totp: Authenticator, code: str) -> bool:
    step = matching_step(_opened(totp.data["secret"], totp.user_id), code)
    if step is None or step <= totp.data.get("last_step", 0):
        return False
    remember_step(totp, step)
    return True


def remember_step(totp: Authenticator, step: int) -> None:
    """No code of this step or an earlier one is good any more."""
    totp.data["last_step"] = step
    totp.save(update_fields=["data"])


@transaction.atomic
def reset_second_factor(*, user: User, actor: Actor) -> None:
    """Take the second factor from somebody who lost it, and end their sessions. Raises NoSecondFactor.

    For the operator only: a person may work for several companies, so no administrator of one may weaken the
    access to another.
    """
    removed, _rows = Authenticator.objects.filter(user_id=user.pk).delete()
    if not removed:
        raise NoSecondFactor(person=user.email)
    end_sessions(user=user)
    tell(user=user, actor=actor, change=Change.RESET)
