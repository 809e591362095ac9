"""The option: own stock held while the quote is out (mission §6)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from time import sleep

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.db.models.signals import pre_delete
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.courses import check_courses
from inventory.models import Article, Reservation
from inventory.reservations import Shortage
from jobs.holds import HoldIsOver, HoldOutlastsStart, NothingToHold, hold_material, release_hold, usual_end
from jobs.locks import lock_job
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, update_position
from jobs.shortages import shortages_of
from jobs.states import JobState
from jobs.tasks import sweep_holds
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_contact, make_job, make_tenant
from tests.jobs.scenes import order
from tests.trouble import trouble

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
UNTIL = NOW + 10 * DAY
LATER = Period(SUMMER.start + 30 * DAY, SUMMER.end + 30 * DAY)


@pytest.fixture
def quote(par: Article) -> Job:
    job = make_job(par.tenant)
    add_position(job=job, article=par, quantity=8)
    return job


def held(job: Job) -> list[tuple[int, datetime | None]]:
    rows = job.tenant.reservations.filter(position__job=job).order_by("pk")
    return list(rows.values_list("quantity", "expires_at"))


def shortages(job: Job) -> list[int]:
    return [need.shortage for need in shortages_of(job=job).values()]


def moved(job: Job, period: Period) -> Job:
    fields = {"title": job.title, "customer": job.customer, "planning_period": period, "usage_period": period}
    return update_job(job=job, **fields)


@time_machine.travel(NOW, tick=False)
def test_an_option_is_use_for_everybody_else_until_it_runs_out(quote: Job, par: Article) -> None:
    hold_material(job=quote, until=UNTIL, now=NOW)
    assert held(quote) == [(8, UNTIL)]
    assert shortages(quote) == [0]
    assert shortages(order(par, 5)) == [3]
    with time_machine.travel(UNTIL, tick=False):
        assert shortages(order(par, 8)) == [0]


@time_machine.travel(NOW, tick=False)
def test_what_is_not_free_is_not_held(quote: Job, par: Article) -> None:
    order(par, 7)
    hold_material(job=quote, until=UNTIL, now=NOW)
    assert (held(quote), shortages(quote)) == ([(3, UNTIL)], [5])


@time_machine.travel(NOW, tick=False)
def test_a_live_one_becomes_firm_in_its_place_and_another_does_not_take_it(quote: Job, par: Article) -> None:
    hold_material(job=quote, until=UNTIL, now=NOW)
    order(par, 10)
    quote = set_state(job=quote, state=JobState.ORDER)
    assert (held(quote), quote.held_until) == ([(8, None)], None)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_one_that_ran_out_is_checked_again(quote: Job, par: Article) -> None:
    with time_machine.travel(NOW, tick=False):
        hold_material(job=quote, until=UNTIL, now=NOW)
    with time_machine.travel(UNTIL, tick=False):
        order(par, 6)
        quote = set_state(job=quote, state=JobState.ORDER)
        assert (held(quote), shortages(quote)) == ([(4, None)], [4])


@time_machine.travel(NOW, tick=False)
def test_it_is_extended_shortened_and_released(quote: Job) -> None:
    for until in (UNTIL, UNTIL + DAY, NOW + DAY):
        hold_material(job=quote, until=until, now=NOW)
        assert held(quote) == [(8, until)]
    assert release_hold(job=quote).held_until is None
    assert held(quote) == []


@time_machine.travel(NOW, tick=False)
def test_it_keeps_in_step_with_positions_and_survives_a_quote(quote: Job, par: Article) -> None:
    hold_material(job=quote, until=UNTIL, now=NOW)
    update_position(position=quote.positions.get(), quantity=5)
    add_position(job=quote, article=make_article(par.tenant, "Nebel", owned=1), quantity=2)
    assert held(quote) == [(5, UNTIL), (1, UNTIL)]
    set_state(job=quote, state=JobState.INQUIRY)
    assert held(quote) == [(5, UNTIL), (1, UNTIL)]
    set_state(job=quote, state=JobState.CANCELLED)
    assert held(quote) == []


@time_machine.travel(NOW, tick=False)
def test_it_moves_with_its_job_or_the_job_stays(quote: Job, par: Article) -> None:
    hold_material(job=quote, until=UNTIL, now=NOW)
    moved(quote, LATER)
    assert list(par.tenant.reservations.values_list("start", "expires_at")) == [(LATER.start, UNTIL)]
    order(par, 6)
    with pytest.raises(Shortage):
        moved(quote, SUMMER)
    sooner = Period(NOW + DAY, NOW + 3 * DAY)
    assert moved(quote, sooner).held_until == NOW + DAY
    assert held(quote) == [(8, NOW + DAY)]
    assert moved(quote, Period(NOW - DAY, NOW + DAY)).held_until == NOW - DAY
    assert held(quote) == []


@time_machine.travel(NOW, tick=False)
def test_it_ends_later_than_now_and_not_after_the_start(quote: Job) -> None:
    assert usual_end(job=quote, now=NOW) == NOW + 14 * DAY
    assert usual_end(job=quote, now=SUMMER.start - DAY) == SUMMER.start
    for until, error in ((NOW, HoldIsOver), (SUMMER.start + timedelta(minutes=1), HoldOutlastsStart)):
        with pytest.raises(error):
            hold_material(job=quote, until=until, now=NOW)
    set_state(job=quote, state=JobState.ORDER)
    with pytest.raises(NothingToHold):
        hold_material(job=quote, until=UNTIL, now=NOW)


def test_only_what_ran_out_days_ago_is_swept(quote: Job, par: Article, cymbal: Tenant) -> None:
    with time_machine.travel(NOW, tick=False):
        hold_material(job=quote, until=UNTIL, now=NOW)
        firm = order(par, 2)
    for days, left in ((2, 2), (4, 1)):
        with time_machine.travel(UNTIL + days * DAY, tick=False):
            sweep_holds()
            assert par.tenant.reservations.count() == left
    quote.refresh_from_db()
    assert (held(firm), quote.held_until) == ([(2, None)], UNTIL)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_trouble_with_a_company_or_a_job_holds_up_no_other_sweep_and_is_raised(par: Article, cymbal: Tenant) -> None:
    with time_machine.travel(NOW, tick=False):
        for article in (par, par, make_article(cymbal)):
            job = make_job(article.tenant)
            add_position(job=job, article=article, quantity=1)
            hold_material(job=job, until=UNTIL, now=NOW)
    firsts = par.tenant.reservations.order_by("pk")[:1].get()
    with time_machine.travel(UNTIL + 4 * DAY, tick=False):
        with trouble(pre_delete, Reservation, where=firsts.__eq__), pytest.raises(OperationalError):
            sweep_holds()
        assert [*par.tenant.reservations.all(), *cymbal.reservations.all()] == [firsts]
        sweep_holds()
    assert not par.tenant.reservations.exists()


@time_machine.travel(NOW, tick=False)
def test_the_page_says_what_is_held_and_that_it_ran_out(
    quote: Job, par: Article, log_in: Callable[..., Client]
) -> None:
    sales, warehouse = log_in(par.tenant, Role.SALES), log_in(par.tenant, Role.WAREHOUSE)
    order(par, 4)
    url = par.tenant.url("jobs:hold", quote.pk)
    assert warehouse.post(url, {"until": "2027-06-11T14:00"}).status_code == 403
    assert sales.post(url, {"until": "2027-06-11T14:00"}).status_code == 302
    page = sales.get(quote.get_absolute_url()).content.decode()
    assert "Option bis 11.06.2027 14:00" in page
    assert "6 von 8 × PAR 64" in page
    assert 'value="2027-06-11T14:00"' in page
    assert "Option bis 11.06.2027 14:00" in sales.get(par.tenant.url("inventory:article", par.pk)).content.decode()
    with time_machine.travel(UNTIL + DAY, tick=False):
        page = log_in(par.tenant).get(quote.get_absolute_url()).content.decode()
        assert "Option abgelaufen am 11.06.2027 14:00" in page
    refused = sales.post(url, {"until": "2027-07-01T08:01"})
    assert "spätestens mit dem Beginn" in refused.content.decode()


@time_machine.travel(NOW, tick=False)
def test_an_option_ends_in_the_first_of_the_hour_that_comes_twice_and_stays_in_the_second_where_it_was(
    quote: Job, log_in: Callable[..., Client]
) -> None:
    first, url = datetime(2027, 10, 31, 0, 30, tzinfo=UTC), quote.tenant.url("jobs:hold", quote.pk)
    moved(quote, Period(first + timedelta(hours=1), first + DAY))
    client = log_in(quote.tenant, Role.SALES)
    for typed, until in (
        ("2027-10-31T02:30", first + timedelta(hours=1)),  # when it starts
        ("2027-10-31T02:15", first - timedelta(minutes=15)),
        ("2027-10-31T02:30", first),
    ):
        assert client.post(url, {"until": typed}).status_code == 302
        quote.refresh_from_db()
        assert quote.held_until == until
    hold_material(job=quote, until=first + timedelta(hours=1), now=NOW)
    client.post(url, {"until": "2027-10-31T02:30"})
    quote.refresh_from_db()
    assert quote.held_until == first + timedelta(hours=1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_quotes_hold_the_same_units_once() -> None:
    par = make_article(make_tenant("aurora"), "PAR 64", owned=10)
    jobs = [make_job(par.tenant, make_contact(par.tenant)) for _ in range(2)]
    for job in jobs:
        add_position(job=job, article=par, quantity=8)
    start, until = Barrier(2), SUMMER.start

    def one(job: Job) -> None:
        start.wait()
        try:
            hold_material(job=job, until=until, now=datetime.now(UTC))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as crowd:
        list(crowd.map(one, jobs))
    assert sorted(held(jobs[0]) + held(jobs[1])) == [(2, until), (8, until)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_option_that_runs_out_while_its_job_is_locked_is_not_prolonged_with_what_others_got() -> None:
    """Whoever prolongs it looked at the clock when his request came, and then had to wait."""
    par = make_article(make_tenant("aurora"), "PAR 64", owned=10)
    quote = make_job(par.tenant)
    add_position(job=quote, article=par, quantity=8)
    runs_out = datetime.now(UTC) + timedelta(seconds=0.5)
    hold_material(job=quote, until=runs_out, now=datetime.now(UTC))
    is_locked, may_go = Event(), Event()

    @transaction.atomic
    def keep_locked() -> None:
        lock_job(quote)
        is_locked.set()
        may_go.wait(10)

    def prolong() -> None:
        asked_at = datetime.now(UTC)
        assert asked_at < runs_out
        hold_material(job=quote, until=SUMMER.start, now=asked_at)

    def take_it_meanwhile() -> list[tuple[int, datetime | None]]:
        sleep(max((runs_out - datetime.now(UTC)).total_seconds(), 0))
        try:
            return held(order(par, 10))
        finally:
            may_go.set()

    assert at_once(keep_locked, lambda: is_locked.wait(10) and prolong(), take_it_meanwhile)[2] == [(10, None)]
    assert held(quote) == []
