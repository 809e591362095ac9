"""Three suppliers' stock of German event equipment in the tables that they share with 37 others, the same for every
run, and a partner who may search all of each: 10,000, 100,000 and a million articles, two million reservations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any, NamedTuple

from django.utils import timezone

from eventworx.audit import Actor
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.spelling import keys_of
from inventory.steps import EMPTY, Change, changed, span_of
from partners.models import PartnerConnection
from partners.releases import release
from tests.bench.copying import copy_rows, copy_steps, tidy, unhindered
from tests.factories import make_category, make_connection, make_tenant

MAKERS = ["Martin", "Robe", "Claypaky", "ETC", "L-Acoustics", "d&b", "Shure", "Sennheiser", "Prolyte", "Layher"]
THINGS = ["Movinghead", "Bühnenscheinwerfer", "Verfolger", "Lautsprecher", "Endstufe", "Funkmikrofon", "Traverse"]
THINGS += ["Kettenzug", "Nebelmaschine", "LED-Wand", "Mischpult", "Multicore", "Stativ", "Bühnenpodest"]
SIZES = ["Spot", "Wash", "Beam", "Profil", "2x1 m", "3 m", "4-Kanal", "8-Kanal", "250 kg", "600 W", "1200 W", "IP65"]
SERIES = [
    "".join(parts) for parts in product(["bal", "dor", "fen", "gar", "kim", "lor", "mer", "nov", "pal"], repeat=3)
]
SEASON = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 365
OTHERS = 37
AT_ONCE = 20_000  # articles whose reservations and steps are held in memory together
PERIOD = "start=2027-07-01T06:00:00Z&end=2027-07-04T18:00:00Z&zone=Europe/Berlin"

_ARTICLE = ["tenant_id", "number", "name", "category_id", "manufacturer", "manufacturer_part_number", "owned"]
_ARTICLE += ["rental_price", "search_key", "sort_key", "shuffle", "description", "gtin", "kind", "unit"]
_ARTICLE += ["out_of_service", "buffer_before_minutes", "buffer_after_minutes", "created_at", "updated_at"]
RESERVATION = ["tenant_id", "article_id", "quantity", "start", "end", "blocked_from", "blocked_until", "label"]
RESERVATION += ["created_at"]


@dataclass(frozen=True)
class Scale:
    """How much of everything: articles of the three suppliers and about of each other company, reservations of them
    all together and of each article with a history, lines of a list and of the two whose memory is compared, and
    writers at once."""

    articles: Sequence[int]
    others: int
    reservations: int
    histories: Sequence[int]
    lines: int
    lists: tuple[int, int]
    writers: int


FULL = Scale(
    articles=(10_000, 100_000, 1_000_000),
    others=1_000,
    reservations=2_000_000,
    histories=(100, 1_000, 10_000),
    lines=100_000,
    lists=(10_000, 1_000_000),
    writers=8,
)
QUICK = Scale(
    articles=(300, 1_000, 3_000),
    others=10,
    reservations=8_000,
    histories=(1, 10, 100),
    lines=300,
    lists=(100, 300),
    writers=2,
)


class Market(NamedTuple):
    """A supplier of so many articles and his partner: `hirer` is aurora's side of their connection, who asks, `lender`
    the supplier's, who answers."""

    articles: int
    hirer: PartnerConnection
    lender: PartnerConnection


def build(scale: Scale) -> list[Market]:
    """The markets of the three suppliers, the smallest first."""
    random, now = Random(7), timezone.now()
    aurora = make_tenant("aurora")
    lenders = {count: make_tenant(f"lender-{count}") for count in scale.articles}
    others = {make_tenant(f"other-{place}"): scale.others * (place % 5 + 1) // 3 for place in range(OTHERS)}
    stocks = {tenant: count for count, tenant in lenders.items()} | others
    with unhindered("inventory_article"):
        for tenant, count in stocks.items():
            copy_rows("inventory_article", _ARTICLE, _articles(tenant, count, random, now))
    with unhindered("inventory_reservation", "inventory_stockstep"):
        for tenant, count in stocks.items():
            _reserve(tenant, scale.reservations * count // sum(stocks.values()), random, now)
    tidy()
    return [_market(aurora, tenant, count) for count, tenant in lenders.items()]


def _market(aurora: Tenant, tenant: Tenant, articles: int) -> Market:
    hirer, lender = make_connection(aurora, peer=tenant)
    release(connection=lender, actor=Actor(label="bench"), everything=True)
    return Market(articles, hirer, lender)


def _articles(tenant: Tenant, count: int, random: Random, now: datetime) -> Iterator[Sequence[Any]]:
    kinds = list(product(MAKERS, THINGS, SIZES))
    Random(7).shuffle(kinds)  # a small catalogue has some of everything, too
    categories = {thing: make_category(tenant, thing).pk for thing in THINGS}
    for place in range(count):
        maker, thing, size = kinds[place % len(kinds)]
        number, name = f"B-{place:06}", f"{maker} {thing} {size} {SERIES[place // len(kinds)]}"
        part = f"{maker[:2].upper()}{place * 7919 % 1_000_003}"
        price, written = f"{random.randint(100, 50_000) / 100:.2f}", keys_of([number, name, maker, part, ""])
        yield (
            *(tenant.pk, number, name, categories[thing], maker, part, random.randint(1, 200), price),
            *(written["search_key"], written["sort_key"], written["shuffle"]),
            *("", "", "rental", "Stück", 0, 0, random.choice([0, 60]), now, now),
        )


def _reserve(tenant: Tenant, count: int, random: Random, now: datetime) -> None:
    """So many reservations, spread over the articles of a company, and the steps that they make."""
    articles = list(tenant.articles.order_by("pk").values_list("pk", flat=True))
    each = Counter(random.choices(range(len(articles)), k=count))
    for first in range(0, len(articles), AT_ONCE):
        some = range(first, min(first + AT_ONCE, len(articles)))
        claims = {articles[place]: [_claim(random) for _ in range(each[place])] for place in some if each[place]}
        copy_reservations(tenant, claims, now)


Claims = dict[int, list[tuple[int, Period]]]  # by article


def copy_reservations(tenant: Tenant, claims: Claims, now: datetime) -> None:
    """These reservations of articles that had none, with the steps that they make."""
    copy_rows(
        "inventory_reservation",
        RESERVATION,
        (
            (tenant.pk, article, quantity, *(period.start, period.end) * 2, "", now)
            for article, some in claims.items()
            for quantity, period in some
        ),
    )
    changes = {
        article: [Change(span_of(period), reserved=quantity) for quantity, period in some]
        for article, some in claims.items()
    }
    copy_steps({article: changed(EMPTY, some) for article, some in changes.items()})


def _claim(random: Random) -> tuple[int, Period]:
    start = SEASON + timedelta(hours=random.randrange(DAYS * 24))
    return random.randint(1, 10), Period(start, start + timedelta(hours=random.randint(12, 120)))
