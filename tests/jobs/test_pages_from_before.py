"""Pages of jobs from before: what others have changed since stays, and what was typed is not lost."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.web.templatetags.ewx import GAP
from jobs.planning import JobMovedOn, set_state, update_job
from jobs.positions import add_position, remove_position, update_position
from jobs.states import JobState
from tests.crowd import somebody_waits
from tests.factories import SUMMER, make_article, make_job, make_tenant
from tests.jobs.test_pages import form, text

LogIn = Callable[..., Client]


def shown(page: str) -> dict[str, str]:
    """What a page sends along of what it showed."""
    return dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', page))


def test_what_nobody_touched_on_a_page_from_before_stays_as_it_is_by_now(aurora: Tenant, log_in: LogIn) -> None:
    """One renames a job while another moves it: it is not moved back."""
    seconds = Period(SUMMER.start + timedelta(seconds=30), SUMMER.end + timedelta(seconds=30))
    job, client = make_job(aurora, title="Sommerfest", note="Rampe", period=seconds), log_in(aurora)
    url = aurora.url("jobs:edit", job.pk)
    before = shown(text(client, url))
    later = Period(SUMMER.start + timedelta(days=30), SUMMER.end + timedelta(days=30))
    update_job(
        job=job, title="Sommerfest", customer=job.customer, planning_period=later, usage_period=later, venue="Kai"
    )
    times = {"usage_start": "2027-07-01T20:00", "usage_end": "2027-07-04T08:00"}
    said = form(job.customer, title="Hafenfest", venue="", note="", **times)
    assert client.post(url, said | before).status_code == 302
    job.refresh_from_db()
    assert (job.title, job.planning_period, job.venue, job.note) == ("Hafenfest", later, "Kai", "")


def test_who_moves_a_job_from_a_page_from_before_is_shown_where_it_is_by_now(aurora: Tenant, log_in: LogIn) -> None:
    """One lets it begin sooner while another lets it end later: told so, he saves once more, and both have happened."""
    job, client = make_job(aurora), log_in(aurora)
    url = aurora.url("jobs:edit", job.pk)
    said = shown(text(client, url)) | dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', text(client, url)))
    said |= {"customer": str(job.customer_id), "planning_start": "2027-06-30T08:00"}
    longer = Period(SUMMER.start, SUMMER.end + timedelta(days=1))
    update_job(job=job, planning_period=longer)
    refused = client.post(url, said).content.decode()
    assert "Der Planungszeitraum ist jetzt Do 01.07.2027 08:00 – Mo 05.07. 20:00" in refused.replace(GAP, " ")
    assert aurora.jobs.get().planning_period == longer
    again = said | shown(refused) | dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', refused))
    assert (again["planning_start"], again["planning_end"]) == ("2027-06-30T08:00", "2027-07-05T20:00")
    assert client.post(url, again).status_code == 302
    assert aurora.jobs.get().planning_period == Period(SUMMER.start - timedelta(days=1), longer.end)


def test_a_job_that_is_moved_while_somebody_else_moves_it_stays_where_it_is(aurora: Tenant) -> None:
    job = make_job(aurora)
    seen, later = (job.planning_period, job.usage_period), Period(SUMMER.start, SUMMER.end + timedelta(days=1))
    update_job(job=job, planning_period=later)
    update_job(job=job, seen=seen, title="Hafenfest")
    with pytest.raises(JobMovedOn):
        update_job(job=job, seen=seen, planning_period=Period(SUMMER.start - timedelta(days=1), SUMMER.end))
    assert (aurora.jobs.get().title, aurora.jobs.get().planning_period) == ("Hafenfest", later)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_renames_a_job_while_it_is_being_moved_does_not_move_it_back(log_in: LogIn) -> None:
    """His request has read the job before the other's was through, and waits for its lock."""
    tenant = make_tenant("aurora")
    job, client = make_job(tenant, title="Sommerfest", note="Rampe"), log_in(tenant)
    url = tenant.url("jobs:edit", job.pk)
    before = shown(text(client, url))
    typed = {name.removeprefix("initial-"): value for name, value in before.items()} | {"title": "Hafenfest"}
    later = Period(SUMMER.start + timedelta(days=30), SUMMER.end + timedelta(days=30))

    def rename() -> int:
        try:
            return client.post(url, typed | before).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            update_job(job=job, planning_period=later, usage_period=later, note="Kai")
            answer = other.submit(rename)
            while not somebody_waits():
                assert not answer.done()
        assert answer.result() == 302
    job.refresh_from_db()
    assert (job.title, job.planning_period, job.note) == ("Hafenfest", later, "Kai")


