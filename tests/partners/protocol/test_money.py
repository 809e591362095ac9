"""Money between partners (protocol §4 "Money", mission R6)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventworx.periods import Period
from partners.protocol.money import AmountTooLarge, billable_days, line_net, order_net, rental_factor
from tests.partners.protocol.strategies import moderate

STEPS = [(3, Decimal("2.5")), (1, Decimal(1)), (7, Decimal(4))]


def period(start: str, end: str) -> Period:
    return Period(datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("usage", "zone", "days"),
    [
        (period("2026-12-01T08:00Z", "2026-12-01T20:00Z"), "Europe/Berlin", 1),
        (period("2026-12-01T08:00Z", "2026-12-02T08:00Z"), "Europe/Berlin", 2),
        (period("2026-12-01T23:00Z", "2026-12-02T23:00Z"), "Europe/Berlin", 1),
        (period("2026-12-01T23:00Z", "2026-12-02T23:00:00.000001Z"), "Europe/Berlin", 2),
        (period("2026-12-01T22:59Z", "2026-12-01T23:01Z"), "Europe/Berlin", 2),
        (period("2026-12-01T22:59Z", "2026-12-01T23:01Z"), "UTC", 1),
        (period("2026-12-01T08:00Z", "2026-12-01T08:00Z"), "UTC", 1),
        (period("2026-03-28T23:00Z", "2026-03-29T22:00Z"), "Europe/Berlin", 1),
        (period("2026-10-24T22:00Z", "2026-10-25T23:00Z"), "Europe/Berlin", 1),
        (period("2026-12-24T23:00Z", "2027-01-01T23:00Z"), "Europe/Berlin", 8),
    ],
    ids=range(10),
)
def test_billable_days(usage: Period, zone: str, days: int):
    assert billable_days(usage, zone) == days


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)), st.integers(0, 400))  # noqa: DTZ001
@moderate
def test_a_later_end_never_costs_fewer_days(start: datetime, hours: int):
    days = [
        billable_days(Period(start, start + timedelta(hours=h)), "Europe/Berlin")
        for h in (hours, hours + 1)
        if start.year < 9990
    ]
    assert days == sorted(days)
    assert all(found >= 1 for found in days)


@pytest.mark.parametrize(
    ("days", "extra", "factor"),
    [
        (1, "0", "1"),
        (2, "0", "1"),
        (3, "0", "2.5"),
        (6, "0", "2.5"),
        (7, "0", "4"),
        (10, "0.5", "5.5"),
        (2, "0.8", "1.8"),
    ],
)
def test_the_greatest_step_that_fits_and_the_days_beyond_it(days: int, extra: str, factor: str):
    found = rental_factor(kind="rental", days=days, steps=STEPS, extra_day_factor=Decimal(extra))
    assert found == Decimal(factor)


def test_no_step_fits():
    assert rental_factor(kind="rental", days=2, steps=STEPS[:1], extra_day_factor=Decimal(9)) == 1
    assert rental_factor(kind="rental", days=2, steps=[]) == 1


def test_what_is_sold_has_no_days():
    assert rental_factor(kind="sale", days=30, steps=STEPS, extra_day_factor=Decimal(1)) == 1


@pytest.mark.parametrize(
    ("quantity", "price", "factor", "discount", "currency", "net"),
    [
        (4, "12.50", "2.5", "10", "EUR", "112.50"),
        (1, "0.005", "1", "0", "EUR", "0.01"),
        (1, "0.004999", "1", "0", "EUR", "0.00"),
        (1, "2.5", "1", "0", "JPY", "3"),
        (1, "1.5", "1", "0", "JPY", "2"),
        (1, "0.0005", "1", "0", "KWD", "0.001"),
        (3, "33.33", "1", "100", "EUR", "0.00"),
        (7, "9.99", "1.333333", "33.333333", "EUR", "62.16"),
    ],
)
def test_line_net(quantity: int, price: str, factor: str, discount: str, currency: str, net: str):
    found = line_net(
        quantity=quantity,
        unit_price=Decimal(price),
        factor=Decimal(factor),
        discount_percent=Decimal(discount),
        currency=currency,
    )
    assert str(found) == net


@given(
    st.integers(1, 999),
    st.decimals(0, 99_999, places=6),
    st.decimals(0, 99, places=6),
    st.decimals(0, 100, places=6),
)
@moderate
def test_a_line_is_exact_until_the_one_rounding(quantity, price, factor, discount):
    found = line_net(quantity=quantity, unit_price=price, factor=factor, discount_percent=discount, currency="EUR")
    exact = quantity * Fraction(price) * Fraction(factor) * (1 - Fraction(discount) / 100)
    assert int(exact * 100 + Fraction(1, 2)) == found * 100


def test_an_order_is_the_sum_of_rounded_lines():
    assert order_net([Decimal("0.01")] * 3) == Decimal("0.03")
    assert order_net([]) == 0


def test_a_sum_that_the_wire_cannot_carry():
    with pytest.raises(AmountTooLarge):
        line_net(
            quantity=999_999,
            unit_price=Decimal(999_999_999_999),
            factor=Decimal(999_999_999_999),
            discount_percent=Decimal(0),
            currency="EUR",
        )
    with pytest.raises(AmountTooLarge):
        order_net([Decimal(999_999_999_999), Decimal(1)])
