"""The arithmetic of stock against a walk over every minute, and its way from the database (mission E3)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventworx.periods import LATEST, Period
from eventworx.tenants.models import Tenant
from inventory.availability import Claim, Stock, bottleneck_in, free_quantity, stock_of
from inventory.models import Article, StockMovementKind
from inventory.reservations import ReservationClaim, reserve
from inventory.steps import EMPTY, Change, changed, span_of
from inventory.stock import add_movement
from tests.factories import make_article

ORIGIN = datetime(2027, 7, 1, tzinfo=UTC)
MINUTES = 40


def at(minute: int) -> datetime:
    return ORIGIN + timedelta(minutes=minute)


def between(start: int, end: int) -> Period:
    return Period(at(start), at(end))


def day(number: int, length: int = 1) -> Period:
    return Period(ORIGIN + timedelta(days=number), ORIGIN + timedelta(days=number + length))


periods = st.tuples(st.integers(0, MINUTES), st.integers(0, MINUTES)).map(lambda ends: Period.spanning(*map(at, ends)))
claims = st.lists(st.builds(Claim, periods, st.integers(1, 9)), max_size=6)


def walked(standing: int, inflows: list[Claim], reservations: list[Claim], period: Period) -> int:
    """The same figure, asked minute by minute."""
    minutes = [minute for minute in range(-MINUTES, 2 * MINUTES) if period.start <= at(minute) < period.end]
    instants = [at(minute) for minute in minutes] or [period.start]
    return min(standing + _running(inflows, instant) - _running(reservations, instant) for instant in instants)


def _running(rows: list[Claim], instant: datetime) -> int:
    return sum(row.quantity for row in rows if row.period.start <= instant < row.period.end)


@given(st.integers(0, 20), st.integers(0, 5), claims, claims, periods)
def test_the_sweep_agrees_with_a_walk_over_every_minute(
    owned: int, broken: int, inflows: list[Claim], reservations: list[Claim], period: Period
) -> None:
    swept = free_quantity(owned=owned, out_of_service=broken, inflows=inflows, reservations=reservations, period=period)
    assert swept == walked(owned - broken, inflows, reservations, period)


buffers = st.integers(0, 10)


@given(st.integers(0, 20), claims, claims, claims, periods, buffers, buffers)
def test_the_bottleneck_is_the_first_stretch_with_the_fewest(
    owned: int,
    inflows: list[Claim],
    broken: list[Claim],
    reserved: list[Claim],
    period: Period,
    before: int,
    after: int,
) -> None:
    """Of the period itself, unless it is scarcer in what the buffers touch around it."""
    article = Article(owned=owned, buffer_before_minutes=before, buffer_after_minutes=after)
    course = changed(EMPTY, [*taken("added", inflows), *taken("out_of_service", broken), *taken("reserved", reserved)])
    found = bottleneck_in(article=article, course=course, period=period)

    def fewest_in(asked: Period) -> int:
        return walked(owned, inflows, [*broken, *reserved], asked)

    widened = article.with_buffers(period)
    fewest = fewest_in(widened)
    looked_at = period if fewest_in(period) == fewest else widened
    assert fewest_in(found) == fewest
    assert looked_at.covers(found.start)
    if found.start > looked_at.start:
        assert fewest_in(Period(looked_at.start, found.start)) > fewest
    if found.end < looked_at.end:
        assert fewest_in(Period(found.end, found.end)) > fewest


def taken(figure: str, rows: list[Claim]) -> list[Change]:
    return [Change(span_of(row.period), **{figure: row.quantity}) for row in rows if not row.period.is_instant]


@pytest.mark.parametrize(
    ("asked", "free"),
    [
        (between(0, 10), 5),
        (between(0, 11), 2),
        (between(10, 10), 2),
        (between(19, 21), 1),
        (between(20, 20), 4),
        (between(15, 15), 1),
        (between(30, 40), 5),
        (Period(at(30), LATEST), 5),
    ],
)
def test_the_fewest_free_units_at_any_instant(asked: Period, free: int) -> None:
    reservations = [Claim(between(10, 20), 3), Claim(between(15, 30), 1)]
    assert free_quantity(owned=5, out_of_service=0, inflows=(), reservations=reservations, period=asked) == free


def test_a_unit_that_comes_in_late_does_not_help_earlier() -> None:
    asked = {"owned": 0, "out_of_service": 0, "reservations": (), "inflows": [Claim(between(5, 9), 4)]}
    assert [free_quantity(**asked, period=p) for p in (between(5, 9), between(4, 9), between(5, 10))] == [4, 0, 0]


def test_a_shortage_is_negative() -> None:
    taken = [Claim(between(0, 5), 3), Claim(between(0, 5), 3)]
    assert free_quantity(owned=4, out_of_service=1, inflows=(), reservations=taken, period=between(4, 5)) == -3


def test_the_asked_period_is_widened_by_the_buffers_of_today(aurora: Tenant) -> None:
    article = make_article(aurora, owned=2)
    reserve(tenant=aurora, claims=[ReservationClaim(article.pk, 2, day(1))])
    assert stock_of(articles=[article], period=day(2))[article.pk].free == 2
    article.buffer_before_minutes = 1
    article.save()
    assert stock_of(articles=[article], period=day(2))[article.pk].free == 0
    article.buffer_before_minutes, article.buffer_after_minutes = 0, 1
    article.save()
    assert stock_of(articles=[article], period=day(0))[article.pk].free == 0


def test_each_article_has_its_own_buffers(aurora: Tenant) -> None:
    plain, buffered = make_article(aurora), make_article(aurora, buffer_before_minutes=24 * 60)
    reserve(tenant=aurora, claims=[ReservationClaim(article.pk, 4, day(1)) for article in (plain, buffered)])
    stock = stock_of(articles=[plain, buffered], period=day(2))
    assert (stock[plain.pk].free, stock[buffered.pk].free) == (10, 6)


def test_reservations_of_the_asker_can_be_left_out(aurora: Tenant) -> None:
    article = make_article(aurora, owned=3)
    (own, _) = reserve(tenant=aurora, claims=[ReservationClaim(article.pk, n, day(1)) for n in (2, 1)])
    assert own is not None
    assert stock_of(articles=[article], period=day(1))[article.pk].free == 0
    assert stock_of(articles=[article], period=day(1), excluding=[own.pk])[article.pk].free == 2


def test_dated_changes_of_stock(aurora: Tenant) -> None:
    article = make_article(aurora, owned=10, out_of_service=1)
    addition, repair = StockMovementKind.ADDITION, StockMovementKind.OUT_OF_SERVICE
    add_movement(article=article, kind=addition, quantity=5, start=day(3).start)
    add_movement(article=article, kind=repair, quantity=2, start=day(2).start, end=day(4).start)

    def stock(period: Period) -> Stock:
        return stock_of(articles=[article], period=period)[article.pk]

    assert stock(day(1)) == Stock(owned=10, out_of_service=1, free=9)
    assert stock(day(2)) == Stock(owned=10, out_of_service=3, free=7)
    assert stock(day(3)) == Stock(owned=15, out_of_service=3, free=12)
    assert stock(day(1, 9)) == Stock(owned=10, out_of_service=3, free=7)
    assert stock(Period(day(4).start, day(4).start)) == Stock(owned=15, out_of_service=1, free=14)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_one_query_however_many_articles(
    aurora: Tenant, count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    made = [make_article(aurora, f"Kabel {number}") for number in range(count)]
    reserve(tenant=aurora, claims=[ReservationClaim(article.pk, 4, day(1)) for article in made])
    articles = list(aurora.articles.all())
    with django_assert_num_queries(1):
        stock = stock_of(articles=articles, period=day(1))
    assert [stock[article.pk].free for article in articles] == [6] * count


def test_nothing_asked_nothing_read(aurora: Tenant, django_assert_num_queries: Callable[..., object]) -> None:
    with django_assert_num_queries(0):
        assert stock_of(articles=[], period=day(1)) == {}
