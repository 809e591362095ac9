"""A supplier's stock of German event equipment, the same for every run, and a partner who may search all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random

from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from inventory.courses import check_courses
from inventory.models import Article
from partners.models import PartnerConnection
from partners.releases import release
from tests.factories import make_category, make_connection, make_tenant

MAKERS = ["Martin", "Robe", "Claypaky", "ETC", "L-Acoustics", "d&b", "Shure", "Sennheiser", "Prolyte", "Layher"]
THINGS = ["Movinghead", "Bühnenscheinwerfer", "Verfolger", "Lautsprecher", "Endstufe", "Funkmikrofon", "Traverse"]
THINGS += ["Kettenzug", "Nebelmaschine", "LED-Wand", "Mischpult", "Multicore", "Stativ", "Bühnenpodest"]
SIZES = ["Spot", "Wash", "Beam", "Profil", "2x1 m", "3 m", "4-Kanal", "8-Kanal", "250 kg", "600 W", "1200 W", "IP65"]
SEASON = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 365
RESERVED_EACH = 4  # reservations of an article, on average
# What people type; each finds something.
QUERIES = ["martin spot", "lautsprecher", "traverse 3 m", "buehnen", "shure 8-kanal", "nebelmaschine ip65"]
PERIOD = "start=2027-07-01T06:00:00Z&end=2027-07-04T18:00:00Z&zone=Europe/Berlin"
TARGETS = [f"/api/partner/v1/articles?q={query.replace(' ', '%20')}&{PERIOD}" for query in QUERIES]


@dataclass(frozen=True)
class Market:
    """`hirer` is aurora's side of the connection: who asks; `lender` is bassline's: who answers.

    `is_quick` asks for a hundredth of the work: to see that a figure can be taken, not what it is.
    """

    hirer: PartnerConnection
    lender: PartnerConnection
    is_quick: bool = False


def build(articles: int, *, is_quick: bool = False) -> Market:
    random = Random(7)
    aurora, bassline = make_tenant("aurora"), make_tenant("bassline")
    stock = _articles(bassline, articles, random)
    _reservations(bassline, stock, random)
    hirer, lender = make_connection(aurora, peer=bassline)
    release(connection=lender, actor=Actor(label="bench"), everything=True)
    return Market(hirer, lender, is_quick)


def _articles(tenant: Tenant, count: int, random: Random) -> list[Article]:
    names = [" ".join(parts) for parts in product(MAKERS, THINGS, SIZES)]
    category = make_category(tenant, "Alles")
    rows = [
        Article(
            tenant=tenant,
            number=f"B-{number:06}",
            name=f"{names[number % len(names)]} {number // len(names) or ''}".strip(),
            category=category,
            owned=random.randint(1, 200),
            rental_price=Decimal(random.randint(100, 50_000)) / 100,
        )
        for number in range(count)
    ]
    for row in rows:
        row.fill_keys()
    return Article.objects.bulk_create(rows, batch_size=1000)


def _reservations(tenant: Tenant, stock: list[Article], random: Random) -> None:
    rows = []
    for _number in range(len(stock) * RESERVED_EACH):
        start = SEASON + timedelta(hours=random.randrange(DAYS * 24))
        end = start + timedelta(hours=random.randint(12, 120))
        rows.append(
            tenant.reservations.model(
                tenant=tenant,
                article=random.choice(stock),
                quantity=random.randint(1, 10),
                start=start,
                end=end,
                blocked_from=start,
                blocked_until=end,
                created_at=timezone.now(),
            )
        )
    tenant.reservations.model._default_manager.bulk_create(rows, batch_size=1000)
    for batch in range(0, len(stock), 1000):
        check_courses(tenant=tenant, article_ids=[article.pk for article in stock[batch : batch + 1000]], mend=True)
