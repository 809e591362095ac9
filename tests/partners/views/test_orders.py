"""Orders on the job page, and the supplier's answer on the page of the inquiry (mission O1, O2, O5)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from jobs.models import Inquiry, Job
from jobs.planning import update_job
from partners.client import PartnerRefused
from partners.search import fetch_listing
from partners.transport import Fault
from tests.factories import make_user
from tests.partners.orders.doing import at_level_3
from tests.partners.trade import Trade
from tests.partners.views.dialog import text_of

Work = Callable[..., Any]


@pytest.fixture
def sales(trade: Trade) -> Client:
    client = Client()
    client.force_login(trade.buyer)
    return client


@pytest.fixture
def seller(trade: Trade) -> Client:
    client = Client()
    client.force_login(trade.seller)
    return client


def orders_page(client: Client, job: Job) -> HttpResponse:
    return client.get(job.tenant.url("partners:job_orders", job.pk))


def send(client: Client, trade: Trade, **data: str) -> HttpResponse:
    path = trade.job.tenant.url("partners:send_order", trade.job.pk, trade.ours.pk)
    return client.post(path, data, HTTP_HX_REQUEST="true")


def status(client: Client, trade: Trade, seen: str = "") -> HttpResponse:
    return client.get(trade.job.tenant.url("partners:order_status", trade.job.pk), {"seen": seen})


def test_a_job_without_sub_rentals_shows_nothing(sales: Client, trade: Trade) -> None:
    assert text_of(orders_page(sales, trade.job)).strip() == ""


def test_a_remark_that_is_too_long_sends_nothing_and_says_so(sales: Client, trade: Trade) -> None:
    answer = send(sales, trade, remark="x" * 4001)
    assert answer.status_code == 422
    assert "Bemerkung" in text_of(answer)
    assert not trade.job.tenant.sub_rental_orders.exists()


def test_the_button_counts_what_is_not_ordered(sales: Client, trade: Trade) -> None:
    trade.add_position(2)
    trade.add_position(3)
    page = text_of(orders_page(sales, trade.job))
    assert "2 Positionen von Bassline Rental sind noch nicht bestellt" in page
    assert "Bestellung an Partner senden (2)" in page
    assert "Verbindlich erst nach Bestätigung" in page


def test_sending_shows_queued_then_delivered_then_read_without_reloading(
    sales: Client, seller: Client, trade: Trade, work: Work
) -> None:
    trade.add_position()
    response = send(sales, trade, out="deliver", back="collect", remark="Bitte an Rampe 3")
    assert (response.status_code, response.headers["HX-Trigger"]) == (204, "positions-changed")
    page = orders_page(sales, trade.job).content.decode()
    assert "in Warteschlange" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Bestellung an Partner senden" not in page
    work()
    assert "zugestellt" in text_of(status(sales, trade))
    inquiry = trade.incoming().inquiry
    assert inquiry is not None
    assert inquiry.logistics["out"] == "deliver"
    assert inquiry.remark == "Bitte an Rampe 3"
    seller.get(inquiry.tenant.url("jobs:inquiry", inquiry.pk))
    seller.get(inquiry.tenant.url("partners:inquiry_actions", inquiry.pk))
    work()
    assert "gelesen" in text_of(status(sales, trade))


def test_attempts_are_shown_with_their_problem_and_the_next_one(sales: Client, trade: Trade, work: Work) -> None:
    trade.add_position()
    send(sales, trade)
    trade.network.fault = Fault.TIMEOUT
    work()
    shown = text_of(status(sales, trade))
    assert "1 Versuch: Der Server von Bassline Rental hat nicht rechtzeitig geantwortet." in shown
    assert "nächster Versuch" in shown


def test_the_list_stops_asking_once_everything_is_answered(
    sales: Client, seller: Client, trade: Trade, work: Work
) -> None:
    trade.add_position()
    send(sales, trade)
    work()
    seen = status(sales, trade).context["seen"]
    assert "HX-Trigger" not in status(sales, trade, seen).headers
    inquiry = Inquiry.objects.get()
    response = seller.post(inquiry.tenant.url("partners:confirm", inquiry.pk), HTTP_HX_REQUEST="true")
    assert response.headers["HX-Refresh"] == "true"
    work()
    answered = status(sales, trade, seen)
    assert answered.headers["HX-Trigger"] == "positions-changed"
    assert "every 2s" not in answered.content.decode()
    assert "bestätigt" in text_of(answered)
    assert "beantwortet" in text_of(answered)


def test_withdrawing_on_the_page(sales: Client, trade: Trade, work: Work) -> None:
    trade.add_position()
    send(sales, trade)
    work()
    order = trade.outgoing().sub_rental_order
    assert order is not None
    path = trade.job.tenant.url("partners:withdraw", trade.job.pk, order.pk)
    assert "Zurückziehen" in text_of(orders_page(sales, trade.job))
    assert sales.post(path, HTTP_HX_REQUEST="true").status_code == 204
    shown = text_of(status(sales, trade))
    assert "Rückzug abgeschickt" in shown
    assert "Zurückziehen" not in shown
    assert "schon unterwegs" in text_of(sales.post(path, HTTP_HX_REQUEST="true"))
    work()
    shown = text_of(status(sales, trade))
    assert (shown.count("zurückgezogen"), "beantwortet" in shown) == (2, False)
    assert "Bestellung an Partner senden (1)" in text_of(orders_page(sales, trade.job))


def test_a_moved_job_warns_that_the_partner_has_the_old_period(sales: Client, trade: Trade, work: Work) -> None:
    trade.add_position()
    send(sales, trade)
    work()
    job = trade.job
    later = timedelta(days=1)
    moved = {name: type(period)(period.start + later, period.end + later) for name, period in periods(job).items()}
    update_job(job=job, title=job.title, customer=job.customer, **moved)
    assert "Bassline Rental hat noch den alten Zeitraum" in text_of(orders_page(sales, job))


def periods(job: Job) -> dict[str, Any]:
    return {"planning_period": job.planning_period, "usage_period": job.usage_period}


def test_another_total_is_pointed_out_with_the_lines_that_make_it(sales: Client, trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.article.rental_price += 1
    trade.article.save()
    send(sales, trade)
    work()
    page = text_of(orders_page(sales, trade.job))
    assert "Bassline Rental rechnet mit 52,00 € statt mit 50,00 €: Bitte vergleiche die Preise." in page
    assert "MAC Aura XB: 52,00 € statt 50,00 €." in page


def test_what_one_of_us_has_heard_since_stands_at_the_button_before_it_is_sent(sales: Client, trade: Trade) -> None:
    """A colleague has asked the partner, and it costs more by now, or is gone; what is ordered already says nothing."""
    asked: dict[str, Any] = {"period": trade.job.planning_period, "usage": trade.job.usage_period}
    asked |= {"connection": trade.ours, "article_id": str(trade.article.pk)}
    fetch_listing(**asked)
    trade.add_position()
    warned = "Bassline Rental nennt für „MAC Aura XB“ inzwischen einen anderen Preis"
    assert warned not in text_of(orders_page(sales, trade.job))
    trade.article.rental_price += 1
    trade.article.save()
    fetch_listing(**asked)
    page = text_of(orders_page(sales, trade.job))
    assert warned in page
    assert "26,00 € pro Tag (26,00 € für den Zeitraum) statt 25,00 € pro Tag" in page
    trade.theirs.releases.all().delete()
    with pytest.raises(PartnerRefused):
        fetch_listing(**asked)
    gone = "Bassline Rental bietet „MAC Aura XB“ nicht mehr an."
    assert gone in text_of(orders_page(sales, trade.job))
    send(sales, trade)
    assert gone not in text_of(orders_page(sales, trade.job))


@pytest.mark.parametrize("orders", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_orders(
    sales: Client, trade: Trade, work: Work, orders: int, django_assert_num_queries: Any
) -> None:
    for _order in range(orders):
        trade.add_position()
        send(sales, trade)
        work()
    status(sales, trade)
    # Session, user, membership, job, orders with lines counted, their deliveries, their lines.
    with django_assert_num_queries(7):
        status(sales, trade)


# --- the supplier ----------------------------------------------------------------------------------
@pytest.fixture
def inquiry(trade: Trade, sales: Client, work: Work) -> Inquiry:
    trade.add_position()
    send(sales, trade)
    work()
    return Inquiry.objects.select_related("tenant").get()


def act(client: Client, inquiry: Inquiry, name: str, **data: str) -> HttpResponse:
    return client.post(inquiry.tenant.url(f"partners:{name}", inquiry.pk), data, HTTP_HX_REQUEST="true")


def test_one_click_makes_the_job(seller: Client, inquiry: Inquiry) -> None:
    page = seller.get(inquiry.tenant.url("partners:inquiry_actions", inquiry.pk))
    for label in ("Job anlegen", "Bestätigen", "Ablehnen"):
        assert label in text_of(page)
    response = act(seller, inquiry, "make_job")
    job = inquiry.tenant.jobs.get()
    assert response.headers["HX-Redirect"] == job.get_absolute_url()
    assert [position.quantity for position in job.positions.all()] == [2]


def test_too_little_stock_is_a_sentence_with_the_shortfall(seller: Client, trade: Trade, inquiry: Inquiry) -> None:
    trade.article.owned = 1
    trade.article.save()
    response = act(seller, inquiry, "confirm")
    assert response.status_code == 409
    assert "MAC Aura XB" in text_of(response)
    inquiry.refresh_from_db()
    assert inquiry.state == "requested"


def test_declining_without_a_reason_is_a_sentence_at_the_field(seller: Client, inquiry: Inquiry, work: Work) -> None:
    response = act(seller, inquiry, "decline", reason=" ")
    assert response.context["form"].errors["reason"] == ["Bitte schreibe, warum du ablehnst: Dein Kunde liest es."]
    assert act(seller, inquiry, "decline", reason="Ausgebucht").headers["HX-Refresh"] == "true"
    work()
    assert "Ausgebucht" in MailMessage.objects.order_by("pk").last().text


def test_after_the_end_an_inquiry_is_closed_without_a_word_to_the_customer(
    seller: Client, trade: Trade, inquiry: Inquiry
) -> None:
    stale = seller.get(inquiry.tenant.url("partners:inquiry_actions", inquiry.pk))
    assert "Anfrage schließen" not in text_of(stale)
    trade.theirs.closed_at = timezone.now()
    trade.theirs.save()
    page = text_of(seller.get(inquiry.tenant.url("partners:inquiry_actions", inquiry.pk)))
    for label in ("Die Verbindung mit Aurora Veranstaltungstechnik ist beendet", "Job anlegen", "Anfrage schließen"):
        assert label in page
    assert "Bestätigen" not in page
    assert act(seller, inquiry, "confirm").status_code == 409
    assert act(seller, inquiry, "decline").headers["HX-Refresh"] == "true"
    page = text_of(seller.get(inquiry.tenant.url("jobs:inquiry", inquiry.pk)))
    assert "Hier geschlossen: Aurora Veranstaltungstechnik erfährt davon nichts." in page


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.READ_ONLY])
def test_only_who_edits_jobs_answers_and_orders(
    log_in: Callable[..., Client], trade: Trade, inquiry: Inquiry, role: Role
) -> None:
    there, here = log_in(inquiry.tenant, role), log_in(trade.job.tenant, role)
    page = there.get(inquiry.tenant.url("partners:inquiry_actions", inquiry.pk))
    assert "Bestätigen" not in text_of(page)
    for name in ("make_job", "confirm", "decline"):
        assert act(there, inquiry, name).status_code == 403
    assert send(here, trade).status_code == 403
    assert "Zurückziehen" not in text_of(orders_page(here, trade.job))


# --- the link in the mail --------------------------------------------------------------------------
def test_the_mails_link_leads_to_the_inquiry(seller: Client, trade: Trade, inquiry: Inquiry) -> None:
    path = f"/partner/orders/{trade.incoming().order_id}"
    assert seller.get(path).headers["Location"] == inquiry.tenant.url("jobs:inquiry", inquiry.pk)


def test_the_link_asks_for_a_login_and_tells_strangers_nothing(
    sales: Client, trade: Trade, inquiry: Inquiry, cymbal: Tenant
) -> None:
    path = f"/partner/orders/{trade.incoming().order_id}"
    assert "login" in Client().get(path).headers["Location"]
    stranger = Client()
    stranger.force_login(make_user(cymbal, Role.ADMIN))
    assert stranger.get(path).status_code == 404
    assert sales.get(path).status_code == 404
    assert stranger.get("/partner/orders/01890000-0000-7000-8000-000000000000").status_code == 404


def test_strangers_reach_neither_orders_nor_inquiries(trade: Trade, inquiry: Inquiry, cymbal: Tenant) -> None:
    stranger = Client()
    stranger.force_login(make_user(cymbal, Role.ADMIN))
    order = trade.outgoing().sub_rental_order
    assert order is not None
    for name, arguments in (
        ("job_orders", [trade.job.pk]),
        ("order_status", [trade.job.pk]),
        ("inquiry_actions", [inquiry.pk]),
    ):
        assert stranger.get(cymbal.url(f"partners:{name}", *arguments)).status_code == 404
    for name, arguments in (
        ("withdraw", [trade.job.pk, order.pk]),
        ("send_order", [trade.job.pk, trade.ours.pk]),
        ("confirm", [inquiry.pk]),
        ("decline", [inquiry.pk]),
        ("make_job", [inquiry.pk]),
    ):
        assert stranger.post(cymbal.url(f"partners:{name}", *arguments)).status_code == 404
    assert trade.incoming().state == "requested"


@pytest.mark.parametrize(("level", "told"), [(None, False), (2, False), (3, True)])
def test_who_sends_to_a_server_that_confirms_at_once_is_told(
    sales: Client, trade: Trade, level: int | None, told: bool
) -> None:
    trade.ours.peer_level = level
    trade.ours.save()
    trade.add_position(2)
    page = text_of(orders_page(sales, trade.job))
    assert "Verbindlich erst nach Bestätigung" in page
    assert ("Der Server dieses Partners bestätigt sofort, was frei ist." in page) is told


def test_an_order_confirmed_on_arrival_reads_as_confirmed(sales: Client, trade: Trade, work: Work) -> None:
    """The supplier's machine answered: nobody here or there had to do anything (mission R2)."""
    at_level_3(trade.theirs)
    trade.add_position(2)
    send(sales, trade)
    work()
    page = text_of(orders_page(sales, trade.job))
    assert "bestätigt" in page
    assert "beantwortet" in page
    assert "Zurückziehen" not in page
