"""Background work of messaging: ids only, the truth lies in the rows."""

from celery import shared_task
from django.utils import timezone

from eventworx.messaging import mail
from eventworx.messaging.models import due_mail_ids


@shared_task
def send_due_mails() -> None:
    """Everything that is due, one after the other."""
    now = timezone.now()
    for mail_id in due_mail_ids(now):
        mail.send_mail(mail_id=mail_id, now=timezone.now())


@shared_task
def send_one(mail_id: int) -> None:
    """The doorbell: one mail, right after the commit of its deed."""
    mail.send_mail(mail_id=mail_id, now=timezone.now())
