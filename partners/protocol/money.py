"""Money between partners (protocol §4): both recompute, the supplier's figures count."""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from eventworx.money import day_factor
from eventworx.money import line_net as exact_line_net
from eventworx.periods import Period
from partners.protocol.errors import ProtocolError

MAX_AMOUNT = Decimal(10) ** 12  # the wire carries twelve digits before the point


class AmountTooLarge(ProtocolError):
    """The sum has more digits than a decimal of the wire may have."""


def billable_days(usage: Period, zone: str) -> int:
    """Calendar days of `zone` that the usage period touches, at least 1; its end is not in it."""
    return usage.days_touched(ZoneInfo(zone))


def rental_factor(
    *, kind: str, days: int, steps: Iterable[tuple[int, Decimal]], extra_day_factor: Decimal = Decimal(0)
) -> Decimal:
    """The factor of a listing's price for `days` billable days; 1 for what is sold."""
    return Decimal(1) if kind == "sale" else day_factor(days, steps, extra_day_factor)


def line_net(
    *, quantity: int, unit_price: Decimal, factor: Decimal, discount_percent: Decimal, currency: str
) -> Decimal:
    """The net of a line as the wire carries it; raises AmountTooLarge."""
    net = exact_line_net(
        quantity=quantity,
        unit_price=unit_price,
        factor=factor,
        discount_percent=discount_percent,
        currency=currency,
    )
    return _carried(net)


def order_net(line_nets: Iterable[Decimal]) -> Decimal:
    """The sum of rounded lines; raises AmountTooLarge."""
    return _carried(sum(line_nets, Decimal(0)))


def _carried(amount: Decimal) -> Decimal:
    if abs(amount) >= MAX_AMOUNT:
        raise AmountTooLarge(f"{amount:.2E}")
    return amount
