"""The shortage cockpit: every short position of two weeks, and what an article lacks at one moment (mission §6)."""

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.availability import stock_of
from inventory.courses import blocks
from inventory.models import Article, ArticleKind, Reservation
from inventory.steps import EMPTY, Step, changed
from jobs.cockpit import Board, board_of, monday_of, weeks_from
from jobs.holds import hold_material
from jobs.models import Job, Position
from jobs.planning import set_state
from jobs.positions import SupplierTerms, add_position, add_sub_rental_position, update_position
from jobs.shortages import Known, Need, needs_of
from jobs.states import JobState, OrderState
from jobs.sub_rentals import create_order, record_answer
from tests.factories import make_article, make_contact, make_job

MONDAY = date(2027, 6, 28)
NOW = datetime(2027, 6, 28, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = SupplierTerms("77", "B-77", Decimal(20), Decimal(10), (), Decimal(0), "EUR")

pytestmark = pytest.mark.usefixtures("that_monday")


@pytest.fixture
def that_monday() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def supplier(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline", is_supplier=True)


def days(first: int, last: int) -> Period:
    return Period(NOW + first * DAY, NOW + last * DAY)


def job_of(article: Article, quantity: int, period: Period, state: JobState = JobState.ORDER, **named: Any) -> Job:
    times = {"usage_start": period.start, "usage_end": period.end}
    job = make_job(article.tenant, state=state, period=period, **times, **named)
    add_position(job=job, article=article, quantity=quantity)
    return job


def board(tenant: Tenant, monday: date = MONDAY) -> Board:
    return board_of(tenant=tenant, period=weeks_from(tenant=tenant, monday=monday), now=NOW)


def lacks(found: Board) -> list[tuple[str, int, list[int]]]:
    return [(one.article.name, one.lack, [row.need.shortage for row in one.rows]) for one in found.articles]


def test_what_overlaps_adds_up_and_what_follows_does_not(par: Article) -> None:
    job_of(par, 12, days(1, 4))
    job_of(par, 3, days(2, 3))
    job_of(par, 14, days(5, 6))
    assert lacks(board(par.tenant)) == [("PAR 64", 5, [2, 3, 4])]


def test_quotes_that_together_want_too_much_are_shown_though_each_has_enough(par: Article) -> None:
    for _ in range(2):
        job_of(par, 8, days(1, 3), JobState.QUOTE)
    job_of(par, 8, days(4, 5), JobState.QUOTE)
    found = board(par.tenant)
    assert lacks(found) == [("PAR 64", 6, [0, 0, 0])]
    assert found.jobs == []


def test_what_is_held_is_not_wanted_twice(par: Article) -> None:
    quote = job_of(par, 8, days(3, 5), JobState.QUOTE)
    hold_material(job=quote, until=NOW + 2 * DAY, now=NOW)
    job_of(par, 4, days(3, 5))
    assert lacks(board(par.tenant)) == [("PAR 64", 2, [2])]


def test_only_jobs_of_these_weeks_that_are_not_over(par: Article) -> None:
    for period in (days(-5, -1), days(-1, 0), days(13, 15), days(14, 16)):
        job_of(par, 11, period)
    set_state(job=job_of(par, 11, days(1, 2)), state=JobState.CANCELLED)
    assert [group.job.planning_period for group in board(par.tenant).jobs] == [days(13, 15)]
    assert [group.job.planning_period for group in board(par.tenant, MONDAY - 14 * DAY).jobs] == [
        days(-5, -1),
        days(-1, 0),
    ]


def test_what_is_hired_shows_how_far_it_is(par: Article, supplier: Contact) -> None:
    job = job_of(par, 12, days(1, 4))
    hired: Position = add_sub_rental_position(job=job, article=par, supplier=supplier, quantity=2, terms=TERMS)

    def need() -> Need | None:
        rows = [row for group in board(par.tenant).jobs for row in group.rows if row.position == hired]
        return rows[0].need if rows else None

    assert need() == Need(2, own_free=0, reserved=0, sub_rented=2, shortage=0)
    order = create_order(job=job, supplier=supplier, created_by=None)
    assert need() is None
    record_answer(order=order, state=OrderState.DECLINED, at=NOW)
    assert need() == Need(2, own_free=0, reserved=0, sub_rented=2, shortage=0)


def test_a_position_says_what_is_requested_what_is_confirmed_and_what_is_left(
    par: Article, supplier: Contact, log_in: Callable[..., Client]
) -> None:
    """Need, own, requested, confirmed, rest at the position (mission J6, J7)."""
    job = make_job(par.tenant, state=JobState.ORDER)
    hired = add_sub_rental_position(job=job, article=par, supplier=supplier, quantity=2, terms=TERMS)
    update_position(position=hired, quantity=14)
    client, named = log_in(par.tenant), ("Bedarf", "Reserviert", "Angefragt", "Bestätigt", "Rest")

    def said() -> list[str]:
        page = client.get(par.tenant.url("jobs:positions", job.pk)).content.decode()
        cells = [re.findall(rf'data-label="{name}"[^>]*>(.*?)</td>', page, re.DOTALL)[0] for name in named]
        return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]

    assert said() == ["14 Stück", "10", "–", "–", "Unterdeckung 2 2 nicht bestellt"]
    order = create_order(job=job, supplier=supplier, created_by=None)
    assert said() == ["14 Stück", "10", "2", "–", "Unterdeckung 2"]
    record_answer(order=order, state=OrderState.CONFIRMED, at=NOW)
    assert said() == ["14 Stück", "10", "–", "2", "Unterdeckung 2"]


def test_the_lack_of_an_article_is_that_of_its_worst_moment(aurora: Tenant) -> None:
    """Against counting every hour: whatever is reserved, held or only wanted, with buffers."""
    chance = random.Random(7)
    for _ in range(25):
        buffers = {"buffer_before_minutes": 60, "buffer_after_minutes": 60}
        kind = chance.choice(list(ArticleKind))
        article = make_article(aurora, owned=chance.randint(0, 8), kind=kind, **buffers)
        after = timedelta.max if kind == ArticleKind.SALE else timedelta(hours=1)  # what is sold does not come back
        jobs = []
        for _ in range(chance.randint(1, 6)):
            first = chance.randint(1, 10)
            state = chance.choice([JobState.ORDER, JobState.QUOTE, JobState.INQUIRY])
            jobs.append(job_of(article, chance.randint(1, 6), days(first, first + chance.randint(1, 3)), state))
            if state is not JobState.ORDER and chance.random() < 0.5:
                hold_material(job=jobs[-1], until=jobs[-1].planning_start, now=NOW)
        wanted = [
            (job.planning_period.widened(timedelta(hours=1), after), row.own_quantity - row.reserved_quantity)
            for job in jobs
            for row in job.positions.select_related("reservation")
        ]
        worst = 0
        for hour in range(14 * 24):
            now = NOW + timedelta(hours=hour)
            asked = sum(quantity for period, quantity in wanted if quantity and period.covers(now))
            if asked:
                free = stock_of(articles=[make_bare(article)], period=Period(now, now), now=NOW)[article.pk].free
                worst = max(worst, asked - free)
        found = [one.lack for one in board(aurora).articles if one.article == article]
        assert (found or [0]) == [worst]


def make_bare(article: Article) -> Article:
    """Asked for a moment, not for a job: without the buffers of whoever asks."""
    return Article(pk=article.pk, owned=article.owned, out_of_service=article.out_of_service)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_cockpit_takes_a_fixed_number_of_queries(
    aurora: Tenant, supplier: Contact, log_in: Callable[..., Client], rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        article = make_article(aurora, owned=1)
        job = job_of(article, 3, days(1, 3))
        quote = job_of(article, 3, days(1, 3), JobState.QUOTE)
        hold_material(job=quote, until=NOW + DAY, now=NOW)
        add_sub_rental_position(job=job, article=article, supplier=supplier, quantity=2, terms=TERMS)
    client = log_in(aurora)
    for by in ("article", "job"):
        with django_assert_num_queries(9):
            page = client.get(aurora.url("jobs:shortages"), {"by": by}).content.decode()
        assert page.count("2 nicht bestellt") == rows


def test_the_page_says_it_and_moves_by_weeks(par: Article, supplier: Contact, log_in: Callable[..., Client]) -> None:
    job_of(par, 12, days(1, 4), title="Sommerfest")
    url, client = par.tenant.url("jobs:shortages"), log_in(par.tenant, Role.READ_ONLY)
    page = client.get(url).content.decode()
    for said in ("Unterdeckungen", "Sommerfest", "bis zu 2 zu wenig", "10 reserviert", "?day=2027-07-05&amp;by="):
        assert said in page
    assert "Sommerfest" in client.get(url, {"by": "job", "day": "2027-06-30"}).content.decode()
    assert "Es fehlt nichts" in client.get(url, {"day": "2027-07-05"}).content.decode()
    for nonsense in ("0001-01-01", "9999-12-31", "morgen", "\0"):
        assert "Sommerfest" in client.get(url, {"day": nonsense, "by": "x"}).content.decode()


def test_weeks_are_those_of_the_tenant_s_clock(aurora: Tenant) -> None:
    assert monday_of(date(2027, 7, 4)) == MONDAY
    autumn = weeks_from(tenant=aurora, monday=date(2027, 10, 25))
    assert autumn.end - autumn.start == timedelta(days=14, hours=1)


class Counted(list[Step]):
    """A course that counts how many of its steps somebody goes through."""

    seen = 0

    def __iter__(self) -> Iterator[Step]:
        self.seen += len(self)
        return super().__iter__()

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        self.seen += len(found) if isinstance(at, slice) else 0
        return found


def test_each_of_many_jobs_goes_through_what_bears_on_it_alone() -> None:
    """All of them through all of an article's steps took a quarter of a minute for five hundred jobs."""
    article, rows = Article(pk=1, owned=3), list[Position]()
    for number in range(1, 51):
        start = NOW + number * DAY
        end = start + timedelta(hours=12)
        times = {
            f"{what}_{edge}": at for what in ("planning", "usage") for edge, at in (("start", start), ("end", end))
        }
        job = Job(pk=number, state=JobState.ORDER, **times)
        taken = Reservation(article=article, quantity=2, start=start, end=end, blocked_from=start, blocked_until=end)
        rows.append(Position(pk=number, job=job, article=article, quantity=4, reservation=taken))
    course = Counted(changed(EMPTY, [blocks(row.reservation) for row in rows if row.reservation]))
    needs = needs_of(positions=rows, known=Known(NOW, {article.pk: course}, {}, {}, {}))
    assert {(need.own_free, need.shortage, need.spare) for need in needs.values()} == {(3, 2, 1)}
    assert (len(course), course.seen) == (101, 50)
