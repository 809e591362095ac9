"""The pages of one's own access in a real browser: accessible, fitting, and passable from the password to the end."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from tests.accounts.doing import CODE, CODES, FACTOR, NEW_CODES, PROOF_BY_CODE, REMOVE, SESSIONS, SET_UP, Person, totp
from tests.axe import assert_axe_clean, assert_fits
from tests.factories import PASSWORD, make_tenant, make_user

EMAIL = "nina@aurora.example"


@pytest.fixture
def demanding(transactional_db: None) -> Tenant:
    tenant = make_tenant("aurora", "Aurora Veranstaltungstechnik", second_factor_for_admins=True)
    make_user(tenant, Role.ADMIN, email=EMAIL, first_name="Nina", last_name="Neu")
    return tenant


def judge(page: Page) -> None:
    assert_axe_clean(page)
    assert_fits(page)


def send(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator("main button.btn-primary").click()


def set_up(page: Page) -> list[str]:
    """From the login to the recovery codes, which are returned."""
    send(page, login=EMAIL, password=PASSWORD)
    page.wait_for_url(f"**{SET_UP}")
    assert page.locator(".ewx-qr").evaluate("picture => picture.naturalWidth") > 0
    judge(page)
    secret = page.locator(".ewx-secret").inner_text().replace(" ", "")
    send(page, code="000000")
    judge(page)
    send(page, code=totp(secret))
    page.wait_for_url(f"**{CODES}")
    return page.locator(".ewx-codes li").all_inner_texts()


def log_in(page: Page, codes: list[str]) -> None:
    """With a recovery code; another one is used at another browser meanwhile."""
    send(page, login=EMAIL, password=PASSWORD)
    page.wait_for_url(f"**{CODE}")
    send(page, code="000000")
    judge(page)
    send(page, code=codes[0])
    page.wait_for_url("**/aurora/")
    elsewhere = Person(User.objects.get())
    elsewhere.enter_password()
    elsewhere.enter_code(codes[1])


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "en", 1280), ("dark", "de", 390)])
def test_from_the_password_to_the_end(
    page: Page,
    live_server: LiveServer,
    demanding: Tenant,
    complaints: list[str],
    theme: str,
    language: str,
    width: int,
) -> None:
    User.objects.update(language=language)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(live_server.url)
    codes = set_up(page)
    assert len(codes) == 10
    for path in (CODES, FACTOR, NEW_CODES, REMOVE, "/accounts/password/change/", "/aurora/settings/members/"):
        page.goto(live_server.url + path)
        judge(page)
    page.get_by_role("button", name="Nina Neu").click()
    page.get_by_role("button", name="Abmelden" if language == "de" else "Log out").click()
    page.goto(live_server.url)
    log_in(page, codes)
    page.goto(live_server.url + SESSIONS)
    expect(page.locator("tbody tr")).to_have_count(2)
    judge(page)
    page.locator("tbody button").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(live_server.url + REMOVE)
    page.wait_for_url(f"**{PROOF_BY_CODE}?**")
    judge(page)
    send(page, code=codes[2])
    page.get_by_role("button", name="Zweiten Faktor entfernen" if language == "de" else "Remove second factor").click()
    page.wait_for_url(f"**{FACTOR}")
    judge(page)
