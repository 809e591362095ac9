"""Pages of articles: what they show, who may do what."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from eventworx.web.templatetags.ewx import unbroken
from inventory.articles import set_supplier
from inventory.models import Article, StockMovementKind
from inventory.reservations import ReservationClaim, reserve
from inventory.scales import create_scale
from inventory.stock import add_movement
from tests.factories import make_article, make_category, make_contact
from tests.inventory.pages import NOW, ONE, LogIn, shown

pytestmark = pytest.mark.usefixtures("noon")


def hours(start: int, end: int) -> Period:
    return Period(NOW + timedelta(hours=start), NOW + timedelta(hours=end))


def take(article: Article, quantity: int, period: Period, label: str = "") -> None:
    reserve(tenant=article.tenant, claims=[ReservationClaim(article.pk, quantity, period, label)])


def full_article(tenant: Tenant, rows: int = 1) -> Article:
    scale = create_scale(tenant=tenant, name="Licht", steps=[(1, ONE), (3, ONE * 2)], extra_day_factor=ONE)
    article = make_article(tenant, "PAR 64", owned=10, factor_scale=scale, category=make_category(tenant))
    repair = StockMovementKind.OUT_OF_SERVICE
    for number in range(rows):
        take(article, 2, hours(24 * number + 24, 24 * number + 26), f"J-{number} Sommerfest")
        add_movement(article=article, kind=repair, quantity=1, start=NOW, end=NOW + timedelta(days=1))
        supplier = make_contact(tenant, f"Lieferant {number}", is_supplier=True)
        terms = {
            "supplier_number": f"B-{number}",
            "price": Decimal("8.50"),
            "currency": "EUR",
            "price_date": NOW.date(),
        }
        set_supplier(article=article, supplier=supplier, **terms)
    return article


# --- lists --------------------------------------------------------------------------------------------
def test_the_list_shows_what_is_free_today(aurora: Tenant, log_in: LogIn) -> None:
    article = make_article(aurora, "PAR 64", owned=1200, out_of_service=1)
    take(article, 200, hours(2, 4))
    take(article, 900, hours(24, 26))
    page = shown(log_in(aurora, Role.READ_ONLY), aurora.url("inventory:articles"))
    assert 'data-label="Bestand">1.200<' in page
    assert 'data-label="Außer Betrieb">1<' in page
    assert 'data-label="Heute frei">999<' in page
    assert "10,00 €" in page


def test_a_list_that_ends_before_its_hits_says_so(
    aurora: Tenant, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.search.finding.LISTED", 2)
    client, urls = log_in(aurora, Role.READ_ONLY), [aurora.url("inventory:articles"), aurora.url("inventory:timeline")]
    said = "Die ersten 2 Treffer – Suche verfeinern"
    for articles, is_cut in ((2, False), (3, True)):
        while aurora.articles.count() < articles:
            make_article(aurora, "PAR 64")
        assert [said in shown(client, url, query_params={"q": "par"}) for url in urls] == [is_cut, is_cut]
    assert not any("Suche verfeinern" in shown(client, url) for url in urls)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ({"q": "buehne"}, ["Bühne"]),
        ({"category": "light"}, ["Spot"]),
        ({"archived": "on"}, ["Alt"]),
        ({"category": "999999"}, ["Bühne", "Spot"]),
        ({"category": "9" * 30, "q": "\0"}, ["Bühne", "Spot"]),
        ({"page": "7"}, ["Bühne", "Spot"]),
        ({"q": "nirgends"}, []),
    ],
    ids=str,
)
def test_the_list_narrows_while_one_types(
    aurora: Tenant, log_in: LogIn, question: dict[str, str], names: list[str]
) -> None:
    light = make_category(aurora)
    make_article(aurora, "Bühne")
    make_article(aurora, "Spot", category=make_category(aurora, "Spots", parent=light))
    make_article(aurora, "Alt", archived_at=NOW)
    asked = {name: str(light.pk) if text == "light" else text for name, text in question.items()}
    headers = {"HX-Request": "true", "HX-Target": "list"}
    part = shown(log_in(aurora), aurora.url("inventory:articles"), query_params=asked, headers=headers)
    assert "<html" not in part
    assert [name for name in ("Bühne", "Spot", "Alt") if f">{name}</a>" in part] == names
    assert ("Nichts gefunden" in part) == (not names)


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_take_a_fixed_number_of_queries(
    aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any
) -> None:
    client = log_in(aurora)
    for number in range(rows):
        category = make_category(aurora, f"Licht {number}")
        scale = create_scale(tenant=aurora, name=f"Staffel {number}", steps=[(1, ONE)], extra_day_factor=ONE)
        article = make_article(aurora, category=category, factor_scale=scale)
        take(article, 2, hours(0, 2))
    for name, queries in (("articles", 9), ("categories", 6), ("scales", 6)):
        with django_assert_num_queries(queries):
            client.get(aurora.url(f"inventory:{name}"))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_article_takes_a_fixed_number_of_queries(
    aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any
) -> None:
    client, article = log_in(aurora), full_article(aurora, rows)
    with django_assert_num_queries(11):
        client.get(aurora.url("inventory:article", article.pk))


@pytest.mark.parametrize(
    ("name", "sentence", "action"),
    [
        ("articles", "Noch keine Artikel", "Neuer Artikel"),
        ("categories", "Noch keine Kategorien", "Neue Kategorie"),
        ("scales", "Noch keine Faktorstaffeln", "Neue Faktorstaffel"),
    ],
)
def test_an_empty_list_says_what_to_do(aurora: Tenant, log_in: LogIn, name: str, sentence: str, action: str) -> None:
    page = shown(log_in(aurora), aurora.url(f"inventory:{name}"))
    assert sentence in page
    assert page.count(action) == 2
    read_only = shown(log_in(aurora, Role.READ_ONLY), aurora.url(f"inventory:{name}"))
    assert sentence in read_only
    assert action not in read_only


# --- the article ----------------------------------------------------------------------------------------
def test_the_article_shows_stock_reservations_movements_prices_and_suppliers(aurora: Tenant, log_in: LogIn) -> None:
    article = full_article(aurora)
    take(article, 4, hours(24 * 40, 24 * 41), "J-9 Herbstball")
    page = shown(log_in(aurora), aurora.url("inventory:article", article.pk))
    assert "<dt>Heute frei</dt><dd>9 von 10 </dd>" in page
    assert "<dt>In den nächsten 30 Tagen mindestens frei</dt><dd>8 von 10 </dd>" in page
    assert page.index(unbroken("J-0 Sommerfest")) < page.index(unbroken("J-9 Herbstball"))
    assert "Fr 02.07.2027 12:00 – 14:00" in page
    assert 'data-label="Menge">−1<' in page
    assert "8,50 €" in page
    assert 'data-label="Preis">20,00 €<' in page


def test_a_shortage_of_today_is_marked(aurora: Tenant, log_in: LogIn) -> None:
    article = make_article(aurora, owned=3)
    take(article, 3, hours(0, 2))
    aurora.articles.update(owned=1)
    for url in (aurora.url("inventory:articles"), aurora.url("inventory:article", article.pk)):
        assert "ewx-badge-bad" in shown(log_in(aurora), url)


def test_read_only_members_see_everything_without_buttons(aurora: Tenant, log_in: LogIn) -> None:
    article = full_article(aurora)
    client = log_in(aurora, Role.READ_ONLY)
    urls = [aurora.url(f"inventory:{name}") for name in ("articles", "categories", "scales")]
    for url in [*urls, aurora.url("inventory:article", article.pk)]:
        page = shown(client, url)
        main = page[page.index("<main") : page.index("</main>")]
        assert 'method="post"' not in main
        assert "/new/" not in main
        assert "/edit/" not in main
