"""Many at once want the same units: none is promised twice (mission O9). SQLite lets writers in one by one anyway.

That all of this rests on the lock is shown in `test_engine`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from eventworx.tenants.models import Tenant
from inventory.availability import stock_of
from inventory.courses import lock_articles
from inventory.models import Article, lowest_over, read_courses, write_courses
from inventory.reservations import ReservationClaim, Shortage, reserve
from inventory.steps import EMPTY, Span, Step
from tests.factories import SUMMER, make_article, make_tenant

CROWD, EACH, OWNED = 8, 12, 37
Booking = Callable[[Tenant, Article], bool]

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def locked(tenant: Tenant, article: Article) -> bool:
    try:
        reserve(tenant=tenant, claims=[ReservationClaim(article.pk, 1, SUMMER)])
    except Shortage:
        return False
    return True


def rush(book: Booking, tenant: Tenant, article: Article) -> int:
    """How many of the bookings that everybody makes at the same time succeed."""
    start = Barrier(CROWD)

    def one() -> int:
        start.wait()
        try:
            return sum(book(tenant, article) for _ in range(EACH))
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as crowd:
        return sum(future.result() for future in [crowd.submit(one) for _ in range(CROWD)])


@pytest.fixture
def hot() -> Article:
    return make_article(make_tenant("aurora"), "PAR 64", owned=OWNED)


def left(article: Article) -> int:
    return stock_of(articles=[article], period=SUMMER)[article.pk].free


def test_nothing_is_overbooked(hot: Article) -> None:
    assert rush(locked, hot.tenant, hot) == OWNED
    assert left(hot) == 0


def test_opposite_orders_do_not_wait_for_each_other(hot: Article) -> None:
    other = make_article(hot.tenant, "Kabel", owned=OWNED)
    pairs = [(hot, other), (other, hot)] * CROWD
    turns = iter(pairs * EACH)

    def both(tenant: Tenant, _article: Article) -> bool:
        reserve(tenant=tenant, claims=[ReservationClaim(a.pk, 1, SUMMER) for a in next(turns)], partial=True)
        return True

    assert rush(both, hot.tenant, hot) == CROWD * EACH
    assert (left(hot), left(other)) == (0, 0)


def test_twice_in_a_transaction_after_locking_everything(hot: Article) -> None:
    """As a job that moves: what it holds first, then what it lacks, each in its own order."""
    other = make_article(hot.tenant, "Kabel", owned=OWNED)
    turns = iter([(hot, other), (other, hot)] * CROWD * EACH)

    @transaction.atomic
    def one_after_the_other(tenant: Tenant, _article: Article) -> bool:
        lock_articles(tenant=tenant, article_ids=[hot.pk, other.pk])
        for article in next(turns):
            reserve(tenant=tenant, claims=[ReservationClaim(article.pk, 1, SUMMER)], partial=True)
        return True

    assert rush(one_after_the_other, hot.tenant, hot) == CROWD * EACH
    assert (left(hot), left(other)) == (0, 0)


def test_there_is_no_lock_outside_of_a_transaction(hot: Article) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        lock_articles(tenant=hot.tenant, article_ids=[hot.pk])


def figure(name: str, relation: str) -> int:
    """What the server has counted in this transaction, within functions, too."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_stat_get_xact_{name}(%s::regclass)", [relation])
        return int(cursor.fetchone()[0])


def steps_read() -> int:
    """From the table or from its key, which carries the figures."""
    return sum(figure("tuples_returned", name) for name in ("inventory_stockstep", "inventory_stockstep_pkey"))


@pytest.mark.parametrize("reads", [read_courses, lowest_over])
def test_the_steps_of_an_article_are_found_whatever_others_have(hot: Article, reads: Callable[..., object]) -> None:
    """Where one article has all the history, the planner must not take the others for alike and read everything."""
    others = [make_article(hot.tenant, f"Kabel {number}").pk for number in range(10)]
    write_courses({hot.pk: EMPTY}, {hot.pk: [*EMPTY, *(Step(number, reserved=number % 2) for number in range(5_000))]})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_stockstep")
    with transaction.atomic():
        for _time in range(2):
            before = steps_read()
            reads(others, Span(1_000, 1_010))
            assert steps_read() - before < 100


def test_the_lowest_is_found_by_index_though_its_plan_is_older_than_the_stock(hot: Article) -> None:
    lowest_over([hot.pk], Span(1_000, 1_010))
    tenant = hot.tenant
    rows = [Article(tenant=tenant, number=str(number), name="PAR", search_key="par") for number in range(3_000)]
    many = [article.pk for article in Article.objects.bulk_create(rows)]
    write_courses({hot.pk: EMPTY}, {hot.pk: [*EMPTY, *(Step(number, reserved=number % 2) for number in range(5_000))]})
    with transaction.atomic():
        before = steps_read(), figure("numscans", "inventory_article")
        assert len(lowest_over(many[:50], Span(1_000, 1_010))) == 50
        assert (steps_read(), figure("numscans", "inventory_article")) == before


def test_the_lock_lets_others_refer_to_the_article(hot: Article) -> None:
    """Rows that only point to an article are written while it is locked: nobody waits for a long reservation."""
    tenant = hot.tenant

    def refer() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                tenant.stock_movements.create(article=hot, kind="addition", quantity=1, start=SUMMER.start)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        reserve(tenant=tenant, claims=[ReservationClaim(hot.pk, 1, SUMMER)])
        other.submit(refer).result()
    assert tenant.stock_movements.count() == 1
