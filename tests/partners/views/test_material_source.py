"""Materialquelle "Partner": search, pick, connect or create, quantity, as sales does it (mission J1, J4, J5)."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from eventworx.web.templatetags.ewx import local, unit_price
from inventory.models import Article, ArticleKind
from inventory.reservations import ReservationClaim, reserve
from jobs.models import Job, Position
from jobs.states import JobState
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.releases import release
from partners.search import asking, fetch_listing
from partners.shown_stock import StockMode
from tests.factories import make_article, make_category, make_connection, make_contact, make_job
from tests.fakes import InProcess

PERIOD = {"start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}


@pytest.fixture
def ours(pair: tuple[PartnerConnection, PartnerConnection]) -> PartnerConnection:
    """Aurora's side; at Bassline everything is released."""
    release(connection=pair[1], actor=Actor(label="Boss"), everything=True)
    return pair[0]


@pytest.fixture
def theirs(bassline: Tenant) -> Article:
    return make_article(
        bassline,
        "MAC Aura XB",
        owned=10,
        number="4711",
        manufacturer="Martin",
        gtin="4006381333931",
        rental_price=Decimal("25.00"),
        category=make_category(bassline, "Licht"),
    )


@pytest.fixture(params=[JobState.QUOTE, JobState.ORDER])
def job(request: pytest.FixtureRequest, aurora: Tenant) -> Job:
    """Quote and order alike."""
    return make_job(aurora, state=request.param)


@pytest.fixture
def sales(log_in: Callable[..., Client], aurora: Tenant) -> Client:
    return log_in(aurora, Role.SALES)


