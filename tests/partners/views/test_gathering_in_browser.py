"""The search at all partners in a real browser: one quick, one slow, one dead, one at rest (mission J2, E6)."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant, User
from partners.transport import Fault
from tests.axe import assert_axe_clean, assert_fits, torn
from tests.factories import make_article
from tests.fakes import Mixed
from tests.partners.many import Many, many


@pytest.fixture
def trade(
    transactional_db: None,
    settings: Settings,
    page: Page,
    enter: Callable[[User], None],
) -> Iterator[Many]:
    """Bassline answers at once, delta takes a while, echo is dead, foxtrot rests; sales is logged in."""
    settings.EWX_PARTNER_DEADLINE_SECONDS = 4.0
    with many(Mixed()) as found:
        found.add("bassline", *(f"PAR {number}" for number in range(40, 80)))
        found.add("delta", "PAR 64 floor", "PAR 56 floor", *(f"PAR 1{number} kurz" for number in range(20, 50)))
        found.add("echo", "PAR 20")
        found.add("foxtrot", "PAR 36")
        found.is_slow("delta", 2.5)
        found.says("echo", Fault.TIMEOUT)
        found.rests("foxtrot")
        enter(found.asker)
        yield found
        page.goto("about:blank")


@pytest.fixture
def tolerated() -> tuple[str, ...]:
    """htmx calls what a newer question replaced an error."""
    return ("htmx:sendAbort", "htmx:afterRequest")


def open_source(page: Page, live_server: LiveServer, trade: Many) -> None:
    page.emulate_media(reduced_motion="reduce")  # who scrolls is there at once
    page.goto(live_server.url + trade.tenant.url("jobs:detail", trade.job.pk))
    page.locator("#source-partner").check()


def top(place: Locator) -> float:
    """Where it stands in the window."""
    return float(place.evaluate("place => place.getBoundingClientRect().top"))


@pytest.mark.parametrize(("theme", "language", "width"), [("dark", "en", 1280), ("light", "de", 390)])
def test_mixed_partners_are_accessible_and_fit(
    page: Page,
    live_server: LiveServer,
    trade: Many,
    complaints: list[str],
    theme: str,
    language: str,
    width: int,
) -> None:
    User.objects.update(language=language)
    trade.is_called("bassline", "Bassline Veranstaltungstechnik und Medienservice GmbH & Co. KG")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    open_source(page, live_server, trade)
    expect(page.locator("#id_supplier option:checked")).to_have_text(
        {"de": "Alle Partner", "en": "All partners"}[language]
    )
    rows = page.locator("#gathered tbody tr")
    expect(rows).to_have_count(40)
    for _look in ("while one is slow", "when all is there"):
        assert_axe_clean(page)
        assert_fits(page)
        expect(rows).to_have_count(72)
    replies = page.locator(".ewx-replies li")
    expect(replies).to_have_count(4)
    expect(replies.nth(2)).to_contain_text("Echo Rental")
    expect(page.locator("[hx-trigger='load delay:400ms']")).to_have_count(0)


def test_the_quick_ones_are_there_while_the_slow_one_is_named(
    page: Page, live_server: LiveServer, trade: Many, complaints: list[str]
) -> None:
    open_source(page, live_server, trade)
    replies = page.locator(".ewx-replies li")
    expect(page.locator("#gathered tbody tr")).to_have_count(40)
    expect(replies.nth(0)).to_contain_text("40 Treffer")
    expect(replies.nth(1)).to_contain_text("wird gefragt")
    expect(replies.nth(2)).to_contain_text("Der Server von Echo Rental hat nicht rechtzeitig geantwortet.")
    expect(replies.nth(3)).to_contain_text("Foxtrot Rental antwortet seit")
    expect(replies.nth(1)).to_contain_text("braucht länger")
    expect(replies.nth(1)).to_contain_text("32 Treffer")


def test_focus_and_place_stay_when_rows_arrive(
    page: Page, live_server: LiveServer, trade: Many, complaints: list[str]
) -> None:
    open_source(page, live_server, trade)
    button = page.get_by_role("button", name="PAR 60 von Bassline Rental auswählen")
    button.focus()
    before = top(button)
    expect(page.locator("#gathered tbody tr")).to_have_count(72)
    expect(button).to_be_focused()
    assert abs(top(button) - before) < 2, (top(button), before)
    page.keyboard.press("Enter")
    expect(page.locator("#partner-pick")).to_contain_text("Welcher deiner Artikel ist „PAR 60“?")


def test_whoever_reads_further_down_stays_there(
    page: Page, live_server: LiveServer, trade: Many, complaints: list[str]
) -> None:
    open_source(page, live_server, trade)
    rows = page.locator("#gathered tbody tr")
    rows.nth(20).evaluate("row => row.scrollIntoView({block: 'start', behavior: 'instant'})")
    tops = rows.evaluate_all("rows => rows.map(row => [row.id, row.getBoundingClientRect().top])")
    first, before = next((name, top) for name, top in tops if top >= 0)
    expect(rows).to_have_count(72)
    assert abs(top(page.locator(f"[id='{first}']")) - before) < 2


def test_the_order_stays_while_more_arrive_and_with_the_next_question(
    page: Page, live_server: LiveServer, trade: Many, complaints: list[str]
) -> None:
    Tenant.objects.get(slug="delta").articles.filter(name="PAR 64 floor").update(rental_price=1)
    open_source(page, live_server, trade)
    first = page.locator("#gathered tbody tr").first
    page.get_by_label("Sortieren").focus()
    page.get_by_label("Sortieren").select_option("price")
    expect(page.get_by_label("Sortieren")).to_be_focused()
    expect(first).to_contain_text("Bassline Rental")
    expect(first).to_contain_text("PAR 64 floor")
    expect(page.get_by_label("Sortieren")).to_have_value("price")
    trade.network.seconds.clear()
    page.get_by_label("Material des Partners suchen").fill("floor")
    expect(page.locator("#gathered tbody tr")).to_have_count(2)
    expect(first).to_contain_text("PAR 64 floor")
    expect(page.get_by_label("Sortieren")).to_have_value("price")


def test_picking_fits_a_phone_and_says_at_the_quantity_that_the_partner_is_gone(
    page: Page, live_server: LiveServer, trade: Many, complaints: list[str]
) -> None:
    """Nobody who types a quantity is led away from it."""
    facts = {"gtin": "4006381333931", "manufacturer": "Martin", "manufacturer_part_number": "P-40"}
    make_article(trade.tenant, "PAR 40", **facts)
    Tenant.objects.get(slug="bassline").articles.filter(name="PAR 40").update(**facts)
    page.set_viewport_size({"width": 390, "height": 900})
    open_source(page, live_server, trade)
    page.get_by_role("button", name="PAR 40 von Bassline Rental auswählen").click()
    expect(page.locator("#candidates .ewx-badge").first).to_be_visible()
    assert_fits(page)
    page.get_by_role("button", name="PAR 40 verbinden").click()
    figure, quantity = page.locator("#partner-pick dd[aria-live]"), page.get_by_label("Menge")
    expect(figure).to_contain_text("10 von 10 im ganzen Planungszeitraum gleich viele")
    assert torn(page.locator("#partner-pick dl")) == []
    trade.says("bassline", Fault.REFUSED)
    quantity.fill("7")
    expect(figure).to_contain_text("Der Server von Bassline Rental ist nicht erreichbar.")
    assert (0 < top(quantity) < 900, page.locator("#alerts").inner_text()) == (True, "")
    assert_axe_clean(page)
    quantity.press("Enter")
    expect(page.locator("#partner-pick [autofocus]")).to_contain_text("7 × PAR 40 von Bassline Rental")
    expect(page.locator("#partner-pick [autofocus]")).to_be_focused()  # else a keyboard begins at the top again


def test_a_newer_question_ends_the_older_one(
    page: Page, live_server: LiveServer, trade: Many, complaints: list[str]
) -> None:
    open_source(page, live_server, trade)
    expect(page.locator("#gathered tbody tr")).to_have_count(40)
    page.get_by_label("Material des Partners suchen").press_sequentially("floor", delay=150)
    expect(page.locator("#gathered tbody tr")).to_have_count(2, timeout=10_000)
    assert trade.tenant.gathered_answers.count() == 4
    page.get_by_label("Lieferant").select_option(label="Bassline Rental")
    expect(page.locator("#partner-hits")).to_contain_text("Bassline Rental bietet nichts Passendes an.")
    expect(page.locator("#gathered")).to_have_count(0)
