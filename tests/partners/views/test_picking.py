"""An article of a partner becomes one of ours, and a position of the job (mission J4, J5)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.web.templatetags.ewx import local, unit_price
from inventory.models import Article, ArticleKind
from inventory.reservations import ReservationClaim, reserve
from jobs.models import Job
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.search import fetch_listing
from partners.shown_stock import StockMode
from tests.factories import make_article, make_category
from tests.partners.views.dialog import once_more, step, text_of, url


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
    with translation.override("en"):
        assert all(str(field.label)[0].isupper() for field in form)
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
