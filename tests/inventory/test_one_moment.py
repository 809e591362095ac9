"""What is said of many articles is true of one moment, though it is read in several statements (mission E3)."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventworx.databases import one_moment
from eventworx.tenants.models import Tenant
from inventory.availability import each_stock, stock_of
from inventory.models import Article
from inventory.reservations import ReservationClaim, reserve
from tests.crowd import at_once
from tests.factories import SUMMER, make_article

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def free_if_confirmed(tenant: Tenant, number: int, ask: Callable[[Article], int]) -> int:
    """What is said to be free of 10 if a hold of 6 is confirmed just before a statement: the first, the second, …"""
    article, now = make_article(tenant, owned=10), timezone.now()
    held = ReservationClaim(article.pk, 6, SUMMER, expires_at=now + timedelta(hours=1))
    [hold] = reserve(tenant=tenant, claims=[held])
    firm = ReservationClaim(article.pk, 6, SUMMER, reservation=hold)
    places = count(1)

    def meanwhile(execute: Callable[..., Any], *statement: Any) -> Any:
        if next(places) == number:
            at_once(lambda: reserve(tenant=tenant, claims=[firm]))
        return execute(*statement)

    with connection.execute_wrapper(meanwhile):
        free = ask(article)
    assert next(places) > number
    return free


def of_each(article: Article) -> int:
    [(stock, _scarce)] = each_stock(articles=[article], period=SUMMER).values()
    return stock.free


def of_many(article: Article) -> int:
    return stock_of(articles=[article], period=SUMMER)[article.pk].free


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_hold_that_is_confirmed_meanwhile_counts_once(aurora: Tenant, number: int) -> None:
    assert free_if_confirmed(aurora, number, of_each) == 4


@pytest.mark.parametrize(("number", "free"), [(1, 4), (2, 4), (3, -2)])
def test_or_twice_but_never_not_at_all(aurora: Tenant, number: int, free: int) -> None:
    assert free_if_confirmed(aurora, number, of_many) == free


def test_nothing_is_written_there_and_afterwards_everything(aurora: Tenant) -> None:
    with one_moment(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("repeatable read", "on")
    with transaction.atomic(), one_moment():
        make_article(aurora, owned=1)
    assert aurora.articles.count() == 1