def test_a_position_that_was_changed_meanwhile_keeps_what_nobody_touched(aurora: Tenant, log_in: LogIn) -> None:
    job, client = make_job(aurora), log_in(aurora)
    position = add_position(job=job, article=make_article(aurora), quantity=8, unit_price=Decimal("1234.50"))
    url = aurora.url("jobs:position_edit", job.pk, position.pk)
    before = shown(text(client, url))
    update_position(position=position, quantity=3, unit_price=Decimal(9))
    said = {"description": "PAR", "quantity": "8", "unit_price": "1234,50", "discount_percent": "0,00"}
    assert client.post(url, said | before).status_code == 302
    position.refresh_from_db()
    assert (position.description, position.quantity, position.unit_price) == ("PAR", 3, Decimal(9))


def test_what_is_typed_for_a_position_that_somebody_removed_stays_readable(aurora: Tenant, log_in: LogIn) -> None:
    """Every page that shows it says so, keeps what was typed and leads back to the job."""
    job, client = make_job(aurora), log_in(aurora)
    gone = add_position(job=job, description="Transport", quantity=1)
    remove_position(position=gone)
    said = {"description": "Transport <hin>", "quantity": "3", "unit_price": "1234,50", "discount_percent": ""}
    for name in ("position_edit", "position_delete"):
        answer = client.post(aurora.url(f"jobs:{name}", job.pk, gone.pk), said)
        page = answer.content.decode()
        assert answer.status_code == 404
        assert "Jemand hat sie entfernt" in page
        assert f'href="{job.get_absolute_url()}"' in page
        assert "<dt>Beschreibung</dt><dd>Transport &lt;hin&gt;</dd>" in page
        assert "<dd>1234,50</dd>" in page
        assert "Rabatt" not in page
    assert "Jemand hat sie entfernt" in client.get(aurora.url("jobs:position_edit", job.pk, gone.pk)).content.decode()
    moved = client.post(aurora.url("jobs:position_move", job.pk, gone.pk), headers={"HX-Request": "true"})
    assert (moved.status_code, moved["HX-Retarget"]) == (404, "#alerts")
    assert client.post(aurora.url("jobs:take_over", job.pk, gone.pk)).status_code == 404


def test_an_order_is_not_taken_back_by_whoever_goes_on_from_the_inquiry_of_before(
    aurora: Tenant, log_in: LogIn
) -> None:
    """One makes a quote of the inquiry that his page shows, which another has made an order of meanwhile."""
    job, client = make_job(aurora, state=JobState.INQUIRY), log_in(aurora)
    add_position(job=job, article=make_article(aurora, owned=5), quantity=5)
    [seen] = re.findall(r'name="seen" value="([a-z]+)"', text(client, aurora.url("jobs:detail", job.pk)))
    set_state(job=job, state=JobState.ORDER)
    refused = client.post(aurora.url("jobs:set_state", job.pk), {"state": "quote", "seen": seen})
    assert refused.status_code == 409
    assert "Der Job ist inzwischen „Auftrag“." in refused.content.decode()
    assert aurora.reservations.get().quantity == 5
    assert aurora.jobs.get().state == JobState.ORDER