def text_of(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def url(job: Job, name: str, *args: Any) -> str:
    return job.tenant.url(f"partners:{name}", job.pk, *args)


def search(client: Client, job: Job, connection: PartnerConnection, **query: Any) -> str:
    response = client.get(url(job, "search"), {"supplier": connection.pk, **PERIOD, **query}, HTTP_HX_REQUEST="true")
    assert response.status_code == 200
    return text_of(response)


def step(
    client: Client, job: Job, name: str, connection: PartnerConnection, theirs: Article, **data: Any
) -> HttpResponse:
    return client.post(url(job, name, connection.pk, str(theirs.pk)), data, HTTP_HX_REQUEST="true")


# --- searching -------------------------------------------------------------------------------------
def test_the_only_supplier_and_the_jobs_period_are_proposed(sales: Client, job: Job, ours: PartnerConnection) -> None:
    page = sales.get(url(job, "material_source")).content.decode()
    assert f'<option value="{ours.pk}" selected>Bassline Rental</option>' in page
    assert 'value="2027-07-01T08:00"' in page
    assert 'value="2027-07-04T20:00"' in page


def test_of_two_suppliers_both_are_proposed(sales: Client, job: Job, ours: PartnerConnection, cymbal: Tenant) -> None:
    assert "Alle Partner" not in sales.get(url(job, "material_source")).content.decode()
    make_connection(job.tenant, peer=cymbal)
    page = sales.get(url(job, "material_source")).content.decode()
    assert '<option value="" selected>Alle Partner</option>' in page
    assert "Cymbal Events" in page
    assert f'value="{ours.pk}" selected' not in page


@pytest.mark.parametrize("change", ["closed_at", "paused_at", "nothing offered", "no supplier"])
def test_who_cannot_be_asked_is_not_offered(sales: Client, job: Job, ours: PartnerConnection, change: str) -> None:
    if change == "nothing offered":
        ours.peer_level = 0
    elif change == "no supplier":
        ours.contact.is_supplier = False
        ours.contact.save()
    else:
        setattr(ours, change, timezone.now())
    ours.save()
    page = sales.get(url(job, "material_source")).content.decode()
    assert "Noch bietet dir kein Partner Material an" in page
    assert "Zurzeit bietet dir kein Partner Material an." in text_of(
        sales.get(url(job, "search"), {"supplier": "", **PERIOD})
    )


def test_hits_show_number_manufacturer_prices_and_what_is_free(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    found = search(sales, job, ours, q="aura martin")
    for shown in ("MAC Aura XB", "4711", "Martin", "25,00", "10 von 10", "1 Treffer bei Bassline Rental, Stand"):
        assert shown in found
    assert "Bassline Rental bietet nichts Passendes an." in search(sales, job, ours, q="traverse")
    assert "Verkauf" not in found


def test_what_is_for_sale_says_so_before_it_is_ordered(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    theirs.kind = ArticleKind.SALE
    theirs.save()
    assert "MAC Aura XB Verkauf" in search(sales, job, ours, q="aura")
    step(sales, job, "pick", ours, theirs)
    own = make_article(job.tenant, "MAC Aura")
    chosen = text_of(step(sales, job, "link", ours, theirs, article=own.pk))
    assert ("Verkauf" in chosen, "Dein Preis 25,00" in chosen, "pro Tag" in chosen) == (True, True, False)


def test_below_level_2_no_quantities_are_shown(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    bassline.partner_connections.update(level=AccessLevel.ARTICLES)
    assert "keine Bestandsangabe" in search(sales, job, ours, q="aura")
    bassline.partner_connections.update(level=AccessLevel.NONE)
    assert "Bassline Rental bietet euch das zurzeit nicht an." in search(sales, job, ours, q="aura")


def test_a_paused_partner_is_named_with_who_can_change_it(
    sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant
) -> None:
    bassline.partner_connections.update(paused_at=timezone.now())
    assert "Bassline Rental hat die Verbindung pausiert." in search(sales, job, ours, q="aura")


def test_a_page_from_before_the_change_still_gets_the_sentence(
    sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant
) -> None:
    """The partner's notice may be here before the next key is pressed."""
    bassline.partner_connections.update(paused_at=timezone.now())
    PartnerConnection.objects.filter(pk=ours.pk).update(peer_paused_at=timezone.now())
    assert "Bassline Rental hat die Verbindung pausiert." in search(sales, job, ours, q="aura")
    bassline.partner_connections.update(paused_at=None, level=AccessLevel.NONE)
    PartnerConnection.objects.filter(pk=ours.pk).update(peer_paused_at=None, peer_level=0)
    assert "Bassline Rental bietet euch das zurzeit nicht an." in search(sales, job, ours, q="aura")


def test_our_own_pause_asks_nobody(sales: Client, job: Job, ours: PartnerConnection, network: InProcess) -> None:
    PartnerConnection.objects.filter(pk=ours.pk).update(paused_at=timezone.now())
    sent = len(network.sent)
    assert "Die Verbindung mit Bassline Rental ist hier pausiert." in search(sales, job, ours, q="aura")
    assert len(network.sent) == sent


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"start": "2027-07-04T20:00", "end": "2027-07-01T08:00"}, "Der Zeitraum muss enden, nachdem er begonnen hat."),
        ({"start": "2027-07-01T08:00", "end": "2029-07-04T08:00"}, "höchstens zwei Jahre lang"),
        ({"start": "0001-01-01T00:00"}, "Dieser Wert muss größer oder gleich"),
        ({"end": "9999-12-31T23:59"}, "Dieser Wert muss kleiner oder gleich"),
    ],
)
def test_a_search_needs_a_period_that_can_be(
    sales: Client, job: Job, ours: PartnerConnection, network: InProcess, typed: dict[str, str], sentence: str
) -> None:
    assert sentence in search(sales, job, ours, **typed)
    assert network.sent == []


def test_another_currency_is_shown_and_cannot_be_ordered(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    bassline.currency = "CHF"
    bassline.save()
    found = search(sales, job, ours, q="aura")
    assert "CHF" in found
    assert "du rechnest in EUR" in found
    assert "Auswählen" not in found
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=make_article(job.tenant).pk)
    answer = text_of(step(sales, job, "add_position", ours, theirs, quantity=1))
    assert "CHF" in answer
    assert not Position.objects.exists()


def test_further_hits_follow(sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant) -> None:
    for number in range(51):
        make_article(bassline, f"PAR {number:02}")
    page = sales.get(url(job, "search"), {"supplier": ours.pk, "q": "par", **PERIOD}).content.decode()
    values = re.search(r"hx-vals='([^']+)'", page)
    assert values
    cursor = json.loads(values[1])["cursor"]
    assert "PAR 50" not in page
    assert "Die ersten 50 Treffer bei Bassline Rental" in page
    further = search(sales, job, ours, q="par", cursor=cursor)
    assert "PAR 50" in further
    assert "1 weiterer Treffer bei Bassline Rental" in further


