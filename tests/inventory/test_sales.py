"""What is sold does not come back: promised it is away for ever, handed over it is owned no longer (mission E3, O7)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import transaction
from django.test import Client

from eventworx.periods import LATEST, Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.article_lists.checking import IS_WRONG, KindInUse
from inventory.article_lists.staging import staged
from inventory.articles import KindIsInUse, OwnedMovedOn, update_article
from inventory.availability import courses_on, stock_in, stock_of
from inventory.courses import check_courses
from inventory.hand_overs import TooFewOwned, hand_over, take_back, undo_hand_over
from inventory.models import Article, ArticleKind, ImportState, Reservation, StockMovementKind
from inventory.reservations import ReservationClaim, Shortage, change, release, reserve
from inventory.stock import add_movement
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_tenant
from tests.inventory.article_lists.doing import as_csv, checked, hand_in, imported, problems

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = SUMMER.start - 30 * DAY
EARLIER = Period(SUMMER.start - 9 * DAY, SUMMER.start - 8 * DAY)
LATER = Period(SUMMER.end + 9 * DAY, SUMMER.end + 10 * DAY)


@pytest.fixture
def tape(aurora: Tenant) -> Article:
    return make_article(aurora, "Gaffa", owned=10, kind=ArticleKind.SALE, number="G-1", buffer_before_minutes=60)


def take(article: Article, quantity: int, period: Period = SUMMER, until: datetime | None = None) -> Reservation:
    claim = ReservationClaim(article.pk, quantity, period, "J-1", expires_at=until)
    (made,) = reserve(tenant=article.tenant, claims=[claim], now=NOW)
    assert made
    return made


def free(article: Article, period: Period, now: datetime = NOW) -> int:
    """By both ways there are, which have to agree; and the steps are true."""
    article = article.tenant.articles.get(pk=article.pk)
    figure = stock_of(articles=[article], period=period, now=now)[article.pk].free
    course = courses_on(articles=[article], period=period, now=now)[article.pk]
    assert figure == stock_in(article=article, course=course, period=period).free
    assert check_courses(tenant=article.tenant, article_ids=[article.pk]) == []
    return figure


def owned(article: Article) -> int:
    return article.tenant.articles.get(pk=article.pk).owned


@pytest.mark.parametrize("other", [EARLIER, LATER])
def test_the_same_unit_is_not_sold_twice_whichever_comes_first(tape: Article, other: Period) -> None:
    take(tape, 7)
    assert free(tape, other) == 3
    with pytest.raises(Shortage) as refused:
        take(tape, 4, other)
    assert [(short.wanted, short.free) for short in refused.value.shortfalls] == [(4, 3)]
    assert take(tape, 3, other).blocked == Period(other.start - HOUR, LATEST)


def test_what_is_lent_comes_back(aurora: Tenant) -> None:
    """The control: of the same dates nothing stands in the way there."""
    lamp = make_article(aurora, owned=10)
    take(lamp, 7)
    assert [take(lamp, 10, other).quantity for other in (EARLIER, LATER)] == [10, 10]


def test_handed_over_it_is_owned_no_longer_and_counts_once(tape: Article) -> None:
    row, waiting = take(tape, 4), take(tape, 3, LATER)
    assert hand_over(tenant=tape.tenant, reservations=[row, row], at=SUMMER.start).sold == [row]
    assert hand_over(tenant=tape.tenant, reservations=[row], at=SUMMER.end).sold == []
    row.refresh_from_db()
    assert (row.sold_at, row.is_out, row.is_overdue(SUMMER.end + DAY), row.counts(NOW)) == (SUMMER.start, 0, 0, 0)
    assert (owned(tape), free(tape, LATER, SUMMER.end + DAY)) == (6, 3)
    take_back(tenant=tape.tenant, reservations=[row], at=SUMMER.end)
    assert list(tape.reservations.upcoming(SUMMER.end)) == [waiting]
    assert stock_of(articles=[tape], period=LATER, excluding=[row.pk], now=NOW)[tape.pk].free == 3
    with pytest.raises(LookupError):
        change(reservation=row, quantity=1)


def test_a_hand_over_that_is_undone_is_owned_and_reserved_again(tape: Article) -> None:
    row = take(tape, 4)
    hand_over(tenant=tape.tenant, reservations=[row], at=SUMMER.start)
    for _time in range(2):
        undo_hand_over(tenant=tape.tenant, reservations=[row])
        row.refresh_from_db()
        assert (owned(tape), row.sold_at, row.blocked_until, free(tape, LATER)) == (10, None, LATEST, 6)
    release(tenant=tape.tenant, reservations=[row])
    assert free(tape, LATER) == 10


def test_undone_after_it_became_a_rental_it_is_reserved_for_its_time(tape: Article) -> None:
    row = take(tape, 4)
    hand_over(tenant=tape.tenant, reservations=[row], at=SUMMER.start)
    update_article(article=tape, number=tape.number, kind=ArticleKind.RENTAL)
    undo_hand_over(tenant=tape.tenant, reservations=[row])
    assert (owned(tape), free(tape, SUMMER), free(tape, LATER)) == (10, 6, 10)


def test_of_what_is_no_longer_owned_nothing_leaves(tape: Article) -> None:
    lamp = make_article(tape.tenant, owned=10)
    rows = [take(lamp, 1), take(tape, 8)]
    update_article(article=tape, number=tape.number, owned=7)
    with pytest.raises(TooFewOwned) as refused:
        hand_over(tenant=tape.tenant, reservations=rows, at=SUMMER.start)
    assert "Gaffa" in str(refused.value)
    assert [row.left_at for row in tape.tenant.reservations.all()] == [None, None]
    assert owned(tape) == 7
    assert free(tape, LATER) == -1


def test_what_was_added_for_good_is_sold_like_what_is_owned(tape: Article) -> None:
    for start, quantity in ((EARLIER.start, 5), (EARLIER.end, 5), (LATER.end, 1)):
        add_movement(article=tape, kind=StockMovementKind.ADDITION, quantity=quantity, start=start)
    row = take(tape, 14)
    hand_over(tenant=tape.tenant, reservations=[row], at=SUMMER.start)
    assert (owned(tape), free(tape, LATER)) == (1, 6)
    assert sorted(movement.quantity for movement in tape.stock_movements.all()) == [1, 5]


def test_a_hold_of_it_counts_for_ever_until_it_runs_out(tape: Article) -> None:
    take(tape, 6, until=NOW + HOUR)
    assert [free(tape, period) for period in (EARLIER, LATER)] == [4, 4]
    assert [free(tape, period, NOW + HOUR) for period in (EARLIER, LATER)] == [10, 10]


def test_it_moves_with_its_job(tape: Article) -> None:
    row = take(tape, 6)
    take(tape, 4, LATER)
    longer = Period(SUMMER.start, SUMMER.end + DAY)
    for period in (longer, LATER, EARLIER):
        row = change(reservation=row, period=period)
        assert row.blocked == Period(period.start - HOUR, LATEST)
    assert free(tape, Period(EARLIER.start - 2 * HOUR, EARLIER.start - HOUR)) == 0
    with pytest.raises(Shortage):
        change(reservation=row, quantity=7)
    update_article(article=tape, number=tape.number, owned=5)  # too few for all by now: it keeps what it has
    assert change(reservation=row, period=longer).quantity == 6


@pytest.mark.parametrize("kind", list(ArticleKind))
def test_the_kind_stays_while_something_is_reserved_or_out(aurora: Tenant, kind: ArticleKind) -> None:
    article = make_article(aurora, kind=kind, number="A-1")
    [other] = set(ArticleKind) - {kind}
    lines = as_csv([["Nummer", "Artikelart"], ["A-1", "Verkauf" if other == ArticleKind.SALE else "Miete"]])
    with time_machine.travel(NOW, tick=False):
        rows = [take(article, 1), take(article, 1, LATER, until=NOW + DAY)]
        for row in rows:
            with pytest.raises(KindIsInUse) as refused:
                update_article(article=article, number="A-1", kind=other)
            assert "1 × J-1" in str(refused.value)
            assert problems(checked(hand_in(aurora, lines))) == [(2, "kind", "line-kind-in-use")]
            release(tenant=aurora, reservations=[row])
        update_article(article=article, number="A-1", kind=kind, owned=9)
        imported(aurora, lines)
        assert aurora.articles.get().kind == other


def test_what_was_over_before_it_was_for_sale_is_not_reserved_for_ever_by_an_undo(aurora: Tenant) -> None:
    """Nobody had noted that it left, and it is for sale by now: sold by a click, and not sold, it is as it was."""
    lamp = make_article(aurora, owned=10)
    over = take(lamp, 4)
    with time_machine.travel(LATER.start, tick=False):
        update_article(article=lamp, kind=ArticleKind.SALE)
    hand_over(tenant=aurora, reservations=[over], at=LATER.start)
    assert (owned(lamp), free(lamp, LATER)) == (6, 6)
    undo_hand_over(tenant=aurora, reservations=[over])
    assert (owned(lamp), free(lamp, LATER), free(lamp, SUMMER)) == (10, 10, 6)


def test_what_was_sold_meanwhile_stays_sold_when_an_open_form_is_saved(tape: Article) -> None:
    seen = {"article": tape, "number": tape.number, "seen_owned": 10}
    hand_over(tenant=tape.tenant, reservations=[take(tape, 4)], at=SUMMER.start)
    update_article(**seen, owned=10, unit="Rolle")
    assert (owned(tape), tape.tenant.articles.get().unit) == (6, "Rolle")
    with pytest.raises(OwnedMovedOn):
        update_article(**seen, owned=12)
    assert update_article(**seen | {"seen_owned": 6}, owned=12).owned == 12


def test_the_form_says_what_it_means_and_what_it_showed(tape: Article, log_in: Callable[..., Client]) -> None:
    page = log_in(tape.tenant, Role.ADMIN).get(tape.tenant.url("inventory:article_edit", tape.pk)).content.decode()
    assert "Verkauftes kommt nicht zurück" in page
    assert 'name="seen_owned" value="10"' in page


def test_the_page_proves_a_figure_that_lies_later(tape: Article, log_in: Callable[..., Client]) -> None:
    take(tape, 7)
    asked = {"start": "2027-06-20T10:00", "end": "2027-06-21T10:00"}
    client, names = log_in(tape.tenant, Role.SALES), ("article_availability", "article", "article_timeline")
    pages = [client.get(tape.tenant.url(f"inventory:{name}", tape.pk), asked).content.decode() for name in names]
    assert "3 frei" in pages[0]
    assert "später: Verkauftes kommt nicht zurück" in pages[0]


def test_older_reservations_are_brought_in_line(tape: Article) -> None:
    lamp, now = make_article(tape.tenant, owned=10), SUMMER.start + HOUR
    rows = [take(tape, 2, EARLIER), take(tape, 3), take(tape, 1, LATER, until=SUMMER.end), take(lamp, 5)]
    gone = take(tape, 1, LATER)
    for row in [*rows, gone]:  # as they were before
        release(tenant=tape.tenant, reservations=[row])
    Article.objects.update(kind=ArticleKind.RENTAL)
    rows = [take(tape, 2, EARLIER), take(tape, 3), take(tape, 1, LATER, until=SUMMER.end), take(lamp, 5)]
    hand_over(tenant=tape.tenant, reservations=[take(tape, 1, LATER)], at=LATER.start)
    Article.objects.filter(pk=tape.pk).update(kind=ArticleKind.SALE)
    with time_machine.travel(now, tick=False):
        migration = import_module("inventory.migrations.0018_what_is_sold_does_not_come_back")
        migration.sell_what_is_out(apps, None)
        migration.block_for_good(apps, None)
    assert [row.is_for_good for row in tape.tenant.reservations.order_by("pk")] == [False, True, True, False, True]
    assert [row.is_sold for row in tape.tenant.reservations.order_by("pk")] == [False] * 4 + [True]
    assert (owned(tape), free(tape, LATER, now)) == (10 - 1, 10 - 1 - 3 - 1)
    assert free(tape, Period(LATER.end + DAY, LATER.end + 2 * DAY), now) == 10 - 1 - 3 - 1
    assert free(lamp, LATER, now) == 10
    assert check_courses(tenant=tape.tenant, article_ids=[tape.pk, lamp.pk]) == []


def test_what_was_lent_before_it_was_for_sale_comes_back(tape: Article) -> None:
    """And is no longer blocked for ever, as what is sold would be."""
    Article.objects.update(kind=ArticleKind.RENTAL)
    lent = take(tape, 8)
    hand_over(tenant=tape.tenant, reservations=[lent], at=SUMMER.start)
    Article.objects.update(kind=ArticleKind.SALE)
    longer = change(reservation=lent, period=Period(SUMMER.start, SUMMER.end + HOUR))
    take_back(tenant=tape.tenant, reservations=[longer], at=SUMMER.end)
    assert (owned(tape), free(tape, LATER)) == (10, 10)
    assert check_courses(tenant=tape.tenant, article_ids=[tape.pk]) == []


def test_an_exported_list_brings_nothing_back_that_was_sold_since(tape: Article, log_in: Callable[..., Client]) -> None:
    client = log_in(tape.tenant, Role.ADMIN)
    answer: Any = client.get(tape.tenant.url("inventory:article_export"), {"all": "1"})
    content = answer.getvalue()
    hand_over(tenant=tape.tenant, reservations=[take(tape, 8)], at=SUMMER.start)
    assert b"Bestand beim Export" in content
    assert imported(tape.tenant, content).state == ImportState.DONE
    assert owned(tape) == 2


def test_who_was_told_what_is_owned_by_now_may_change_it(tape: Article, log_in: Callable[..., Client]) -> None:
    client, url = log_in(tape.tenant, Role.ADMIN), tape.tenant.url("inventory:article_edit", tape.pk)
    shown = client.get(url)
    typed = shown.context["form"].initial | {"owned": "9"}
    typed = {name: "" if value is None else value for name, value in typed.items()}
    typed |= dict(re.findall(r'name="(initial-[a-z_]+)" value="([^"]*)"', shown.content.decode()))  # as a browser sends
    hand_over(tenant=tape.tenant, reservations=[take(tape, 3)], at=SUMMER.start)
    told = client.post(url, typed)
    assert (told.status_code, owned(tape)) == (200, 7)
    page = told.content.decode()
    for kept in ('name="seen_owned" value="7"', 'name="owned" value="9"', f'name="name" value="{tape.name}"'):
        assert kept in page
    assert client.post(url, typed | {"seen_owned": "7"}).status_code == 302
    assert owned(tape) == 9


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_hand_over_at_once_sell_once() -> None:
    tape = make_article(make_tenant("aurora"), owned=10, kind=ArticleKind.SALE)
    rows = [take(tape, 4), take(tape, 3)]
    sales = at_once(*[partial(hand_over, tenant=tape.tenant, reservations=rows, at=datetime.now(UTC))] * 4)
    assert sorted(len(sale.sold) for sale in sales) == [0, 0, 0, 2]
    assert (owned(tape), free(tape, LATER)) == (3, 3)


def test_a_list_writes_no_kind_of_what_was_reserved_since_it_was_checked(tape: Article) -> None:
    """Under the locks of `write`, after which nobody can reserve."""
    with staged(tape.tenant, [IS_WRONG, "number", "kind"]) as staging:
        staging.add([[1, None, tape.number, ArticleKind.RENTAL.value]])
        assert list(staging.problems(most=9, change_existing=True, now=NOW)) == []
        staging.prepare(change_existing=True)
        take(tape, 1)
        with pytest.raises(KindInUse), transaction.atomic():
            staging.write(change_existing=True, now=NOW)
    assert tape.tenant.articles.get().kind == ArticleKind.SALE
