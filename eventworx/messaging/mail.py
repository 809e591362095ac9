"""Mail: written as a row with the deed that causes it, sent by the worker, kept as a log (mission E5, P3).

Sending is at least once: a worker that dies between the mail server's yes and our own note is
followed by a second try after `LEASE`, under the same Message-ID.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from functools import partial
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any, NamedTuple

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Model
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError as BrokerUnreachable

from eventworx.celery import app
from eventworx.errors import BusinessError
from eventworx.installation import in_quarantine
from eventworx.messaging.models import MailMessage, MailState, claim_mail
from eventworx.tenants.models import Tenant, User

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long a worker may take for one mail before another takes over; far above EMAIL_TIMEOUT."""
RETRY_AFTER = [timedelta(minutes=m) for m in (1, 5, 30)] + [timedelta(hours=h) for h in (2, 4, 8, 9)]
"""Waits between the attempts at a mail: about a day in all."""


class Attachment(NamedTuple):
    """A file that goes with a mail."""

    name: str
    content_type: str
    content: bytes


class MailIsBeingSent(BusinessError):
    code = "mail_is_being_sent"
    status = 409
    message = _("This mail is being sent at this moment.")


@transaction.atomic
def queue_mail(
    *,
    tenant: Tenant,
    to: str,
    topic: str,
    template: str,
    context: dict[str, Any],
    language: str,
    contact: Model | None = None,
    created_by: User | None = None,
    attachments: Iterable[Attachment] = (),
) -> MailMessage:
    """Write a mail from `emails/<template>_subject.txt`, `emails/<template>.txt` and, if there, `.html`.

    The texts are rendered in `language` with `context`, `tenant` and `origin`; .txt is never HTML-escaped.
    The row belongs to the caller's transaction; after its commit the worker is woken.
    """
    mail = tenant.mails.create(
        to=to,
        topic=topic,
        contact_id=contact.pk if contact else None,
        created_by=created_by,
        sender_name=" ".join((tenant.mail_sender_name or tenant.name).split()),
        reply_to=tenant.mail_reply_to,
        next_attempt_at=timezone.now(),
        **_texts(template, {"tenant": tenant, "origin": settings.EWX_ORIGIN} | context, language),
    )
    for attachment in attachments:
        mail.attachments.create(tenant=tenant, **attachment._asdict())
    _ring(mail)
    return mail


def _texts(template: str, context: dict[str, Any], language: str) -> dict[str, str]:
    with translation.override(language):
        return {
            "subject": " ".join(_render(f"emails/{template}_subject.txt", context, escape=False).split())[:200],
            "text": _render(f"emails/{template}.txt", context, escape=False).strip() + "\n",
            "html": _render_if_there(f"emails/{template}.html", context),
        }


def _render(name: str, context: dict[str, Any], *, escape: bool) -> str:
    return str(get_template(name).template.render(Context(context, autoescape=escape)))  # type: ignore[attr-defined]


def _render_if_there(name: str, context: dict[str, Any]) -> str:
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return ""
    return _render(name, context, escape=True)


def _ring(mail: MailMessage) -> None:
    """Wake the worker once the mail is committed; without a broker it looks by itself every second."""
    if settings.CELERY_BROKER_URL:
        transaction.on_commit(partial(_wake_worker, mail.pk))


def _wake_worker(mail_id: int) -> None:
    try:
        app.send_task("eventworx.messaging.tasks.send_one", args=(mail_id,), retry=False)
    except BrokerUnreachable:
        logger.warning("broker unreachable; mail %s waits for the next sweep", mail_id)


def send_mail(*, mail_id: int, now: datetime) -> None:
    """Send one mail that is due; nothing happens if it is not, or if another worker has it.

    A copy of an installation sends none: customers and partners would take it for the original (security.md §2).
    What the mail server refuses for good (5xx) fails at once; anything else is tried again after
    `RETRY_AFTER` and says meanwhile why it waits.
    """
    mail = None if in_quarantine() else claim_mail(mail_id, now, LEASE)
    if mail is None:
        return
    if mail.attempts > len(RETRY_AFTER) + 1:
        _finish(mail, state=MailState.FAILED, last_error=mail.last_error or "interrupted too often")
        return
    try:
        _message(mail).send()
    except (OSError, SMTPException, AnymailError) as error:
        _note_failure(mail, error, now)
    else:
        _finish(mail, state=MailState.SENT, sent_at=now, last_error="")


def _message(mail: MailMessage) -> EmailMultiAlternatives:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=formataddr((mail.sender_name, address)),
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else [],
        headers={"Message-ID": f"<mail-{mail.pk}.{mail.created_at:%Y%m%d%H%M%S%f}@{address.rpartition('@')[2]}>"},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    for attachment in mail.attachments.order_by("pk"):
        message.attach(attachment.name, bytes(attachment.content), attachment.content_type)
    return message


def _note_failure(mail: MailMessage, error: Exception, now: datetime) -> None:
    reason = _reason(error)[:500]
    if _is_final(error) or mail.attempts > len(RETRY_AFTER):
        _finish(mail, state=MailState.FAILED, last_error=reason)
    else:
        again = now + RETRY_AFTER[mail.attempts - 1]
        _finish(mail, state=MailState.QUEUED, last_error=reason, next_attempt_at=again)
    logger.warning("mail %s not sent: %s", mail.pk, reason)


def _finish(mail: MailMessage, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(mail, name, value)
    mail.save(update_fields=list(changes))


def _refusals(error: Exception) -> list[tuple[int, bytes | str]]:
    """What the mail server answered, as (code, text)."""
    if isinstance(error, SMTPRecipientsRefused):
        return list(error.recipients.values())
    if isinstance(error, SMTPDataError | SMTPSenderRefused):
        return [(error.smtp_code, error.smtp_error)]
    return []


def _is_final(error: Exception) -> bool:
    """Whether trying again is pointless. A wrong password of ours is not final: an operator can mend it."""
    refusals = _refusals(error)
    return isinstance(error, AnymailRecipientsRefused) or (bool(refusals) and all(code >= 500 for code, _ in refusals))


def _reason(error: Exception) -> str:
    """The server's own sentence, or the system's."""
    said = [
        f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
        for code, text in _refusals(error)
    ]
    return "; ".join(said) or str(error) or type(error).__name__


@transaction.atomic
def retry_mail(*, mail: MailMessage, now: datetime) -> None:
    """Send a mail (again) now, whatever became of it. Raises MailIsBeingSent."""
    again = {"state": MailState.QUEUED, "attempts": 0, "next_attempt_at": now}
    if not mail.tenant.mails.filter(pk=mail.pk).exclude(state=MailState.SENDING).update(**again):
        raise MailIsBeingSent
    mail.refresh_from_db()
    _ring(mail)


@dataclass(frozen=True, slots=True)
class MailHealth:
    """Whether mail works as far as we know, and if not, what the mail server said."""

    ok: bool
    reason: str = ""


def health(*, tenant: Tenant) -> MailHealth:
    """Judged by the last mail of the last day that was tried (mission P3)."""
    recent = tenant.mails.attempted_since(timezone.now() - timedelta(days=1))
    last = recent.newest_first().first()
    failed = last is not None and last.state != MailState.SENT and bool(last.last_error)
    return MailHealth(ok=not failed, reason=last.last_error if last and failed else "")
