"""Forms of the account pages, in the place of allauth's own where ours must know or keep more."""

from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventworx.accounts.attempts import CODES_OF_ACCOUNT, WARNINGS_TO_ACCOUNT
from eventworx.accounts.notices import Change, tell
from eventworx.accounts.second_factor import matching_step, sealed, take_code
from eventworx.addresses import client_address
from eventworx.audit import Actor
from eventworx.encryption import CannotOpen, Place, open_sealed
from eventworx.limits import hit_all
from eventworx.tenants.models import User

LABELS = {
    "login": _("E-mail"),
    "email": _("E-mail"),
    "remember": _("Stay logged in"),
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password again"),
}


def actor_in(request: HttpRequest, user: User) -> Actor:
    """Whoever acts here, also before the login is complete."""
    return Actor(label=str(user), user=user, address=client_address(request))


class CodeForm(forms.Form):
    """A code of six digits of the app. Every attempt counts, right or wrong; raises no more than a field error."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    use_required_attribute = False
    user: User

    def count_attempt(self, request: HttpRequest) -> None:
        """Raises ValidationError; who is attacked by somebody with their password is told once an hour."""
        now, key = timezone.now(), str(self.user.pk)
        if hit_all([(CODES_OF_ACCOUNT, key)], now=now).is_allowed:
            return
        if hit_all([(WARNINGS_TO_ACCOUNT, key)], now=now).is_allowed:
            tell(user=self.user, actor=actor_in(request, self.user), change=Change.CODES_TRIED)
        raise account_adapter().validation_error("too_many_login_attempts")


class _OnceForm(CodeForm):
    """A code of the app or a recovery code, used up by this form."""

    def clean_code(self) -> str:
        request = get_adapter().request
        self.count_attempt(request)
        code: str = self.cleaned_data["code"]
        found = take_code(user=self.user, actor=actor_in(request, self.user), code=code)
        if found is None:
            raise ValidationError(_("This code is wrong or was used already. Please wait for the next one."))
        self.authenticator, found.user = found, self.user
        return code


class LoginCodeForm(_OnceForm, AuthenticateForm):
    """The second step of the login."""


class ProofForm(_OnceForm, ReauthenticateForm):
    """Before something that touches the account's safety."""


class SetUpForm(CodeForm):
    """The first code, which shows that the app has the secret.

    Until then the secret waits in the session, sealed: sessions lie in the database. Every look at the page begins
    with a new one, and so does a code for one that is gone with its master key. Raises SecondFactorUnreadable.
    """

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, get_adapter().request
        self.place = Place(table="django_session", row=f"user {user.pk}", field=SECRET_SESSION_KEY, tenant=0)
        waiting = self._waiting_secret() if self.is_bound else None
        self.is_fresh, self.secret = waiting is None, waiting or self._fresh_secret()

    def _waiting_secret(self) -> str | None:
        try:
            return open_sealed(self.request.session.get(SECRET_SESSION_KEY, ""), self.place).decode()
        except CannotOpen:
            return None

    def _fresh_secret(self) -> str:
        secret = str(generate_totp_secret())
        self.request.session[SECRET_SESSION_KEY] = sealed(secret, self.place)
        return secret

    def clean_code(self) -> str:
        self.count_attempt(self.request)
        if self.is_fresh:
            raise ValidationError(_("The picture was out of date. Please scan the new one and enter its code."))
        step = matching_step(self.secret, self.cleaned_data["code"])
        if step is None:
            raise ValidationError(_("This code is wrong. Is the clock of your device right?"))
        self.step = step
        return str(self.cleaned_data["code"])


class _InOurWords(forms.Form):
    """Labels as everywhere in the product: allauth writes its own like titles."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in LABELS.keys() & self.fields.keys():
            self.fields[name].label = LABELS[name]


class PasswordForm(_InOurWords, LoginForm):
    """The first step of the login."""


class NewPasswordForm(_InOurWords, ChangePasswordForm):
    """A new password, by whoever knows the old one."""


class PasswordByMailForm(_InOurWords, ResetPasswordKeyForm):
    """A new password, by whoever got the link."""


class PasswordMailForm(_InOurWords, ResetPasswordForm):
    """Where to send the link that sets a password."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        if not self.users:
            account_adapter().greet_mail_server()
        return str(super().save(request, **kwargs))
