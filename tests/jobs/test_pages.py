"""Pages of jobs: in German, with errors at the field, closed to strangers and to those who may only read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from jobs.models import Job
from jobs.planning import set_state
from jobs.positions import add_position
from jobs.states import JobState
from jobs.sub_rentals import create_order
from tests.factories import SUMMER, make_article, make_contact, make_job

LogIn = Callable[..., Client]
BEFORE = datetime(2027, 6, 25, 12, tzinfo=UTC)


def text(client: Client, url: str, **query: Any) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def form(customer: Contact, /, **changes: str) -> dict[str, Any]:
    return {
        "title": "Sommerfest",
        "customer": customer.pk,
        "planning_start": "2027-07-01T08:00",
        "planning_end": "2027-07-04T20:00",
        "usage_start": "2027-07-02T10:00",
        "usage_end": "2027-07-03T23:00",
        "tax_percent": "19,0",
    } | changes


def hired(job: Job) -> Any:
    supplier = make_contact(job.tenant, "Bassline", is_supplier=True)
    return job.positions.create(
        tenant=job.tenant,
        description="MegaPointe",
        quantity=2,
        sub_rented_quantity=2,
        supplier=supplier,
        unit_cost=Decimal("20.00"),
        unit_price=Decimal("35.00"),
    )


def test_a_job_is_typed_in_the_tenant_s_time(aurora: Tenant, log_in: LogIn) -> None:
    answer = log_in(aurora, Role.SALES).post(aurora.url("jobs:create"), form(make_contact(aurora)))
    job = aurora.jobs.get()
    assert answer["Location"] == job.get_absolute_url()
    assert job.planning_period == SUMMER
    assert job.usage_start == datetime(2027, 7, 2, 8, tzinfo=UTC)


def test_who_has_no_customer_yet_is_led_to_the_first(aurora: Tenant, log_in: LogIn) -> None:
    way, url = "Ein Job ist für einen Kunden, und noch gibt es keinen.", aurora.url("jobs:create")
    assert (way in text(log_in(aurora), url), "?is_customer=1" in text(log_in(aurora), url)) == (True, True)
    make_contact(aurora)
    assert way not in text(log_in(aurora), url)


def test_an_edit_shows_the_clock_of_the_tenant(aurora: Tenant, log_in: LogIn) -> None:
    page = text(log_in(aurora), aurora.url("jobs:edit", make_job(aurora, tax_percent=Decimal("7.5")).pk))
    assert 'value="2027-07-01T08:00"' in page
    assert 'value="2027-07-04T20:00"' in page
    assert 'value="7,5' in page


def test_times_that_nobody_touched_stay_to_the_second_and_in_the_hour_that_comes_twice(
    aurora: Tenant, log_in: LogIn
) -> None:
    """A partner's order may end at half past two of the night in which summer time does, and half a minute later."""
    period = Period(datetime(2027, 10, 30, 6, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 1, 30, 30, tzinfo=UTC))
    job = make_job(aurora, period=period, usage_start=period.start, usage_end=period.end)
    times = {f"{name}_start": "2027-10-30T08:00" for name in ("planning", "usage")}
    times |= {f"{name}_end": "2027-10-31T02:30" for name in ("planning", "usage")}
    answer = log_in(aurora).post(aurora.url("jobs:edit", job.pk), form(job.customer, title="Herbstfest", **times))
    assert answer.status_code == 302
    job.refresh_from_db()
    assert (job.title, job.planning_period, job.usage_period) == ("Herbstfest", period, period)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": ""}, "title", "Dieses Feld ist zwingend erforderlich."),
        ({"planning_end": "2027-07-01T08:00"}, "planning_end", "Das Ende muss nach dem Anfang liegen."),
        ({"usage_start": "2027-07-01T07:59"}, "usage_start", "nicht vor dem Planungszeitraum beginnen"),
        ({"usage_end": "2027-07-04T20:01"}, "usage_end", "nicht nach dem Planungszeitraum enden"),
        ({"planning_start": "morgen"}, "planning_start", "Bitte ein gültiges Datum und Uhrzeit eingeben."),
        ({"planning_start": "0001-01-01T00:00"}, "planning_start", "größer oder gleich"),
        ({"usage_end": "9999-12-31T23:59"}, "usage_end", "kleiner oder gleich"),
        ({"tax_percent": "119"}, "tax_percent", "kleiner oder gleich"),
        ({"customer": "0"}, "customer", "Bitte eine gültige Auswahl treffen"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    aurora: Tenant, log_in: LogIn, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = log_in(aurora).post(aurora.url("jobs:create"), form(make_contact(aurora), **changes))
    assert sentence in str(answer.context["form"].errors[field])
    assert sentence in answer.content.decode()
    assert not aurora.jobs.exists()


def test_a_foreign_customer_is_no_choice(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    answer = log_in(aurora).post(aurora.url("jobs:create"), form(make_contact(cymbal)))
    assert "customer" in answer.context["form"].errors


def test_a_move_that_lacks_stock_is_refused_with_exact_numbers(aurora: Tenant, log_in: LogIn) -> None:
    par, job = make_article(aurora, owned=10), make_job(aurora, state=JobState.ORDER)
    add_position(job=job, article=par, quantity=8)
    later = Period(SUMMER.start + timedelta(days=30), SUMMER.end + timedelta(days=30))
    add_position(job=make_job(aurora, state=JobState.ORDER, period=later), article=par, quantity=5)
    moved = {
        name: value.replace("2027-07", "2027-08")
        for name, value in form(job.customer).items()
        if isinstance(value, str)
    }
    moved |= {"planning_start": "2027-07-29T08:00", "customer": str(job.customer.pk)}
    answer = log_in(aurora).post(aurora.url("jobs:edit", job.pk), moved)
    assert "PAR 64: 8" in str(answer.context["form"].non_field_errors())
    job.refresh_from_db()
    assert job.planning_period == SUMMER


def test_the_list_can_be_narrowed(aurora: Tenant, log_in: LogIn) -> None:
    make_job(aurora, title="Sommerfest")
    make_job(aurora, title="Messe Köln", state=JobState.ORDER)
    client, url = log_in(aurora), aurora.url("jobs:list")
    assert "Sommerfest" not in text(client, url, q="koeln")
    assert "Sommerfest" not in text(client, url, state="order")
    with time_machine.travel(SUMMER.end + timedelta(days=1), tick=False):
        client = log_in(aurora)
        assert "Nichts gefunden" in text(client, url, when="coming")
        assert "Sommerfest" in text(client, url, when="past")


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_and_the_job_page_take_a_fixed_number_of_queries(
    aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any
) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    for _ in range(rows):
        add_position(job=job, article=make_article(aurora), quantity=1)
        hired(job)
        make_job(aurora)
    client = log_in(aurora)
    with django_assert_num_queries(7):
        text(client, aurora.url("jobs:list"))
    with django_assert_num_queries(10):
        text(client, job.get_absolute_url())


@time_machine.travel(BEFORE, tick=False)
@pytest.mark.parametrize("rows", [1, 3])
def test_the_overview_takes_a_fixed_number_of_queries(
    aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        job = make_job(aurora, state=JobState.ORDER)
        add_position(job=job, article=make_article(aurora, owned=1), quantity=3)
    client = log_in(aurora)
    with django_assert_num_queries(11):
        page = text(client, aurora.url("jobs:dashboard"))
    assert page.count("2 × PAR 64 fehlen") == rows


def test_the_overview_says_what_lies_ahead(aurora: Tenant, log_in: LogIn) -> None:
    make_job(aurora, title="Sommerfest")
    make_job(aurora, title="Abgesagt", state=JobState.CANCELLED)
    with time_machine.travel(BEFORE, tick=False):
        page = text(log_in(aurora), aurora.url("jobs:dashboard"))
    assert "Sommerfest" in page
    assert "Abgesagt" not in page
    assert "Alles, was bei uns bestellt ist, ist da." in page


def test_the_job_page_says_it_in_german(aurora: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    add_position(job=job, article=make_article(aurora, owned=5, rental_price=Decimal("1234.5")), quantity=8)
    hired(job)
    page = text(log_in(aurora), job.get_absolute_url()).replace("\xa0", " ")
    for label in ("Unterdeckung 3", "Bestellposition", "Bassline", "Kosten 40,00 €", "9.876,00 €", "Materialquelle"):
        assert label in page
    for label in ("Eigener Bestand", "Partner", "Freitext", "Auftrag", "Planungszeitraum", "Marge"):
        assert label in page


def test_an_ordered_position_names_its_order(aurora: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora)
    order = create_order(job=job, supplier=hired(job).supplier, created_by=None)
    client = log_in(aurora)
    page = text(client, job.get_absolute_url())
    assert order.number in page
    assert "angefragt" in page
    assert client.get(aurora.url("jobs:order_pdf", order.pk)).content.startswith(b"%PDF-")


def test_states_change_by_their_buttons(aurora: Tenant, log_in: LogIn) -> None:
    job, client = make_job(aurora, state=JobState.INQUIRY), log_in(aurora, Role.SALES)
    url = aurora.url("jobs:set_state", job.pk)
    assert client.post(url, {"state": "order"})["Location"] == job.get_absolute_url()
    refused = client.post(url, {"state": "inquiry"})
    assert (refused.status_code, "kann nicht" in refused.content.decode()) == (409, True)
    job.refresh_from_db()
    assert job.state == JobState.ORDER


def test_own_material_is_searched_with_what_is_free(
    aurora: Tenant, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = make_article(aurora, "Nebelmaschine", owned=5)
    add_position(job=make_job(aurora, state=JobState.ORDER), article=article, quantity=3)
    url = aurora.url("jobs:own_material", make_job(aurora).pk)
    page = text(log_in(aurora), url, q="maschine nebel")
    assert "2 von 5" in page
    assert "Kein eigener Artikel passt" in text(log_in(aurora), url, q="gibt es nicht")
    assert "Nebelmaschine" not in text(log_in(aurora), url, q="nebel\0")
    assert "Suche verfeinern" not in page
    monkeypatch.setattr("jobs.shortages.HITS", 1)
    make_article(aurora, "Nebelfluid")
    assert "Der erste Treffer – Suche verfeinern" in text(log_in(aurora), url, q="nebel")


def test_own_material_is_added_by_one_click(aurora: Tenant, log_in: LogIn) -> None:
    job, article = make_job(aurora), make_article(aurora, "Nebelmaschine")
    url, client = aurora.url("jobs:position_create", job.pk), log_in(aurora)
    answer = client.post(url, {"article": article.pk, "quantity": "2"}, headers={"HX-Request": "true"})
    assert "2 × Nebelmaschine hinzugefügt." in answer.content.decode()
    assert "positions-changed" in answer["HX-Trigger"]
    assert "Nebelmaschine" in text(client, aurora.url("jobs:positions", job.pk))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"article": "0", "quantity": "1"}, "Bitte eine gültige Auswahl treffen"),
        ({"quantity": "0", "description": "Transport", "unit_price": "1"}, "größer oder gleich 1"),
        ({"quantity": "1", "description": "", "unit_price": "1"}, "zwingend erforderlich"),
        ({"quantity": "1", "description": "Transport", "unit_price": "-1"}, "größer oder gleich 0"),
    ],
)
def test_a_wrong_position_is_not_added(aurora: Tenant, log_in: LogIn, given: dict[str, str], sentence: str) -> None:
    answer = log_in(aurora).post(aurora.url("jobs:position_create", make_job(aurora).pk), given)
    assert sentence in answer.content.decode()
    assert "HX-Trigger" not in answer
    assert not aurora.positions.exists()


def test_free_text_with_a_german_price(aurora: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora)
    given = {"quantity": "1", "description": "Transport", "unit_price": "1.180,50"}
    log_in(aurora).post(aurora.url("jobs:position_create", job.pk), given)
    assert aurora.positions.get().unit_price == Decimal("1180.50")


def test_a_position_is_changed_moved_and_removed(aurora: Tenant, log_in: LogIn) -> None:
    job, client = make_job(aurora), log_in(aurora)
    first, second = (add_position(job=job, description=name, quantity=1) for name in ("A", "B"))
    given = {"description": "Neu", "quantity": "3", "unit_price": "12,50", "discount_percent": "5"}
    assert client.post(aurora.url("jobs:position_edit", job.pk, first.pk), given).status_code == 302
    first.refresh_from_db()
    assert (first.description, first.quantity, first.unit_price) == ("Neu", 3, Decimal("12.50"))
    client.post(aurora.url("jobs:position_move", job.pk, second.pk), {"up": ""})
    assert list(job.positions.in_order()) == [second, first]
    client.post(aurora.url("jobs:position_delete", job.pk, first.pk))
    assert list(job.positions.in_order()) == [second]


def test_an_ordered_position_refuses_at_the_form(aurora: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora)
    position = hired(job)
    order = create_order(job=job, supplier=position.supplier, created_by=None)
    url, client = aurora.url("jobs:position_edit", job.pk, position.pk), log_in(aurora)
    given = {
        "description": "X",
        "quantity": "2",
        "sub_rented_quantity": "1",
        "unit_price": "1",
        "discount_percent": "0",
    }
    assert order.number in client.post(url, given).content.decode()
    assert client.post(aurora.url("jobs:position_delete", job.pk, position.pk)).status_code == 409
    assert job.positions.count() == 1


def test_the_quote_comes_as_pdf(aurora: Tenant, log_in: LogIn) -> None:
    answer = log_in(aurora).get(aurora.url("jobs:job_pdf", make_job(aurora, number="J-77").pk))
    assert answer.content.startswith(b"%PDF-")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("application/pdf", 'inline; filename="J-77.pdf"')


def test_the_contact_shows_its_jobs_and_those_it_lends_for(aurora: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora, title="Sommerfest")
    supplier = hired(job).supplier
    make_job(aurora, title="Anderes")
    for contact in (job.customer, supplier):
        page = text(log_in(aurora), aurora.url("jobs:of_contact", contact.pk))
        assert "Sommerfest" in page
        assert "Anderes" not in page


READING = ("detail", "positions", "job_pdf")
WRITING = ("edit", "own_material", "text_material")


def test_another_tenant_sees_nothing(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora)
    position = hired(job)
    order = create_order(job=job, supplier=position.supplier, created_by=None)
    urls = [aurora.url(f"jobs:{name}", job.pk) for name in READING + WRITING]
    urls += [aurora.url("jobs:position_edit", job.pk, position.pk), aurora.url("jobs:order_pdf", order.pk)]
    urls += [aurora.url("jobs:of_contact", job.customer_id), aurora.url("jobs:articles_of_supplier", order.supplier_id)]
    owner, stranger = log_in(aurora), log_in(cymbal)
    for url in urls:
        assert owner.get(url).status_code == 200, url
        assert stranger.get(url).status_code == 404, url
        assert stranger.get(url.replace("/aurora/", "/cymbal/")).status_code == 404, url
    for name in ("set_state", "position_create"):
        url = aurora.url(f"jobs:{name}", job.pk).replace("/aurora/", "/cymbal/")
        assert stranger.post(url, {"state": "order"}).status_code == 404
    for name in ("position_delete", "position_move"):
        url = aurora.url(f"jobs:{name}", job.pk, position.pk).replace("/aurora/", "/cymbal/")
        assert stranger.post(url).status_code == 404


def test_readers_see_all_without_buttons_and_cannot_write(aurora: Tenant, log_in: LogIn) -> None:
    job = make_job(aurora)
    position = add_position(job=job, description="Transport", quantity=1)
    for role in (Role.READ_ONLY, Role.WAREHOUSE):
        reader = log_in(aurora, role)
        page = text(reader, job.get_absolute_url())
        assert "Transport" in page
        assert "Bearbeiten" not in page
        assert "Materialquelle" not in page
        for name in ("edit", "own_material", "text_material", "set_state", "position_create"):
            assert reader.post(aurora.url(f"jobs:{name}", job.pk)).status_code == 403, name
        for name in ("position_edit", "position_delete", "position_move"):
            assert reader.post(aurora.url(f"jobs:{name}", job.pk, position.pk)).status_code == 403, name
    set_state(job=job, state=JobState.CANCELLED)
    assert "Materialquelle" not in text(log_in(aurora), job.get_absolute_url())
