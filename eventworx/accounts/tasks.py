"""Background work of accounts."""

from celery import shared_task
from django.utils import timezone

from eventworx.accounts import sessions


@shared_task
def forget_sessions() -> None:
    """What nobody can use any more is not kept."""
    sessions.forget_sessions(now=timezone.now())
