"""Marking what a partner sees, and seeing it as he does, in a real browser (mission R1)."""

from typing import Literal

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners.models import PartnerConnection
from partners.releases import release
from tests.axe import assert_axe_clean
from tests.factories import make_article, make_category, make_user


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_filter_marks_its_hits_and_the_view_shows_what_is_left(
    page: Page,
    live_server: LiveServer,
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
    client = Client()
    client.force_login(make_user(bassline, Role.ADMIN))
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
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
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_axe_clean(page)
