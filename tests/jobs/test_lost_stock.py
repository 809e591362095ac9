"""What is reserved and will not be there after all is missing like what never was reserved (mission J6)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.roles import Role
from inventory.articles import update_article
from inventory.availability import stock_of
from inventory.models import Article, StockMovementKind
from inventory.stock import add_movement
from jobs.cockpit import board_of, weeks_from
from jobs.covering import Cover, RestHasChanged, cover_shortages, short_lines
from jobs.goods import hand_out, take_back
from jobs.holds import hold_material
from jobs.models import Job
from jobs.planning import set_state
from jobs.positions import SupplierTerms, add_position
from jobs.sheet import sheet_of
from jobs.shortages import short_positions, shortages_of
from jobs.states import JobState
from tests.factories import SUMMER, make_article, make_contact, make_job
from tests.jobs.scenes import BEFORE, HOUR, NINA, order

DAY = timedelta(days=1)
TERMS = SupplierTerms("77", "B-77", Decimal(20), Decimal(10), (), Decimal(0), "EUR")


@pytest.fixture(autouse=True)
def _before() -> Iterator[None]:
    with time_machine.travel(BEFORE, tick=False):
        yield


def breaks(article: Article, quantity: int, period: Period = SUMMER) -> None:
    kind = StockMovementKind.OUT_OF_SERVICE
    add_movement(article=article, kind=kind, quantity=quantity, start=period.start, end=period.end)


def needs(job: Job) -> list[tuple[int, int, int]]:
    """Of each position what is reserved, what of that is lost, and all that is missing."""
    return [(need.reserved, need.lost, need.shortage) for need in shortages_of(job=job).values()]


def board(article: Article, now: datetime = BEFORE) -> list[tuple[int, list[int]]]:
    weeks = weeks_from(tenant=article.tenant, monday=SUMMER.start.date())
    found = board_of(tenant=article.tenant, period=weeks, now=now)
    return [(one.lack, [row.need.shortage for row in one.rows]) for one in found.articles]


def overview(article: Article, now: timedelta = timedelta()) -> list[int]:
    return [missing for _row, missing in short_positions(tenant=article.tenant, now=BEFORE + now)]


def test_a_repair_takes_from_the_job_and_every_page_says_so(
    job: Job, par: Article, log_in: Callable[..., Client]
) -> None:
    assert (needs(job), board(par), overview(par)) == ([(8, 0, 0)], [], [])
    breaks(par, 5)
    assert (needs(job), board(par), overview(par)) == ([(8, 3, 3)], [(3, [3])], [3])
    client = log_in(par.tenant, Role.SALES)
    cover = f'{par.tenant.url("partners:cover")}?position={job.positions.get().pk}"'
    sheet = client.get(job.get_absolute_url()).content.decode()
    assert ("3 nicht da" in sheet, "Unterdeckung 3" in sheet, cover in sheet) == (True, True, True)
    assert "3 × PAR 64 fehlen" in client.get(par.tenant.url("jobs:dashboard")).content.decode().replace("\xa0", " ")
    cockpit = client.get(par.tenant.url("jobs:shortages"), {"day": f"{SUMMER.start:%Y-%m-%d}"}).content.decode()
    assert "3 nicht da" in cockpit


def test_partners_cover_what_is_lost_and_no_more(job: Job, par: Article) -> None:
    breaks(par, 5)
    supplier = make_contact(par.tenant, "Bassline", is_supplier=True)
    position = job.positions.get()
    with pytest.raises(RestHasChanged):
        cover_shortages(job=job, covers=[Cover(position, supplier, 4, TERMS)])
    cover_shortages(job=job, covers=[Cover(position, supplier, 3, TERMS)])
    assert (needs(job), board(par), overview(par)) == ([(5, 0, 0)], [(0, [0])], [])  # to be ordered


def test_what_another_has_not_brought_back_is_missing_for_the_next(job: Job, par: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    following = order(par, 8, Period(SUMMER.end + 2 * HOUR, SUMMER.end + 2 * DAY))
    assert needs(following) == [(8, 0, 0)]
    with time_machine.travel(SUMMER.end + HOUR, tick=False):
        assert needs(following) == [(8, 6, 6)]
        assert needs(job) == [(8, 0, 0)]
        assert [missing for _row, missing in short_positions(tenant=par.tenant, now=SUMMER.end + HOUR)] == [6]
        take_back(job=job, at=SUMMER.end + HOUR)
        assert needs(following) == [(8, 0, 0)]


def test_each_of_several_jobs_may_be_the_one_that_lacks_it(par: Article) -> None:
    jobs = [order(par, 6), order(par, 4)]
    breaks(par, 5)
    assert [needs(job) for job in jobs] == [[(6, 5, 5)], [(4, 4, 4)]]
    assert (board(par), overview(par)) == ([(5, [5, 4])], [5, 4])


def test_what_has_left_the_store_is_there(par: Article) -> None:
    first, second = order(par, 6), order(par, 4)
    hand_out(job=first, actor=NINA, at=SUMMER.start)
    breaks(par, 1)
    assert [needs(job) for job in (first, second)] == [[(6, 0, 0)], [(4, 1, 1)]]


def test_within_a_job_the_last_positions_lose_first_and_beside_what_was_never_there(par: Article) -> None:
    job = order(par, 4)
    for quantity in (5, 3):
        add_position(job=job, article=par, quantity=quantity)
    assert needs(job) == [(4, 0, 0), (5, 0, 0), (1, 0, 2)]
    breaks(par, 3)
    assert needs(job) == [(4, 0, 0), (5, 2, 2), (1, 1, 3)]
    assert overview(par) == [2, 3]


def test_what_is_back_and_being_turned_around_is_there(par: Article) -> None:
    """Brought back late, it is ready later than the next job was promised it; but it is in the store."""
    update_article(article=par, buffer_after_minutes=24 * 60)
    par.refresh_from_db()
    job, following = order(par, 8), order(par, 8, Period(SUMMER.end + DAY, SUMMER.end + 3 * DAY))
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    with time_machine.travel(SUMMER.end + HOUR, tick=False):
        take_back(job=job, at=SUMMER.end + HOUR)
        assert stock_of(articles=[par], period=following.planning_period)[par.pk].free == -6
        assert needs(following) == [(8, 0, 0)]
        breaks(par, 3, following.planning_period)
        assert needs(following) == [(8, 1, 1)]


def test_an_option_takes_nothing_from_an_order(par: Article) -> None:
    firm = order(par, 6)
    quote = make_job(par.tenant, state=JobState.QUOTE)
    add_position(job=quote, article=par, quantity=4)
    hold_material(job=quote, until=SUMMER.start, now=BEFORE)
    breaks(par, 3)
    assert needs(firm) == [(6, 0, 0)]
    assert [need.shortage for need in shortages_of(job=quote).values()] == [3]
    assert board(par) == [(3, [3])]
    breaks(par, 2)
    assert needs(firm) == [(6, 1, 1)]


def test_of_what_several_jobs_lose_together_partners_are_asked_once(par: Article) -> None:
    jobs = [order(par, 6), order(par, 4)]
    other = add_position(job=jobs[1], article=make_article(par.tenant, "Spot", owned=0), quantity=2)
    breaks(par, 7)
    rows = [job.positions.in_order()[0] for job in jobs]
    lines = short_lines(tenant=par.tenant, position_ids=[row.pk for row in [*rows, other]])
    assert [(line.position, line.need.shortage) for line in lines] == [(rows[0], 6), (rows[1], 1), (other, 2)]
    assert [line.need.shortage for line in short_lines(tenant=par.tenant, position_ids=[rows[1].pk])] == [4]
    supplier = make_contact(par.tenant, "Bassline", is_supplier=True)
    for line in lines:
        cover_shortages(job=line.position.job, covers=[Cover(line.position, supplier, line.need.shortage, TERMS)])
    assert [needs(job) for job in jobs] == [[(0, 0, 0)], [(3, 0, 0), (0, 0, 0)]]


def test_only_what_is_still_to_come_is_missing(job: Job, par: Article) -> None:
    breaks(par, 5, Period(SUMMER.start, SUMMER.start + DAY))
    breaks(par, 5, Period(SUMMER.end, SUMMER.end + DAY))
    assert needs(job) == [(8, 3, 3)]
    for since in (SUMMER.start + DAY, SUMMER.end + HOUR):
        with time_machine.travel(since, tick=False):
            assert (needs(job), overview(par, since - BEFORE)) == ([(8, 0, 0)], [])


def test_an_article_lacks_no_more_than_is_still_to_come(job: Job, par: Article) -> None:
    breaks(par, 5, Period(SUMMER.start, SUMMER.start + DAY))
    breaks(par, 3, Period(SUMMER.start + DAY, SUMMER.end))
    assert board(par) == [(3, [3])]
    assert board(par, SUMMER.start + DAY) == [(1, [1])]


def test_of_a_long_job_that_begins_soon_the_overview_says_what_is_lost_much_later(par: Article) -> None:
    job = order(par, 8, Period(SUMMER.start, SUMMER.start + 60 * DAY))
    breaks(par, 5, Period(SUMMER.start + 50 * DAY, SUMMER.start + 51 * DAY))
    assert (needs(job), overview(par)) == ([(8, 3, 3)], [3])


def test_a_quote_lacks_the_same_before_and_after_it_is_ordered(par: Article) -> None:
    quote = make_job(par.tenant, state=JobState.QUOTE)
    add_position(job=quote, article=par, quantity=8)
    hold_material(job=quote, until=SUMMER.start, now=BEFORE)
    breaks(par, 5)
    assert [need.shortage for need in shortages_of(job=quote).values()] == [3]
    set_state(job=quote, state=JobState.ORDER)
    assert needs(par.tenant.jobs.get(pk=quote.pk)) == [(8, 3, 3)]


def test_the_sheet_offers_to_cover_it(job: Job, par: Article) -> None:
    breaks(par, 5)
    assert [line.need.lost for line in sheet_of(job=job).short] == [3]
