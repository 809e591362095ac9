"""Own stock that is free again: said at the job, told once, taken over with one click (mission J6)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.db.models.signals import pre_save
from django.test import Client

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.messaging.models import InboxMessage
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from eventworx.web.templatetags.ewx import unbroken
from inventory.articles import update_article
from inventory.courses import check_courses
from inventory.models import Article
from inventory.reservations import ReservationClaim, reserve
from jobs.free_again import NothingFreeAnyMore, take_over
from jobs.goods import hand_out, take_back
from jobs.models import Job, Position
from jobs.planning import set_state
from jobs.positions import SupplierTerms, add_position, add_sub_rental_position, update_position
from jobs.shortages import shortages_of
from jobs.states import JobState, OrderState
from jobs.sub_rentals import create_order, record_answer
from jobs.tasks import tell_free
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_contact, make_job, make_tenant, make_user
from tests.jobs.scenes import order
from tests.trouble import trouble

TERMS = SupplierTerms("77", "B-77", Decimal(20), Decimal(10), (), Decimal(0), "EUR")
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
LogIn = Callable[..., Client]


@pytest.fixture
def supplier(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline", is_supplier=True)


def hire(job: Job, article: Article, supplier: Contact, quantity: int) -> Position:
    return add_sub_rental_position(job=job, article=article, supplier=supplier, quantity=quantity, terms=TERMS)


def state(position: Position) -> tuple[int, int, int]:
    row = Position.objects.select_related("reservation").get(pk=position.pk)
    return row.quantity, row.sub_rented_quantity, row.reserved_quantity


def takeable(job: Job) -> list[int]:
    return [need.takeable for need in shortages_of(job=job).values()]


def test_what_lacks_gets_what_is_free_by_now(par: Article) -> None:
    other, short = order(par, 8), order(par, 6)
    position = short.positions.get()
    assert takeable(short) == [0]
    with pytest.raises(NothingFreeAnyMore):
        take_over(position=position)
    set_state(job=other, state=JobState.CANCELLED)
    assert (takeable(short), take_over(position=position)) == ([4], 4)
    assert (state(position), takeable(short)) == ((6, 0, 6), [0])
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_what_is_back_takes_nothing_over(par: Article) -> None:
    job = order(par, 12)
    hand_out(job=job, actor=Actor("Nina"), at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + timedelta(hours=1))
    (position,) = job.positions.all()
    update_article(article=par, number=par.number, owned=20)
    assert takeable(job) == [0]
    with pytest.raises(NothingFreeAnyMore):
        take_over(position=position)


def test_what_is_missing_goes_before_what_is_hired(par: Article, supplier: Contact) -> None:
    other, job = order(par, 9), order(par, 3)
    hired = hire(job, par, supplier, 5)
    update_position(position=job.positions.in_order()[0], quantity=4)
    assert takeable(job) == [0, 0]
    update_position(position=other.positions.get(), quantity=4)
    assert takeable(job) == [3, 2]
    assert (take_over(position=hired), state(hired)) == (2, (5, 3, 2))


def test_what_is_hired_and_not_ordered_comes_from_own_stock(par: Article, supplier: Contact) -> None:
    job = order(par, 7)
    hired = hire(job, par, supplier, 5)
    assert takeable(job) == [0, 3]
    assert take_over(position=hired) == 3
    assert state(hired) == (5, 2, 3)


@pytest.mark.parametrize(("elsewhere", "taken"), [(8, None), (6, 1), (5, 2)])
def test_nothing_hired_is_given_up_for_what_cannot_be_reserved(
    par: Article, supplier: Contact, elsewhere: int, taken: int | None
) -> None:
    job = order(par, 3)
    hired = hire(job, par, supplier, 5)
    update_position(position=hired, sub_rented_quantity=2)
    after = Period(SUMMER.end, SUMMER.end + timedelta(days=1))
    reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, elsewhere, after)])
    update_article(article=par, number=par.number, buffer_after_minutes=60)
    assert takeable(job) == [0, 2]
    if taken is None:
        with pytest.raises(NothingFreeAnyMore):
            take_over(position=hired)
    else:
        assert take_over(position=hired) == taken
    assert state(hired) == (5, 2 - (taken or 0), 3 + (taken or 0))


def test_a_cancelled_job_asks_for_nothing(par: Article, log_in: LogIn) -> None:
    order(par, 8)
    short = order(par, 6)
    client = log_in(par.tenant, Role.SALES)
    ways = "Beim Partner suchen", "Bei Partnern decken"
    assert all(way in client.get(short.get_absolute_url()).content.decode() for way in ways)
    set_state(job=short, state=JobState.CANCELLED)
    assert not any(way in client.get(short.get_absolute_url()).content.decode() for way in ways)


def test_in_a_quote_nothing_is_reserved_but_less_is_hired(par: Article, supplier: Contact) -> None:
    quote = make_job(par.tenant)
    add_position(job=quote, article=par, quantity=8)
    hired = hire(quote, par, supplier, 5)
    assert takeable(quote) == [0, 2]
    take_over(position=hired)
    assert (state(hired), takeable(quote)) == ((5, 3, 0), [0, 0])


def test_what_is_ordered_is_only_hinted_at(par: Article, supplier: Contact, log_in: LogIn) -> None:
    job = order(par, 7)
    hired = hire(job, par, supplier, 5)
    placed = create_order(job=job, supplier=supplier, created_by=None)
    client = log_in(par.tenant, Role.SALES)
    page = client.get(job.get_absolute_url()).content.decode()
    assert unbroken(f"3 × PAR 64. Sie sind bestellt ({placed.number})") in page
    with pytest.raises(NothingFreeAnyMore):
        take_over(position=hired)
    record_answer(order=placed, state=OrderState.DECLINED, at=NOW)
    assert takeable(job) == [0, 3]


def test_the_page_says_it_and_takes_it_over(par: Article, log_in: LogIn) -> None:
    other, short = order(par, 8), order(par, 6)
    set_state(job=other, state=JobState.CANCELLED)
    client, said = log_in(par.tenant, Role.SALES), "Eigener Bestand ist frei: 4 × PAR 64"
    assert said in client.get(short.get_absolute_url()).content.decode()
    url = par.tenant.url("jobs:take_over", short.pk, short.positions.get().pk)
    assert log_in(par.tenant, Role.WAREHOUSE).post(url).status_code == 403
    page = client.post(url, follow=True).content.decode()
    assert "4 × PAR 64 kommen jetzt aus eigenem Bestand" in page
    assert said not in page


@time_machine.travel(NOW, tick=False)
def test_sales_are_told_once_and_again_only_where_it_had_gone(par: Article, cymbal: Tenant) -> None:
    make_user(par.tenant, Role.SALES)
    make_user(cymbal, Role.SALES)
    other, short = order(par, 8), order(par, 6)
    make_job(par.tenant)

    def told() -> int:
        tell_free()
        return par.tenant.inbox_messages.count()

    assert told() == 0
    set_state(job=other, state=JobState.CANCELLED)
    assert (told(), told()) == (1, 1)
    message = par.tenant.inbox_messages.get()
    assert (message.link, "4 × PAR 64" in message.body) == (short.get_absolute_url(), True)
    third = order(par, 8)
    assert told() == 1
    set_state(job=third, state=JobState.CANCELLED)
    assert (told(), told()) == (2, 2)
    assert not cymbal.inbox_messages.exists()


@time_machine.travel(NOW, tick=False)
def test_trouble_with_a_company_or_a_job_holds_up_nobody_else_and_is_raised(par: Article, cymbal: Tenant) -> None:
    shorts = []
    for article in (par, par, make_article(cymbal, owned=10)):
        make_user(article.tenant, Role.SALES)
        other = order(article, 10)
        shorts.append(order(article, 2))
        set_state(job=other, state=JobState.CANCELLED)
    first, second, third = (job.get_absolute_url() for job in shorts)

    def told() -> list[str]:
        return list(InboxMessage.objects.order_by("pk").values_list("link", flat=True).distinct())

    with (
        trouble(pre_save, InboxMessage, where=lambda message: message.link == first),
        pytest.raises(OperationalError),
    ):
        tell_free()
    assert {*told()} == {second, third}
    tell_free()
    assert {*told()} == {first, second, third}


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("rows", [1, 3])
def test_looking_costs_the_same_for_any_number(aurora: Tenant, rows: int, django_assert_num_queries: Any) -> None:
    for _ in range(rows):
        order(make_article(aurora, owned=1), 3)
    with django_assert_num_queries(5):
        tell_free()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_people_take_over_and_two_workers_tell_once() -> None:
    aurora = make_tenant("aurora")
    make_user(aurora, Role.SALES)
    par = make_article(aurora, "PAR 64", owned=10)
    other, shorts = order(par, 10), [order(par, 6) for _ in range(2)]
    set_state(job=other, state=JobState.CANCELLED)
    at_once(tell_free, tell_free)
    assert aurora.inbox_messages.count() == 2
    assert sorted(at_once(*(partial(take_over, position=job.positions.get()) for job in shorts))) == [4, 6]
    assert sorted(aurora.reservations.values_list("quantity", flat=True)) == [4, 6]
    assert check_courses(tenant=aurora, article_ids=[par.pk]) == []
    set_state(job=shorts[0], state=JobState.CANCELLED)
    short = shorts[1].positions.get()
    if state(short)[2] < 6:
        again = at_once(*[partial(take_over, position=short)] * 2)
        assert sorted(0 if isinstance(said, NothingFreeAnyMore) else said for said in again) == [0, 2]
