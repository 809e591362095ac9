"""Ids of orders, which the buyer makes (protocol §4)."""

from datetime import UTC, datetime

from partners.protocol import wire


def test_order_ids_sort_by_time():
    early, late = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
    first, second = wire.new_order_id(early, lambda n: b"\xff" * n), wire.new_order_id(late, bytes)
    assert first < second
    assert {first.version, second.version} == {7}
    assert {first.variant, second.variant} == {"specified in RFC 4122"}
    assert first.int >> 80 == int(early.timestamp() * 1000)
