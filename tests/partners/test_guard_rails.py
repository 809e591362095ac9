"""The limits of automatic confirmation, in numbers (mission R5)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from eventworx.periods import Period
from partners.guard_rails import GuardRails, Hindrance, Objection

NOW = datetime(2027, 6, 1, 8, tzinfo=UTC)


def hindrances(
    rails: GuardRails, *, units: int = 10, net: str = "100.00", start: float = 10, days: int = 2, confirmed: int = 0
) -> list[str]:
    """Of an order that begins in so many days and lasts so many, after so many that were confirmed."""
    begin = NOW + timedelta(days=start)
    order = {"units": units, "net": Decimal(net), "planning": Period(begin, begin + timedelta(days=days))}
    return [objection.why for objection in rails.objections(**order, confirmed=confirmed, now=NOW)]  # type: ignore[arg-type]


def test_without_limits_everything_that_lies_ahead_goes() -> None:
    assert hindrances(GuardRails(), units=999_999, net="999999999.99", start=0.001, days=3_000, confirmed=999) == []


@pytest.mark.parametrize(
    ("rails", "at", "beyond", "why"),
    [
        (GuardRails(most_units=10), {"units": 10}, {"units": 11}, Hindrance.UNITS),
        (GuardRails(most_units=0), {"units": 0}, {"units": 1}, Hindrance.UNITS),
        (GuardRails(most_net=Decimal("99.99")), {"net": "99.99"}, {"net": "100.00"}, Hindrance.NET),
        (GuardRails(lead_hours=48), {"start": 2}, {"start": 1.999}, Hindrance.LEAD),
        (GuardRails(horizon_days=30), {"start": 28}, {"start": 28.001}, Hindrance.HORIZON),
        (GuardRails(horizon_days=30), {"start": 1, "days": 29}, {"start": 1, "days": 30}, Hindrance.HORIZON),
        (GuardRails(most_orders=20), {"confirmed": 19}, {"confirmed": 20}, Hindrance.ORDERS),
        (GuardRails(), {"start": 0.001}, {"start": 0}, Hindrance.BEGUN),
        (GuardRails(lead_hours=48), {"start": 3}, {"start": -1}, Hindrance.BEGUN),
    ],
)
def test_a_limit_itself_is_kept_and_more_is_not(rails: GuardRails, at: dict, beyond: dict, why: Hindrance) -> None:  # type: ignore[type-arg]
    assert hindrances(rails, **({"units": 1, "net": "1.00"} | at)) == []
    assert hindrances(rails, **({"units": 1, "net": "1.00"} | beyond)) == [why]


def test_every_limit_that_is_broken_is_named() -> None:
    rails = GuardRails(most_units=1, most_net=Decimal(1), lead_hours=999, horizon_days=1, most_orders=0)
    assert hindrances(rails) == [Hindrance.UNITS, Hindrance.NET, Hindrance.LEAD, Hindrance.HORIZON, Hindrance.ORDERS]


def test_an_objection_is_written_down_and_read_again() -> None:
    objection = Objection.of(Hindrance.SHORT, article="PAR 64", asked=5, free=3)
    assert Objection.from_json(objection.as_json()) == objection
