"""Jobs: numbers, periods that move with their reservations, and states that use stock."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.reservations import Shortage
from inventory.scales import create_scale, update_scale
from jobs.models import Job
from jobs.planning import (
    NotACustomer,
    OrdersAreOpen,
    StateNotPossible,
    UsageEndsTooLate,
    UsageStartsTooEarly,
    create_job,
    set_state,
    update_job,
)
from jobs.positions import add_position
from jobs.shortages import shortages_of
from jobs.signals import job_changed
from jobs.states import NEXT_STATES, JobState, OrderState
from jobs.sub_rentals import create_order, record_answer
from tests.factories import SUMMER, make_article, make_contact, make_job

AUTUMN = Period(SUMMER.start + timedelta(days=90), SUMMER.end + timedelta(days=90))
DAY = timedelta(days=1)


@pytest.fixture
def heard() -> Iterator[list[Job]]:
    """Jobs that the signal named."""
    jobs: list[Job] = []

    def listen(sender: type[Job], job: Job, **kwargs: Any) -> None:
        jobs.append(job)

    job_changed.connect(listen)
    yield jobs
    job_changed.disconnect(listen)


def moved(job: Job, planning: Period, usage: Period | None = None, **changes: Any) -> Job:
    fields = {"title": job.title, "customer": job.customer, "planning_period": planning} | changes
    return update_job(job=job, usage_period=usage or planning, **fields)


def reserved(tenant: Tenant) -> list[tuple[int, Any, Any]]:
    return list(tenant.reservations.order_by("pk").values_list("quantity", "start", "end"))


def test_a_job_gets_the_next_number_and_the_tenant_s_tax(aurora: Tenant) -> None:
    job = create_job(
        tenant=aurora,
        title="Sommerfest",
        customer=make_contact(aurora),
        planning_period=SUMMER,
        usage_period=SUMMER,
        venue="Stadtpark",
    )
    assert (job.number, job.state, job.tax_percent, job.venue) == ("J-1001", JobState.INQUIRY, 19, "Stadtpark")
    assert (job.planning_period, job.usage_period) == (SUMMER, SUMMER)


@pytest.mark.parametrize(
    ("usage", "error"),
    [
        (Period(SUMMER.start - timedelta(minutes=1), SUMMER.end), UsageStartsTooEarly),
        (Period(SUMMER.start, SUMMER.end + timedelta(minutes=1)), UsageEndsTooLate),
    ],
)
def test_usage_lies_inside_planning(aurora: Tenant, usage: Period, error: type[Exception]) -> None:
    customer = make_contact(aurora)
    with pytest.raises(error):
        create_job(tenant=aurora, title="A", customer=customer, planning_period=SUMMER, usage_period=usage)
    job = make_job(aurora, customer)
    with pytest.raises(error):
        moved(job, SUMMER, usage)
    assert aurora.jobs.count() == 1


def test_jobs_are_for_customers(aurora: Tenant) -> None:
    supplier = make_contact(aurora, is_supplier=True)
    with pytest.raises(NotACustomer):
        create_job(tenant=aurora, title="A", customer=supplier, planning_period=SUMMER, usage_period=SUMMER)
    assert moved(make_job(aurora, supplier), AUTUMN).customer == supplier


def test_reservations_move_with_their_job(
    aurora: Tenant, heard: list[Job], django_capture_on_commit_callbacks: Any
) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    add_position(job=job, article=make_article(aurora, owned=10), quantity=8)
    with django_capture_on_commit_callbacks(execute=True):
        # Both periods overlap: what the job holds itself must not stand in its own way.
        moved(job, Period(SUMMER.start + DAY, SUMMER.end + DAY))
    assert reserved(aurora) == [(8, SUMMER.start + DAY, SUMMER.end + DAY)]
    assert heard == [job]


def test_a_job_that_cannot_move_stays_whole(
    aurora: Tenant, heard: list[Job], django_capture_on_commit_callbacks: Any
) -> None:
    par, fog = make_article(aurora, owned=10), make_article(aurora, "Nebel", owned=2)
    job = make_job(aurora, state=JobState.ORDER)
    add_position(job=job, article=fog, quantity=1)
    add_position(job=job, article=par, quantity=8)
    add_position(job=make_job(aurora, state=JobState.ORDER, period=AUTUMN), article=par, quantity=5)
    before = reserved(aurora)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Shortage) as refused:
        moved(job, AUTUMN, title="Herbstfest")
    assert [(short.article, short.wanted, short.free) for short in refused.value.shortfalls] == [(par, 8, 5)]
    job.refresh_from_db()
    assert (reserved(aurora), job.planning_period, job.title, heard) == (before, SUMMER, "Sommerfest", [])


def test_a_short_job_fills_up_where_it_moves(aurora: Tenant) -> None:
    par = make_article(aurora, owned=10)
    add_position(job=make_job(aurora, state=JobState.ORDER), article=par, quantity=6)
    job = make_job(aurora, state=JobState.ORDER)
    position = add_position(job=job, article=par, quantity=8)
    assert shortages_of(job=job)[position.pk].shortage == 4
    moved(job, AUTUMN)
    assert aurora.reservations.get(start=AUTUMN.start).quantity == 8


def test_day_factors_follow_the_usage(aurora: Tenant) -> None:
    scale = aurora.factor_scales.create(name="Standard", steps=[{"days": 1, "factor": "1"}, {"days": 5, "factor": "3"}])
    job = make_job(aurora)
    position = add_position(job=job, article=make_article(aurora, factor_scale=scale), quantity=1)
    position.cost_scale = {
        "factors": [{"days": 1, "factor": "1"}, {"days": 4, "factor": "2"}],
        "extra_day_factor": "0.5",
    }
    position.save()
    moved(job, Period(SUMMER.start, SUMMER.end + DAY))
    position.refresh_from_db()
    assert (position.factor, position.cost_factor) == (Decimal(3), Decimal("2.5"))


def test_a_new_title_alone_changes_nothing_else(
    aurora: Tenant, heard: list[Job], django_capture_on_commit_callbacks: Any
) -> None:
    job = make_job(aurora)
    with django_capture_on_commit_callbacks(execute=True):
        update_job(
            job=job,
            title="Winterfest",
            customer=job.customer,
            planning_period=job.planning_period,
            usage_period=job.usage_period,
        )
    assert (aurora.jobs.get().title, heard) == ("Winterfest", [])


def test_what_is_held_says_for_whom_also_under_a_new_title(aurora: Tenant) -> None:
    """The calendar tells who has what."""
    par, job = make_article(aurora), make_job(aurora, state=JobState.ORDER)
    position = add_position(job=job, article=par, quantity=12)
    moved(job, SUMMER, job.usage_period, title="Winterfest")
    [row] = aurora.reservations.all()
    assert row.label == f"{job.number} Winterfest"
    assert (row.quantity, row.position) == (10, position)


def test_becoming_an_order_reserves_what_is_free_and_leaving_it_gives_back(aurora: Tenant) -> None:
    par, fog = make_article(aurora, owned=10), make_article(aurora, "Nebel", owned=1)
    job = make_job(aurora)
    short = add_position(job=job, article=fog, quantity=3)
    add_position(job=job, article=par, quantity=4)
    set_state(job=job, state=JobState.ORDER)
    assert sorted(row[0] for row in reserved(aurora)) == [1, 4]
    job.refresh_from_db()
    assert shortages_of(job=job)[short.pk].shortage == 2
    set_state(job=job, state=JobState.QUOTE)
    assert reserved(aurora) == []


def test_every_state_knows_where_it_leads(aurora: Tenant) -> None:
    for now in JobState:
        for wanted in JobState:
            job = make_job(aurora, state=now)
            if wanted in NEXT_STATES[now]:
                assert set_state(job=job, state=wanted).state == wanted
            else:
                with pytest.raises(StateNotPossible):
                    set_state(job=job, state=wanted)


def test_a_job_with_open_orders_cannot_be_cancelled(aurora: Tenant) -> None:
    job, supplier = make_job(aurora), make_contact(aurora, is_supplier=True)
    job.positions.create(tenant=aurora, description="Licht", quantity=1, sub_rented_quantity=1, supplier=supplier)
    order = create_order(job=job, supplier=supplier, created_by=None)
    with pytest.raises(OrdersAreOpen) as refused:
        set_state(job=job, state=JobState.CANCELLED)
    assert order.number in str(refused.value)
    record_answer(order=order, state=OrderState.DECLINED, at=SUMMER.start)
    assert set_state(job=job, state=JobState.CANCELLED).state == JobState.CANCELLED


def test_a_change_of_state_is_told(aurora: Tenant, heard: list[Job], django_capture_on_commit_callbacks: Any) -> None:
    job = make_job(aurora)
    with django_capture_on_commit_callbacks(execute=True):
        set_state(job=job, state=JobState.ORDER)
    assert [told.state for told in heard] == [JobState.ORDER]


def test_the_refusal_of_a_move_names_every_shortfall(aurora: Tenant) -> None:
    par, fog = make_article(aurora, owned=10), make_article(aurora, "Nebel", owned=2)
    busy, job = (make_job(aurora, state=JobState.ORDER, period=period) for period in (AUTUMN, SUMMER))
    for article, taken, wanted in ((par, 5, 4), (par, 0, 4), (fog, 1, 2)):
        add_position(job=job, article=article, quantity=wanted)
        if taken:
            add_position(job=busy, article=article, quantity=taken)
    with pytest.raises(Shortage) as refused:
        moved(job, AUTUMN)
    assert [(short.article, short.wanted, short.free) for short in refused.value.shortfalls] == [
        (par, 8, 5),
        (fog, 2, 1),
    ]
    assert all(article.name in str(refused.value) for article in (par, fog))


def test_a_factor_stays_as_agreed_while_the_days_are_the_same(aurora: Tenant) -> None:
    """Another scale counts for what comes; of a job that is only loaded earlier it changes no price."""
    scale = create_scale(tenant=aurora, name="A", steps=[(1, Decimal(2))], extra_day_factor=Decimal(0))
    job = make_job(aurora, period=SUMMER)
    position = add_position(job=job, article=make_article(aurora, "PAR 64", factor_scale=scale), quantity=1)
    update_scale(scale=scale, steps=[(1, Decimal(5))])
    update_job(job=job, planning_period=Period(SUMMER.start - DAY, SUMMER.end))
    update_job(job=job, planning_period=AUTUMN, usage_period=AUTUMN)
    position.refresh_from_db()
    assert position.factor == 2
    update_job(job=job, planning_period=Period(AUTUMN.start, AUTUMN.end + DAY), usage_period=AUTUMN)
    update_job(job=job, usage_period=Period(AUTUMN.start, AUTUMN.end + DAY))
    position.refresh_from_db()
    assert position.factor == 5
