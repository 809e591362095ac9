"""A need is split into own and hired units: never more than is missing, all of a job or none (mission J6, J7)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory import reservations
from inventory.courses import lock_articles
from inventory.models import Article
from inventory.reservations import ReservationClaim
from jobs.covering import Cover, RestHasChanged, cover_shortages, short_lines
from jobs.currency import ForeignCurrency
from jobs.free_again import take_over
from jobs.goods import hand_out, take_back
from jobs.holds import hold_material, sweep_holds
from jobs.models import Job, Position
from jobs.planning import set_state
from jobs.positions import (
    ImpossibleTerms,
    JobIsClosed,
    NoQuantity,
    NotASupplier,
    PositionIsGone,
    SupplierTerms,
    add_position,
    move_position,
    remove_position,
    update_position,
)
from jobs.shortages import shortages_of
from jobs.states import JobState
from jobs.sub_rentals import create_order
from tests.crowd import somebody_waits
from tests.factories import SUMMER, make_article, make_contact, make_job, make_tenant

TERMS = SupplierTerms("77", "B-77", Decimal(20), Decimal(10), ((1, Decimal(1)), (3, Decimal(2))), Decimal(0), "EUR")
LATER = Period(SUMMER.end + timedelta(days=30), SUMMER.end + timedelta(days=31))


@pytest.fixture
def supplier(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline", is_supplier=True)


@pytest.fixture
def short(par: Article) -> Position:
    """14 of 10."""
    job = make_job(par.tenant, state=JobState.ORDER)
    return add_position(job=job, article=par, quantity=14, discount_percent=Decimal(5))


def take(position: Position, supplier: Contact, quantity: int) -> Position:
    (hired,) = cover_shortages(job=position.job, covers=[Cover(position, supplier, quantity, TERMS)])
    return hired


def parts(job: Job) -> list[tuple[int, int, int]]:
    rows = job.positions.select_related("reservation").in_order()
    return [(row.quantity, row.sub_rented_quantity, row.reserved_quantity) for row in rows]


def test_the_position_itself_takes_the_terms(short: Position, supplier: Contact) -> None:
    hired = take(short, supplier, 4)
    assert (hired, parts(short.job)) == (short, [(14, 4, 10)])
    assert (hired.supplier, hired.supplier_article_id, hired.unit_cost) == (supplier, "77", Decimal(20))
    assert (hired.cost_discount_percent, hired.cost_factor, hired.cost) == (10, 2, Decimal("144.00"))
    assert short.article.suppliers.get().supplier == supplier
    assert [need.is_open and need.to_order for need in shortages_of(job=short.job).values()] == [4]


def test_a_second_supplier_gets_a_position_of_his_own_and_the_need_stays(short: Position, supplier: Contact) -> None:
    take(short, supplier, 1)
    create_order(job=short.job, supplier=supplier, created_by=None)
    other = make_contact(short.tenant, "Delta", is_supplier=True)
    hired = take(short, other, 3)
    assert parts(short.job) == [(11, 1, 10), (3, 3, 0)]
    assert (hired.supplier, hired.unit_price, hired.discount_percent) == (other, short.unit_price, 5)
    assert [need.shortage for need in shortages_of(job=short.job).values()] == [0, 0]


def test_in_a_quote_what_is_free_counts(par: Article, supplier: Contact) -> None:
    quote = add_position(job=make_job(par.tenant), article=par, quantity=12)
    with pytest.raises(RestHasChanged):
        take(quote, supplier, 3)
    take(quote, supplier, 2)
    assert parts(quote.job) == [(12, 2, 0)]


def test_never_more_than_is_missing_and_all_or_none(short: Position, par: Article, supplier: Contact) -> None:
    fog = add_position(job=short.job, article=make_article(par.tenant, "Nebel", owned=0), quantity=2)
    covers = [Cover(fog, supplier, 2, TERMS), Cover(short, supplier, 5, TERMS)]
    with pytest.raises(RestHasChanged) as refused:
        cover_shortages(job=short.job, covers=covers)
    assert "4" in str(refused.value)
    assert parts(short.job) == [(14, 0, 10), (2, 0, 0)]
    with pytest.raises(RestHasChanged):
        cover_shortages(job=short.job, covers=[Cover(short, supplier, 3, TERMS)] * 2)
    with pytest.raises(NoQuantity):
        take(short, supplier, 0)
    assert len(cover_shortages(job=short.job, covers=[covers[0], replace(covers[1], quantity=4)])) == 2


def test_short_lines_of_many_jobs_are_found_in_a_fixed_number_of_statements(
    par: Article, django_assert_num_queries: Any
) -> None:
    for number in (1, 2):
        jobs = [make_job(par.tenant, state=JobState.ORDER) for _ in range(number)]
        rows = [add_position(job=job, article=par, quantity=20) for job in jobs]
        with django_assert_num_queries(3):
            assert len(short_lines(tenant=par.tenant, position_ids={row.pk for row in rows})) == number


def test_the_needs_of_a_job_are_found_out_once_however_many_positions_are_covered(
    short: Position, par: Article, supplier: Contact
) -> None:
    """All articles of the job are locked meanwhile: it took the square of its positions."""
    more = [add_position(job=short.job, article=make_article(par.tenant, owned=0), quantity=2) for _ in range(3)]
    with CaptureQueriesContext(connection) as asked:
        cover_shortages(job=short.job, covers=[Cover(row, supplier, 1, TERMS) for row in [short, *more]])
    assert sum('ORDER BY "jobs_position"."sequence"' in query["sql"] for query in asked) == 1
    assert [need.shortage for need in shortages_of(job=short.job).values()] == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("refusal", "changes", "sentences"),
    [
        (NoQuantity, {"quantity": 0}, ("A position needs a quantity of", "Eine Position braucht eine Menge von")),
        (
            ImpossibleTerms,
            {"terms": replace(TERMS, unit_cost=Decimal(-1))},
            ("Bassline names figures that cannot be", "Bassline nennt Zahlen, die nicht stimmen"),
        ),
        (
            ForeignCurrency,
            {"terms": replace(TERMS, currency="CHF")},
            ("The prices are in CHF", "Die Preise sind in CHF"),
        ),
        (RestHasChanged, {"quantity": 5}, ("Only 4 units are missing by now", "Es fehlen inzwischen nur noch 4")),
    ],
)
def test_a_refusal_names_which_of_several_positions_it_is_about(
    short: Position,
    supplier: Contact,
    refusal: type[BusinessError],
    changes: dict[str, Any],
    sentences: tuple[str, str],
) -> None:
    """Whatever is refused, in both languages; the other one is fine, and nothing is taken."""
    fog = add_position(job=short.job, article=make_article(short.tenant, "Nebel", owned=0), quantity=2)
    covers = [Cover(fog, supplier, 2, TERMS), replace(Cover(short, supplier, 4, TERMS), **changes)]
    with pytest.raises(refusal) as refused:
        cover_shortages(job=short.job, covers=covers)
    for language, sentence, quoted in zip(("en", "de"), sentences, ("“14 × PAR 64”", "„14 × PAR 64“"), strict=True):
        with override(language):
            assert str(refused.value).startswith(f"{quoted}: {sentence}")
    assert parts(short.job) == [(14, 0, 10), (2, 0, 0)]


def test_who_is_no_supplier_any_more_is_refused_with_the_position(short: Position, supplier: Contact) -> None:
    supplier.is_supplier = False
    with override("en"), pytest.raises(NotASupplier, match="“14 × PAR 64”: Bassline is not marked as a supplier"):
        take(short, supplier, 4)


def test_what_changed_meanwhile_is_refused(short: Position, supplier: Contact) -> None:
    update_position(position=short, quantity=12)
    with pytest.raises(RestHasChanged):
        take(short, supplier, 4)
    remove_position(position=short.job.positions.get())
    deeds: list[Callable[[], object]] = [
        lambda: take(short, supplier, 1),
        lambda: take_over(position=short),
        lambda: update_position(position=short, quantity=1),
        lambda: move_position(position=short, up=True),
        lambda: remove_position(position=short),
    ]
    for deed in deeds:
        with pytest.raises(PositionIsGone):
            deed()
    short.job.state = JobState.CANCELLED
    short.job.save()
    with pytest.raises(JobIsClosed):
        take(short, supplier, 1)


def test_only_what_lacks_something_is_asked_for(short: Position, par: Article, cymbal: Tenant) -> None:
    fine = add_position(job=make_job(par.tenant), article=make_article(par.tenant, "Nebel"), quantity=1)
    ids = [short.pk, fine.pk, 4711]
    assert [line.position for line in short_lines(tenant=par.tenant, position_ids=ids)] == [short]
    assert short_lines(tenant=cymbal, position_ids=ids) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_people_cover_the_same_line_once() -> None:
    aurora = make_tenant("aurora")
    job = make_job(aurora, state=JobState.ORDER)
    short = add_position(job=job, article=make_article(aurora, owned=10), quantity=14)
    suppliers = [make_contact(aurora, name, is_supplier=True) for name in ("Bassline", "Delta")]
    start = Barrier(2)

    def one(supplier: Contact) -> bool:
        start.wait()
        try:
            take(short, supplier, 4)
        except RestHasChanged:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as crowd:
        assert sorted(crowd.map(one, suppliers)) == [False, True]
    assert parts(job) == [(14, 4, 10)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_covering_several_articles_and_reserving_them_do_not_wait_for_each_other() -> None:
    """Positions stand in any order in a job; whoever takes several articles locks them in that of their ids."""
    aurora = make_tenant("aurora")
    articles = [make_article(aurora, name, owned=1000) for name in ("PAR 64", "Nebel")]
    supplier, start = make_contact(aurora, "Bassline", is_supplier=True), Barrier(2)
    jobs = [make_job(aurora, state=JobState.ORDER) for _ in range(15)]
    short = [[add_position(job=job, article=row, quantity=1001) for row in reversed(articles)] for job in jobs]

    def cover() -> None:
        for job, rows in zip(jobs, short, strict=True):
            cover_shortages(job=job, covers=[Cover(row, supplier, 1, TERMS) for row in rows])

    def reserve() -> None:
        for _ in range(60):
            reservations.reserve(tenant=aurora, claims=[ReservationClaim(row.pk, 1, LATER) for row in articles])

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as crowd:
        assert list(crowd.map(run, (cover, reserve))) == [None, None]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["cover", "take_over", "sweep"])
def test_who_waits_for_one_article_of_a_job_keeps_none_that_comes_after_it(deed: str) -> None:
    """What is turned around after a job makes way for it, whichever articles that are: nobody may wait for those while
    he holds one that others, who come in the order of ids, take later."""
    aurora = make_tenant("aurora")
    first, last = (make_article(aurora, name, owned=5, buffer_after_minutes=240) for name in ("PAR 64", "Nebel"))
    job = make_job(aurora, state=JobState.ORDER)
    with time_machine.travel(SUMMER.start - timedelta(days=1)):
        short = [add_position(job=job, article=row, quantity=7) for row in (first, last)][-1]
        hand_out(job=job, actor=Actor("Nina"), at=timezone.now())
        take_back(job=job, at=timezone.now())
        assert job.turnarounds.count() == 2
        aurora.articles.update(owned=6)
        covers = [Cover(short, make_contact(aurora, "Bassline", is_supplier=True), 1, TERMS)]
        if deed == "sweep":  # what one of the articles was held for ran out days ago
            job = set_state(job=job, state=JobState.QUOTE)
            hold_material(job=job, until=SUMMER.start, now=timezone.now())
            aurora.reservations.filter(position=short).update(expires_at=timezone.now() - timedelta(days=4))
        deeds = {
            "cover": partial(cover_shortages, job=job, covers=covers),
            "take_over": partial(take_over, position=short),
            "sweep": partial(sweep_holds, tenant=aurora, now=timezone.now()),
        }

        def other() -> object:
            try:
                return deeds[deed]() or True
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as crowd:
            with transaction.atomic():
                lock_articles(tenant=aurora, article_ids=[first.pk])
                done = crowd.submit(other)
                while not somebody_waits():
                    assert not done.done()
                aurora.articles.select_for_update(no_key=True, nowait=True).get(pk=last.pk)
            assert done.result()
