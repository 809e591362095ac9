"""Claims on own stock: all or nothing, in part, replaced, given back (mission E3)."""

from datetime import timedelta
from random import Random

import pytest

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import stock_of
from inventory.courses import check_courses
from inventory.models import Article, Reservation
from inventory.reservations import ReservationClaim, Shortage, change, release, reserve
from tests.factories import SUMMER, make_article, make_tenant
from tests.world import undone

LATER = Period(SUMMER.end, SUMMER.end + timedelta(days=1))
HOUR = timedelta(hours=1)


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=10)


def take(article: Article, quantity: int, period: Period = SUMMER, label: str = "J-1") -> Reservation:
    claim = ReservationClaim(article.pk, quantity, period, label)
    (made,) = reserve(tenant=article.tenant, claims=[claim])
    assert made is not None
    return made


def free(article: Article, period: Period = SUMMER) -> int:
    article.refresh_from_db()
    return stock_of(articles=[article], period=period)[article.pk].free


def shrink(article: Article, owned: int) -> None:
    article.owned = owned
    article.save()


def test_what_is_free_can_be_reserved_to_the_last_unit(par: Article) -> None:
    assert take(par, 10, label="J-7 Sommerfest").label == "J-7 Sommerfest"
    assert free(par) == 0
    assert free(par, LATER) == 10


def test_what_is_handed_back_is_what_stands_there(par: Article) -> None:
    made = take(par, 3, label="J-7 100 % Sommerfest")
    stored = par.tenant.reservations.get()
    names = [field.attname for field in Reservation._meta.concrete_fields]
    assert {name: getattr(made, name) for name in names} == {name: getattr(stored, name) for name in names}
    assert not made._state.adding


def test_a_shortage_names_every_shortfall_and_changes_nothing(aurora: Tenant, par: Article) -> None:
    cable = make_article(aurora, "Kabel", owned=2)
    take(par, 4)
    claims = [ReservationClaim(cable.pk, 2, SUMMER), ReservationClaim(par.pk, 7, SUMMER)]
    with pytest.raises(Shortage) as refusal:
        reserve(tenant=aurora, claims=claims)
    assert [(short.article, short.wanted, short.free) for short in refusal.value.shortfalls] == [(par, 7, 6)]
    assert str(refusal.value) == "In diesem Zeitraum ist nicht genug frei: PAR 64: 7 gewünscht, 6 frei."
    assert free(cable) == 2
    assert aurora.reservations.count() == 1


def test_claims_on_one_article_count_together(aurora: Tenant, par: Article) -> None:
    claims = [ReservationClaim(par.pk, 6, SUMMER), ReservationClaim(par.pk, 6, SUMMER)]
    with pytest.raises(Shortage) as refusal:
        reserve(tenant=aurora, claims=claims)
    assert [(short.wanted, short.free) for short in refusal.value.shortfalls] == [(12, 10)]


@pytest.mark.parametrize("seed", range(25))
def test_together_they_get_what_they_get_one_after_the_other(aurora: Tenant, seed: int) -> None:
    """Lines for the same time are counted down: as exactly where others stand between them, or enlarge what was made
    with other buffers."""
    random = Random(seed)
    article = make_article(aurora, owned=10, buffer_after_minutes=120)
    periods = [SUMMER, LATER, Period(SUMMER.start - HOUR, SUMMER.start)]
    made = [take(article, 1, random.choice(periods)) for _line in range(4)]
    article.buffer_before_minutes, article.buffer_after_minutes = 60, 0
    article.save()
    claims = [ReservationClaim(article.pk, random.randint(1, 3), random.choice(periods)) for _line in range(8)]
    claims += [ReservationClaim(article.pk, random.randint(1, 3), row.period, reservation=row) for row in made]
    random.shuffle(claims)
    with undone():
        alone = [row for one in claims for row in reserve(tenant=aurora, claims=[one], partial=True)]
    together = reserve(tenant=aurora, claims=claims, partial=True)
    got, alone_got = ([row and (row.quantity, row.blocked) for row in rows] for rows in (together, alone))
    assert got == alone_got
    assert check_courses(tenant=aurora, article_ids=[article.pk]) == []


def test_claims_on_one_article_at_different_times_do_not(aurora: Tenant, par: Article) -> None:
    claims = [ReservationClaim(par.pk, 6, SUMMER), ReservationClaim(par.pk, 6, LATER)]
    assert [made and made.quantity for made in reserve(tenant=aurora, claims=claims)] == [6, 6]


def test_their_buffers_count_between_them(aurora: Tenant) -> None:
    article = make_article(aurora, owned=10, buffer_after_minutes=1)
    claims = [ReservationClaim(article.pk, 6, SUMMER), ReservationClaim(article.pk, 6, LATER)]
    with pytest.raises(Shortage):
        reserve(tenant=aurora, claims=claims)


def test_in_part_first_come_first_served(aurora: Tenant, par: Article) -> None:
    claims = [ReservationClaim(par.pk, quantity, SUMMER) for quantity in (6, 6, 1)]
    made = reserve(tenant=aurora, claims=claims, partial=True)
    assert [row and row.quantity for row in made] == [6, 4, None]
    assert aurora.reservations.count() == 2


def test_in_part_of_a_shortage_is_nothing(aurora: Tenant, par: Article) -> None:
    take(par, 10)
    shrink(par, 5)
    assert reserve(tenant=aurora, claims=[ReservationClaim(par.pk, 1, SUMMER)], partial=True) == [None]


