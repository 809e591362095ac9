"""Day factors of positions: our own for the customer's price, the supplier's for our cost (mission R6, J5)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.prices import Scale, scale_of, steps_of
from jobs.currency import AmountTooHigh

_STORED = Decimal("0.0001")
_STORED_COST = Decimal("0.000001")  # as many digits as the wire carries
_BEYOND = Decimal(9_999)  # four digits before the point


def usage_days(*, tenant: Tenant, usage_period: Period) -> int:
    """Billable days: calendar days of the tenant's zone that the usage period touches."""
    return usage_period.days_touched(tenant.zone)


def sale_factor(*, article: Article | None, days: int) -> Decimal:
    """What `days` cost our customer, in day prices; 1 for free text, for things sold and without a scale.

    Raises AmountTooHigh for a factor that no column could hold.
    """
    return _stored((scale_of(article) if article else Scale()).factor(days))


def scale_document(*, steps: Iterable[tuple[int, Decimal]], extra_day_factor: Decimal) -> dict[str, Any]:
    """A supplier's day factors as a position keeps them (`Position.cost_scale`)."""
    return {
        "factors": [{"days": days, "factor": str(factor)} for days, factor in steps],
        "extra_day_factor": str(extra_day_factor),
    }


def cost_factor(*, cost_scale: dict[str, Any], days: int) -> Decimal:
    """What `days` cost us, in the supplier's day prices; 1 where nothing is kept. Raises AmountTooHigh."""
    scale = Scale(steps_of(cost_scale.get("factors", [])), Decimal(cost_scale.get("extra_day_factor", "0")))
    return _stored(scale.factor(days), _STORED_COST)


def _stored(factor: Decimal, digits: Decimal = _STORED) -> Decimal:
    if factor >= _BEYOND:
        raise AmountTooHigh
    return factor.quantize(digits)
