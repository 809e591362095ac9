"""The timeline in a real browser: accessible in both themes and languages, wide and narrow; by mouse and keyboard."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import User
from eventworx.tenants.roles import Role
from inventory.models import Article
from tests.axe import assert_axe_clean
from tests.factories import make_article, make_tenant, make_user
from tests.inventory.timeline.scene import busy_article


@pytest.fixture
def article(transactional_db: None, page: Page, live_server: LiveServer) -> Article:
    """A busy article of Aurora among others; the browser is logged in."""
    aurora = make_tenant("aurora", "Aurora Veranstaltungstechnik")
    article = busy_article(aurora, timezone.now().replace(minute=0, second=0, microsecond=0))
    make_article(aurora, "Kabel 10 m", owned=40)
    client = Client()
    client.force_login(make_user(aurora, Role.READ_ONLY))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return article


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser wrote to its console."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []


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
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    expect(page.locator("html")).to_have_attribute("lang", language)