def test_buffers_are_frozen_when_a_reservation_is_made(aurora: Tenant) -> None:
    article = make_article(aurora, owned=1, buffer_before_minutes=60, buffer_after_minutes=120)
    row = take(article, 1)
    assert row.blocked == SUMMER.widened(HOUR, 2 * HOUR)
    article.buffer_before_minutes = article.buffer_after_minutes = 0
    article.save()
    assert free(article, Period(SUMMER.end + HOUR, SUMMER.end + 2 * HOUR)) == 0
    assert free(article, Period(SUMMER.end + 2 * HOUR, SUMMER.end + 3 * HOUR)) == 1


def test_the_asked_period_too_is_widened(aurora: Tenant, par: Article) -> None:
    take(par, 10)
    par.buffer_before_minutes = 1
    par.save()
    with pytest.raises(Shortage):
        take(par, 1, LATER)


def test_growing_counts_without_what_is_held_already(par: Article) -> None:
    row = take(par, 6)
    assert change(reservation=row, quantity=10).pk == row.pk
    with pytest.raises(Shortage) as refusal:
        change(reservation=row, quantity=11)
    assert [(short.wanted, short.free) for short in refusal.value.shortfalls] == [(11, 10)]
    row.refresh_from_db()
    assert row.quantity == 10


def test_reducing_is_possible_where_stock_is_short(par: Article) -> None:
    row = take(par, 8)
    shrink(par, 1)
    assert change(reservation=row, quantity=5).quantity == 5
    shorter = Period(SUMMER.start + HOUR, SUMMER.end)
    assert change(reservation=row, quantity=5, period=shorter).period == shorter
    with pytest.raises(Shortage):
        change(reservation=row, quantity=6)
    with pytest.raises(Shortage):
        change(reservation=row, period=SUMMER)


def test_reducing_keeps_the_buffers_it_was_made_with(aurora: Tenant) -> None:
    article = make_article(aurora, buffer_after_minutes=60)
    row = take(article, 8)
    article.buffer_after_minutes = 120
    article.save()
    assert change(reservation=row, quantity=5).buffers == (timedelta(), HOUR)
    assert change(reservation=row, quantity=6).buffers == (timedelta(), 2 * HOUR)


def test_growing_in_part_never_loses_what_is_held(aurora: Tenant, par: Article) -> None:
    row = take(par, 8)
    shrink(par, 3)
    claim = ReservationClaim(par.pk, 12, SUMMER, reservation=row)
    assert [made and made.quantity for made in reserve(tenant=aurora, claims=[claim], partial=True)] == [8]


def test_moving_takes_the_new_period_and_its_stock(par: Article) -> None:
    row = take(par, 6)
    take(par, 5, LATER)
    with pytest.raises(Shortage):
        change(reservation=row, period=LATER)
    assert change(reservation=row, quantity=5, period=LATER).period == LATER
    assert (free(par), free(par, LATER)) == (10, 0)


def test_moving_in_part_to_where_nothing_is_free_gives_back(aurora: Tenant, par: Article) -> None:
    row = take(par, 6)
    take(par, 10, LATER)
    claim = ReservationClaim(par.pk, 6, LATER, reservation=row)
    assert reserve(tenant=aurora, claims=[claim], partial=True) == [None]
    assert free(par) == 10


def test_another_article_instead(aurora: Tenant, par: Article) -> None:
    row, other = take(par, 6), make_article(aurora, owned=2)
    claim = ReservationClaim(other.pk, 2, SUMMER, "J-2", reservation=row)
    (made,) = reserve(tenant=aurora, claims=[claim])
    assert made == row
    assert (free(par), free(other)) == (10, 0)


def test_what_is_given_back_is_free_again(aurora: Tenant, par: Article) -> None:
    rows = [take(par, 6), take(par, 4)]
    release(tenant=aurora, reservations=rows)
    assert free(par) == 10


def test_somebody_elses_article_or_reservation_is_out_of_reach(aurora: Tenant, par: Article) -> None:
    stranger = make_tenant("strange")
    with pytest.raises(LookupError):
        reserve(tenant=stranger, claims=[ReservationClaim(par.pk, 1, SUMMER)])
    row = take(par, 1)
    release(tenant=stranger, reservations=[row])
    assert aurora.reservations.get() == row


def test_nothing_and_no_time_cannot_be_claimed(par: Article) -> None:
    with pytest.raises(ValueError, match="quantity"):
        ReservationClaim(par.pk, 0, SUMMER)
    with pytest.raises(ValueError, match="duration"):
        ReservationClaim(par.pk, 1, Period(SUMMER.start, SUMMER.start))


def test_no_claims_nothing_happens(aurora: Tenant) -> None:
    assert reserve(tenant=aurora, claims=[]) == []


def test_no_claim_gets_what_a_later_one_of_the_same_batch_keeps(aurora: Tenant, par: Article) -> None:
    first, second = take(par, 3), take(par, 2)
    shrink(par, 6)
    claims = [ReservationClaim(par.pk, 9, SUMMER, reservation=row) for row in (first, second)]
    made = reserve(tenant=aurora, claims=claims, partial=True)
    assert [row and row.quantity for row in made] == [4, 2]
    assert free(par) == 0
