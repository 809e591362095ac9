"""Pages of articles in a real browser: accessible in both themes, wide and narrow; the list follows the typing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from inventory.articles import set_supplier
from inventory.models import Article, StockMovementKind
from inventory.reservations import ReservationClaim, reserve
from inventory.scales import create_scale
from inventory.stock import add_movement
from tests.axe import assert_axe_clean, assert_fits
from tests.factories import make_article, make_category, make_contact, make_tenant, make_user


@pytest.fixture
def article(transactional_db: None, enter: Callable[[User], None]) -> Article:
    """An article of Aurora with everything that its page can show; the browser is logged in."""
    aurora = make_tenant("aurora", "Aurora Veranstaltungstechnik")
    scale = create_scale(
        tenant=aurora, name="Licht", steps=[(1, Decimal(1)), (3, Decimal("1.75"))], extra_day_factor=Decimal("0.5")
    )
    category = make_category(aurora, "Spots", parent=make_category(aurora))
    article = make_article(aurora, "Bühnenscheinwerfer mit Zoom", owned=2, factor_scale=scale, category=category)
    now = timezone.now()
    claim = ReservationClaim(article.pk, 2, Period(now, now + timedelta(days=2)), "J-1001 Sommerfest")
    reserve(tenant=aurora, claims=[claim])
    add_movement(article=article, kind=StockMovementKind.OUT_OF_SERVICE, quantity=1, start=now, note="Lampe defekt")
    supplier = make_contact(aurora, "Bassline Rental", is_supplier=True)
    terms = {"supplier_number": "L-7", "price": Decimal("8.50"), "currency": "EUR", "price_date": now.date()}
    set_supplier(article=article, supplier=supplier, **terms)
    enter(make_user(aurora, Role.ADMIN))
    return article


def every_page(tenant: Tenant, article: Article) -> list[str]:
    own = ("article", "article_edit", "movement_create")
    rooms = ("articles", "article_create", "categories", "category_create", "scales", "scale_create")
    return [
        *(tenant.url(f"inventory:{name}", article.pk) for name in own),
        *(tenant.url(f"inventory:{name}") for name in rooms),
        tenant.url("inventory:scale_edit", tenant.factor_scales.get().pk),
        tenant.url("inventory:category_edit", tenant.categories.get(name="Spots").pk),
    ]


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_are_accessible_and_fit(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str], theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for path in every_page(article.tenant, article):
        page.goto(live_server.url + path, wait_until="networkidle")
        assert_axe_clean(page)
        assert_fits(page)


def test_the_list_follows_the_typing(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str]
) -> None:
    make_article(article.tenant, "Kabel")
    page.goto(live_server.url + article.tenant.url("inventory:articles"))
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_label("Suche").press_sequentially("buehne")
    expect(rows).to_have_count(1)
    page.wait_for_url("**q=buehne**")
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_label("Kategorie").select_option(label="Licht")
    expect(rows).to_have_count(1)
    page.get_by_label("Archiviert").check()
    expect(page.locator("#list")).to_contain_text("Nichts gefunden")


def test_a_movement_is_removed_after_a_question(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str]
) -> None:
    page.goto(live_server.url + article.get_absolute_url())
    remove = page.get_by_role("button", name="entfernen")
    page.once("dialog", lambda dialog: dialog.dismiss())
    remove.click()
    assert article.stock_movements.exists()
    page.once("dialog", lambda dialog: dialog.accept())
    remove.click()
    expect(remove).to_have_count(0)
    assert not article.stock_movements.exists()
