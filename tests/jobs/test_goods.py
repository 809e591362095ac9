"""Goods leave the store for a job and come back; what is out cannot be forgotten (mission O7)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.courses import check_courses
from inventory.models import Article, Reservation
from inventory.reservations import Shortage
from jobs.goods import GoodsAreOut, NothingToHandOut, NothingToTakeBack, hand_out, take_back
from jobs.inquiries import withdraw_inquiry
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.states import JobState
from tests.factories import SUMMER, make_article, make_contact, make_job

HOUR = timedelta(hours=1)
BEFORE = SUMMER.start - 24 * HOUR


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=10)


@pytest.fixture
def job(par: Article) -> Job:
    job = make_job(par.tenant, state=JobState.ORDER)
    add_position(job=job, article=par, quantity=8)
    return job


def row(job: Job) -> Reservation:
    return job.tenant.reservations.get(position__job=job)


def test_out_and_back(job: Job) -> None:
    assert hand_out(job=job, at=SUMMER.start + HOUR) == 1
    assert row(job).handed_over_at == SUMMER.start + HOUR
    with pytest.raises(NothingToHandOut):
        hand_out(job=job, at=SUMMER.start + HOUR)
    assert take_back(job=job, at=SUMMER.end) == 1
    assert row(job).returned_at == SUMMER.end
    with pytest.raises(NothingToTakeBack):
        take_back(job=job, at=SUMMER.end)


def test_only_an_order_hands_out(par: Article) -> None:
    quote = make_job(par.tenant)
    add_position(job=quote, article=par, quantity=1)
    with pytest.raises(NothingToHandOut):
        hand_out(job=quote, at=SUMMER.start)


def test_what_leaves_early_is_away_from_now_on_or_stays(job: Job, par: Article) -> None:
    other = make_job(par.tenant, state=JobState.ORDER, period=Period(BEFORE - 24 * HOUR, SUMMER.start))
    add_position(job=other, article=par, quantity=5)
    with pytest.raises(Shortage) as refused:
        hand_out(job=job, at=BEFORE)
    assert [(short.wanted, short.free) for short in refused.value.shortfalls] == [(8, 5)]
    assert row(job).handed_over_at is None
    set_state(job=other, state=JobState.CANCELLED)
    hand_out(job=job, at=BEFORE)
    assert row(job).start == BEFORE
    later = Period(SUMMER.start + HOUR, SUMMER.end + HOUR)
    fields = {"title": job.title, "customer": job.customer, "planning_period": later, "usage_period": later}
    update_job(job=job, **fields)
    assert row(job).period == Period(BEFORE, later.end)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.QUOTE])
def test_a_job_whose_goods_are_out_stays_an_order(job: Job, state: JobState) -> None:
    hand_out(job=job, at=SUMMER.start)
    with pytest.raises(GoodsAreOut) as refused:
        set_state(job=job, state=state)
    assert "8 × PAR 64" in str(refused.value)
    take_back(job=job, at=SUMMER.end)
    assert set_state(job=job, state=state).state == state


def test_a_position_whose_goods_are_out_stays(job: Job) -> None:
    hand_out(job=job, at=SUMMER.start)
    position = job.positions.get()
    with pytest.raises(GoodsAreOut):
        remove_position(position=position)
    with pytest.raises(GoodsAreOut):
        update_position(position=position, quantity=7)
    assert update_position(position=position, quantity=9).quantity == 9


def test_an_inquiry_is_withdrawn_and_the_goods_stay_with_a_person(job: Job, par: Article) -> None:
    hand_out(job=job, at=SUMMER.start)
    inquiry = job.inquiries.create(
        tenant=par.tenant,
        number="A-1",
        customer=make_contact(par.tenant),
        planning_start=SUMMER.start,
        planning_end=SUMMER.end,
        usage_start=SUMMER.start,
        usage_end=SUMMER.end,
        currency="EUR",
        net=0,
    )
    withdraw_inquiry(inquiry=inquiry, at=SUMMER.start)
    job.refresh_from_db()
    assert job.state == JobState.ORDER


def test_what_is_back_is_over(job: Job, par: Article) -> None:
    """A change of the job afterwards does not take the goods away again."""
    hand_out(job=job, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    longer = Period(SUMMER.start, SUMMER.end + HOUR)
    fields = {"title": job.title, "customer": job.customer, "planning_period": longer, "usage_period": longer}
    update_job(job=job, **fields)
    assert row(job).end == SUMMER.start + HOUR


def test_the_warehouse_hands_out_and_overdue_goods_are_told(
    job: Job, par: Article, log_in: Callable[..., Client]
) -> None:
    url = {name: par.tenant.url(f"jobs:{name}", job.pk) for name in ("hand_out", "take_back", "detail")}
    with time_machine.travel(SUMMER.start, tick=False):
        assert log_in(par.tenant, Role.READ_ONLY).post(url["hand_out"]).status_code == 403
        warehouse = log_in(par.tenant, Role.WAREHOUSE)
        assert "Material ausgeben" in warehouse.get(url["detail"]).content.decode()
        assert warehouse.post(url["hand_out"]).status_code == 302
    late = "überfällig seit 04.07.2027 20:00"
    pages = [par.tenant.url("jobs:dashboard"), url["detail"], par.tenant.url("inventory:article", par.pk)]
    with time_machine.travel(datetime(2027, 7, 9, tzinfo=UTC), tick=False):
        warehouse = log_in(par.tenant, Role.WAREHOUSE)
        assert [late in warehouse.get(page).content.decode() for page in pages] == [True, True, True]
        assert late not in log_in(par.tenant, Role.READ_ONLY).get(pages[0]).content.decode()
        assert warehouse.post(url["take_back"]).status_code == 302
        assert [late in warehouse.get(page).content.decode() for page in pages] == [False, False, False]
