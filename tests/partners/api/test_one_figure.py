"""List, calendar, quote, guard and partner API give the same figure for the same article and period (mission E3).

The period is the one that the list is about: from now until midnight of the company's zone. Now lies on ordinary days
and on those on which the clock changes; of what happened around it hypothesis makes something up.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from hypothesis import example, given
from hypothesis import strategies as st

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.reservations import ReservationClaim, Shortage, reserve
from inventory.sheet import rest_of_today, rows_of, sheet_of
from inventory.timeline.lanes import lanes_of
from inventory.timeline.proof import prove
from jobs.positions import add_position
from jobs.shortages import own_material_for, shortages_of
from partners.models import PartnerConnection
from tests.factories import make_job
from tests.inventory.scenes import MINUTE, Claimed, Scene, few, play, scenes, walked
from tests.partners.api.asking import Ask
from tests.world import undone

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN, SUMMER_DAY = date(2027, 3, 28), date(2027, 10, 31), date(2027, 7, 1)
NIGHT = Claimed(start=0, length=120, quantity=4, fate="firm")
PLAIN = Scene(owned=10, lost=0, out_of_service=1, frozen=(60, 90), buffers=(30, 45), claims=(NIGHT,), moves=())

days, minutes = st.sampled_from([SPRING, AUTUMN, SUMMER_DAY]), st.integers(0, 22 * 60)


def in_list(article: Article, now: datetime) -> int:
    [row] = rows_of(tenant=article.tenant, articles=[article], now=now)
    assert row.stock == sheet_of(article=article, now=now).today
    return row.stock.free


def in_calendar(article: Article, period: Period, now: datetime) -> int:
    [lane] = lanes_of(articles=[article], period=period, now=now)
    proof = prove(article=article, period=period, now=now)
    assert proof.stock == lane.stock
    assert proof.reserved == sum(row.quantity for row in proof.claims)
    assert article.owned + proof.added - proof.out_of_service - proof.reserved == lane.stock.free
    assert lane.stock.free <= lane.fewest
    return lane.stock.free


def in_quote(article: Article, period: Period) -> int:
    """What a job finds that needs it; what is not free, it lacks."""
    job = make_job(article.tenant, period=period, usage_start=period.start, usage_end=period.end)
    position = add_position(job=job, article=article, quantity=90)
    need = shortages_of(job=job)[position.pk]
    assert need.own_free is not None
    assert need.shortage == 90 - need.own_free
    [hit], _cut = own_material_for(job=job, query=article.number)
    assert max(hit.stock.free, 0) == need.own_free
    return need.own_free


def at_the_guard(article: Article, period: Period) -> int:
    """Of so many each can be had, and one more is refused."""

    def claim(quantity: int) -> ReservationClaim:
        return ReservationClaim(article.pk, quantity, period)

    with pytest.raises(Shortage) as refused, transaction.atomic():
        reserve(tenant=article.tenant, claims=[claim(90)])
    [short] = refused.value.shortfalls
    if short.free:
        with undone():
            [made] = reserve(tenant=article.tenant, claims=[claim(short.free)])
            assert made
            assert made.quantity == short.free
            with pytest.raises(Shortage), transaction.atomic():
                reserve(tenant=article.tenant, claims=[claim(1)])
    with pytest.raises(Shortage), transaction.atomic():
        reserve(tenant=article.tenant, claims=[claim(short.free + 1)])
    return short.free


def for_a_partner(article: Article, period: Period, ask: Ask) -> int:
    start, end = (f"{bound.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for bound in (period.start, period.end))
    [hit] = ask("/articles", q=article.number, start=start, end=end)["items"]
    [line] = ask(
        "/availability",
        {
            "period": {"start": start, "end": end, "zone": "Europe/Berlin"},
            "lines": [{"article": str(article.pk), "quantity": 1}],
        },
    )["lines"]
    assert hit["stock"]["free"] == line["stock"]["free"]
    return line["stock"]["free"]


def one_figure(article: Article, now: datetime, ask: Ask) -> int:
    """The figure that all give; signed, as far as it is our own affair."""
    period = rest_of_today(article.tenant, now)
    free = in_list(article, now)
    assert in_calendar(article, period, now) == free
    assert [in_quote(article, period), at_the_guard(article, period), for_a_partner(article, period, ask)] == [
        max(free, 0)
    ] * 3
    return free


def moment(day: date, minute: int) -> datetime:
    """So many minutes after midnight in Berlin, as they pass."""
    return datetime.combine(day, time.min, BERLIN).astimezone(UTC) + minute * MINUTE


@few
@example(SPRING, 90, PLAIN)
@example(AUTUMN, 150, PLAIN)
@given(days, minutes, scenes)
def test_all_give_the_same_figure(
    lent: PartnerConnection, ask: Ask, bassline: Tenant, day: date, minute: int, scene: Scene
) -> None:
    now = moment(day, minute)
    with undone(), time_machine.travel(now, tick=False):
        article = play(bassline, scene, now)
        assert one_figure(article, now, ask) == walked(article, rest_of_today(bassline, now), now)


@pytest.mark.parametrize(
    ("day", "asked", "free"),
    [
        # Away from 01:30 to 03:30 by the clock: an hour in spring, from 00:30 UTC; three in autumn, from 23:30 UTC.
        (SPRING, "2027-03-28T00:29:00Z", 6),
        (SPRING, "2027-03-28T02:29:00Z", 6),
        (SPRING, "2027-03-28T02:31:00Z", 10),
        (AUTUMN, "2027-10-30T23:00:00Z", 6),
        (AUTUMN, "2027-10-31T03:29:00Z", 6),
        (AUTUMN, "2027-10-31T03:31:00Z", 10),
    ],
)
def test_both_nights_in_which_the_clock_changes(
    lent: PartnerConnection, ask: Ask, bassline: Tenant, day: date, asked: str, free: int
) -> None:
    """With an hour of turnaround behind it, which ends at 02:30 UTC in spring and at 03:30 in autumn."""
    now = datetime.fromisoformat(asked)
    start, end = (datetime.combine(day, at, BERLIN).astimezone(UTC) for at in (time(1, 30), time(3, 30)))
    assert end - start == timedelta(hours=1 if day == SPRING else 3)
    length = (end - start) // MINUTE
    claims = (Claimed((start - now) // MINUTE, length, 4, "firm"),)
    scene = Scene(owned=10, lost=0, out_of_service=0, frozen=(0, 60), buffers=(0, 60), claims=claims, moves=())
    with time_machine.travel(now, tick=False):
        assert one_figure(play(bassline, scene, now), now, ask) == free
