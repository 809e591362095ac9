"""What we want of allauth: log in and reset passwords, nobody signs up by himself."""

from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from anymail.exceptions import AnymailError
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError


class MailNotPossible(BusinessError):
    code = "mail_not_possible"
    status = 503
    message = _("Our mail server does not answer at the moment. Please try again in a few minutes.")


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def format_email_subject(self, subject: str) -> str:
        return subject

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Below our own origin, whatever host the request named."""
        path = reverse("account_reset_password_from_key", args=("UID", "KEY"))
        return f"{settings.EWX_ORIGIN}{path}".replace("UID-KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """At once and not through the log: the link in it is a secret. Raises MailNotPossible."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException, AnymailError) as error:
            raise MailNotPossible from error
