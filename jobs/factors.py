"""Day factors of positions: our own for the customer's price, the supplier's for our cost (mission R6, J5)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from eventworx.money import day_factor
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article, ArticleKind, FactorScale

Steps = Iterable[tuple[int, Decimal]]
_STORED = Decimal("0.0001")


def usage_days(*, tenant: Tenant, usage_period: Period) -> int:
    """Billable days: calendar days of the tenant's zone that the usage period touches."""
    return usage_period.days_touched(tenant.zone)


def sale_factor(*, article: Article | None, days: int) -> Decimal:
    """What `days` cost our customer, in day prices; 1 for free text, for things sold and without a scale."""
    if article is None or article.kind == ArticleKind.SALE or article.factor_scale is None:
        return Decimal(1)
    return _factor(_steps_of(article.factor_scale), article.factor_scale.extra_day_factor, days)


def scale_document(*, steps: Steps, extra_day_factor: Decimal) -> dict[str, Any]:
    """A supplier's day factors as a position keeps them (`Position.cost_scale`)."""
    return {
        "factors": [{"days": days, "factor": str(factor)} for days, factor in steps],
        "extra_day_factor": str(extra_day_factor),
    }


def cost_factor(*, cost_scale: dict[str, Any], days: int) -> Decimal:
    """What `days` cost us, in the supplier's day prices; 1 where nothing is kept."""
    steps = [(step["days"], Decimal(step["factor"])) for step in cost_scale.get("factors", [])]
    return _factor(steps, Decimal(cost_scale.get("extra_day_factor", "0")), days)


def _steps_of(scale: FactorScale) -> Steps:
    return [(step["days"], Decimal(step["factor"])) for step in scale.steps]


def _factor(steps: Steps, extra_day_factor: Decimal, days: int) -> Decimal:
    return day_factor(days, steps, extra_day_factor).quantize(_STORED)
