"""People of a journey: a browser each, logged in at their company, doing what a person does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.instances import Instance

SECONDS_OF_PATIENCE = 10


@dataclass
class Person:
    """Somebody at the screen. Every helper is a few clicks with German labels, nothing behind the page's back."""

    page: Page
    company: Instance
    complaints: list[str]

    def hears(self, kind: str, text: str) -> None:
        """Keep what the console complains about; htmx also calls a search that a newer one replaced an error."""
        if kind == "error" and not text.startswith(("htmx:afterRequest", "htmx:sendAbort")):
            self.complaints.append(text)

    def open(self, path: str = "") -> None:
        self.page.goto(self.company.url(path))

    def click(self, name: str, *, within: Locator | None = None) -> None:
        """A button or link by its visible name."""
        place = within or self.page
        place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name)).first.click()

    def sees(self, text: str, *, seconds: float = 10) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=seconds * 1000)

    def contact(self, name: str) -> None:
        """Open a contact by the search of the list."""
        self.open(f"contacts/?{urlencode({'q': name})}")
        self.page.locator("#list").get_by_role("link", name=name).first.click()
        expect(self.page.get_by_role("heading", name=name).first).to_be_visible()

    def tab(self, name: str) -> None:
        self.page.locator("#contact-tabs").get_by_role("link", name=name).click()


def arrives(browser: Browser, company: Instance, role: str) -> Person:
    """A person with this role, logged in by the login page; what their console complains about is kept."""
    context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SECONDS_OF_PATIENCE * 1000)
    page = context.new_page()
    person = Person(page, company, [])
    page.on("console", lambda message: person.hears(message.type, message.text))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{company.origin}/accounts/login/")
    page.get_by_label("E-Mail").fill(company.people[role]["email"])
    page.get_by_label("Passwort").first.fill(company.people[role]["password"])
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url(re.compile(rf"{company.origin}/\w+/$"))
    return person
