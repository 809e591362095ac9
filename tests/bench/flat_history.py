"""What is free of 50 articles, however many reservations they have had (figure F5): exact to the minute.

Side by side: articles with 100, 1,000 and 10,000 reservations spread over ten years, a question for a weekend or four
days in their midst; and the same question answered by sweeping all reservations of the articles, as without steps.
What grows is not the history but what begins and ends in the time asked for: a moment and two weeks show how much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

from django.utils import timezone

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import Claim, free_quantity, stock_of
from inventory.models import Article, reservations_on
from tests.bench.catalogue import Market, Scale, copy_reservations
from tests.bench.copying import tidy, unhindered
from tests.bench.rows import Figures, Row
from tests.bench.side_by_side import interleaved, medians, timed
from tests.factories import make_article, make_tenant

ARTICLES = 50
SINCE, YEARS = datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=3653)
FIRST_FRIDAY = datetime(2022, 7, 1, 14, tzinfo=UTC)
MOMENT, WEEKEND, FOUR_DAYS, TWO_WEEKS = timedelta(), timedelta(days=2, hours=18), timedelta(days=4), timedelta(days=14)
ASKED = {MOMENT: "a moment", WEEKEND: "a weekend", FOUR_DAYS: "four days", TWO_WEEKS: "two weeks"}
JUDGED = {WEEKEND, FOUR_DAYS}
SWEPT, FEW = -1, 5
Question = tuple[int, timedelta]  # of articles with so many reservations, for so long


def measure(_markets: Sequence[Market], scale: Scale, *, rounds: int, runs: int) -> Figures:
    tenant, fewest, most = make_tenant("historian"), scale.histories[0], scale.histories[-1]
    with unhindered("inventory_reservation"):
        stores = {count: made_store(tenant, count) for count in scale.histories}
    tidy()
    asks: dict[int, Callable[[Period], object]] = {
        count: lambda period, articles=articles: stock_of(articles=articles, period=period)
        for count, articles in stores.items()
    }
    asks[SWEPT] = lambda period: _swept(stores[most], period)

    def run(question: Question, number: int) -> float:
        count, length = question
        start = FIRST_FRIDAY + timedelta(weeks=number)
        return timed(lambda: asks[count](Period(start, start + length)))

    questions = dict.fromkeys(product(stores, ASKED), ())
    p50 = medians(interleaved(questions, run, rounds=rounds, runs=runs))
    few = dict.fromkeys(product((most, SWEPT), [WEEKEND]), ())
    slow = medians(interleaved(few, run, rounds=min(FEW, rounds), runs=1, warm_up=False))
    what = "free of 50 articles for {}, {:,} reservations each"
    rows = [
        Row(
            "F5",
            what.format(ASKED[length], count),
            p50[count, length],
            p50[fewest, length],
            f"{fewest:,} each",
            "≤ 1.2" if length in JUDGED else "",
        )
        for length, count in product(ASKED, scale.histories[1:])
    ]
    swept = slow[SWEPT, WEEKEND]
    rows.append(Row("F5", what.format(ASKED[WEEKEND], most), slow[most, WEEKEND], swept, "all of them swept"))
    return Figures(rows)


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


def made_store(tenant: Tenant, reservations: int) -> list[Article]:
    articles = [make_article(tenant, f"PAR {reservations} {number}", owned=10_000) for number in range(ARTICLES)]
    fill(articles, reservations)
    return articles


def fill(articles: Sequence[Article], reservations: int) -> None:
    """So many of each, spread over the ten years."""
    random = Random(reservations)
    claims = {article.pk: [_claim(random) for _number in range(reservations)] for article in articles}
    copy_reservations(articles[0].tenant, claims, timezone.now())


def _claim(random: Random) -> tuple[int, Period]:
    start = SINCE + YEARS * random.random()
    return random.randint(1, 5), Period(start, start + timedelta(minutes=random.randint(60, 5 * 24 * 60)))
