"""Goods that were taken back by mistake never came back, unless others have been promised them (mission O7)."""

from collections.abc import Callable
from functools import partial

import pytest
import time_machine
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.roles import Role
from inventory.availability import stock_of
from inventory.courses import check_courses
from inventory.models import Article
from inventory.reservations import ReservationClaim, Shortage, reserve
from jobs.goods import FewerNeededThanLeft, NothingIsBack, hand_out, take_back, undo_take_back
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, update_position
from jobs.states import JobState
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_job, make_tenant
from tests.jobs.scenes import BEFORE, HOUR, NINA, row

SUMMER_REST = Period(SUMMER.start + 2 * HOUR, SUMMER.end)


def test_a_return_by_mistake_never_happened(job: Job, par: Article) -> None:
    """The goods are away again until the job ends, and overdue after it; the journal says who undid what."""
    hand_out(job=job, actor=NINA, at=BEFORE)
    take_back(job=job, at=SUMMER.start + HOUR)
    assert stock_of(articles=[par], period=SUMMER_REST)[par.pk].free == 10
    assert undo_take_back(job=job, actor=NINA, at=SUMMER.start + 2 * HOUR) == 1
    held = row(job)
    assert (held.is_out, held.handed_over_at, held.period) == (True, BEFORE, Period(BEFORE, SUMMER.end))
    assert stock_of(articles=[par], period=SUMMER_REST)[par.pk].free == 2
    assert held.is_overdue(SUMMER.end)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []
    (entry,) = par.tenant.audit_entries.about(job)
    assert (entry.action, entry.actor_label) == ("take_back_undone", "Nina")
    assert entry.detail == {"taken_back_at": (SUMMER.start + HOUR).isoformat(), "goods": [f"8 × {par}"]}
    with pytest.raises(NothingIsBack):
        undo_take_back(job=job, actor=NINA, at=SUMMER.end)
    assert take_back(job=job, at=SUMMER.end) == 1


def test_late_goods_whose_return_is_undone_are_late_again(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.end + 9 * HOUR)
    now = SUMMER.end + 10 * HOUR
    assert undo_take_back(job=job, actor=NINA, at=now) == 1
    assert row(job).period == SUMMER
    assert [late.pk for late in par.tenant.jobs.overdue(now)] == [job.pk]
    later = Period(now, now + HOUR)
    assert stock_of(articles=[par], period=later, now=now)[par.pk].free == 2
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_what_others_were_promised_meanwhile_stays_theirs(job: Job, par: Article) -> None:
    """All or nothing: the lamps cannot be had again, so the cables stay back, too."""
    add_position(job=job, article=make_article(par.tenant, "Kabel", owned=1), quantity=1)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    other = make_job(par.tenant, state=JobState.ORDER, period=SUMMER_REST)
    add_position(job=other, article=par, quantity=5)
    with pytest.raises(Shortage) as refused:
        undo_take_back(job=job, actor=NINA, at=SUMMER.start + 3 * HOUR)
    assert [(short.article, short.wanted, short.free) for short in refused.value.shortfalls] == [(par, 8, 5)]
    assert {one.returned_at for one in par.tenant.reservations.filter(position__job=job)} == {SUMMER.start + HOUR}
    set_state(job=other, state=JobState.CANCELLED)
    assert undo_take_back(job=job, actor=NINA, at=SUMMER.start + 3 * HOUR) == 2


def test_only_the_last_return_is_undone(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    add_position(job=job, article=make_article(par.tenant, "Kabel", owned=1), quantity=1)
    hand_out(job=job, actor=NINA, at=SUMMER.start + 2 * HOUR)
    take_back(job=job, at=SUMMER.start + 3 * HOUR)
    assert undo_take_back(job=job, actor=NINA, at=SUMMER.start + 4 * HOUR) == 1
    assert [one.is_out for one in par.tenant.reservations.order_by("pk")] == [False, True]


def test_a_job_that_was_changed_meanwhile_has_them_as_it_is_now(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    longer = Period(SUMMER.start, SUMMER.end + 24 * HOUR)
    update_job(job=job, title="x", customer=job.customer, planning_period=longer, usage_period=longer)
    update_position(position=job.positions.get(), quantity=3)
    with pytest.raises(FewerNeededThanLeft):
        undo_take_back(job=job, actor=NINA, at=SUMMER.start + 2 * HOUR)
    update_position(position=job.positions.get(), quantity=8)
    assert undo_take_back(job=job, actor=NINA, at=SUMMER.start + 2 * HOUR) == 1
    assert row(job).period == longer


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_goods_are_out_again_or_promised_to_others_but_not_both() -> None:
    job = make_job(make_tenant("aurora"), state=JobState.ORDER)
    par = make_article(job.tenant, owned=10)
    add_position(job=job, article=par, quantity=8)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    undoing = partial(undo_take_back, job=job, actor=NINA, at=SUMMER.start + 2 * HOUR)
    claim = ReservationClaim(par.pk, 5, SUMMER_REST)

    done = at_once(undoing, undoing, partial(reserve, tenant=job.tenant, claims=[claim]))
    refused = [isinstance(said, Shortage | NothingIsBack) for said in done]
    assert sum(refused) == 2
    assert row(job).is_out == refused[2]
    assert check_courses(tenant=job.tenant, article_ids=[par.pk]) == []


def test_the_warehouse_undoes_a_return(job: Job, par: Article, log_in: Callable[..., Client]) -> None:
    url = {name: par.tenant.url(f"jobs:{name}", job.pk) for name in ("detail", "undo_take_back")}
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    with time_machine.travel(SUMMER.start + HOUR, tick=False):
        warehouse = log_in(par.tenant, Role.WAREHOUSE)
        assert "Rücknahme rückgängig machen" not in warehouse.get(url["detail"]).content.decode()
        take_back(job=job, at=SUMMER.start + HOUR)
        assert "Rücknahme rückgängig machen" in warehouse.get(url["detail"]).content.decode()
        assert log_in(par.tenant, Role.READ_ONLY).post(url["undo_take_back"]).status_code == 403
        page = log_in(par.tenant, Role.WAREHOUSE).post(url["undo_take_back"], follow=True).content.decode()
        assert "1 Position ist wieder ausgegeben." in page
        assert "Rücknahme rückgängig machen" not in page
