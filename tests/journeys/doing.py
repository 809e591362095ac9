"""What people do in a journey, by German labels and by hand: clicks, mails as they arrived, waits, figures."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, expect

from tests.axe import assert_axe_clean
from tests.journeys.instances import Instance
from tests.journeys.people import Person, arrives
from tests.mailserver import MailServer

QUERIES = ["par", "led", "spot", "robin", "wash", "shure", "mac", "cameo", "truss", "kabel"]
# Notes the time from the last key press to the hits that answer it.
WATCH_HITS = """() => {
  window.waits = [];
  let pressed = 0;
  document.addEventListener("input", () => { pressed = performance.now(); });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "partner-hits" || !pressed) return;
    window.waits.push(performance.now() - pressed);
    pressed = 0;
  });
}"""


@dataclass
class World:
    """What the steps share."""

    aurora: Instance
    bassline: Instance
    mails: MailServer
    browser: Browser
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, company: Instance, role: str) -> Person:
        key = f"{company.name}/{role}"
        if key not in self.people:
            self.people[key] = arrives(self.browser, company, role)
        return self.people[key]


# --- what people do --------------------------------------------------------------------------------
def create_contact(person: Person, name: str, role: str, email: str) -> None:
    person.open("contacts/")
    person.click(f"Neuer {role}")
    expect(person.page.get_by_label(role, exact=True)).to_be_checked()
    person.page.get_by_role("textbox", name="Name", exact=True).fill(name)
    person.page.get_by_role("textbox", name="E-Mail", exact=True).fill(email)
    person.click("Speichern")
    expect(person.page.get_by_role("heading", name=name).first).to_be_visible()


def switch_on(person: Person) -> None:
    person.page.get_by_label("Partner (Netzwerk)").check()
    expect(person.page.locator("#contact-tabs").get_by_role("link", name="Partner")).to_be_visible()


def switch_off(person: Person) -> None:
    person.page.get_by_label("Partner (Netzwerk)").uncheck()
    person.page.locator("#contact-tabs").get_by_text("Pausiert").wait_for()


def choose_level(person: Person, level: str) -> None:
    person.page.get_by_label(level).check()
    person.page.locator("form", has=person.page.get_by_label(level)).get_by_role("button", name="Speichern").click()
    person.sees("Gespeichert. Es gilt ab der nächsten Anfrage des Partners.")


def make_key_and_send_mail(person: Person) -> None:
    person.click("Verbinden mit dem Partner")
    person.click("Sende E-Mail")
    expect(person.page.locator("pre.ewx-mail")).to_contain_text("EWX1:")
    person.click("Sende E-Mail")
    person.sees("Die E-Mail mit unserem Code ging am")


def enter_mail(person: Person, mail: EmailMessage, sender: Instance) -> None:
    """Paste the whole mail as it arrived; nothing is stored before "Speichern"."""
    person.click("Eintragen")
    person.page.get_by_label("Code").fill(quoted(mail))
    person.click("OK")
    for label in ("Servername", "Partner-Schlüssel", "Sicherheitsnummer"):
        person.sees(label)
    person.sees(sender.origin.removeprefix("http://"))
    assert_axe_clean(person.page)
    person.click("Speichern")
    person.sees("Gespeichert. Die Verbindung wird aufgebaut.")


def release_single(person: Person, query: str) -> None:
    person.page.get_by_label("Artikel zum Markieren suchen").fill(query)
    person.page.get_by_role("button", name=re.compile(f"{query}.* freigeben")).first.click()
    person.sees("1 Artikel ist für diesen Partner sichtbar.")


def release_category(person: Person, name: str) -> None:
    select = person.page.get_by_label("Kategorie mit allem darunter")
    option = select.locator("option", has_text=name).first
    select.select_option(value=option.get_attribute("value"))
    person.click("Kategorie freigeben")
    expect(person.page.get_by_role("rowheader", name=name)).to_be_visible()


def safety_number(person: Person) -> str:
    return (
        person.page.locator("dt", has_text="Sicherheitsnummer")
        .locator("xpath=following-sibling::dd[1]//code")
        .inner_text()
    )


def status_of(person: Person, path: str) -> int:
    response = person.page.goto(person.company.url(path))
    assert response is not None
    return response.status


def open_tab(person: Person, contact: str) -> None:
    person.contact(contact)
    person.tab("Partner")


def open_job(person: Person, title: str) -> None:
    person.open(f"jobs/?{urlencode({'q': title})}")
    person.page.locator("#list").get_by_role("link", name=re.compile(title)).first.click()
    expect(person.page.get_by_role("heading", name="Positionen")).to_be_visible()


def choose_source_partner(person: Person, supplier: str) -> None:
    """The material source; the only supplier is chosen already."""
    person.page.get_by_label("Partner", exact=True).check()
    expect(person.page.get_by_label("Lieferant").locator("option:checked")).to_have_text(supplier)
    person.page.evaluate(WATCH_HITS)


def type_query(person: Person, query: str) -> None:
    person.page.get_by_label("Material des Partners suchen").fill(query)


def search(person: Person, query: str) -> Locator:
    """Type, wait for the hits of exactly this query, and return the first row."""
    type_query(person, query)
    row = person.page.locator("#partner-hits tbody tr").filter(has_text=re.compile(query.split()[0], re.IGNORECASE))
    expect(row.first).to_be_visible()
    return row.first


def add_quantity(person: Person, quantity: str) -> None:
    person.page.get_by_role("spinbutton", name="Menge").or_(person.page.get_by_label("Menge")).last.fill(quantity)
    person.click("Als Bestellposition übernehmen")
    person.sees("steht jetzt als Bestellposition im Job.")


def position(person: Person, name: str) -> Locator:
    return person.page.locator("#positions tbody tr").filter(has_text=name).last


def orders(person: Person) -> Locator:
    return person.page.locator("#job-orders")


def send_order(person: Person) -> None:
    before = orders(person).locator("tbody tr").count()
    person.click("Bestellung an Partner senden")
    expect(orders(person).locator("tbody tr")).to_have_count(before + 1)


def order_again(person: Person, job: str) -> None:
    open_job(person, job)
    send_order(person)
    expect(orders(person).locator("tbody tr").first.get_by_text("zugestellt")).to_be_visible(timeout=20_000)


def open_inquiry(person: Person) -> None:
    """From the unread message to the inquiry."""
    person.open("inbox/")
    person.page.get_by_role("link", name=re.compile("Partneranfrage")).first.click()
    expect(person.page.get_by_role("heading", name="Partneranfrage")).to_be_visible()
    person.page.get_by_role("button", name="Bestätigen").wait_for()


# --- mails -----------------------------------------------------------------------------------------
def mails_to(world: World, recipient: str, subject: str = "") -> list[EmailMessage]:
    """Those that have arrived, the latest last."""
    return [mail for mail in world.mails.sent_to(recipient) if subject in mail["Subject"]]


def latest_mail(world: World, recipient: str, subject: str = "", *, beyond: int = 0) -> EmailMessage:
    """The latest once there are more than `beyond`: the mail of what was just done may come after what pages show."""
    wait_until(lambda: len(mails_to(world, recipient, subject)) > beyond, f"a mail to {recipient}")
    return mails_to(world, recipient, subject)[-1]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def quoted(mail: EmailMessage) -> str:
    """The mail as it is pasted from a mail program: head lines, and everything quoted."""
    head = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject"))
    return f"{head}\n\n" + "\n".join(f"> {line}" for line in text_of(mail).splitlines())


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"http://\S+/partner/orders/\S+", text_of(mail))
    assert found, text_of(mail)
    return found.group()


# --- figures ---------------------------------------------------------------------------------------
def measured_searches(world: World, job: str) -> list[float]:
    """Milliseconds from key press to rendered hits of 30 searches, one after the other."""
    sales = world.person(world.aurora, "sales")
    open_job(sales, job)
    choose_source_partner(sales, "Bassline Rental")
    expect(sales.page.locator("#partner-hits tbody tr").first).to_be_visible()
    for number, query in enumerate(QUERIES * 3, start=1):
        type_query(sales, query)
        sales.page.wait_for_function("count => window.waits.length >= count", arg=number)
    return [float(wait) for wait in sales.page.evaluate("window.waits")]


def search_report(waits: list[float]) -> str:
    p50, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    return f"\n{len(waits)} partner searches, key press to rendered hits: p50 {p50:.0f} ms, p95 {p95:.0f} ms"
