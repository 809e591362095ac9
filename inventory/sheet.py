"""What pages show of articles, gathered in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import Stock, stock_of
from inventory.models import Article, ArticleSupplier, Reservation, StockMovement
from inventory.prices import net_price, scale_of

COMING_DAYS = 30
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Row:
    """An article in a list, with its stock for the rest of today."""

    article: Article
    stock: Stock


@dataclass(frozen=True, slots=True)
class PriceStep:
    """What one unit costs our customer for so many days."""

    days: int
    factor: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class ArticleSheet:
    """The page of an article at the moment `now`; `coming` is its stock over the next 30 days, today included."""

    today: Stock
    coming: Stock
    reservations: list[Reservation]
    movements: list[StockMovement]
    suppliers: list[ArticleSupplier]
    prices: list[PriceStep]
    now: datetime


def rest_of_today(tenant: Tenant, now: datetime, days: int = 1) -> Period:
    """From now to the coming midnight of the tenant's zone, or to that of a later day."""
    tomorrow = now.astimezone(tenant.zone).date() + timedelta(days=days)
    return Period(now, datetime.combine(tomorrow, time.min, tenant.zone))


def rows_of(*, tenant: Tenant, articles: Sequence[Article], now: datetime) -> list[Row]:
    """The articles of one page with their stock."""
    stock = stock_of(articles=articles, period=rest_of_today(tenant, now))
    return [Row(article, stock[article.pk]) for article in articles]


def sheet_of(*, article: Article, now: datetime) -> ArticleSheet:
    """Everything about one article (with `tenant` and `factor_scale` loaded); the nearest 50 reservations."""
    tenant = article.tenant
    periods = [rest_of_today(tenant, now, days) for days in (1, COMING_DAYS)]
    today, coming = (stock_of(articles=[article], period=period)[article.pk] for period in periods)
    return ArticleSheet(
        today=today,
        coming=coming,
        reservations=list(article.reservations.upcoming(now)[:SHOWN]),
        movements=list(article.stock_movements.latest_first()),
        suppliers=list(article.suppliers.select_related("supplier").order_by("supplier__sort_key", "pk")),
        prices=[_price(article, days, tenant.currency) for days, _factor in scale_of(article).factors],
        now=now,
    )


def _price(article: Article, days: int, currency: str) -> PriceStep:
    factor = scale_of(article).factor(days)
    return PriceStep(days, factor, net_price(article=article, days=days, currency=currency))
