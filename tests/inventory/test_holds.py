"""What depends on the clock: holds ("Option") that run out, and goods that do not come back in time (mission E3)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import courses_on, stock_in, stock_of
from inventory.courses import check_courses
from inventory.hand_overs import hand_over, take_back
from inventory.models import Article, Reservation
from inventory.reservations import ReservationClaim, Shortage, change, release, reserve
from tests.factories import SUMMER, make_article

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = Period(SUMMER.end + timedelta(days=30), SUMMER.end + timedelta(days=31))


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=10, buffer_after_minutes=60)


def take(article: Article, quantity: int, *, now: datetime = NOW, until: datetime | None = None) -> Reservation:
    claim = ReservationClaim(article.pk, quantity, SUMMER, expires_at=until)
    (made,) = reserve(tenant=article.tenant, claims=[claim], now=now)
    assert made is not None
    return made


def free(article: Article, period: Period = SUMMER, *, now: datetime = NOW, excluding: tuple[int, ...] = ()) -> int:
    """By both ways there are, which have to agree."""
    asked = {"articles": [article], "period": period, "now": now, "excluding": excluding}
    figure = stock_of(**asked)[article.pk].free
    assert figure == stock_in(article=article, course=courses_on(**asked)[article.pk], period=period).free
    return figure


def firm(row: Reservation, quantity: int, now: datetime) -> Reservation | None:
    claim = ReservationClaim(row.article_id, quantity, SUMMER, reservation=row)
    return reserve(tenant=row.tenant, claims=[claim], now=now)[0]


def test_a_hold_counts_until_it_expires_and_not_a_moment_longer(par: Article) -> None:
    take(par, 6, until=NOW + HOUR)
    assert free(par) == 4
    assert free(par, now=NOW + HOUR - timedelta(microseconds=1)) == 4
    assert free(par, now=NOW + HOUR) == 10
    with pytest.raises(Shortage):
        take(par, 5, until=NOW + HOUR)
    assert take(par, 5, now=NOW + HOUR).quantity == 5


def test_a_live_hold_becomes_firm_in_its_place(par: Article) -> None:
    held = take(par, 6, until=NOW + HOUR)
    take(par, 4)
    made = firm(held, 6, NOW)
    assert made == held
    assert (made.expires_at, free(par, now=NOW + 2 * HOUR)) == (None, 0)
    with pytest.raises(Shortage):
        firm(held, 7, NOW)


def test_one_that_ran_out_has_no_claim_any_more(par: Article) -> None:
    held = take(par, 6, until=NOW + HOUR)
    take(par, 8, now=NOW + HOUR)
    with pytest.raises(Shortage) as refusal:
        firm(held, 6, NOW + HOUR)
    assert [(short.wanted, short.free) for short in refusal.value.shortfalls] == [(6, 2)]


def test_one_that_ran_out_while_somebody_waited_has_none_either(par: Article) -> None:
    """He looked at the clock before he had to wait for the lock: what he held went to others meanwhile."""
    held = take(par, 6, until=NOW + HOUR)
    with time_machine.travel(NOW + HOUR, tick=False):
        take(par, 8, now=NOW + HOUR)
        with pytest.raises(Shortage) as refusal:
            firm(held, 6, NOW)
    assert [(short.wanted, short.free) for short in refusal.value.shortfalls] == [(6, 2)]


def test_a_firm_one_can_become_a_hold(par: Article) -> None:
    row = take(par, 6)
    claim = ReservationClaim(par.pk, 6, SUMMER, reservation=row, expires_at=NOW + HOUR)
    assert reserve(tenant=par.tenant, claims=[claim], now=NOW) == [row]
    assert (free(par), free(par, now=NOW + HOUR)) == (4, 10)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_a_hold_can_be_changed_left_out_and_given_back(par: Article) -> None:
    held = take(par, 6, until=NOW + HOUR)
    assert free(par, excluding=(held.pk,)) == 10
    release(tenant=par.tenant, reservations=[held])
    assert free(par) == 10
    until = datetime.now(UTC) + HOUR
    held = take(par, 6, now=datetime.now(UTC), until=until)
    assert change(reservation=held, quantity=3).expires_at == until


def test_overdue_goods_stay_away_until_somebody_takes_them_back(par: Article) -> None:
    row = take(par, 6)
    hand_over(tenant=par.tenant, reservations=[row], at=SUMMER.start)
    due = SUMMER.end + HOUR
    assert free(par, LATER, now=due - timedelta(microseconds=1)) == 10
    assert free(par, LATER, now=due) == 4
    assert free(par, now=due) == 4
    assert par.tenant.reservations.get().is_overdue(due)
    with pytest.raises(Shortage):
        reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, 5, LATER)], now=due)
    take_back(tenant=par.tenant, reservations=[row], at=due + HOUR)
    assert free(par, LATER, now=due + HOUR) == 10
    assert not par.tenant.reservations.get().is_overdue(due + HOUR)


def test_what_comes_back_early_is_free_after_its_turnaround(par: Article) -> None:
    row = take(par, 10)
    hand_over(tenant=par.tenant, reservations=[row], at=SUMMER.start)
    take_back(tenant=par.tenant, reservations=[row], at=SUMMER.start + 5 * HOUR)
    rest = Period(SUMMER.start + 6 * HOUR, SUMMER.end)
    assert (free(par, rest), free(par, Period(SUMMER.start + 5 * HOUR, SUMMER.end))) == (10, 0)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_it_is_noted_once(par: Article) -> None:
    row = take(par, 10)
    for hours in (1, 2):
        hand_over(tenant=par.tenant, reservations=[row], at=SUMMER.start + hours * HOUR)
    for hours in (5, 6):
        take_back(tenant=par.tenant, reservations=[row], at=SUMMER.start + hours * HOUR)
    row.refresh_from_db()
    assert (row.handed_over_at, row.returned_at) == (SUMMER.start + HOUR, SUMMER.start + 5 * HOUR)


def test_a_hold_is_not_handed_over(par: Article) -> None:
    held = take(par, 6, until=NOW + HOUR)
    hand_over(tenant=par.tenant, reservations=[held], at=NOW)
    held.refresh_from_db()
    assert held.handed_over_at is None


def test_somebody_elses_goods_stay_where_they_are(par: Article, cymbal: Tenant) -> None:
    row = take(par, 6)
    hand_over(tenant=cymbal, reservations=[row], at=NOW)
    take_back(tenant=cymbal, reservations=[row], at=NOW)
    row.refresh_from_db()
    assert row.handed_over_at is None
