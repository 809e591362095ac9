"""Goods leave the store for a job and come back; what is out cannot be forgotten (mission O7)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.roles import Role
from inventory.articles import update_article
from inventory.availability import stock_of
from inventory.courses import check_courses
from inventory.models import Article
from inventory.reservations import Shortage
from jobs.goods import GoodsAreOut, NothingToHandOut, NothingToTakeBack, hand_out, take_back, undo_hand_out
from jobs.inquiries import withdraw_inquiry
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.states import JobState
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_contact, make_job, make_tenant
from tests.jobs.scenes import BEFORE, HOUR, NINA, order, row


def test_out_and_back(job: Job) -> None:
    assert hand_out(job=job, actor=NINA, at=SUMMER.start + HOUR) == 1
    assert row(job).handed_over_at == SUMMER.start + HOUR
    with pytest.raises(NothingToHandOut):
        hand_out(job=job, actor=NINA, at=SUMMER.start + HOUR)
    assert take_back(job=job, at=SUMMER.end) == 1
    assert row(job).returned_at == SUMMER.end
    with pytest.raises(NothingToTakeBack):
        take_back(job=job, at=SUMMER.end)


def test_more_of_what_is_back_is_reserved_by_a_position_of_its_own(
    job: Job, par: Article, log_in: Callable[..., Client]
) -> None:
    """Refused with what to do; one more click does it, right below and at the same price."""
    add_position(job=job, description="Transport", quantity=1)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    position, client = job.positions.get(article=par), log_in(par.tenant)
    url = par.tenant.url("jobs:position_edit", job.pk, position.pk)
    typed = {"description": "PAR", "quantity": "10", "unit_price": "7,50", "discount_percent": "5"}
    page = client.post(url, typed).content.decode()
    assert "ist zurück oder verkauft: Der Mehrbedarf (2) braucht eine eigene Position." in page
    assert 'name="beside"' in page
    answer = client.post(url, typed | {"beside": "1"}, follow=True)
    assert "2 × PAR in einer eigenen Position." in answer.content.decode()
    first, second, _transport = job.positions.select_related("reservation").in_order()
    assert [(one.quantity, one.reserved_quantity, one.is_over) for one in (first, second)] == [
        (8, 8, True),
        (2, 2, False),
    ]
    assert {(one.description, str(one.unit_price), str(one.discount_percent)) for one in (first, second)} == {
        ("PAR", "7.50", "5.00")
    }
    assert client.post(url, typed | {"quantity": "8"}).status_code == 302
    nothing_more = client.post(url, typed | {"quantity": "8", "beside": "1"}).content.decode()
    assert "Bitte die Menge um den Mehrbedarf erhöhen." in nothing_more
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


def test_a_hand_over_by_mistake_never_happened(job: Job, par: Article) -> None:
    """Nothing is overdue, others may have it again before its time, and the journal says who undid what."""
    hand_out(job=job, actor=NINA, at=BEFORE)
    before = Period(BEFORE - HOUR, SUMMER.start)
    assert stock_of(articles=[par], period=before)[par.pk].free == 2
    late = {"period": Period(SUMMER.end + HOUR, SUMMER.end + 2 * HOUR), "now": SUMMER.end + HOUR}
    assert stock_of(articles=[par], **late)[par.pk].free == 2
    assert undo_hand_out(job=job, actor=NINA, at=SUMMER.end + HOUR) == 1
    assert (row(job).handed_over_at, row(job).period) == (None, SUMMER)
    assert [stock_of(articles=[par], **asked)[par.pk].free for asked in ({"period": before}, late)] == [10, 10]
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []
    (entry,) = par.tenant.audit_entries.about(job)
    assert (entry.action, entry.actor_label) == ("hand_out_undone", NINA.label)
    assert entry.detail == {"handed_out_at": BEFORE.isoformat(), "goods": [f"8 × {par}"]}
    with pytest.raises(NothingToTakeBack):
        undo_hand_out(job=job, actor=NINA, at=SUMMER.end + HOUR)
    assert hand_out(job=job, actor=NINA, at=SUMMER.start) == 1


def test_only_the_last_hand_over_is_undone_and_nothing_that_is_back(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    add_position(job=job, article=make_article(par.tenant, "Kabel", owned=1), quantity=1)
    hand_out(job=job, actor=NINA, at=SUMMER.start + HOUR)
    assert undo_hand_out(job=job, actor=NINA, at=SUMMER.start + HOUR) == 1
    assert [one.is_out for one in par.tenant.reservations.order_by("pk")] == [True, False]
    take_back(job=job, at=SUMMER.start + 2 * HOUR)
    with pytest.raises(NothingToTakeBack):
        undo_hand_out(job=job, actor=NINA, at=SUMMER.start + 2 * HOUR)
    assert par.tenant.reservations.get(article=par).returned_at == SUMMER.start + 2 * HOUR


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_goods_are_undone_or_back_but_not_both() -> None:
    job = make_job(make_tenant("aurora"), state=JobState.ORDER)
    add_position(job=job, article=make_article(job.tenant, owned=10), quantity=8)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    undoing = partial(undo_hand_out, job=job, actor=NINA, at=SUMMER.end)
    undone, back = (said == 1 for said in at_once(undoing, partial(take_back, job=job, at=SUMMER.end)))
    assert undone != back
    assert (row(job).handed_over_at is None, row(job).returned_at is not None) == (undone, back)


def test_only_an_order_hands_out(par: Article) -> None:
    quote = make_job(par.tenant)
    add_position(job=quote, article=par, quantity=1)
    with pytest.raises(NothingToHandOut):
        hand_out(job=quote, actor=NINA, at=SUMMER.start)


def test_what_leaves_early_is_away_from_now_on_or_stays(job: Job, par: Article) -> None:
    other = make_job(par.tenant, state=JobState.ORDER, period=Period(BEFORE - 24 * HOUR, SUMMER.start))
    add_position(job=other, article=par, quantity=5)
    with pytest.raises(Shortage) as refused:
        hand_out(job=job, actor=NINA, at=BEFORE)
    assert [(short.wanted, short.free) for short in refused.value.shortfalls] == [(8, 5)]
    assert row(job).handed_over_at is None
    set_state(job=other, state=JobState.CANCELLED)
    hand_out(job=job, actor=NINA, at=BEFORE)
    assert row(job).start == BEFORE
    later = Period(SUMMER.start + HOUR, SUMMER.end + HOUR)
    fields = {"title": job.title, "customer": job.customer, "planning_period": later, "usage_period": later}
    update_job(job=job, **fields)
    assert row(job).period == Period(BEFORE, later.end)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.QUOTE])
def test_a_job_whose_goods_are_out_stays_an_order(job: Job, state: JobState) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    with pytest.raises(GoodsAreOut) as refused:
        set_state(job=job, state=state)
    assert "8 × PAR 64" in str(refused.value)
    take_back(job=job, at=SUMMER.end)
    assert set_state(job=job, state=state).state == state


def test_a_position_whose_goods_are_out_stays(job: Job) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    position = job.positions.get()
    with pytest.raises(GoodsAreOut):
        remove_position(position=position)
    with pytest.raises(GoodsAreOut):
        update_position(position=position, quantity=7)
    assert update_position(position=position, quantity=9).quantity == 9


def test_an_inquiry_is_withdrawn_and_the_goods_stay_with_a_person(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
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
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    longer = Period(SUMMER.start, SUMMER.end + HOUR)
    fields = {"title": job.title, "customer": job.customer, "planning_period": longer, "usage_period": longer}
    update_job(job=job, **fields)
    assert row(job).end == SUMMER.start + HOUR


def test_what_is_back_before_the_job_begins_waits_for_it_again(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=BEFORE)
    take_back(job=job, at=BEFORE + HOUR)
    assert (row(job).period, row(job).handed_over_at, row(job).quantity) == (SUMMER, None, 8)
    assert stock_of(articles=[par], period=Period(BEFORE, SUMMER.start))[par.pk].free == 10
    assert hand_out(job=job, actor=NINA, at=SUMMER.start) == 1
    assert check_courses(tenant=job.tenant, article_ids=[par.pk]) == []


def test_what_is_back_before_the_job_begins_is_as_much_as_it_was(job: Job, par: Article) -> None:
    """It was promised with the turnaround of then: a longer one, for what is reserved from now on, takes none of it."""
    order(par, 8, Period(SUMMER.end, SUMMER.end + 48 * HOUR))
    hand_out(job=job, actor=NINA, at=BEFORE)
    update_article(article=par, buffer_after_minutes=120)
    take_back(job=job, at=BEFORE + HOUR)
    kept = row(job)
    assert (kept.quantity, kept.waits, kept.period, kept.blocked_until) == (8, True, SUMMER, SUMMER.end)
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []


@pytest.mark.parametrize("out_at", [BEFORE, SUMMER.start + HOUR])
def test_what_comes_back_by_a_slower_clock_than_it_left_by_comes_after_it(
    job: Job, par: Article, out_at: datetime
) -> None:
    """Two servers, or two clicks of which the second waited for the lock less long."""
    hand_out(job=job, actor=NINA, at=out_at)
    assert take_back(job=job, at=out_at - timedelta(seconds=1)) == 1
    assert check_courses(tenant=par.tenant, article_ids=[par.pk]) == []
    kept = job.positions.select_related("reservation").get().reservation
    assert kept
    assert (kept.waits, kept.end) == ((True, SUMMER.end) if out_at == BEFORE else (False, kept.returned_at))


def test_a_job_that_moves_past_what_is_back_needs_its_goods_anew(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.end)
    later = Period(SUMMER.end + 24 * HOUR, SUMMER.end + 48 * HOUR)
    job = update_job(job=job, title="x", customer=job.customer, planning_period=later, usage_period=later)
    assert stock_of(articles=[par], period=later)[par.pk].free == 2
    assert (row(job).period, row(job).is_out, row(job).returned_at) == (later, False, None)
    assert hand_out(job=job, actor=NINA, at=later.start) == 1
    assert check_courses(tenant=job.tenant, article_ids=[par.pk]) == []


@pytest.mark.parametrize("left", [JobState.QUOTE, JobState.CANCELLED])
def test_a_job_that_was_left_and_is_an_order_again_needs_its_goods_anew(job: Job, par: Article, left: JobState) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + HOUR)
    job = set_state(job=job, state=left)
    assert stock_of(articles=[par], period=SUMMER)[par.pk].free == 10
    for state in (JobState.INQUIRY, JobState.ORDER):
        job = set_state(job=job, state=state)
    assert (row(job).period, row(job).returned_at) == (SUMMER, None)
    assert stock_of(articles=[par], period=SUMMER)[par.pk].free == 2


def test_the_warehouse_hands_out_and_overdue_goods_are_told(
    job: Job, par: Article, log_in: Callable[..., Client]
) -> None:
    url = {name: par.tenant.url(f"jobs:{name}", job.pk) for name in ("hand_out", "take_back", "detail")}
    url["undo"] = par.tenant.url("jobs:undo_hand_out", job.pk)
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
        assert warehouse.post(url["undo"]).status_code == 302
        assert [late in warehouse.get(page).content.decode() for page in pages] == [False, False, False]
        assert "Ausgabe rückgängig machen" not in warehouse.get(url["detail"]).content.decode()
        assert warehouse.post(url["hand_out"]).status_code == 302
        assert "Ausgabe rückgängig machen" in warehouse.get(url["detail"]).content.decode()
        assert log_in(par.tenant, Role.READ_ONLY).post(url["undo"]).status_code == 403
        assert warehouse.post(url["take_back"]).status_code == 302
        assert [late in warehouse.get(page).content.decode() for page in pages] == [False, False, False]


def test_late_goods_are_told_when_they_should_be_back_not_when_others_could_have_them(
    par: Article, log_in: Callable[..., Client]
) -> None:
    update_article(article=par, buffer_after_minutes=24 * 60)
    par.refresh_from_db()
    job = order(par, 8)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    pages = [par.tenant.url("jobs:dashboard"), job.get_absolute_url(), par.tenant.url("inventory:article", par.pk)]
    for at, is_said in ((SUMMER.end - timedelta(microseconds=1), False), (SUMMER.end, True)):
        with time_machine.travel(at, tick=False):
            warehouse = log_in(par.tenant, Role.WAREHOUSE)
            said = ["überfällig seit 04.07.2027 20:00" in warehouse.get(page).content.decode() for page in pages]
        assert said == [is_said] * 3
    ready = Period(SUMMER.end + 24 * HOUR, SUMMER.end + 48 * HOUR)
    for at, free in ((SUMMER.end, 10), (ready.start, 2)):
        assert stock_of(articles=[par], period=ready, now=at)[par.pk].free == free


def test_of_a_position_the_page_says_how_much_is_out(job: Job, par: Article, log_in: Callable[..., Client]) -> None:
    """Two of five were there: as "handed out" the position stood there with all of its units."""
    part = order(par, 5)

    def said(at: datetime, of: Job = part) -> str:
        with time_machine.travel(at, tick=False):
            reader = log_in(par.tenant, Role.READ_ONLY)
            page = reader.get(par.tenant.url("jobs:positions", of.pk)).content.decode()
        return " ".join(re.search(r'<div>([^<]*<span class="ewx-badge[^>]*>[^<]*)', page)[1].split())

    assert [hand_out(job=one, actor=NINA, at=SUMMER.start) for one in (part, job)] == [1, 1]
    assert said(SUMMER.start).startswith("2 von 5 <span")
    assert said(SUMMER.start).endswith(">ausgegeben")
    assert said(SUMMER.start, job).startswith("<span")
    assert said(SUMMER.end + HOUR).startswith("2 von 5 <span")
    take_back(job=part, at=SUMMER.end)
    assert said(SUMMER.end).startswith("2 von 5 <span")


@pytest.mark.parametrize("undo", ["undo_hand_out", "undo_take_back"])
def test_who_undoes_twice_undoes_what_he_saw_and_nothing_before_it(
    job: Job, par: Article, log_in: Callable[..., Client], undo: str
) -> None:
    """The lamps went in the morning, the cable at noon. A page that two people look at undoes the cable, once."""
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    if undo == "undo_take_back":
        take_back(job=job, at=SUMMER.start + HOUR)
    add_position(job=job, article=make_article(par.tenant, "Kabel", owned=1), quantity=1)
    hand_out(job=job, actor=NINA, at=SUMMER.start + 6 * HOUR)
    if undo == "undo_take_back":
        take_back(job=job, at=SUMMER.start + 7 * HOUR)
    with time_machine.travel(SUMMER.start + 8 * HOUR, tick=False):
        client = log_in(par.tenant, Role.WAREHOUSE)
        address, page = par.tenant.url(f"jobs:{undo}", job.pk), client.get(job.get_absolute_url()).content.decode()
        seen = page.partition(f'action="{address}"')[2].partition('name="seen" value="')[2].partition('"')[0]
        assert client.post(address, {"seen": seen}).status_code == 302
        before = list(par.tenant.reservations.order_by("pk").values())
        assert client.post(address, {"seen": seen}).status_code == 409
    assert list(par.tenant.reservations.order_by("pk").values()) == before
