"""Cases of availability collected from other rental systems, through the database (mission E3).

Format "availability-cases/1". The environment variable AVAILABILITY_CASES names a further file of that format.
"""

import json
import os
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import stock_of
from inventory.models import Article, StockMovementKind
from inventory.reservations import ReservationClaim, reserve
from inventory.stock import add_movement
from tests.factories import make_article

BERLIN = ZoneInfo("Europe/Berlin")
PLENTY = 999_999
OURS = Path(__file__).parent.parent / "data" / "availability_cases.json"
FURTHER = os.environ.get("AVAILABILITY_CASES", "")
FILES = [json.loads(Path(name).read_text(encoding="utf-8")) for name in (OURS, FURTHER) if name]


def gathered(section: str) -> list[Any]:
    return [case for file in FILES for case in file.get(section, [])]


CASES = gathered("cases")
BILLED = [case for case in gathered("period_normalisation") if "billed_days" in case]
QUOTAS = gathered("quota_states")
WHOLE_DAYS = [case for case in gathered("period_normalisation") if case["input"][2:3] == ["full_days"]]


def instant(text: str) -> datetime:
    """Local wall clock unless there is a Z."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)


def span(bounds: list[Any]) -> Period:
    return Period.spanning(instant(bounds[0]), instant(bounds[1]))


def settle(tenant: Tenant, case: dict[str, Any]) -> Article:
    """The article of a case with everything that bears on it, buffers frozen into its reservations."""
    article = make_article(
        tenant,
        owned=PLENTY,
        buffer_before_minutes=case.get("buffer_before_min", 0),
        buffer_after_minutes=case.get("buffer_after_min", 0),
    )
    for start, end, quantity in case["reservations"]:
        if quantity and start != end:  # else it claims nothing, and nobody can make it
            reserve(tenant=tenant, claims=[ReservationClaim(article.pk, quantity, span([start, end]))])
    for start, end, quantity in case.get("inflows", []):
        until, kind = instant(end) if end else None, StockMovementKind.ADDITION
        add_movement(article=article, kind=kind, quantity=quantity, start=instant(start), end=until)
    article.buffer_before_minutes = article.buffer_after_minutes = 0
    article.owned, article.out_of_service = case["owned"], case.get("out_of_service", 0)
    article.save()
    return article


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(aurora: Tenant, case: dict[str, Any]) -> None:
    article = settle(aurora, case)
    (fetched,) = aurora.articles.filter(pk=article.pk)
    assert stock_of(articles=[fetched], period=span(case["query"]))[article.pk].free == case["expected"]


@pytest.mark.parametrize("case", QUOTAS, ids=lambda case: case["source_test"])
def test_what_is_left_beside_promises_and_holds(aurora: Tenant, case: dict[str, Any]) -> None:
    """What is paid is firm; what is pending or in a cart is held, and counts until that ends."""
    period, now = span(["2026-06-01T00:00:00", "2026-06-02T00:00:00"]), instant("2026-05-01T00:00:00Z")
    article = make_article(aurora, owned=PLENTY)
    ends = {None: ("paid", "blocking_vouchers", "waiting"), now + timedelta(seconds=1): ("pending", "cart")}
    for until, kinds in {**ends, now: ("expired_orders", "cart_expired")}.items():
        claims = [ReservationClaim(article.pk, 1, period, expires_at=until)]
        for _unit in range(sum(case[kind] for kind in kinds)):
            reserve(tenant=aurora, claims=claims, now=now - timedelta(days=1))
    aurora.articles.update(owned=case["size"])
    assert stock_of(articles=[article], period=period, now=now)[article.pk].free == case["expected_left"]


@pytest.mark.parametrize("case", BILLED, ids=lambda case: case["comment"])
def test_billed_days(case: dict[str, Any]) -> None:
    assert span(case["input"]).days_touched(BERLIN) == case["billed_days"]


@pytest.mark.parametrize("case", WHOLE_DAYS, ids=lambda case: case["comment"])
def test_whole_days_are_half_open(case: dict[str, Any]) -> None:
    """A day that belongs to a period ends where the next begins, also when the clocks change."""
    first, last = (date.fromisoformat(text[:10]) for text in case["input"][:2])
    midnights = (datetime.combine(day, time.min, BERLIN) for day in (first, last + timedelta(days=1)))
    period = Period(*midnights)
    assert period == span(case["half_open"])
    assert period.days_touched(BERLIN) == (last - first).days + 1
    if "hours" in case:
        assert period.end - period.start == timedelta(hours=case["hours"])


def test_our_collection_is_complete() -> None:
    """Of our own file: a further one may hold as much or as little as it likes."""
    assert len(FILES[0]["cases"]) == 65
    assert len(FILES[0]["period_normalisation"]) == 12
    assert len(FILES[0]["quota_states"]) == 9
    assert len(BILLED) >= 2
    assert len(WHOLE_DAYS) >= 4
