"""The "Partneranfrage" shows everything that arrived; opening it marks it as seen."""

import html
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from eventworx.web.templatetags.ewx import unbroken
from inventory.availability import stock_of
from inventory.models import ArticleKind
from inventory.reservations import ReservationClaim, Shortage, reserve
from jobs.goods import hand_out, take_back
from jobs.inquiries import (
    InquiryLineData,
    JobHasMoved,
    JobIsGone,
    JobLacksLines,
    confirm_inquiry,
    make_job,
    receive_inquiry,
)
from jobs.models import Inquiry, Job
from jobs.planning import set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.sheet import sheet_of_inquiry
from jobs.states import JobState
from tests.factories import SUMMER, make_article, make_contact
from tests.jobs.scenes import HOUR, NINA, row

DAY = 24 * HOUR
LogIn = Callable[..., Client]


def arrived(tenant: Tenant, lines: int = 1, **fields: Any) -> Inquiry:
    return receive_inquiry(
        tenant=tenant,
        customer=make_contact(tenant, "Aurora Veranstaltungstechnik", discount_percent=Decimal(10)),
        lines=[
            InquiryLineData(
                wire_id=uuid4(),
                article=make_article(tenant, "MegaPointe", owned=6, rental_price=Decimal(40)),
                quantity=8,
                expected_net=Decimal("280.00"),
                customer_article_number="A-17",
                customer_article_name="Robe Spot",
            )
            for _ in range(lines)
        ],
        planning_period=SUMMER,
        usage_period=SUMMER,
        currency="EUR",
        customer_reference="B-1001",
        **fields,
    )


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode().replace("\xa0", " ")


def test_everything_that_arrived_is_there(bassline: Tenant, log_in: LogIn) -> None:
    inquiry = arrived(
        bassline,
        remark="Bitte mit Case",
        customer_details={
            "name": "Aurora GmbH",
            "contact": {"name": "Ida Sommer", "email": "ida@aurora.example", "phone": "+49 40 77"},
            "address": {"street": "Hafen 5", "postcode": "20457", "city": "Hamburg", "country": "DE"},
        },
        logistics={"out": "collect", "out_at": "2027-07-01T06:30:00Z", "back": "someday", "note": "Rampe 3"},
    )
    page = text(log_in(bassline), bassline.url("jobs:inquiry", inquiry.pk))
    expected = """Partneranfrage|P-1001|angefragt|Aurora GmbH|Ida Sommer|ida@aurora.example|+49 40 77
        |Hafen 5, 20457 Hamburg, DE|B-1001|Do 01.07.2027 08:00 – So 04.07. 20:00|Kunde holt ab und bringt zurück
        |01.07.2027 08:30|someday|Rampe 3|Bitte mit Case|MegaPointe|Robe Spot A-17|8 Stück|Unterdeckung 2|40,00 €
        |288,00 €|erwartet 280,00 €"""
    for said in expected.split("|"):
        assert said.strip() in page


def test_opening_marks_it_as_seen(bassline: Tenant, log_in: LogIn) -> None:
    inquiry, client = arrived(bassline), log_in(bassline, Role.READ_ONLY)
    assert "is-unread" in text(client, bassline.url("jobs:inquiries"))
    text(client, bassline.url("jobs:inquiry", inquiry.pk))
    inquiry.refresh_from_db()
    assert inquiry.seen_at is not None
    assert "is-unread" not in text(client, bassline.url("jobs:inquiries"))


def test_its_own_job_does_not_stand_in_its_way(bassline: Tenant, log_in: LogIn) -> None:
    inquiry = arrived(bassline)
    bassline.articles.update(owned=8)
    job = make_job(inquiry=inquiry)
    client = log_in(bassline)
    client.post(bassline.url("jobs:set_state", job.pk), {"state": "order"})
    page = text(client, bassline.url("jobs:inquiry", inquiry.pk))
    assert "Unterdeckung" not in page.replace("Unterdeckungen", "")  # which the navigation names
    assert job.number in page


def test_what_is_turned_around_after_its_own_job_is_as_free_as_confirming_finds_it(bassline: Tenant) -> None:
    inquiry = arrived(bassline)
    bassline.articles.update(owned=8, buffer_after_minutes=600)
    job = set_state(job=make_job(inquiry=inquiry), state=JobState.ORDER)
    back = SUMMER.start + HOUR
    with time_machine.travel(back, tick=False):
        hand_out(job=job, actor=NINA, at=SUMMER.start)
        take_back(job=job, at=back)
        set_state(job=job, state=JobState.QUOTE)
        inquiry.refresh_from_db()
        article = bassline.articles.get()
        assert stock_of(articles=[article], period=SUMMER)[article.pk].free == 0
        (line,) = sheet_of_inquiry(inquiry).rows
        assert (line.free, line.shortage) == (8, 0)
        confirm_inquiry(inquiry=inquiry, at=back)
    assert row(job).quantity == line.free


def move_away(job: Job) -> None:
    period = Period(SUMMER.start + DAY, SUMMER.end)
    update_job(job=job, title="x", customer=job.customer, planning_period=period, usage_period=period)


def widened(job: Job, days: int) -> None:
    """It takes the material so many days longer, when somebody else has three of eight."""
    later = Period(SUMMER.end + DAY, SUMMER.end + 2 * DAY)
    reserve(tenant=job.tenant, claims=[ReservationClaim(job.tenant.articles.get().pk, 3, later)])
    longer = Period(SUMMER.start, SUMMER.end + days * DAY)
    update_job(job=job, title="x", customer=job.customer, planning_period=longer, usage_period=SUMMER)


