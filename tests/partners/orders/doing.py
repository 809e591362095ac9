"""What people and partners do with an order, in short, and what comes of it."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection as database

from eventworx.errors import BusinessError
from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import Tenant
from jobs.models import Inquiry
from partners import client
from partners.client import PartnerRefused
from partners.models import PartnerConnection
from partners.outbox import Outcome
from tests.partners.trade import Trade

Work = Callable[..., list[Outcome]]


def orders_of(tenant: Tenant) -> list[tuple[str, str]]:
    return [(order.state, order.reason) for order in tenant.sub_rental_orders.order_by("pk")]


def subjects(tenant: Tenant) -> list[str]:
    return list(tenant.inbox_messages.order_by("pk").values_list("subject", flat=True))


def mails(tenant: Tenant) -> list[MailMessage]:
    return list(tenant.mails.order_by("pk"))


def post(connection: PartnerConnection, path: str, body: Any, key: uuid.UUID | None = None) -> client.Answer:
    return client.call(connection=connection, method="POST", path=path, body=body, idempotency_key=key or uuid.uuid4())


def refused(connection: PartnerConnection, path: str, body: Any, key: uuid.UUID | None = None) -> client.PartnerRefused:
    with pytest.raises(PartnerRefused) as caught:
        post(connection, path, body, key)
    return caught.value


def request_of(trade: Trade) -> dict[str, Any]:
    """A request as aurora would send it, not sent yet."""
    trade.add_position()
    return dict(trade.send().document)


def delivered(trade: Trade, work: Work, quantity: int = 2) -> Inquiry:
    trade.add_position(quantity)
    trade.send()
    work()
    inquiry = trade.incoming().inquiry
    assert inquiry is not None
    return inquiry


def event_of(trade: Trade, **changes: Any) -> dict[str, Any]:
    return {"event": "confirm", "order": trade.incoming().document | changes}


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each of the deeds gave or was refused with, all started together."""

    def run(deed: Callable[[], Any]) -> Any:
        start.wait(5)
        try:
            return deed()
        except BusinessError as refusal:
            return refusal
        finally:
            database.close()

    start = threading.Barrier(len(deeds))
    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))
