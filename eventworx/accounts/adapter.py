"""What we want of allauth: log in and reset passwords, nobody signs up by himself."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTPException
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from anymail.exceptions import AnymailError
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import get_connection
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from eventworx.accounts.attempts import login_attempt
from eventworx.accounts.middleware import note_seen
from eventworx.addresses import client_address
from eventworx.errors import BusinessError
from eventworx.tenants.entrance import keep_chosen_language

logger = logging.getLogger(__name__)

UNKNOWN_ADDRESS = "::"


class MailNotPossible(BusinessError):
    code = "mail_not_possible"
    status = 503
    message = _("Our mail server does not answer at the moment. Please try again in a few minutes.")


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _("Too many attempts. Please wait a few minutes and try again."),
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether to go on to `url` after the login: only to a page of ours, named without a host."""
        return bool(url_has_allowed_host_and_scheme(url, allowed_hosts=None))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Behind the proxies that the operator names, and behind no others."""
        return client_address(request) or UNKNOWN_ADDRESS

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Called before a password is looked at; unknown accounts are counted like known ones."""
        if not login_attempt(request, credentials.get("email") or "").is_allowed:
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """For whoever watches the log. Not the account: people type passwords into the wrong field."""
        logger.warning("login failed, from %s", self.get_client_ip(request))

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        note_seen(request)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        keep_chosen_language(request, user, response)
        return response

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor proves by it who they are: the password alone must not remove it."""
        methods = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] == "mfa_reauthenticate"] or methods

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """To set up the first factor, the password of a moment ago is proof enough."""
        user = self.request.user
        logins = get_authentication_records(self.request, user)
        is_fresh = logins and time.time() - logins[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not is_fresh or user.has_second_factor()

    def format_email_subject(self, subject: str) -> str:
        return subject

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Below our own origin, whatever host the request named."""
        path = reverse("account_reset_password_from_key", args=("UID", "KEY"))
        return f"{settings.EWX_ORIGIN}{path}".replace("UID-KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """At once and not through the log: the link in it is a secret. Raises MailNotPossible."""
        with _mail_server():
            super().send_mail(template_prefix, email, context)

    def greet_mail_server(self) -> None:
        """Instead of a mail to a stranger: neither an error nor the time it takes tells who is known here."""
        with _mail_server(), get_connection():
            pass


@contextmanager
def _mail_server() -> Iterator[None]:
    try:
        yield
    except (OSError, SMTPException, AnymailError) as error:
        raise MailNotPossible from error
