"""What people and partners do with an order, in short, and what comes of it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import Tenant
from jobs.models import Inquiry
from partners import client, connections
from partners.access import AccessLevel
from partners.client import PartnerRefused
from partners.models import PartnerConnection, PartnerOrder
from partners.outbox import Outcome
from partners.shown_stock import StockMode
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


NO_LIMITS: dict[str, Any] = {
    "most_units": None,
    "most_net": None,
    "lead_hours": 0,
    "horizon_days": None,
    "most_orders": None,
}


def at_level_3(connection: PartnerConnection) -> PartnerConnection:
    connection.level, connection.verified_at = AccessLevel.AUTOMATIC, timezone.now()
    connection.save()
    return connection


def limit(connection: PartnerConnection, trade: Trade, **limits: Any) -> None:
    connections.set_guard_rails(connection=connection, actor=trade.seller_actor, **(NO_LIMITS | limits))


def keep_back(connection: PartnerConnection, trade: Trade, units: int) -> None:
    terms: dict[str, Any] = {"stock_mode": StockMode.YES_NO, "stock_cap": None, "stock_kept_back": units}
    connections.set_stock_terms(connection=connection, actor=trade.seller_actor, **terms)


def arrived(trade: Trade, *quantities: int) -> PartnerOrder:
    """What becomes of an order of so many units per line."""
    for quantity in quantities:
        trade.add_position(quantity)
    post(trade.ours, "/orders", trade.send().document)
    return trade.incoming()


def reserved(tenant: Tenant) -> list[int]:
    return list(tenant.reservations.order_by("pk").values_list("quantity", flat=True))


def whys(order: PartnerOrder) -> list[str]:
    return [written["why"] for written in order.objections]


def states_of(trade: Trade, *quantities: int) -> list[str]:
    """What an order of its own for each quantity is answered with."""
    states = []
    for quantity in quantities:
        trade.add_position(quantity)
        document: Any = post(trade.ours, "/orders", trade.send().document).document
        states.append(document["state"])
    return states
