"""The outbox driven by Celery on a real Redis: the doorbell, and the sweep when the doorbell was lost."""

import time
from collections.abc import Callable, Iterator

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import transaction
from pytest_django import Settings
from redis import Redis

from eventworx.celery import app
from eventworx.tenants.models import Tenant
from partners import outbox
from partners.models import Delivery, DeliveryState, PartnerConnection
from partners.outbox import DeliveryKind
from tests.factories import make_connection
from tests.fakes import InProcess


@pytest.fixture
def broker(settings: Settings, redis_url: str) -> Iterator[Redis]:
    """An empty Redis that Django and Celery ring at."""
    before, connection = app.conf.broker_url, Redis.from_url(redis_url)
    connection.flushall()
    _use(settings, redis_url)
    yield connection
    connection.close()
    _use(settings, before)


def _use(settings: Settings, url: str) -> None:
    settings.CELERY_BROKER_URL = app.conf.broker_url = url
    app.amqp._producer_pool = None
    app._pool = None


@pytest.fixture
def ours(aurora: Tenant, bassline: Tenant, network: InProcess) -> PartnerConnection:
    return make_connection(aurora, peer=bassline)[0]


def queue(connection: PartnerConnection) -> Delivery:
    with transaction.atomic():
        return outbox.enqueue_delivery(
            connection=connection, kind=DeliveryKind.NOTICE, path="/connection/notice", body={"notice": "paused"}
        )


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def is_delivered(delivery: Delivery) -> bool:
    delivery.refresh_from_db()
    return delivery.state == DeliveryState.DELIVERED


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_the_doorbell_delivers(broker: Redis, ours: PartnerConnection) -> None:
    delivery = queue(ours)
    assert broker.llen("celery") == 1
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        wait_for(lambda: is_delivered(delivery))


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_a_wiped_broker_loses_nothing(broker: Redis, ours: PartnerConnection, network: InProcess) -> None:
    deliveries = [queue(ours) for _ in range(3)]
    broker.flushall()
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        for _ in range(2):  # what the clock does every second
            app.send_task("partners.tasks.deliver_due")
        wait_for(lambda: all(is_delivered(delivery) for delivery in deliveries))
    assert len(network.sent) == 3
