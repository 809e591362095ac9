"""What the worker runs: Celery in production, `manage.py worker` without a broker. Ids only, the rows are the truth."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import models
from django.utils import timezone

from eventworx import limits
from partners import connections, outbox, pairing
from partners.models import ConnectionKey, GatheredAnswer, Refusal, SeenNonce, StoredAnswer
from partners.orders import ORDER_HANDLERS
from partners.outbox import DeliveryHandlers, DeliveryKind

# What each kind of delivery means to whoever sent it.
HANDLERS: Mapping[str, DeliveryHandlers] = {
    DeliveryKind.PAIRING: pairing.HANDLERS,
    DeliveryKind.NOTICE: DeliveryHandlers(),
    DeliveryKind.KEYS: connections.KEY_HANDLERS,
    **ORDER_HANDLERS,
}

NONCES_KEPT = timedelta(minutes=15)
ANSWERS_KEPT = timedelta(days=60)
SWEPT_AT_ONCE = 1000  # rows


@shared_task
def deliver_due() -> None:
    """Try every delivery that is due."""
    outbox.deliver_due(now=timezone.now(), handlers=HANDLERS)


@shared_task
def deliver_one(delivery_id: int) -> None:
    """The doorbell: try this one now."""
    outbox.attempt(delivery_id=delivery_id, now=timezone.now(), handlers=HANDLERS)


@shared_task
def tell_late() -> None:
    """Alarm the senders of orders that do not get through."""
    outbox.tell_late(now=timezone.now(), handlers=HANDLERS)


@shared_task
def ask_strangers() -> None:
    """Learn what partners speak who were connected before we asked for it."""
    connections.ask_strangers(now=timezone.now())


@shared_task
def sweep() -> None:
    """Forget nonces after 15 minutes, stored answers after 60 days (protocol §3, §6), keys and limits that ran out,
    answers that no page looks at."""
    now = timezone.now()
    _forget(limits.ended(now=now))
    _forget(SeenNonce.objects.filter(seen_at__lt=now - NONCES_KEPT))
    _forget(StoredAnswer.objects.filter(created_at__lt=now - ANSWERS_KEPT))
    _forget(Refusal.objects.older(now))
    _forget(GatheredAnswer.forgettable(now))
    ConnectionKey.forget_retired(now)


def _forget(rows: models.QuerySet[Any]) -> None:
    """A few rows at a time: no statement is long, and nobody waits behind it."""
    while found := list(rows.values_list("pk", flat=True)[:SWEPT_AT_ONCE]):
        rows.filter(pk__in=found).delete()