def test_what_cannot_be_read_hides_nothing_else(
    sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant
) -> None:
    """Left out, counted for the user and for our admin; the next page is where it was (docs/protocol.md §9)."""
    for number in range(52):
        make_article(bassline, f"PAR {number:02}")
    bassline.articles.filter(name="PAR 07").update(name="", sort_key="par 07")
    first = sales.get(url(job, "search"), {"supplier": ours.pk, "q": "", **PERIOD})
    assert "Die ersten 49 Treffer bei Bassline Rental" in text_of(first)
    assert "1 Artikel dieses Partners war nicht lesbar." in text_of(first)
    further = search(sales, job, ours, q="", cursor=first.context["answer"].next)
    assert ("PAR 50" in further, "PAR 51" in further, "nicht lesbar" in further) == (True, True, False)
    counted = ours.refusals.get()
    assert (counted.reason, counted.count) == ("unreadable-listing", 1)
    broken = bassline.articles.get(name="")
    assert step(sales, job, "pick", ours, broken).status_code == 502
    bassline.articles.update(name="")
    assert "antwortet nicht deren Eventworx" in search(sales, job, ours, q="")


# --- picking ---------------------------------------------------------------------------------------
def test_candidates_come_with_their_reasons_and_a_person_decides(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    make_article(job.tenant, "LED-Wash", gtin="4006381333931")
    answer = text_of(step(sales, job, "pick", ours, theirs))
    assert "Welcher deiner Artikel ist „MAC Aura XB“?" in answer
    assert "LED-Wash" in answer
    assert "gleiche GTIN" in answer
    assert not job.tenant.article_links.exists()
    assert job.tenant.partner_listings.get().document["number"] == "4711"


def test_connecting_asks_once_and_never_again(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    own = make_article(job.tenant, "LED-Wash", gtin="4006381333931")
    step(sales, job, "pick", ours, theirs)
    assert "Als Bestellposition übernehmen" in text_of(step(sales, job, "link", ours, theirs, article=own.pk))
    again = text_of(step(sales, job, "pick", ours, theirs))
    assert "Als Bestellposition übernehmen" in again
    assert "gleiche GTIN" not in again


def test_own_articles_can_be_searched_by_hand(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, cymbal: Tenant
) -> None:
    make_article(job.tenant, "Etwas ganz anderes")
    make_article(cymbal, "Etwas von Cymbal")
    path = url(job, "candidates", ours.pk, str(theirs.pk))
    found = text_of(sales.get(path, {"q": "etwas"}))
    assert "Etwas ganz anderes" in found
    assert ("Cymbal" in found, "Suche verfeinern" in found) == (False, False)


def proved(client: Client, job: Job, connection: PartnerConnection, theirs: Article, quantity: str = "1") -> str:
    return text_of(client.get(url(job, "proof", connection.pk, str(theirs.pk)), {"quantity": quantity}))


def test_what_is_free_comes_with_its_proof(sales: Client, job: Job, ours: PartnerConnection, theirs: Article) -> None:
    """When it is scarcest while the job lasts, what is counted, and when the partner said so (mission §6)."""
    asked, counted = job.planning_period, "Vorbereitung und Nachbereitung des Partners eingerechnet, Stand "
    page = proved(sales, job, ours, theirs)
    assert "10 von 10 im ganzen Planungszeitraum gleich viele " + counted in page
    scarce = Period(asked.start + timedelta(hours=10), asked.start + timedelta(hours=12))
    reserve(tenant=theirs.tenant, claims=[ReservationClaim(theirs.pk, 3, scarce)])
    page = proved(sales, job, ours, theirs)
    assert f"7 von 10 am knappsten Do 01.07.2027 18:00 – 20:00 {counted}" in page
    theirs.kind = ArticleKind.SALE
    theirs.save()
    reserve(tenant=theirs.tenant, claims=[ReservationClaim(theirs.pk, 4, Period(asked.end, asked.end + timedelta(1)))])
    assert f"6 von 10 am knappsten ab {local(asked.end, job.tenant)} {counted}" in proved(sales, job, ours, theirs)


def test_yes_or_no_is_about_the_quantity_that_is_typed(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    bassline.partner_connections.update(stock_mode=StockMode.YES_NO)
    for quantity, told in (
        ("10", " verfügbar (gefragt nach 10 Stück)"),
        ("11", "nicht verfügbar (gefragt nach 11 Stück)"),
        ("x", " verfügbar (gefragt nach 1 Stück)"),
    ):
        page = proved(sales, job, ours, theirs, quantity)
        assert told in f" {page}"
        assert "knappsten" not in page


@pytest.mark.parametrize("change", [{"level": AccessLevel.ARTICLES}, {"peer_capabilities": ["keys"]}])
def test_only_who_tells_stock_and_answers_for_it_is_asked_for_proof(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant, change: dict[str, Any]
) -> None:
    own = make_article(job.tenant, "LED-Wash")
    step(sales, job, "pick", ours, theirs)
    asking = f'hx-get="{url(job, "proof", ours.pk, str(theirs.pk))}"'
    assert asking in step(sales, job, "link", ours, theirs, article=own.pk).content.decode()
    (bassline if "level" in change else job.tenant).partner_connections.update(**change)
    assert asking not in step(sales, job, "pick", ours, theirs).content.decode()


def test_a_search_by_hand_says_that_there_are_more(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    path = url(job, "candidates", ours.pk, str(theirs.pk))
    for number in range(8):
        make_article(job.tenant, f"Kabel {number}")
    assert "verfeinern" not in text_of(sales.get(path, {"q": "kabel"}))
    make_article(job.tenant, "Kabel 9")
    cut = sales.get(path, {"q": "kabel"})
    assert (len(cut.context["candidates"]), "Die ersten 8 Treffer" in text_of(cut)) == (8, True)


def test_a_new_article_is_filled_with_what_the_partner_sent(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    category = make_category(job.tenant, "Licht")
    step(sales, job, "pick", ours, theirs)
    path = url(job, "new_article", ours.pk, str(theirs.pk))
    form = sales.get(path).context["form"]
    given = {name: form[name].value() for name in form.fields}
    assert given == {
        "name": "MAC Aura XB",
        "number": None,
        "category": category.pk,
        "rental_price": Decimal("25.00"),
        "manufacturer": "Martin",
        "manufacturer_part_number": "",
        "gtin": "4006381333931",
        "unit": "Stück",
    }
    data = {name: value for name, value in given.items() if value is not None} | {"rental_price": "32,50"}
    assert "Als Bestellposition übernehmen" in text_of(sales.post(path, data))
    created = job.tenant.articles.get(name="MAC Aura XB")
    assert (created.owned, created.rental_price, created.category) == (0, Decimal("32.50"), category)
    assert job.tenant.article_links.get().article == created


def test_gaps_of_a_new_article_are_named_at_their_fields(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    step(sales, job, "pick", ours, theirs)
    before = job.tenant.articles.count()
    response = sales.post(url(job, "new_article", ours.pk, str(theirs.pk)), {"name": "", "unit": "Stück"})
    assert set(response.context["form"].errors) == {"name", "rental_price"}
    assert job.tenant.articles.count() == before


def test_the_position_keeps_the_partners_terms_and_the_supplier_stands_in_the_master_data(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    contact = bassline.partner_connections.get().contact
    contact.discount_percent = Decimal(10)
    contact.save()
    own = make_article(job.tenant, "LED-Wash", rental_price=Decimal("40.00"))
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=own.pk)
    theirs.rental_price = Decimal("99.00")
    theirs.save()
    response = step(sales, job, "add_position", ours, theirs, quantity=3, seen="22.50 22.50 EUR")
    assert response.headers["HX-Trigger"] == "positions-changed"
    position = job.positions.get()
    assert (position.quantity, position.sub_rented_quantity, position.supplier) == (3, 3, ours.contact)
    assert (position.unit_cost, position.cost_discount_percent) == (Decimal("25.00"), Decimal("10.00"))
    assert position.unit_price == Decimal("40.00")
    assert position.supplier_article_id == str(theirs.pk)
    known = own.suppliers.get()
    assert (known.supplier, known.supplier_number, known.price) == (ours.contact, "4711", Decimal("22.50"))
    assert not job.tenant.reservations.exists()


def once_more(form: str) -> dict[str, str]:
    return dict(re.findall(r'name="(seen|quantity)" value="([^"]*)"', form))


def test_a_price_that_a_colleague_brought_in_between_waits_for_one_more_click(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    """What somebody saw is what he takes; the form comes again with the new price and his quantity."""
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=make_article(job.tenant, "LED-Wash").pk)
    theirs.rental_price = Decimal("30.00")
    theirs.save()
    times = {"period": job.planning_period, "usage": job.usage_period}
    fetch_listing(connection=ours, article_id=str(theirs.pk), **times)
    form = step(sales, job, "add_position", ours, theirs, quantity=3, seen="25.00 25.00 EUR").content.decode()
    assert "30,00\xa0€ pro Tag (30,00\xa0€ für den Zeitraum) statt 25,00\xa0€ pro Tag" in form
    assert not job.positions.exists()
    assert once_more(form)["quantity"] == "3"
    step(sales, job, "add_position", ours, theirs, **once_more(form))
    assert job.positions.get().unit_cost == Decimal("30.00")


def test_the_price_that_is_shown_is_the_one_that_is_taken(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    """Also where a partner names a net that his list price does not come to."""
    own = make_article(job.tenant, "LED-Wash").pk
    step(sales, job, "pick", ours, theirs)
    kept = job.tenant.partner_listings.get()
    kept.document["price"] |= {"list": "900", "net": "9", "net_for_period": "1"}
    kept.save()
    form = step(sales, job, "link", ours, theirs, article=own).content.decode()
    assert form.count("9,00\xa0€") == 2
    step(sales, job, "add_position", ours, theirs, **once_more(form))
    position = job.positions.get()
    assert (position.unit_cost, position.cost_discount_percent) == (9, 0)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ({"list": "0.333333"}, "0,333333\xa0€"),
        ({"list": "0.004", "discount_percent": "10"}, "0,004\xa0€"),
        ({"list": "19.99", "discount_percent": "10"}, "17,99\xa0€"),
        ({"list": "9.5"}, "9,50\xa0€"),
    ],
)
def test_a_price_of_fractions_of_a_cent_is_shown_in_full_and_taken(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, price: dict[str, str], said: str
) -> None:
    """A thousand of them cost what was shown: no digit of the partner's price is lost before the line is summed, and
    master data remember the very price."""
    own = make_article(job.tenant, "LED-Wash").pk
    step(sales, job, "pick", ours, theirs)
    kept = job.tenant.partner_listings.get()
    kept.document["price"] = {"currency": "EUR", **price}
    kept.save()
    form = step(sales, job, "link", ours, theirs, article=own).content.decode()
    assert f"<dd>{said}</dd>" in form
    step(sales, job, "add_position", ours, theirs, **once_more(form))
    position = job.positions.get()
    assert position.unit_cost == Decimal(price["list"])
    page = sales.get(job.tenant.url("jobs:position_edit", job.pk, position.pk)).content.decode()
    assert unit_price(position.unit_cost, "EUR") in page
    master_data = ("inventory:article", own), ("jobs:articles_of_supplier", ours.contact_id)
    assert all(f">{said}<" in sales.get(job.tenant.url(*named)).content.decode() for named in master_data)


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        ({"list": "9", "factors": [{"days": 1, "factor": "9999"}]}, "der genannte Preis ist höher als alles"),
        ({}, "kein Preis genannt: bitte anfragen"),
    ],
)
def test_a_price_that_cannot_be_taken_is_not_called_a_price_that_nobody_named(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, price: dict[str, Any], sentence: str
) -> None:
    step(sales, job, "pick", ours, theirs)
    kept = job.tenant.partner_listings.get()
    kept.document["price"] = {"currency": "EUR", **price}
    kept.save()
    form = step(sales, job, "link", ours, theirs, article=make_article(job.tenant, "LED-Wash").pk)
    assert sentence in form.content.decode()


def test_positions_need_a_pick_first(sales: Client, job: Job, ours: PartnerConnection, theirs: Article) -> None:
    response = step(sales, job, "add_position", ours, theirs, quantity=1)
    assert response.status_code == 409
    assert not job.positions.exists()


# --- who may ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.READ_ONLY])
def test_only_who_edits_jobs_searches_and_adds(
    log_in: Callable[..., Client], job: Job, ours: PartnerConnection, theirs: Article, network: InProcess, role: Role
) -> None:
    client = log_in(job.tenant, role)
    assert client.get(url(job, "search"), {"supplier": ours.pk, **PERIOD}).status_code == 403
    assert step(client, job, "pick", ours, theirs).status_code == 403
    assert step(client, job, "add_position", ours, theirs, quantity=1).status_code == 403
    assert network.sent == []


def test_foreign_jobs_and_connections_do_not_exist(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant, cymbal: Tenant
) -> None:
    stranger = make_connection(cymbal, peer=bassline)[0]
    assert step(sales, job, "pick", stranger, theirs).status_code == 404
    foreign = make_job(cymbal)
    assert sales.get(job.tenant.url("partners:material_source", foreign.pk)).status_code == 404
    make_contact(cymbal)
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=make_article(cymbal).pk)
    assert not job.tenant.article_links.exists()


# --- the ledger ------------------------------------------------------------------------------------
def test_the_ledger_lists_links_and_releases_them(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    own = make_article(job.tenant, "LED-Wash")
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=own.pk)
    page = text_of(sales.get(job.tenant.url("partners:links")))
    for shown in ("LED-Wash", "Bassline Rental", "MAC Aura XB", "4711", "Verknüpfung lösen"):
        assert shown in page
    link = job.tenant.article_links.get()
    sales.post(job.tenant.url("partners:unlink", link.pk))
    assert not job.tenant.article_links.exists()
    assert "Welcher deiner Artikel" in text_of(step(sales, job, "pick", ours, theirs))


# --- who asks too often ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Das waren sehr viele Suchen bei einzelnen Partnern. Bitte 60 Sekunden warten."),
        ("en", "Those were very many searches at single partners. Please wait 60 seconds."),
    ],
)
@time_machine.travel(timezone.now(), tick=False)
def test_who_searches_a_partner_too_often_reads_why_and_the_partner_is_not_asked(
    sales: Client,
    log_in: Callable[..., Client],
    aurora: Tenant,
    ours: PartnerConnection,
    network: InProcess,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    sentence: str,
) -> None:
    """At whichever partner and for whichever job; a colleague still may."""
    monkeypatch.setattr(asking, "PER_MINUTE", 2)
    User.objects.filter(pk=get_user(sales).pk).update(language=language)
    for word in ("par", "wash"):
        assert sentence not in search(sales, make_job(aurora), ours, q=word)
    asked = len(network.sent)
    assert sentence in search(sales, make_job(aurora), ours, q="par")
    assert sales.get(url(make_job(aurora), "proof", ours.pk, "1")).status_code == 429
    assert len(network.sent) == asked
    assert sentence not in search(log_in(aurora, Role.SALES), make_job(aurora), ours, q="par")
    assert len(network.sent) == asked + 1


# --- what it costs ---------------------------------------------------------------------------------
@pytest.mark.parametrize("hits", [1, 3, 50])
def test_a_search_costs_the_same_for_any_number_of_hits(
    sales: Client, aurora: Tenant, ours: PartnerConnection, bassline: Tenant, hits: int, django_assert_num_queries: Any
) -> None:
    job = make_job(aurora)
    for number in range(hits):
        make_article(bassline, f"PAR {number}")
    search(sales, job, ours, q="warm")
    # Here: session, user, membership, job, the supplier chosen, how often, keys of both sides. There: the six of the
    # catalogue.
    with django_assert_num_queries(8 + 6):
        assert f"{hits} Treffer" in search(sales, job, ours, q="par")


@pytest.mark.parametrize("links", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_links(
    sales: Client, aurora: Tenant, ours: PartnerConnection, links: int, django_assert_num_queries: Any
) -> None:
    for number in range(links):
        own = make_article(aurora, f"PAR {number}")
        aurora.article_links.create(contact=ours.contact, partner_article_id=str(number), article=own)
    # Session, user, membership; count and page of links; unread messages and companies of the shell.
    with django_assert_num_queries(7):
        assert sales.get(aurora.url("partners:links")).status_code == 200
