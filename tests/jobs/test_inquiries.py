"""Inquiries of partners: at our prices, made into a job by one click, confirmed only as a whole."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from eventworx.audit import Actor
from eventworx.company.forms import currencies
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.reservations import Shortage
from jobs.currency import AmountTooHigh, ForeignCurrency
from jobs.goods import hand_out, take_back
from jobs.inquiries import (
    InquiryIsAnswered,
    InquiryLineData,
    JobHasMoved,
    JobIsGone,
    JobLacksLines,
    close_inquiry,
    confirm_inquiry,
    decline_inquiry,
    make_job,
    mark_seen,
    receive_inquiry,
    withdraw_inquiry,
)
from jobs.models import Inquiry, Job
from jobs.planning import UsageEndsTooLate, set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.promises import JobIsPromised, end_promises
from jobs.states import JobState, OrderState
from jobs.sub_rentals import create_order
from tests.crowd import somebody_waits
from tests.factories import SUMMER, make_article, make_contact, make_tenant
from tests.factories import make_job as job_of

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


def line(article: Article, quantity: int = 4, **fields: Any) -> InquiryLineData:
    return InquiryLineData(wire_id=uuid4(), article=article, quantity=quantity, **fields)


def receive(tenant: Tenant, *lines: InquiryLineData, **fields: Any) -> Inquiry:
    customer = fields.pop("customer", None) or make_contact(tenant, "Aurora", discount_percent=Decimal(10))
    fields = {"planning_period": SUMMER, "usage_period": SUMMER, "currency": "EUR"} | fields
    return receive_inquiry(tenant=tenant, customer=customer, lines=lines, **fields)


def state_of(inquiry: Inquiry) -> str:
    return inquiry.tenant.inquiries.get(pk=inquiry.pk).state


def reserved(tenant: Tenant) -> list[int]:
    return sorted(tenant.reservations.values_list("quantity", flat=True))


def test_an_inquiry_is_at_our_own_prices(bassline: Tenant) -> None:
    scale = bassline.factor_scales.create(name="Standard", steps=[{"days": 4, "factor": "2.5"}])
    spot = make_article(bassline, "MegaPointe", rental_price=Decimal("33.33"), factor_scale=scale)
    cable = make_article(bassline, "Kabel", rental_price=Decimal("0.55"))
    inquiry = receive(
        bassline,
        line(spot, 3, expected_net=Decimal("224.98"), customer_article_number="A-1", customer_article_name="Spot"),
        line(cable, 7),
        customer_reference="B-1001",
        logistics={"out": "collect"},
        remark="Bitte geprüft",
    )
    assert (inquiry.number, inquiry.state, inquiry.net) == ("P-1001", OrderState.REQUESTED, Decimal("228.45"))
    first, second = inquiry.lines.order_by("pk")
    assert (first.unit_price, first.factor, first.discount_percent, first.net) == (
        Decimal("33.33"),
        Decimal("2.5"),
        Decimal(10),
        Decimal("224.98"),
    )
    assert (first.expected_net, first.customer_article_name) == (Decimal("224.98"), "Spot")
    assert second.net == Decimal("3.47")


@pytest.mark.parametrize("currency", ["EUR", "JPY", "TWD"])
def test_what_is_kept_of_a_line_is_what_its_sum_is_made_of(bassline: Tenant, currency: str) -> None:
    assert (currency, currency) in currencies()
    bassline.currency = currency
    bassline.save()
    cable = make_article(bassline, "Kabel", rental_price=Decimal("0.55"))
    inquiry = receive(bassline, line(cable, 1), line(cable, 1), currency=currency)
    assert inquiry.net == sum(row.net for row in inquiry.lines.all()) == bassline.inquiries.get().net


def test_days_are_counted_in_the_zone_of_the_usage(bassline: Tenant) -> None:
    scale = bassline.factor_scales.create(
        name="Standard", steps=[{"days": 1, "factor": "1"}, {"days": 2, "factor": "2"}]
    )
    article = make_article(bassline, factor_scale=scale)
    night = Period(datetime(2027, 7, 1, 20, tzinfo=UTC), datetime(2027, 7, 1, 23, tzinfo=UTC))
    periods = {"planning_period": night, "usage_period": night}
    assert receive(bassline, line(article), **periods).lines.get().factor == 2
    assert receive(bassline, line(article), zone=ZoneInfo("UTC"), **periods).lines.get().factor == 1


def test_impossible_inquiries_are_refused(bassline: Tenant) -> None:
    article = make_article(bassline)
    with pytest.raises(ForeignCurrency):
        receive(bassline, line(article), currency="CHF")
    with pytest.raises(AmountTooHigh):
        receive(bassline, line(article, expected_net=Decimal("999999999999.999999")))
    with pytest.raises(UsageEndsTooLate):
        receive(bassline, line(article), usage_period=Period(SUMMER.start, SUMMER.end + timedelta(days=1)))
    assert not bassline.inquiries.exists()


def test_a_usage_of_decades_is_refused_and_breaks_nothing(bassline: Tenant) -> None:
    scale = bassline.factor_scales.create(name="Tage", steps=[{"days": 1, "factor": "1"}], extra_day_factor=Decimal(1))
    decades = Period(SUMMER.start, SUMMER.start + timedelta(days=20_000))
    article = make_article(bassline, factor_scale=scale)
    with pytest.raises(AmountTooHigh):
        receive(bassline, line(article), planning_period=decades, usage_period=decades)
    assert not bassline.inquiries.exists()


def test_it_is_seen_once(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline)))
    assert mark_seen(inquiry=inquiry, at=NOW) is True
    assert mark_seen(inquiry=inquiry, at=NOW + timedelta(hours=1)) is False
    assert bassline.inquiries.get().seen_at == NOW


def test_one_click_makes_the_whole_job_and_a_second_the_same(bassline: Tenant) -> None:
    spot, cable = make_article(bassline, "MegaPointe"), make_article(bassline, "Kabel")
    address = {"street": "Wiese 1", "postcode": "20095", "city": "Hamburg"}
    inquiry = receive(
        bassline,
        line(spot),
        line(cable, 9),
        customer_reference="B-1001",
        remark="Bitte geprüft",
        logistics={"out": "venue", "address": address},
    )
    job = make_job(inquiry=inquiry)
    assert make_job(inquiry=inquiry) == job
    assert (job.number, job.title, job.state) == ("J-1001", "Aurora – B-1001", JobState.INQUIRY)
    assert (job.customer, job.customer_reference, job.venue) == (
        inquiry.customer,
        "B-1001",
        "Wiese 1, 20095 Hamburg",
    )
    assert (job.planning_period, job.usage_period, job.note) == (SUMMER, SUMMER, "Bitte geprüft")
    assert [(row.article, row.quantity, row.discount_percent, row.net) for row in job.positions.in_order()] == [
        (asked.article, asked.quantity, asked.discount_percent, asked.net) for asked in inquiry.lines.order_by("pk")
    ]
    assert reserved(bassline) == []


def test_confirming_makes_the_job_an_order_and_reserves_everything(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline, owned=4)), line(make_article(bassline, "Kabel"), 9))
    confirmed = confirm_inquiry(inquiry=inquiry, at=NOW)
    assert (confirmed.state, confirmed.answered_at) == (OrderState.CONFIRMED, NOW)
    assert bassline.inquiries.get().job.state == JobState.ORDER
    assert reserved(bassline) == [4, 9]


def test_what_is_not_free_as_a_whole_is_not_confirmed_at_all(bassline: Tenant) -> None:
    spot, cable = make_article(bassline, "MegaPointe", owned=10), make_article(bassline, "Kabel")
    add_position(job=job_of(bassline, state=JobState.ORDER), article=spot, quantity=8)
    inquiry = receive(bassline, line(cable, 2), line(spot, 5))
    with pytest.raises(Shortage) as refused:
        confirm_inquiry(inquiry=inquiry, at=NOW)
    assert [(short.article, short.wanted, short.free) for short in refused.value.shortfalls] == [(spot, 5, 2)]
    inquiry.refresh_from_db()
    assert (inquiry.state, inquiry.job, inquiry.answered_at) == (OrderState.REQUESTED, None, None)
    assert (reserved(bassline), bassline.jobs.count()) == ([8], 1)


def test_a_partial_reservation_is_filled_up_or_nothing_is_promised(bassline: Tenant) -> None:
    spot = make_article(bassline, owned=3)
    inquiry = receive(bassline, line(spot, 5))
    set_state(job=make_job(inquiry=inquiry), state=JobState.ORDER)
    assert reserved(bassline) == [3]
    with pytest.raises(Shortage):
        confirm_inquiry(inquiry=inquiry, at=NOW)
    assert (reserved(bassline), state_of(inquiry)) == ([3], OrderState.REQUESTED)
    spot.owned = 5
    spot.save()
    confirm_inquiry(inquiry=inquiry, at=NOW)
    assert (reserved(bassline), state_of(inquiry)) == ([5], OrderState.CONFIRMED)


def test_what_was_taken_out_of_the_job_is_not_promised(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline)), line(make_article(bassline, "Kabel"), 9))
    job = make_job(inquiry=inquiry)
    spot, cable = job.positions.in_order()
    remove_position(position=spot)
    update_position(position=cable, quantity=7)
    with pytest.raises(JobLacksLines) as refused:
        confirm_inquiry(inquiry=inquiry, at=NOW)
    assert "4 × " in str(refused.value)
    assert "2 × " in str(refused.value)
    assert (reserved(bassline), state_of(inquiry)) == ([], OrderState.REQUESTED)


def test_what_was_out_and_is_back_is_not_promised(bassline: Tenant) -> None:
    """It is reserved no longer: others can have it."""
    inquiry = receive(bassline, line(make_article(bassline), 3))
    job = make_job(inquiry=inquiry)
    set_state(job=job, state=JobState.ORDER)
    hand_out(job=job, actor=Actor("Nina"), at=SUMMER.start)
    take_back(job=job, at=SUMMER.start + timedelta(hours=1))
    with pytest.raises(JobLacksLines):
        confirm_inquiry(inquiry=inquiry, at=NOW)
    assert state_of(inquiry) == OrderState.REQUESTED


def move(job: Job, period: Period) -> Job:
    return update_job(job=job, title=job.title, customer=job.customer, planning_period=period, usage_period=period)


def test_a_job_that_was_moved_does_not_promise_the_old_period(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline)))
    job = make_job(inquiry=inquiry)
    move(job, Period(SUMMER.start + timedelta(hours=1), SUMMER.end))
    with pytest.raises(JobHasMoved):
        confirm_inquiry(inquiry=inquiry, at=NOW)
    assert (reserved(bassline), state_of(inquiry)) == ([], OrderState.REQUESTED)


def test_what_was_confirmed_cannot_be_taken_out_of_its_job(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline)))
    job = make_job(inquiry=inquiry)
    extra = add_position(job=job, article=make_article(bassline, "Kabel"), quantity=2)
    confirm_inquiry(inquiry=inquiry, at=NOW)
    position = job.positions.in_order()[0]
    deeds: list[Callable[[], object]] = [
        lambda: set_state(job=job, state=JobState.QUOTE),
        lambda: set_state(job=job, state=JobState.CANCELLED),
        lambda: remove_position(position=position),
        lambda: update_position(position=position, quantity=3),
        lambda: move(job, Period(SUMMER.start + timedelta(hours=1), SUMMER.end)),
    ]
    for deed in deeds:
        with pytest.raises(JobIsPromised):
            deed()
    assert (reserved(bassline), bassline.jobs.get().state) == ([2, 4], JobState.ORDER)
    assert bassline.jobs.get().planning_period == SUMMER
    remove_position(position=extra)
    move(job, Period(SUMMER.start - timedelta(hours=1), SUMMER.end))
    end_promises(inquiries=bassline.inquiries.all())
    set_state(job=job, state=JobState.CANCELLED)
    assert reserved(bassline) == []


def test_a_cancelled_job_is_reopened_by_a_person_first(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline)))
    job = make_job(inquiry=inquiry)
    set_state(job=job, state=JobState.CANCELLED)
    with pytest.raises(JobIsGone):
        confirm_inquiry(inquiry=inquiry, at=NOW)
    assert state_of(inquiry) == OrderState.REQUESTED


def test_declining_says_why_and_cancels_the_job(bassline: Tenant) -> None:
    inquiry = receive(bassline, line(make_article(bassline)))
    job = make_job(inquiry=inquiry)
    set_state(job=job, state=JobState.ORDER)
    decline_inquiry(inquiry=inquiry, reason="Ausgebucht", at=NOW)
    job.refresh_from_db()
    assert (state_of(inquiry), bassline.inquiries.get().reason) == (OrderState.DECLINED, "Ausgebucht")
    assert (job.state, reserved(bassline)) == (JobState.CANCELLED, [])


def test_withdrawing_cancels_the_job_unless_we_have_ordered_for_it(bassline: Tenant) -> None:
    supplier = make_contact(bassline, is_supplier=True)
    states = []
    for ordered in (False, True):
        inquiry = receive(bassline, line(make_article(bassline)))
        job = make_job(inquiry=inquiry)
        if ordered:
            job.positions.create(
                tenant=bassline, description="Licht", quantity=1, sub_rented_quantity=1, supplier=supplier
            )
            create_order(job=job, supplier=supplier, created_by=None)
        withdraw_inquiry(inquiry=inquiry, at=NOW)
        job.refresh_from_db()
        states.append((state_of(inquiry), job.state))
    assert states == [(OrderState.WITHDRAWN, JobState.CANCELLED), (OrderState.WITHDRAWN, JobState.INQUIRY)]


@pytest.mark.parametrize("end", [OrderState.CONFIRMED, OrderState.DECLINED, OrderState.WITHDRAWN])
def test_an_answer_is_final(bassline: Tenant, end: OrderState) -> None:
    inquiry = receive(bassline, line(make_article(bassline)))
    bassline.inquiries.update(state=end)
    for answer in (
        lambda: confirm_inquiry(inquiry=inquiry, at=NOW),
        lambda: decline_inquiry(inquiry=inquiry, reason="Nein", at=NOW),
        lambda: withdraw_inquiry(inquiry=inquiry, at=NOW),
        lambda: close_inquiry(inquiry=inquiry, at=NOW),
        lambda: make_job(inquiry=inquiry),
    ):
        with pytest.raises(InquiryIsAnswered):
            answer()
    assert (state_of(inquiry), bassline.jobs.count()) == (end, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_last_units_are_promised_once() -> None:
    tenant = make_tenant("bassline")
    spot, cable = make_article(tenant, owned=5), make_article(tenant, "Kabel", owned=5)
    # Lines in opposite order: locks taken in the order of lines would wait for each other forever.
    asked = [receive(tenant, line(spot), line(cable)), receive(tenant, line(cable), line(spot))]
    ready, results = threading.Barrier(2), []

    def confirm(inquiry: Inquiry) -> None:
        ready.wait()
        try:
            results.append(confirm_inquiry(inquiry=inquiry, at=NOW).state)
        except Shortage as refused:
            results.append(refused.code)
        finally:
            connection.close()

    clicks = [threading.Thread(target=confirm, args=[inquiry]) for inquiry in asked]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(results) == ["confirmed", Shortage.code]
    assert reserved(tenant) == [4, 4]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_clicks_make_one_job() -> None:
    tenant = make_tenant("bassline")
    inquiry = receive(tenant, line(make_article(tenant)))
    ready, results = threading.Barrier(2), []

    def click() -> None:
        ready.wait()
        try:
            results.append(make_job(inquiry=inquiry).number)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert results == ["J-1001", "J-1001"]
    assert tenant.jobs.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("answer", ["withdrawn while somebody orders", "declined while somebody cancels"])
def test_it_is_answered_also_while_somebody_works_on_its_job(answer: str) -> None:
    tenant = make_tenant("bassline")
    inquiry = receive(tenant, line(make_article(tenant)))
    job, supplier = make_job(inquiry=inquiry), make_contact(tenant, is_supplier=True)
    job.positions.create(tenant=tenant, description="Licht", quantity=1, sub_rented_quantity=1, supplier=supplier)
    withdrawn = answer.startswith("withdrawn")

    def answered() -> None:
        try:
            if withdrawn:
                withdraw_inquiry(inquiry=inquiry, at=NOW)
            else:
                decline_inquiry(inquiry=inquiry, reason="Ausgebucht", at=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            if withdrawn:
                create_order(job=job, supplier=supplier, created_by=None)
            else:
                set_state(job=job, state=JobState.CANCELLED)
            done = other.submit(answered)
            while not somebody_waits():
                assert not done.done()
        done.result()
    job.refresh_from_db()
    assert state_of(inquiry) == (OrderState.WITHDRAWN if withdrawn else OrderState.DECLINED)
    assert job.state == (JobState.INQUIRY if withdrawn else JobState.CANCELLED)
