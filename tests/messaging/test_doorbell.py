"""The doorbell: with a broker the worker hears of a mail at its commit, and never depends on it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings
from redis import Redis

from eventworx.celery import app
from eventworx.messaging.mail import queue_mail
from eventworx.messaging.models import MailMessage, MailState
from eventworx.tenants.models import Tenant
from tests.factories import make_tenant
from tests.services import free_port


@pytest.fixture
def broker(settings: Settings) -> Iterator[Any]:
    """Sets the broker's URL, at Django and at Celery; undone afterwards."""
    before = app.conf.broker_url

    def use(url: str) -> None:
        settings.CELERY_BROKER_URL = app.conf.broker_url = url
        app.amqp._producer_pool = None
        app._pool = None

    yield use
    use(before)


def queue(tenant: Tenant) -> MailMessage:
    return queue_mail(tenant=tenant, to="a@b.example", topic="test", template="test", context={}, language="de")


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_rings_at_the_commit_and_not_before(broker: Any, redis_url: str) -> None:
    broker(redis_url)
    redis, tenant = Redis.from_url(redis_url), make_tenant("aurora")
    redis.flushall()
    with transaction.atomic():
        queue(tenant)
        assert redis.llen("celery") == 0
    assert redis.llen("celery") == 1
    with transaction.atomic():
        queue(tenant)
        transaction.set_rollback(True)
    assert redis.llen("celery") == 1
    redis.close()


@pytest.mark.django_db(transaction=True)
def test_broker_that_is_down_loses_nothing_and_keeps_nobody_waiting(broker: Any) -> None:
    broker(f"redis://127.0.0.1:{free_port()}/0")
    tenant, began = make_tenant("aurora"), time.monotonic()
    mail = queue(tenant)
    assert time.monotonic() - began < 2
    mail.refresh_from_db()
    assert mail.state == MailState.QUEUED
