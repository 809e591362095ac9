"""Marking what a partner sees, and seeing it as he does, in a real browser (mission R1)."""

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from partners.models import PartnerConnection
from partners.releases import release, released_articles
from tests.axe import assert_axe_clean, assert_fits
from tests.factories import make_article, make_category, make_user


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_filter_marks_its_hits_and_the_view_shows_what_is_left(
    page: Page,
    live_server: LiveServer,
    enter: Callable[[User], None],
    pair: tuple[PartnerConnection, PartnerConnection],
    bassline: Tenant,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    lent = pair[1]
    light = make_category(bassline, "Licht")
    for number in range(25):
        make_article(bassline, f"PAR {number} LED Scheinwerfer", category=light, manufacturer="Robe")
    make_article(bassline, "Kabelbrücke")
    release(connection=lent, actor=Actor(label="Berta Boss"), everything=True)
    enter(make_user(bassline, Role.ADMIN))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + bassline.url("partners:tab", lent.contact_id))
    page.get_by_role("searchbox").fill("par led")
    expect(page.get_by_text("25 Treffer, die ersten 20 gezeigt")).to_be_visible()
    assert_axe_clean(page)
    page.get_by_role("button", name="Alle Treffer ausnehmen").click()
    expect(page.get_by_text("1 Artikel ist für diesen Partner sichtbar.")).to_be_visible()
    page.get_by_role("link", name="Ansicht als Partner").click()
    expect(page.get_by_role("link", name="Kabelbrücke")).to_be_visible()
    expect(page.get_by_text("PAR 1 LED")).to_have_count(0)
    assert_fits(page)
    assert_axe_clean(page)


def test_marking_from_a_search_within_a_category_leaves_both(
    page: Page,
    live_server: LiveServer,
    enter: Callable[[User], None],
    pair: tuple[PartnerConnection, PartnerConnection],
    bassline: Tenant,
) -> None:
    lent, light = pair[1], make_category(bassline, "Licht")
    make_article(bassline, "Kabel eins", category=light)
    make_article(bassline, "Kabel zwei", category=light)
    make_article(bassline, "Kabel geheim", category=make_category(bassline, "Ton"))
    enter(make_user(bassline, Role.ADMIN))
    page.goto(live_server.url + bassline.url("partners:tab", lent.contact_id))
    page.get_by_role("searchbox").fill("kabel")
    page.get_by_label("Kategorie", exact=True).select_option(label="Licht")
    expect(page.locator("#release-hits tbody tr")).to_have_count(2)
    for button, marks in (
        ("Kabel eins ausnehmen", 1),
        ("Kategorie freigeben", 2),
        ("Markierung von Licht entfernen", 1),
        ("Alle Treffer freigeben", 2),
    ):
        if button == "Kategorie freigeben":
            page.get_by_label("Kategorie mit allem darunter").select_option(label="Licht")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("button", name="Markierung von")).to_have_count(marks)
        expect(page.locator("#release-hits tbody tr")).to_have_count(2)
        expect(page.get_by_role("searchbox")).to_have_value("kabel")
    expect(page.get_by_text("2 Artikel sind für diesen Partner sichtbar.")).to_be_visible()
    assert {article.name for article in released_articles(lent)} == {"Kabel eins", "Kabel zwei"}


def test_further_hits_of_the_view_come_below_those_that_are_there(
    page: Page,
    live_server: LiveServer,
    enter: Callable[[User], None],
    pair: tuple[PartnerConnection, PartnerConnection],
    bassline: Tenant,
) -> None:
    for number in range(110):
        make_article(bassline, f"PAR {number:03}")
    release(connection=pair[1], actor=Actor(label="Berta Boss"), everything=True)
    enter(make_user(bassline, Role.ADMIN))
    page.goto(live_server.url + bassline.url("partners:view_as_partner", pair[1].contact_id))
    for shown in (50, 100, 110):
        expect(page.locator("#seen tbody tr")).to_have_count(shown)
        assert (page.locator("main").count(), page.locator("h1").count()) == (1, 1)
        if shown < 110:
            page.get_by_role("button", name="Weitere Treffer").click()
    expect(page.get_by_role("button", name="Weitere Treffer")).to_have_count(0)
