"""Whoever clicks or presses Enter again before the answer is there writes once, whatever kind the form is."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import User
from eventworx.tenants.roles import Role
from inventory.models import Article, StockMovementKind
from tests.factories import make_article, make_user
from tests.fakes import Mixed
from tests.partners.many import Many, many

AGAIN = "button => { button.click(); setTimeout(() => button.click(), 20); setTimeout(() => button.click(), 40); }"


@pytest.fixture
def trade(transactional_db: None, page: Page, enter: Callable[[User], None]) -> Iterator[Many]:
    """Aurora hires from Bassline; an admin of hers is logged in."""
    with many(Mixed()) as found:
        found.add("bassline", "PAR 40")
        enter(make_user(found.tenant, Role.ADMIN))
        yield found
        page.goto("about:blank")


@pytest.fixture
def strobe(trade: Many) -> Article:
    return make_article(trade.tenant, "Stroboskop", owned=6)


def press_again_and_again(page: Page, button: Locator) -> None:
    """By clicks and by Enter in the field before it, while the answer takes its time."""
    held = list[Route]()
    page.route("**", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    button.evaluate(AGAIN)
    page.keyboard.press("Enter")
    page.wait_for_timeout(120)
    assert len(held) == 1
    held[0].continue_()
    page.unroute("**")


def hold_enter(page: Page) -> None:
    for _repeat in range(4):
        page.keyboard.down("Enter")
        page.wait_for_timeout(60)
    page.keyboard.up("Enter")


def positions(page: Page, trade: Many) -> list[str]:
    page.wait_for_load_state("networkidle")
    return [f"{row.quantity} × {row.description}" for row in trade.job.positions.in_order()]


def test_a_plain_form_is_sent_once(
    page: Page, live_server: LiveServer, trade: Many, strobe: Article, complaints: list[str]
) -> None:
    """An addition that counts twice would be promised. Whoever comes back may send again."""
    create = live_server.url + trade.tenant.url("inventory:movement_create", strobe.pk)
    page.goto(create)
    page.locator("[name=kind]").select_option(StockMovementKind.ADDITION)
    page.locator("[name=start]").fill("2027-07-01T08:00")
    page.locator("[name=quantity]").fill("10")
    press_again_and_again(page, page.locator("main form").get_by_role("button", name="Speichern"))
    page.wait_for_url("**" + strobe.get_absolute_url())
    additions = strobe.stock_movements.filter(kind=StockMovementKind.ADDITION)
    assert additions.count() == 1
    page.go_back()
    page.wait_for_url(create)
    page.locator("main form").get_by_role("button", name="Speichern").dblclick()
    page.wait_for_url("**" + strobe.get_absolute_url())
    assert additions.count() == 2


def test_forms_of_htmx_are_sent_once(
    page: Page, live_server: LiveServer, trade: Many, strobe: Article, complaints: list[str]
) -> None:
    """One that stays, one that is filled anew, and a partner's material step by step: a new article, first refused."""
    page.goto(live_server.url + trade.job.get_absolute_url(), wait_until="networkidle")
    page.get_by_label("Eigene Artikel suchen").fill("strobo")
    page.get_by_label("Menge von Stroboskop").fill("2")
    press_again_and_again(page, page.get_by_role("button", name="Stroboskop hinzufügen"))
    expect(page.locator("#added")).to_contain_text("2 × Stroboskop hinzugefügt")
    page.wait_for_load_state("networkidle")
    page.get_by_label("Menge von Stroboskop").fill("1")
    hold_enter(page)
    expect(page.locator("#added")).to_contain_text("1 × Stroboskop hinzugefügt")
    assert positions(page, trade) == ["2 × Stroboskop", "1 × Stroboskop"]
    page.locator("#source-text").check()
    page.get_by_label("Beschreibung").fill("Transport")
    page.locator("#material").get_by_role("button", name="Hinzufügen").dblclick()
    expect(page.locator("#material")).to_contain_text("Transport hinzugefügt")
    page.locator("#source-partner").check()
    page.get_by_role("button", name="PAR 40 auswählen").dblclick()
    page.get_by_role("button", name="Neuen Artikel anlegen").click()
    price = page.locator("#partner-pick [name=rental_price]")
    price.fill("teuer")
    press_again_and_again(page, page.get_by_role("button", name="Artikel anlegen"))
    expect(price).to_have_attribute("aria-invalid", "true")
    expect(price).to_be_focused()
    price.fill("12,50")
    press_again_and_again(page, page.get_by_role("button", name="Artikel anlegen"))
    expect(page.locator("#partner-pick h2")).to_have_text("PAR 40")
    assert trade.tenant.articles.filter(name="PAR 40").count() == 1
    page.locator("#partner-pick [name=quantity]").fill("3")
    press_again_and_again(page, page.get_by_role("button", name="Als Bestellposition übernehmen"))
    expect(page.locator("#partner-pick [autofocus]")).to_contain_text("3 × PAR 40")
    assert positions(page, trade)[2:] == ["1 × Transport", "3 × PAR 40"]