def partly_hired(job: Job) -> None:
    """Half of it comes from a supplier; of our own half is there."""
    position = job.positions.get()
    position.supplier = make_contact(job.tenant, "Cymbal", is_supplier=True)
    position.save()
    update_position(position=position, sub_rented_quantity=4)
    reserve(tenant=job.tenant, claims=[ReservationClaim(job.tenant.articles.get().pk, 4, SUMMER)])


def firm_before_it_was_cleaned_longer(job: Job) -> None:
    """What it has already stays its own, whatever buffers are now and who comes right after it."""
    set_state(job=job, state=JobState.ORDER)
    after = Period(SUMMER.end, SUMMER.end + DAY)
    reserve(tenant=job.tenant, claims=[ReservationClaim(job.tenant.articles.get().pk, 8, after)])
    job.tenant.articles.update(buffer_after_minutes=600)


@pytest.mark.parametrize(
    ("change", "free", "shortage", "refusal"),
    [
        (lambda job: None, 8, 0, None),
        (lambda job: widened(job, 1), 8, 0, None),
        (lambda job: widened(job, 2), 5, 3, Shortage),
        (lambda job: add_position(job=job, article=job.tenant.articles.get(), quantity=2), 6, 2, Shortage),
        (partly_hired, 4, 0, None),
        (firm_before_it_was_cleaned_longer, 8, 0, None),
        (lambda job: update_position(position=job.positions.get(), quantity=5), 8, 0, JobLacksLines),
        (lambda job: remove_position(position=job.positions.get()), 8, 0, JobLacksLines),
        (lambda job: set_state(job=job, state=JobState.CANCELLED), 8, 0, JobIsGone),
        (move_away, 8, 0, JobHasMoved),
    ],
)
def test_the_page_says_what_confirming_would_get_of_the_job_as_it_is_by_now(
    bassline: Tenant, log_in: LogIn, change: Callable[[Job], object], free: int, shortage: int, refusal: Any
) -> None:
    inquiry = arrived(bassline)
    bassline.articles.update(owned=8)
    change(make_job(inquiry=inquiry))
    inquiry.refresh_from_db()
    sheet = sheet_of_inquiry(inquiry)
    assert [(row.free, row.shortage) for row in sheet.rows] == [(free, shortage)]
    page = html.unescape(text(log_in(bassline), bassline.url("jobs:inquiry", inquiry.pk)))
    assert ("Frei gerechnet für" in page) == (sheet.period != SUMMER)
    with pytest.raises(refusal) if refusal else nullcontext() as refused:
        confirm_inquiry(inquiry=inquiry, at=SUMMER.start - DAY)
    if refusal is Shortage:
        assert sheet.hindrance == ""
        assert f"Unterdeckung {shortage}" in page
    elif refusal:
        assert str(refused.value) == sheet.hindrance
        assert unbroken(sheet.hindrance) in page


def test_what_else_its_job_lacks_is_named_for_confirming_reserves_all_or_nothing(bassline: Tenant) -> None:
    inquiry = arrived(bassline)
    bassline.articles.update(owned=8)
    job = make_job(inquiry=inquiry)
    besides = add_position(job=job, article=make_article(bassline, "Nebel", owned=1), quantity=3)
    inquiry.refresh_from_db()
    said = sheet_of_inquiry(inquiry).hindrance
    assert "2 × Nebel" in said
    with pytest.raises(Shortage, match="Nebel"):
        confirm_inquiry(inquiry=inquiry, at=SUMMER.start - DAY)
    update_position(position=besides, quantity=1)
    assert sheet_of_inquiry(inquiry).hindrance == ""
    confirm_inquiry(inquiry=inquiry, at=SUMMER.start - DAY)


def test_what_was_sold_in_part_is_not_confirmed_as_a_whole(bassline: Tenant) -> None:
    """Nothing more is reserved for that position, so what it lacks would be promised and nobody's."""
    inquiry, before = arrived(bassline), SUMMER.start - DAY
    bassline.articles.update(owned=5, kind=ArticleKind.SALE)
    job = make_job(inquiry=inquiry)
    set_state(job=job, state=JobState.ORDER)
    hand_out(job=job, actor=NINA, at=before)
    bassline.articles.update(owned=10)
    with pytest.raises(JobLacksLines, match=r"3 × .* MegaPointe"):
        confirm_inquiry(inquiry=inquiry, at=before)
    update_position(position=job.positions.get(), quantity=5)
    rest = add_position(job=job, article=bassline.articles.get(), quantity=3)
    confirm_inquiry(inquiry=inquiry, at=before)
    assert rest.reserved_quantity == 3


@pytest.mark.parametrize("rows", [1, 3])
def test_list_and_page_take_a_fixed_number_of_queries(
    bassline: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any
) -> None:
    inquiry, *_ = [arrived(bassline, lines=rows) for _ in range(rows)]
    client = log_in(bassline)
    text(client, bassline.url("jobs:inquiry", inquiry.pk))
    with django_assert_num_queries(7):
        text(client, bassline.url("jobs:inquiries"))
    with django_assert_num_queries(11):
        text(client, bassline.url("jobs:inquiry", inquiry.pk))


def test_states_narrow_the_list(bassline: Tenant, log_in: LogIn) -> None:
    arrived(bassline)
    client, url = log_in(bassline), bassline.url("jobs:inquiries")
    assert "P-1001" in text(client, url + "?state=requested")
    assert "Keine Anfrage hat diesen Zustand." in text(client, url + "?state=declined")


def test_another_tenant_sees_nothing(bassline: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    url = bassline.url("jobs:inquiry", arrived(bassline).pk)
    assert log_in(bassline).get(url).status_code == 200
    stranger = log_in(cymbal)
    assert stranger.get(url).status_code == 404
    assert stranger.get(url.replace("/bassline/", "/cymbal/")).status_code == 404
    assert "P-1001" not in text(stranger, cymbal.url("jobs:inquiries"))
