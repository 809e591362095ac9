"""Our prices: list price, day factors, a customer's discount (mission R6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eventworx.money import day_factor, line_net
from inventory.models import Article, ArticleKind


@dataclass(frozen=True, slots=True)
class Scale:
    """Day factors: `factors` are (days, factor), ascending; each day beyond the last adds `extra_day_factor`."""

    factors: tuple[tuple[int, Decimal], ...] = ()
    extra_day_factor: Decimal = Decimal(0)

    def factor(self, days: int) -> Decimal:
        """What `days` (at least 1) cost in day prices; 1 where no step fits."""
        return day_factor(days, self.factors, self.extra_day_factor)


def trimmed(value: Decimal) -> Decimal:
    """As people write it: 1.4000 as 1.4, 10.0 as 10."""
    return Decimal(format(value.normalize(), "f"))


def steps_of(stored: Iterable[dict[str, Any]]) -> tuple[tuple[int, Decimal], ...]:
    """Steps as `FactorScale.steps` keeps them."""
    return tuple((int(step["days"]), Decimal(step["factor"])) for step in stored)


def scale_of(article: Article) -> Scale:
    """The day factors of an article; none for what is sold, which costs its price once."""
    scale = article.factor_scale
    if scale is None or article.kind == ArticleKind.SALE:
        return Scale()
    return Scale(steps_of(scale.steps), scale.extra_day_factor)


def net_price(
    *, article: Article, days: int, currency: str, quantity: int = 1, discount_percent: Decimal = Decimal(0)
) -> Decimal:
    """What `quantity` units for `days` billable days cost, less a discount in percent; rounded to the currency."""
    return line_net(
        quantity=quantity,
        unit_price=article.rental_price,
        factor=scale_of(article).factor(days),
        discount_percent=discount_percent,
        currency=currency,
    )
