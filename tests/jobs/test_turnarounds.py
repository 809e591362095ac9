"""What is back is turned around before others get it; the job that it comes back from may have it earlier (E3, O7)."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client
from django.utils.translation import override

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.articles import KindIsInUse, update_article
from inventory.courses import check_courses
from inventory.models import Article, ArticleKind
from inventory.reservations import ReservationClaim, reserve
from jobs.goods import hand_out, take_back
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.shortages import shortages_of
from jobs.states import JobState
from tests.factories import SUMMER, make_article
from tests.jobs.scenes import BEFORE, HOUR, NINA, free, order, row

NIGHT = Period(BEFORE, SUMMER.start)


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=8, buffer_after_minutes=600)


@pytest.fixture
def left(par: Article) -> Iterator[Job]:
    """An order of the night, whose one position is gone and whose goods are back since one o'clock, which it is."""
    with time_machine.travel(BEFORE, tick=False) as clock:
        job = order(par, 8)
        out_and_back(job, BEFORE, NIGHT)
        clock.shift(HOUR)
        remove_position(position=job.positions.get())
        yield job


def out_and_back(job: Job, at: datetime, period: Period | None = None) -> None:
    """What leaves for a job is back an hour later; meanwhile it moves."""
    hand_out(job=job, actor=NINA, at=at)
    if period:
        update_job(job=job, title="x", customer=job.customer, planning_period=period, usage_period=period)
    take_back(job=job, at=at + HOUR)


def test_what_is_back_before_the_job_begins_is_nobody_elses_while_it_is_turned_around(job: Job, par: Article) -> None:
    for at, turned in ((BEFORE, 11), (BEFORE + 17 * HOUR, None)):  # the second until the job itself begins
        out_and_back(job, at)
        assert (row(job).period, row(job).handed_over_at) == (SUMMER, None)
        assert free(par, (turned or 24) - 1) == 0
        if turned:
            assert free(par, turned) == 8
        assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_the_turnaround_of_a_job_bars_others_and_never_itself(
    job: Job, par: Article, log_in: Callable[..., Client]
) -> None:
    """It begins earlier than was planned, leaves again at once, or is left and comes back to: each with all it has."""
    aurora = par.tenant
    with time_machine.travel(BEFORE, tick=False) as clock:
        out_and_back(job, BEFORE)
        clock.shift(HOUR)
        page = log_in(aurora).get(par.get_absolute_url()).content.decode()
        timeline = log_in(aurora).get(aurora.url("inventory:article_timeline", par.pk)).content.decode()
        turning = aurora.reservations.get(position=None)
        for shown in (page, timeline):
            assert "in Aufbereitung" in shown
            assert aurora.url("jobs:of_reservation", turning.pk) not in shown
        with pytest.raises(KindIsInUse, match=r"8 × .*, in Aufbereitung"), override("de"):
            update_article(article=par, number=par.number, kind=ArticleKind.SALE)
        sooner = Period(BEFORE + 3 * HOUR, SUMMER.end)
        job = update_job(job=job, title="x", customer=job.customer, planning_period=sooner, usage_period=sooner)
        assert (row(job).period, row(job).quantity, free(par, 2)) == (sooner, 8, 0)
        out_and_back(job, BEFORE + HOUR)
        assert (row(job).period, row(job).quantity, free(par, 2)) == (sooner, 8, 0)
        clock.move_to(sooner.start)
        out_and_back(job, sooner.start)
        clock.shift(HOUR)
        job = set_state(job=job, state=JobState.CANCELLED)
        assert (free(par, 13), free(par, 14)) == (0, 8)
        job = set_state(job=job, state=JobState.INQUIRY)
        assert [need.own_free for need in shortages_of(job=job).values()] == [8]
        job = set_state(job=job, state=JobState.ORDER)
        assert (row(job).period, row(job).quantity) == (sooner, 8)
        assert check_courses(tenant=aurora, article_ids=[par.pk]) == []


def test_a_position_that_is_removed_leaves_its_turnaround_to_its_job(left: Job, par: Article) -> None:
    """Others wait for it; another position of the same job has it at once."""
    assert (free(par, 10), free(par, 11)) == (0, 8)
    assert reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, 1, NIGHT)], partial=True) == [None]
    add_position(job=left, article=par, quantity=8)
    assert (row(left).quantity, row(left).period) == (8, NIGHT)
    assert [need.shortage for need in shortages_of(job=left).values()] == [0]
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_what_a_job_does_not_need_of_its_turnaround_is_nobodys_until_it_is_over(left: Job, par: Article) -> None:
    """Of eight that are turned around its positions get three, then five, then all."""
    position = add_position(job=left, article=par, quantity=3)
    for quantity in (3, 5):
        update_position(position=position, quantity=quantity)
        assert (row(left).quantity, free(par, 10), free(par, 11)) == (quantity, 0, 8 - quantity)
        assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []
    second = add_position(job=left, article=par, quantity=4)
    assert second.reserved_quantity == 3
    assert (free(par, 10), free(par, 11)) == (0, 0)
    assert [need.own_free for need in shortages_of(job=left).values()] == [8, 3]


def test_what_a_job_can_have_otherwise_is_turned_around_to_the_end(left: Job, par: Article) -> None:
    par = update_article(article=par, number=par.number, owned=12)
    add_position(job=left, article=par, quantity=6)
    assert (row(left).quantity, free(par, 10), free(par, 11)) == (6, 0, 6)
    assert sorted(one.quantity for one in par.tenant.reservations.filter(position=None)) == [6]


def test_a_turnaround_that_would_not_help_stays(left: Job, par: Article) -> None:
    """What the job lacks others have later in the night."""
    later = Period(BEFORE + 12 * HOUR, BEFORE + 13 * HOUR)
    reserve(tenant=par.tenant, claims=[ReservationClaim(par.pk, 8, later)])
    add_position(job=left, article=par, quantity=8)
    assert not par.tenant.reservations.filter(position__job=left).exists()
    (turning,) = par.tenant.reservations.filter(position=None, label__contains=left.number)
    assert (turning.quantity, turning.blocked_until) == (8, BEFORE + 11 * HOUR)


def test_goods_that_leave_early_may_be_those_that_are_turned_around(left: Job, par: Article) -> None:
    """What has left for the job again is out for it, whichever of its positions it came back from."""
    with time_machine.travel(BEFORE + HOUR, tick=False):
        later = Period(BEFORE + 8 * HOUR, SUMMER.start)
        update_job(job=left, title="x", customer=left.customer, planning_period=later, usage_period=later)
        add_position(job=left, article=par, quantity=8)
        assert (row(left).quantity, free(par, 7)) == (8, 0)
        assert hand_out(job=left, actor=NINA, at=BEFORE + 2 * HOUR) == 1
    assert (row(left).is_out, row(left).start, free(par, 1)) == (True, BEFORE + 2 * HOUR, 0)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_what_comes_back_late_needs_its_turnaround_all_the_same(job: Job, par: Article) -> None:
    """Overdue goods that come back are not free at once."""
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.end + 20 * HOUR)
    back = (SUMMER.end - BEFORE) // HOUR + 20
    assert (free(par, back + 9), free(par, back + 10)) == (0, 8)
