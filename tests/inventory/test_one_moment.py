"""What is said of many articles is true of one moment, though it is read in several statements (mission E3)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventworx.databases import one_moment
from eventworx.tenants.models import Tenant
from inventory.availability import each_stock
from inventory.models import Article
from inventory.reservations import ReservationClaim, reserve
from tests.crowd import at_once
from tests.factories import SUMMER, make_article

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def free_while(article: Article, part: str, deed: Callable[[], Any]) -> int:
    """What is said to be free if `deed` is done just before the first statement with `part` in it."""
    deeds = [deed]

    def meanwhile(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if part in sql and deeds:
            at_once(deeds.pop())
        return execute(sql, *rest)

    with connection.execute_wrapper(meanwhile):
        [(stock, _scarce)] = each_stock(articles=[article], period=SUMMER).values()
    assert not deeds
    return stock.free


def test_a_hold_that_is_confirmed_meanwhile_counts_once(aurora: Tenant) -> None:
    article, now = make_article(aurora, owned=10), timezone.now()
    held = ReservationClaim(article.pk, 6, SUMMER, expires_at=now + timedelta(hours=1))
    [hold] = reserve(tenant=aurora, claims=[held])
    firm = ReservationClaim(article.pk, 6, SUMMER, reservation=hold)
    assert free_while(article, "inventory_stockstep", lambda: reserve(tenant=aurora, claims=[firm])) == 4


def test_nothing_is_written_there_and_afterwards_everything(aurora: Tenant) -> None:
    with one_moment(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("repeatable read", "on")
    with transaction.atomic(), one_moment():
        make_article(aurora, owned=1)
    assert aurora.articles.count() == 1
