"""What keeps a machine from confirming an order by itself (mission R5): the limits of a partner, in numbers.

Pure: knows neither database nor clock.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from eventworx.periods import Period

COUNTED = timedelta(hours=24)  # over which confirmed orders are counted
PROPOSED = {"horizon_days": 365, "most_orders": 20}  # the limits that level 3 begins with where nobody has set one


class Hindrance(StrEnum):
    """Why an order waits for a person."""

    BRAKE = "brake"  # somebody has pulled the emergency brake
    UNVERIFIED = "unverified"  # nobody has compared the safety number
    UNITS = "units"
    NET = "net"
    UNPRICED = "unpriced"  # a limit of value says nothing of it
    BEGUN = "begun"  # its period has begun
    LEAD = "lead"
    HORIZON = "horizon"
    ORDERS = "orders"
    SHORT = "short"
    KEPT_BACK = "kept_back"


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason, with the figures that its sentence names; they are for our own people alone."""

    why: Hindrance
    figures: dict[str, Any]

    @classmethod
    def of(cls, why: Hindrance, **figures: Any) -> "Objection":
        return cls(why, figures)

    def as_json(self) -> dict[str, Any]:
        return {"why": self.why.value, **self.figures}

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> "Objection":
        return cls(Hindrance(written["why"]), {name: value for name, value in written.items() if name != "why"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRails:
    """Per order: the most units and the most net value, how long before it begins it has to be there, and how many
    days ahead it may end. Of all orders: how many a machine confirms within COUNTED, for otherwise many small ones
    would empty the stock. None: no limit. Whatever has begun already is a person's.
    """

    most_units: int | None = None
    most_net: Decimal | None = None
    lead_hours: int = 0
    horizon_days: int | None = None
    most_orders: int | None = None

    def objections(
        self,
        *,
        units: int,
        net: Decimal,
        unpriced: Collection[str] = (),
        confirmed: int = 0,
        planning: Period,
        now: datetime,
    ) -> Iterator[Objection]:
        """What an order of `units` in all, worth `net`, breaks; `unpriced` names what in it has no price, `confirmed`
        counts what a machine has confirmed within COUNTED.
        """
        if self.most_units is not None and units > self.most_units:
            yield Objection.of(Hindrance.UNITS, asked=units, limit=self.most_units)
        if self.most_net is not None and net > self.most_net:
            yield Objection.of(Hindrance.NET, asked=str(net), limit=str(self.most_net))
        if self.most_net is not None:
            yield from (Objection.of(Hindrance.UNPRICED, article=name) for name in unpriced)
        if planning.start <= now:
            yield Objection.of(Hindrance.BEGUN)
        elif planning.start < now + timedelta(hours=self.lead_hours):
            yield Objection.of(Hindrance.LEAD, limit=self.lead_hours)
        if self.horizon_days is not None and planning.end > now + timedelta(days=self.horizon_days):
            yield Objection.of(Hindrance.HORIZON, limit=self.horizon_days)
        if self.most_orders is not None and confirmed >= self.most_orders:
            yield Objection.of(Hindrance.ORDERS, limit=self.most_orders)
