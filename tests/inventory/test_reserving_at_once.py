"""What is plain PostgreSQL reserves by itself, in one statement: exactly as the arithmetic of steps has it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from eventworx.periods import EARLIEST, LATEST, Period
from eventworx.tenants.models import Tenant
from inventory import reservations
from inventory.courses import check_courses
from inventory.hand_overs import hand_over
from inventory.models import Article, ArticleKind, PlainClaim, Reservation, StockMovementKind, reserve_at_once
from inventory.reservations import ReservationClaim, Shortage, reserve
from inventory.stock import add_movement
from tests.factories import SUMMER, make_article, make_tenant
from tests.inventory.scenes import few
from tests.world import undone

NOW = datetime(2027, 7, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUFFERS = ("buffer_before_minutes", "buffer_after_minutes")
Way = Callable[[Tenant, Sequence[ReservationClaim]], Sequence[Reservation | None]]
MADE = [field.attname for field in Reservation._meta.concrete_fields if field.name not in ("id", "created_at")]

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def state(articles: Sequence[Article]) -> list[Any]:
    """All that can be seen of them."""
    amounts = ("instant", "added", "out_of_service", "reserved")
    steps = [list(article.stock_steps.order_by("instant").values_list(*amounts)) for article in articles]
    return [steps, [list(article.reservations.order_by("pk").values_list(*MADE)) for article in articles]]


def hours(start: int, length: int) -> Period:
    return Period(NOW + start * HOUR, NOW + (start + length) * HOUR)


def at_once(tenant: Tenant, claims: Sequence[ReservationClaim], now: datetime = NOW) -> list[Reservation]:
    wanted = [PlainClaim(one.article_id, one.quantity, one.label, one.period.start, one.period.end) for one in claims]
    return reserve_at_once(tenant, wanted, now)


def by_steps(tenant: Tenant, claims: Sequence[ReservationClaim]) -> list[Reservation | None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reservations, "reserve_at_once", lambda *_plain: [])
        try:
            return reserve(tenant=tenant, claims=claims, now=NOW)
        except Shortage:
            return []


def outcome(way: Way, claims: Sequence[ReservationClaim], articles: Sequence[Article]) -> list[Any]:
    """What it hands back and what it leaves, before it is undone."""
    tenant = articles[0].tenant
    with undone():
        made = [[getattr(row, name) for name in MADE] for row in way(tenant, claims) if row]
        assert check_courses(tenant=tenant, article_ids=[article.pk for article in articles]) == []
        return [made, *state(articles)]


def demand(random: Random) -> tuple[int, int, Period]:
    """Of which article, how many, when: few hours, so that much begins where something else ends."""
    return random.randrange(2), random.randint(1, 2), hours(random.randrange(8), random.randint(1, 3))


@settings(few, max_examples=60)
@given(st.integers(0, 2**32))
def test_it_does_what_the_steps_say(aurora: Tenant, seed: int) -> None:
    random = Random(seed)
    with undone():
        articles = [
            make_article(
                aurora, owned=random.randint(2, 5), kind=kind, **{name: 60 * random.randrange(2) for name in BUFFERS}
            )
            for kind in random.choices(ArticleKind.values, k=2)
        ]

        def claim() -> ReservationClaim:
            which, quantity, period = demand(random)
            return ReservationClaim(articles[which].pk, quantity, period, "J-2")

        for _number in range(8):
            by_steps(aurora, [claim()])
        for _number in range(random.randrange(3)):
            which, quantity, period = demand(random)
            kind = random.choice(list(StockMovementKind))
            add_movement(article=articles[which], kind=kind, quantity=quantity, start=period.start, end=period.end)
        claims = [claim() for _number in range(3)]
        for together in (claims[:1], claims[1:], claims):
            assert outcome(at_once, together, articles) == outcome(by_steps, together, articles)


@pytest.mark.parametrize("articles", [3, 30, 300])
def test_each_claim_gets_its_own(aurora: Tenant, articles: int) -> None:
    # As everywhere but in tests the planner knows how large the table is, and joins the claims as it likes.
    ids = [make_article(aurora, f"PAR {number}", owned=20).pk for number in range(articles)]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_article")
    for wanted in (ids[::-1][:20], Random(articles).sample(ids, min(articles, 10))):
        claims = [ReservationClaim(pk, 1 + place % 3, SUMMER, f"J-{place}") for place, pk in enumerate(wanted)]
        rows = at_once(aurora, claims)
        assert [(row.article_id, row.quantity, row.label) for row in rows] == [
            (claim.article_id, claim.quantity, claim.label) for claim in claims
        ]


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=10, buffer_after_minutes=60)


def take(article: Article, quantity: int, **fields: Any) -> list[Reservation]:
    return at_once(article.tenant, [ReservationClaim(article.pk, quantity, SUMMER, "J-1", **fields)])


def test_what_is_plain_it_does(par: Article) -> None:
    (row,) = take(par, 4)
    assert row.blocked == SUMMER.widened(timedelta(), HOUR)
    hand_over(tenant=par.tenant, reservations=[row], at=SUMMER.start)
    assert len(take(par, 6)) == 1
    assert take(par, 1) == []


@pytest.mark.parametrize(("expires_at", "is_plain"), [(NOW, True), (NOW + HOUR, False)])
def test_a_hold_stands_in_its_way_until_it_runs_out(par: Article, expires_at: datetime, is_plain: bool) -> None:
    claim = ReservationClaim(par.pk, 1, SUMMER, expires_at=expires_at)
    reserve(tenant=par.tenant, claims=[claim], now=NOW - HOUR)
    assert bool(take(par, 1)) == is_plain


def test_no_step_is_left_where_one_ends_and_the_next_begins(aurora: Tenant) -> None:
    article = make_article(aurora)
    for start in (0, 6, 3):
        assert at_once(aurora, [ReservationClaim(article.pk, 2, hours(start, 3))])
    assert list(article.stock_steps.order_by("instant").values_list("reserved", flat=True)) == [0, 2, 0]


def test_all_or_nothing(par: Article) -> None:
    claims = [ReservationClaim(par.pk, quantity, SUMMER) for quantity in (6, 5)]
    assert at_once(par.tenant, claims) == []
    assert not par.tenant.reservations.exists()
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_however_often_an_article_is_named_its_steps_are_written_once(par: Article) -> None:
    """Line by line it took minutes for 500 lines over a long time, under the lock."""
    for place in range(20):
        reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, 1, hours(6 * place, 2))])
    before = written()
    reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, 1, hours(-5, 130))] * 5)
    assert written() - before <= par.stock_steps.count() == 43
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def written() -> int:
    """How many rows of steps this transaction has written so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables WHERE relname = %s",
            ["inventory_stockstep"],
        )
        return int(cursor.fetchone()[0])


def test_overdue_goods_stand_in_its_way(par: Article) -> None:
    rows = take(par, 4)
    hand_over(tenant=par.tenant, reservations=rows, at=SUMMER.start)
    later = ReservationClaim(par.pk, 1, Period(SUMMER.end + 9 * HOUR, SUMMER.end + 10 * HOUR))
    due = rows[0].blocked_until
    assert at_once(par.tenant, [later], now=due) == []
    assert len(at_once(par.tenant, [later], now=due - HOUR)) == 1


def test_somebody_elses_article_is_none(par: Article) -> None:
    other = make_article(make_tenant("strange"), owned=10)
    claims = [ReservationClaim(article.pk, 1, SUMMER) for article in (par, other)]
    assert at_once(par.tenant, claims) == []
    with pytest.raises(LookupError):
        reserve(tenant=par.tenant, claims=claims)


@pytest.mark.parametrize("period", [Period(EARLIEST, SUMMER.end), Period(SUMMER.start, LATEST)])
def test_the_ends_of_time_are_left_to_the_steps(par: Article, period: Period) -> None:
    claims = [ReservationClaim(par.pk, 1, period)]
    assert at_once(par.tenant, claims) == []
    assert len(reserve(tenant=par.tenant, claims=claims)) == 1
