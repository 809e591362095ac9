"""What is free of 50 articles, however many reservations they have had (figure F5): exact to the minute.

Side by side: articles with 100, 1,000 and 10,000 reservations spread over ten years, a question for four days in their
midst; and the same question answered by sweeping all reservations of the articles, as without steps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.utils import timezone

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import Claim, free_quantity, stock_of
from inventory.courses import computed_courses
from inventory.models import Article, reservations_on
from tests.bench.catalogue import Market
from tests.bench.copying import copy_rows, copy_steps
from tests.bench.side_by_side import Taken, interleaved, median, ratio_row, timed
from tests.factories import make_article, make_tenant

TITLE = "F5 · What is free of 50 articles in four days"
ARTICLES = 50
HISTORIES = (100, 1_000, 10_000)
SINCE, YEARS = datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=3653)
SWEPT = f"{HISTORIES[-1]:,} each, all of them swept"


def measure(market: Market, *, rounds: int, runs: int) -> dict[str, Any]:
    tenant, scale = make_tenant("historian"), 100 if market.is_quick else 1
    stores = {f"{count // scale:,} reservations each": _store(tenant, count // scale) for count in HISTORIES}
    fewest, *_some, most = stores
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    asks: dict[str, Callable[[Period], object]] = {
        name: lambda period, articles=articles: stock_of(articles=articles, period=period)
        for name, articles in stores.items()
    }
    asks[SWEPT] = lambda period: _swept(stores[most], period)

    def run(name: str, number: int) -> Taken:
        start = SINCE + YEARS / 4 + timedelta(days=number)
        return timed(lambda: asks[name](Period(start, start + timedelta(days=4))))

    times = interleaved(dict.fromkeys(asks, ()), run, rounds=rounds, runs=runs)
    return {
        "title": TITLE,
        "rows": [ratio_row(name, median(some), median(times[fewest])) for name, some in times.items()],
    }


def _swept(articles: list[Article], period: Period) -> list[int]:
    """Without steps: every reservation of the articles is read, and those that matter are added up."""
    claims: dict[int, list[Claim]] = {article.pk: [] for article in articles}
    rows = reservations_on(claims).values_list("article_id", "blocked_from", "blocked_until", "quantity")
    for article_id, start, end, quantity in rows.iterator(chunk_size=50_000):
        if start < period.end and end > period.start:
            claims[article_id].append(Claim(Period(start, end), quantity))
    return [
        free_quantity(owned=article.owned, out_of_service=0, inflows=(), reservations=claims[article.pk], period=period)
        for article in articles
    ]


def _store(tenant: Tenant, reservations: int) -> list[Article]:
    articles = [make_article(tenant, f"PAR {reservations} {number}", owned=10_000) for number in range(ARTICLES)]
    random = Random(reservations)
    copy_rows(
        "inventory_reservation",
        ["tenant_id", "article_id", "quantity", "start", "end", "blocked_from", "blocked_until", "label", "created_at"],
        (_reservation(article, random) for article in articles for _number in range(reservations)),
    )
    for article in articles:
        copy_steps(computed_courses([article]))
    return articles


def _reservation(article: Article, random: Random) -> tuple[Any, ...]:
    start = SINCE + YEARS * random.random()
    end = start + timedelta(minutes=random.randint(60, 5 * 24 * 60))
    return article.tenant_id, article.pk, random.randint(1, 5), start, end, start, end, "", timezone.now()
