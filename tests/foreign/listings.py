"""An article as the partner sees it: protocol §4, "Listing" and "Availability"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.foreign import orders, strict
from tests.foreign.store import CATEGORIES, Article, Company, ends

Stock = dict[str, Any]
CAP = 5  # more than that a capped partner does not see


def stock(
    company: Company, article: str, start: datetime, end: datetime, asked: int = 1
) -> tuple[Stock, Mapping[str, str] | None]:
    """What is free over a half-open period, told as discreetly as the company wants, and beside exact figures the
    bottleneck. Yes or no is about so many units as are asked for."""
    free, worst = company.free(article, start, end, orders.RESERVING)
    told: dict[str, Stock] = {
        "exact": {"mode": "exact", "owned": company.articles[article].owned, "free": free},
        "yes_no": {"mode": "yes_no", "available": free >= asked},
        "capped": {"mode": "capped", "at_least": max(0, min(free, CAP))},
    }
    span = {"start": _wire(worst[0]), "end": _wire(worst[1])} if worst and company.stock_mode == "exact" else None
    return told[company.stock_mode], span


def _wire(moment: datetime) -> str:
    return strict.wire(moment.timestamp())


def listing(
    company: Company, article: Article, given: Mapping[str, str], *, with_stock: bool, now: float
) -> dict[str, Any]:
    """`given` are the query's parameters: start and end drive the stock, use_start and use_end the price."""
    moment = datetime.fromtimestamp(now, UTC)
    start, end = moment, moment + timedelta(microseconds=1)
    if {"start", "end"} <= given.keys():
        start, end = ends(given)
    empty = ("description", "manufacturer_part_number", "weight_kg")
    return dict.fromkeys(empty) | {
        "id": article.id,
        "number": article.number,
        "name": article.name,
        "manufacturer": article.manufacturer,
        "gtin": article.gtin,
        "category": {"id": article.category, "name": CATEGORIES[article.category][0]},
        "unit": "pcs",
        "kind": article.kind,
        "has_picture": False,
        "updated_at": "2026-01-01T00:00:00Z",
        "price": price(company, article, given),
        "stock": stock(company, article.id, start, end)[0] if with_stock else None,
    }


def price(company: Company, article: Article, given: Mapping[str, str]) -> dict[str, Any]:
    net = article.price * (1 - article.discount_percent / 100)
    for_period = None
    if {"use_start", "use_end"} <= given.keys():
        usage = {"start": given["use_start"], "end": given["use_end"], "zone": given.get("zone", company.zone)}
        for_period = str(orders.money(net * orders.factor(article, usage)))
    return {
        "currency": company.currency,
        "per": "day",
        "list": str(article.price),
        "discount_percent": str(article.discount_percent),
        "net": str(orders.money(net)),
        "factors": [{"days": days, "factor": str(Decimal(value))} for days, value in article.factors],
        "extra_day_factor": str(article.extra_day_factor),
        "net_for_period": for_period,
    }
