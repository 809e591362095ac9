"""The timeline in a real browser: accessible in both themes and languages, wide and narrow; by mouse and keyboard."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import User
from eventworx.tenants.roles import Role
from inventory.models import Article
from tests.axe import assert_axe_clean, assert_fits, torn
from tests.factories import make_article, make_tenant, make_user
from tests.inventory.timeline.scene import busy_article


@pytest.fixture
def saturday() -> Iterator[None]:
    """An evening at the end of the week, on which somebody logs in."""
    with time_machine.travel(datetime(2027, 7, 3, 18, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def article(transactional_db: None, enter: Callable[[User], None]) -> Article:
    """A busy article of Aurora among others; the browser is logged in."""
    aurora = make_tenant("aurora", "Aurora Veranstaltungstechnik")
    article = busy_article(aurora, timezone.now().replace(minute=0, second=0, microsecond=0))
    make_article(aurora, "Kabel 10 m", owned=40)
    enter(make_user(aurora, Role.READ_ONLY))
    return article


@pytest.mark.parametrize(
    ("theme", "language", "width"),
    [("light", "de", 1280), ("dark", "en", 1280), ("light", "en", 390), ("dark", "de", 390)],
)
def test_pages_are_accessible_and_fit(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str], theme: str, language: str, width: int
) -> None:
    User.objects.update(language=language)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    board = article.tenant.url("inventory:timeline")
    own = article.tenant.url("inventory:article_timeline", article.pk)
    for path in (f"{board}?reach=month", f"{board}?table=on&short=on", own, f"{own}?reach=day", f"{own}?reach=quarter"):
        page.goto(live_server.url + path, wait_until="networkidle")
        assert_axe_clean(page)
        assert_fits(page)
        assert torn(page.locator("main")) == []
    expect(page.locator("html")).to_have_attribute("lang", language)


def test_the_calendar_is_turned_by_arrow_keys(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str]
) -> None:
    page.goto(live_server.url + article.tenant.url("inventory:timeline") + "?reach=day&day=2027-07-01")
    for key, day in (("ArrowRight", "2027-07-02"), ("ArrowLeft", "2027-07-01"), ("ArrowLeft", "2027-06-30")):
        page.keyboard.press(key)
        page.wait_for_url(f"**day={day}**")
    search = page.get_by_label("Suche")
    search.fill("kabel")
    expect(page.locator(".ewx-lanes tbody tr")).to_have_count(1)
    search.press("ArrowLeft")
    page.wait_for_url(lambda url: "day=2027-06-30" in url and "q=kabel" in url)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(lambda url: "day=" not in url and "q=kabel" in url)


def test_what_is_wider_than_the_screen_scrolls_by_itself_and_keeps_the_names(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    url = live_server.url + article.tenant.url("inventory:timeline") + "?day=2027-07-01"
    page.goto(url)
    region, name = page.get_by_role("region", name="Belegung der Artikel"), page.get_by_role("link", name="Kabel")
    before = name.bounding_box()
    region.focus()
    assert region.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")
    expect(region).not_to_have_js_property("scrollLeft", 0)
    assert name.bounding_box() == before
    assert page.url == url


def seen_now(page: Page) -> tuple[float, float]:
    """Where the line of now stands in the drawing that can be seen, from 0 to 1, and how far it was scrolled."""
    region = page.locator(".ewx-lanes-wrap")
    at = float(str(region.get_attribute("data-ewx-now")).rstrip("%")) / 100
    drawing, place, names = (
        region.locator(".ewx-axis").bounding_box(),
        region.bounding_box(),
        page.locator(".ewx-lanes th"),
    )
    assert drawing
    assert place
    width = names.first.bounding_box()["width"] if names.count() else 0  # type: ignore[index]
    seen = (drawing["x"] + at * drawing["width"] - place["x"] - width) / (place["width"] - width)
    return seen, region.evaluate("element => element.scrollLeft")


@pytest.mark.parametrize("page_of", ["timeline", "article_timeline"])
def test_it_opens_where_now_is(
    page: Page, live_server: LiveServer, saturday: None, article: Article, complaints: list[str], page_of: str
) -> None:
    """A phone does not begin on Monday; where all of it fits nothing moves."""
    own = [article.pk] if page_of == "article_timeline" else []
    url = live_server.url + article.tenant.url(f"inventory:{page_of}", *own)
    page.goto(url)
    at, scrolled = seen_now(page)
    assert (0 < at < 1, scrolled) == (True, 0)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(url)
    at, scrolled = seen_now(page)
    assert (0 < at < 0.95, scrolled > 100) == (True, True)
    if not own:  # what the search brings opens there again
        page.get_by_label("Suche").fill("kabel")
        expect(page.locator(".ewx-lanes tbody tr")).to_have_count(1)
        expect(page.locator(".ewx-lanes-wrap")).not_to_have_js_property("scrollLeft", 0)
        assert seen_now(page) == (pytest.approx(at, abs=0.02), pytest.approx(scrolled, abs=5))
    page.goto(f"{url}?day=2027-08-01")
    expect(page.locator("[data-ewx-now]")).to_have_count(0)
    assert page.locator(".ewx-lanes-wrap").evaluate("element => element.scrollLeft") == 0


def test_the_form_keeps_the_part_of_the_calendar(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str]
) -> None:
    page.goto(live_server.url + article.tenant.url("inventory:timeline") + "?reach=month&day=2027-07-01")
    page.get_by_label("Nur Unterdeckungen").check()
    page.wait_for_url("**short=on**")
    expect(page.locator("#list")).to_contain_text("In diesem Zeitraum fehlt nichts.")
    page.get_by_label("Nur Unterdeckungen").uncheck()
    expect(page.locator(".ewx-lanes tbody tr")).to_have_count(2)
    expect(page.locator(".ewx-range-title")).to_have_text("Do 01.07.2027 – Sa 31.07.")
    page.get_by_role("link", name="Bühnenscheinwerfer").click()
    expect(page.locator(".ewx-range-title")).to_have_text("Do 01.07.2027 – Sa 31.07.")


def test_availability_in_a_period_is_proved_on_the_articles_page(
    page: Page, live_server: LiveServer, article: Article, complaints: list[str]
) -> None:
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("textbox", name="Von").fill("2027-07-01T08:00")
    page.get_by_role("textbox", name="Bis").fill("2027-07-01T08:00")
    page.get_by_role("button", name="Prüfen").click()
    expect(page.locator("#availability")).to_contain_text("Das Ende muss nach dem Beginn liegen.")
    page.get_by_role("textbox", name="Bis").fill("2027-07-03T08:00")
    page.get_by_role("button", name="Prüfen").click()
    expect(page.locator("#availability")).to_contain_text("10 im Bestand")
    expect(page.locator("#availability")).to_contain_text("J-1001 Gala")
    assert_axe_clean(page, "#availability")
