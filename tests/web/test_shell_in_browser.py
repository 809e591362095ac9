"""The shell in a real browser: accessible in both themes and languages and at both widths, no complaint in the
console, usable by keyboard, and honest when the server says no."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.messaging.inbox import notify
from eventworx.messaging.mail import LEASE, queue_mail
from eventworx.messaging.models import MailMessage, claim_mail
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Permission, Role
from tests.axe import assert_axe_clean, assert_fits
from tests.factories import make_tenant, make_user

PAGES = ["inbox/", "inbox/1/", "mails/", "mails/1/", "settings/", "settings/members/", "settings/members/new/"]
OUTSIDE = ["accounts/login/", "accounts/password/reset/", "accounts/password/reset/sent/", "accounts/password/change/"]


@pytest.fixture
def mail(transactional_db: None) -> MailMessage:
    """Aurora with an administrator who also works for Bassline, one message and one mail, both numbered 1."""
    aurora = make_tenant("aurora", "Aurora Veranstaltungstechnik", pk=1)
    user = make_user(aurora, Role.ADMIN, pk=1)
    Membership.objects.create(tenant=make_tenant("bassline"), user=user, role=Role.SALES)
    mail = queue_mail(tenant=aurora, to="a@b.example", topic="test", template="test", context={}, language="de")
    MailMessage.objects.filter(pk=mail.pk).update(last_error="[Errno 111] Connection refused")
    notify(tenant=aurora, permission=Permission.EDIT_JOBS, subject="Neue Partneranfrage", body="12 × PAR 64")
    return mail


@pytest.fixture
def inside(mail: MailMessage, enter: Callable[[User], None]) -> Tenant:
    """The page's browser is logged in as Aurora's administrator."""
    enter(User.objects.get())
    return mail.tenant


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "de", 390), ("dark", "en", 1280)])
def test_pages_are_accessible_and_fit(
    page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str], theme: str, language: str, width: int
) -> None:
    User.objects.update(language=language)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    inside_paths = [f"{inside.slug}/{path.replace('1', str(_first(inside, path)))}" for path in PAGES]
    for path in [*inside_paths, *OUTSIDE[-1:]]:
        page.goto(f"{live_server.url}/{path}")
        assert_axe_clean(page)
        assert_fits(page)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    expect(page.locator("html")).to_have_attribute("lang", language)


def _first(tenant: Tenant, path: str) -> int:
    rows = tenant.inbox_messages if path.startswith("inbox") else tenant.mails
    return rows.order_by("pk").values_list("pk", flat=True)[0]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_entrance_is_accessible(page: Page, live_server: LiveServer, complaints: list[str], theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for path in OUTSIDE[:-1]:
        page.goto(f"{live_server.url}/{path}")
        assert_axe_clean(page)
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("E-Mail").fill("nobody@aurora.example")
    page.get_by_label("Passwort").fill("wrong wrong wrong")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert_axe_clean(page)


def test_theme_is_chosen_and_kept(page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(live_server.url + inside.url("messaging:inbox"))
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Farben: wie das System").click()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Farben: hell").click()
    page.get_by_role("button", name="Farben: dunkel").click()
    expect(root).to_have_attribute("data-ewx-theme", "auto")


def test_keyboard(page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]) -> None:
    page.goto(live_server.url + inside.url("messaging:mails"))
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Zum Inhalt springen")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_menu_and_language_on_a_telephone(
    page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(live_server.url + inside.url("messaging:inbox"))
    expect(page.get_by_role("link", name="Einstellungen")).to_be_hidden()
    page.get_by_role("button", name="Menü").click()
    expect(page.get_by_role("link", name="Posteingang 1 ungelesen")).to_be_visible()
    page.wait_for_timeout(400)  # the menu slides in
    assert_axe_clean(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="EN – English").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_test_mail_is_sent_once_and_followed_live(
    page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]
) -> None:
    before = inside.mails.count()
    page.goto(live_server.url + inside.url("tenants:settings"))
    page.get_by_role("button", name="Testmail senden").dblclick()
    state = page.locator("#test-mail")
    expect(state).to_contain_text("Wartet auf den Versand")
    assert inside.mails.count() == before + 1
    inside.mails.filter(topic="test").update(state="failed", last_error="550 no such mailbox")
    expect(state).to_contain_text("Der Mailserver sagt: 550 no such mailbox")
    assert_axe_clean(page)


def test_what_is_answered_with_another_page_is_not_sent_again_before_it_is_there(
    page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]
) -> None:
    page.goto(live_server.url + inside.url("tenants:settings"))
    pull = page.get_by_role("button", name="Für alle Partner ziehen")
    expect(pull).to_be_visible()
    pages, asked = list[Route](), list[str]()
    page.route("**/settings/", lambda route: pages.append(route))
    page.on("request", lambda request: asked.append(request.method))
    pull.evaluate("button => { button.click(); setInterval(() => button.click(), 50); }")
    page.wait_for_timeout(600)
    assert (len(pages), asked.count("POST")) == (1, 1)
    pages[0].continue_()
    expect(page.get_by_role("button", name="Notbremse für alle lösen")).to_be_visible()


def test_failure_of_a_part_is_said_above(page: Page, live_server: LiveServer, inside: Tenant) -> None:
    page.goto(live_server.url + inside.url("tenants:settings"))
    inside.memberships.update(role=Role.SALES)
    page.get_by_role("button", name="Testmail senden").click()
    expect(page.locator("#alerts")).to_contain_text("Das darfst du nicht.")
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Testmail senden").click()
    expect(page.locator("#alerts")).to_contain_text("Der Server ist nicht erreichbar.")


def test_refusal_of_a_part_is_said_above(
    page: Page, live_server: LiveServer, inside: Tenant, mail: MailMessage
) -> None:
    claim_mail(mail.pk, mail.next_attempt_at, LEASE)
    page.goto(live_server.url + inside.url("messaging:mails"))
    retry = inside.url("messaging:mail_retry", mail.pk)
    page.evaluate("url => window.htmx.ajax('POST', url, {target: '#list'})", retry)
    expect(page.locator("#alerts")).to_contain_text("Diese E-Mail wird gerade gesendet.")
    expect(page.locator("#list table")).to_be_visible()


def test_back_shows_the_whole_page_as_it_was_filtered(
    page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]
) -> None:
    page.goto(live_server.url + inside.url("messaging:mails"))
    page.get_by_label("Zustand").select_option("queued")
    page.wait_for_url("**/mails/?state=queued")
    page.get_by_role("link", name="Testmail").click()
    page.wait_for_url("**/mails/*/")
    page.go_back()
    expect(page.get_by_role("heading", name="Mails")).to_be_visible()
    expect(page.get_by_label("Zustand")).to_have_value("queued")
    page.go_back()
    expect(page).to_have_url(live_server.url + inside.url("messaging:mails"))
    expect(page.get_by_role("heading", name="Mails")).to_be_visible()
    expect(page.get_by_label("Zustand")).to_have_value("")


def test_slash_goes_to_the_search(page: Page, live_server: LiveServer, inside: Tenant, complaints: list[str]) -> None:
    page.goto(live_server.url + inside.url("contacts:list"))
    page.keyboard.press("/")
    expect(page.locator("main input[type=search]")).to_be_focused()
    page.keyboard.type("g i")
    expect(page.locator("main input[type=search]")).to_have_value("g i")
    page.keyboard.press("Escape")
    expect(page.locator("main input[type=search]")).not_to_be_focused()
