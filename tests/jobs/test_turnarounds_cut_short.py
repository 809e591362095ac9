"""A turnaround that was cut short for its own job is whole again once the job gives the goods back (E3, O7)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from random import Random

import pytest
import time_machine

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.articles import update_article
from inventory.availability import stock_of
from inventory.courses import check_courses, computed_courses
from inventory.models import Article
from inventory.reservations import ReservationClaim, Shortage, reserve
from jobs.goods import hand_out, take_back, undo_hand_out
from jobs.holds import hold_material
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.states import JobState
from jobs.tasks import sweep_holds
from tests.amounts import amount
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_tenant
from tests.jobs.scenes import BEFORE, HOUR, NINA, free, order

NIGHT = Period(BEFORE, SUMMER.start)
NOON = Period(BEFORE + 6 * HOUR, BEFORE + 7 * HOUR)


def back_at_one(par: Article) -> Job:
    """An order of the night whose goods are back since one o'clock, to be turned around until eleven, and which has no
    position any more."""
    job = order(par, 8)
    hand_out(job=job, actor=NINA, at=BEFORE)
    moved(job, NIGHT)
    take_back(job=job, at=BEFORE + HOUR)
    remove_position(position=job.positions.get())
    return job


def moved(job: Job, period: Period) -> None:
    update_job(job=job, title="x", customer=job.customer, planning_period=period, usage_period=period)


def reopened(job: Job) -> None:
    """An order again, whatever became of it."""
    for state in (JobState.INQUIRY, JobState.ORDER):
        job.refresh_from_db()
        if job.state != JobState.ORDER:
            set_state(job=job, state=state)


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=8, buffer_after_minutes=600)


@pytest.fixture
def job(par: Article) -> Job:
    """It needs again all that is turned around after it."""
    with time_machine.travel(BEFORE, tick=False):
        job = back_at_one(par)
        assert (free(par, 10), free(par, 11)) == (0, 8)
        add_position(job=job, article=par, quantity=8)
        assert not par.tenant.reservations.filter(position=None).exists()
    return job


def barred(par: Article) -> list[tuple[int, float, float]]:
    """How many units are turned around, from when until when: hours since `BEFORE`."""
    rows = par.tenant.reservations.filter(turnaround__isnull=False).order_by("blocked_until", "quantity")
    assert all(row.is_turning for row in rows)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []
    return [(row.quantity, (row.start - BEFORE) / HOUR, (row.blocked_until - BEFORE) / HOUR) for row in rows]


@pytest.mark.parametrize(
    ("give_back", "left"),
    [
        (lambda job: remove_position(position=job.positions.get()), 8),
        (lambda job: update_position(position=job.positions.get(), quantity=3), 5),
        (lambda job: set_state(job=job, state=JobState.CANCELLED), 8),
        (lambda job: set_state(job=job, state=JobState.QUOTE), 8),
        (lambda job: moved(job, Period(BEFORE + 20 * HOUR, SUMMER.end)), 8),
        (lambda job: moved(job, Period(BEFORE + 9 * HOUR, SUMMER.end)), 8),
    ],
    ids=["removed", "reduced", "cancelled", "left", "moved past it", "moved into it"],
)
@time_machine.travel(BEFORE + 5 * HOUR, tick=False)
def test_others_wait_for_what_the_job_gave_back(
    job: Job, par: Article, give_back: Callable[[Job], object], left: int
) -> None:
    give_back(job)
    kept_from = (job.tenant.jobs.get(pk=job.pk).planning_start - BEFORE) / HOUR
    assert barred(par) == [(left, 5, 9 if kept_from == 9 else 11)]
    claim = ReservationClaim(par.pk, 1, Period(BEFORE + 8 * HOUR, BEFORE + 9 * HOUR))
    assert reserve(tenant=par.tenant, claims=[claim], partial=True) == [None]


def test_what_its_other_positions_need_stays_theirs(job: Job, par: Article) -> None:
    """Two positions of three and of five share what is turned around: the one that goes gives back its own."""
    with time_machine.travel(BEFORE + 2 * HOUR, tick=False):
        update_position(position=job.positions.get(), quantity=3)
        five = add_position(job=job, article=par, quantity=5)
        assert barred(par) == []
        remove_position(position=five)
        assert barred(par) == [(5, 2, 11)]
        assert [row.reservation.quantity for row in job.positions.select_related("reservation")] == [3]


def test_what_is_over_or_somebody_elses_by_now_is_not_barred_again(job: Job, par: Article) -> None:
    """Three of eleven are promised for noon, and then there are eight: nobody who has them gets less."""
    with time_machine.travel(BEFORE + 5 * HOUR, tick=False):
        update_article(article=par, number=par.number, owned=11)
        others = reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, 3, NOON)])
        update_article(article=par, number=par.number, owned=8)
        remove_position(position=job.positions.get())
        assert barred(par) == [(3, 5, 6), (5, 5, 11)]
        assert [one.quantity for one in others if one] == [3]
        assert stock_of(articles=[par], period=NOON)[par.pk].free == 0
    with time_machine.travel(BEFORE + 12 * HOUR, tick=False):
        add_position(job=job, article=par, quantity=5)
        remove_position(position=job.positions.get())
        assert all(until <= 12 for _quantity, _since, until in barred(par))


def test_what_left_again_is_turned_around_anew_and_no_longer(job: Job, par: Article) -> None:
    """The first turnaround of what was out a second time is over with that; unless it never left."""
    with time_machine.travel(BEFORE + 2 * HOUR, tick=False) as clock:
        hand_out(job=job, actor=NINA, at=BEFORE + 2 * HOUR)
        undo_hand_out(job=job, actor=NINA, at=BEFORE + 2 * HOUR)
        remove_position(position=job.positions.get())
        assert barred(par) == [(8, 2, 11)]
        add_position(job=job, article=par, quantity=5)
        hand_out(job=job, actor=NINA, at=BEFORE + 2 * HOUR)
        update_position(position=job.positions.get(), quantity=6)
        clock.shift(HOUR)
        take_back(job=job, at=BEFORE + 3 * HOUR)
        update_article(article=par, number=par.number, owned=20)
        remove_position(position=job.positions.get())
        assert barred(par) == [(2, 2, 11), (6, 3, 13)]


@time_machine.travel(BEFORE, tick=False)
def test_a_hold_that_has_run_out_needs_it_no_longer(aurora: Tenant) -> None:
    par = make_article(aurora, "PAR 64", owned=8, buffer_after_minutes=600)
    job = back_at_one(par)
    set_state(job=job, state=JobState.QUOTE)
    moved(job, Period(BEFORE + 6 * HOUR, SUMMER.end))
    add_position(job=job, article=par, quantity=8)
    hold_material(job=job, until=BEFORE + 4 * HOUR, now=BEFORE)
    for hours, until in ((3, 6), (4, 11)):
        with time_machine.travel(BEFORE + hours * HOUR, tick=False):
            sweep_holds()
            assert barred(par) == [(8, 1, until)]


@pytest.mark.parametrize("seed", range(amount("EWX_JOB_WALKS", 3)))
def test_whatever_a_job_does_with_what_it_gives_back_in_the_end_nothing_is_left_of_it(
    aurora: Tenant, seed: int
) -> None:
    """Alone with its goods, from one o'clock on: once it has nothing, others wait as if it had done nothing."""
    chance, par = Random(seed), make_article(aurora, "PAR 64", owned=10, buffer_after_minutes=600)
    with time_machine.travel(BEFORE, tick=False) as clock:
        job = back_at_one(par)
        for minutes in sorted(chance.sample(range(60, 600), 12)):
            clock.move_to(BEFORE + timedelta(minutes=minutes))
            reopened(job)
            for row in list(job.positions.all())[chance.randint(0, 2) :]:
                remove_position(position=row)
            deeds = [
                lambda: add_position(job=job, article=par, quantity=chance.randint(1, 9)),
                lambda: update_position(position=job.positions.all()[0], quantity=chance.randint(1, 9)),
                lambda: moved(job, Period(BEFORE + chance.randint(-3, 14) * HOUR, SUMMER.end)),
                lambda: set_state(job=job, state=chance.choice(list(JobState))),
            ]
            try:
                chance.choice(deeds[: 4 if job.positions.exists() else 1])()
            except BusinessError:
                continue
            assert check_courses(tenant=aurora, article_ids=[par.pk]) == []
        reopened(job)
        for row in job.positions.all():
            remove_position(position=row)
        assert sum(quantity for quantity, _since, until in barred(par) if until == 11) == 8
        assert stock_of(articles=[par], period=Period(BEFORE + 10 * HOUR, BEFORE + 11 * HOUR))[par.pk].free == 2
        assert len(computed_courses([par])[par.pk]) < 20


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_gets_between_giving_back_and_turning_around() -> None:
    par = make_article(make_tenant("aurora"), "PAR 64", owned=8, buffer_after_minutes=600)
    with time_machine.travel(BEFORE, tick=False):
        job = back_at_one(par)
        claim = ReservationClaim(par.pk, 1, Period(BEFORE + 8 * HOUR, BEFORE + 9 * HOUR))
        position = add_position(job=job, article=par, quantity=8)

        def insist() -> None:
            """Ask from before it is given back until it has been, as fast as it goes."""
            is_there = True
            while is_there:
                is_there = job.positions.exists()
                with suppress(Shortage):
                    reserve(tenant=par.tenant, claims=[claim])
                    raise AssertionError("reserved before it was turned around")

        assert at_once(insist, partial(remove_position, position=position), insist) == [None, None, None]
        assert barred(par) == [(8, 0, 11)]
