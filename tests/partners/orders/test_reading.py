"""Orders are read by the two that they concern, and by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from eventworx.tenants.models import Tenant
from partners import client
from partners.client import PartnerRefused
from partners.models import PartnerConnection
from tests.partners.orders.doing import Work, delivered, event_of, refused
from tests.partners.trade import Trade


def delivered_order(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    work()


def test_orders_are_listed_by_change_for_the_role_asked(trade: Trade, work: Work) -> None:
    for _order in range(3):
        delivered_order(trade, work)

    def listed(connection: PartnerConnection, **query: Any) -> list[str]:
        answer: Any = client.call(connection=connection, method="GET", path="/orders", query=query).document
        return [item["id"] for item in answer["items"]]

    ids = [str(order.order_id) for order in trade.theirs.orders.order_by("pk")]
    assert listed(trade.ours) == ids
    assert listed(trade.theirs) == []
    assert listed(trade.theirs, role="buyer") == ids
    since = trade.theirs.orders.order_by("pk")[1].updated_at.isoformat().replace("+00:00", "Z")
    assert listed(trade.ours, changed_after=since) == ids[2:]
    with pytest.raises(PartnerRefused):
        listed(trade.ours, role="thief")


def test_nobody_else_reads_or_moves_an_order(
    trade: Trade, work: Work, cymbal: Tenant, bassline: Tenant, make_stranger: Callable[[Tenant], PartnerConnection]
) -> None:
    delivered(trade, work)
    order = trade.incoming()
    stranger = make_stranger(cymbal)
    with pytest.raises(PartnerRefused) as unread:
        client.call(connection=stranger, method="GET", path=f"/orders/{order.order_id}")
    assert unread.value.problem.status == 404
    path = f"/orders/{order.order_id}/commands"
    assert refused(stranger, path, {"command": "withdraw", "expected_version": 1}).problem.status == 404
    assert refused(stranger, "/order-events", event_of(trade, version=9)).problem.status == 404
    listed: Any = client.call(connection=stranger, method="GET", path="/orders").document
    assert listed["items"] == []
