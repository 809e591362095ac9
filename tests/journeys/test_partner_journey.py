"""The whole journey in German: two companies, two servers, real mails, a browser for each person.

Ten steps in the order of the product's description; each begins where the one before ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.axe import assert_axe_clean
from tests.journeys.doing import (
    World,
    add_quantity,
    choose_level,
    choose_source_partner,
    create_contact,
    enter_mail,
    latest_mail,
    link_in,
    mails_to,
    make_key_and_send_mail,
    measured_searches,
    open_inquiry,
    open_job,
    open_tab,
    order_again,
    orders,
    position,
    release_category,
    release_single,
    safety_number,
    search,
    search_report,
    send_order,
    status_of,
    switch_off,
    switch_on,
    text_of,
    type_query,
)
from tests.journeys.instances import two_instances
from tests.journeys.people import arrives
from tests.mailserver import mail_server

pytestmark = [pytest.mark.journey, pytest.mark.browser]

QUOTE, ORDER = "Gala Handwerkskammer", "Stadtfest Ehrenfeld"
LENDERS_OWN = "Sponsorenball"


@pytest.fixture
def world(tmp_path: Path, browser: Browser) -> Iterator[World]:
    with mail_server() as mails, two_instances(tmp_path, mails.url) as (aurora, bassline):
        yield World(aurora, bassline, mails, browser)


def test_the_ten_steps(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    step_1_aurora_prepares(world)
    step_2_bassline_sets_up(world)
    step_3_aurora_finishes(world)
    step_4_sales_picks_material(world)
    report = search_report(measured_searches(world, QUOTE))
    with capsys.disabled():
        print(report)
    step_5_the_order_goes_out(world)
    step_6_bassline_answers(world)
    step_7_levels_and_releases_hold_at_once(world)
    step_8_both_directions(world)
    step_9_pause_and_end(world)
    step_10_nobody_else(world)
    for name, person in world.people.items():
        assert not person.complaints, (name, person.complaints)


# --- steps -----------------------------------------------------------------------------------------
def step_1_aurora_prepares(world: World) -> None:
    """New supplier, switch, tab, level explained, key, mail previewed and sent, waiting."""
    admin = world.person(world.aurora, "admin")
    create_contact(admin, "Bassline Rental", "Lieferant", "partner@bassline.example")
    switch_on(admin)
    admin.tab("Partner")
    for level in ("0 – Kein Zugriff auf deinen Bestand", "1 – Artikel anbieten", "2 – Bestand anbieten"):
        expect(admin.page.get_by_label(level)).to_be_visible()
    expect(admin.page.get_by_label("0 – Kein Zugriff auf deinen Bestand")).to_be_checked()
    make_key_and_send_mail(admin)
    assert_axe_clean(admin.page)
    assert "EWX1:" in text_of(latest_mail(world, "partner@bassline.example"))
    admin.sees("Der Partner trägt unseren Code ein")


def step_2_bassline_sets_up(world: World) -> None:
    """The other side with Aurora as customer on level 2, releases, key and mail, then the whole mail entered."""
    admin = world.person(world.bassline, "admin")
    create_contact(admin, "Aurora Veranstaltungstechnik", "Kunde", "partner@aurora.example")
    switch_on(admin)
    admin.tab("Partner")
    choose_level(admin, "2 – Bestand anbieten")
    release_single(admin, "SM58")
    release_category(admin, "Moving Lights")
    admin.click("Alles freigeben")
    expect(admin.page.get_by_text(re.compile(r"\d{3} Artikel sind für diesen Partner sichtbar"))).to_be_visible()
    make_key_and_send_mail(admin)
    enter_mail(admin, latest_mail(world, "partner@bassline.example"), world.aurora)


def step_3_aurora_finishes(world: World) -> None:
    """The mail entered at Aurora: active; both sides' test succeeds, both see the same safety number."""
    aurora, bassline = world.person(world.aurora, "admin"), world.person(world.bassline, "admin")
    enter_mail(aurora, latest_mail(world, "partner@aurora.example"), world.bassline)
    for admin in (aurora, bassline):
        admin.sees("ist aktiv", seconds=20)
        admin.page.reload()
        admin.click("Verbindung testen")
        admin.sees("Test erfolgreich")
    assert safety_number(aurora) == safety_number(bassline)


def step_4_sales_picks_material(world: World) -> None:
    """In a quote with a match that a person decides, in an order without any question, and as a new article."""
    sales = world.person(world.aurora, "sales")
    for job in (QUOTE, ORDER):
        open_job(sales, job)
        choose_source_partner(sales, "Bassline Rental")
        hit = search(sales, "ledbeam 150 robe")
        assert re.search(r"\d+ von \d+", hit.inner_text()), hit.inner_text()
        hit.get_by_role("button", name="auswählen").click()
        if job == QUOTE:
            sales.sees("gleiche GTIN")
            assert_axe_clean(sales.page)
            sales.page.get_by_role("button", name="Verbinden").or_(
                sales.page.get_by_role("button", name=re.compile("verbinden$"))
            ).first.click()
        add_quantity(sales, "4")
        expect(position(sales, "Robin LEDBeam 150").filter(has_text="Bassline Rental")).to_be_visible()
        sales.sees("Kosten der Anmietung")
    search(sales, "diablo-s ayrton").get_by_role("button", name="auswählen").click()
    sales.click("Neuen Artikel anlegen")
    expect(sales.page.get_by_role("textbox", name="Name", exact=True)).to_have_value(re.compile("Diablo-S"))
    sales.click("Artikel anlegen")
    add_quantity(sales, "2")
    expect(position(sales, "Diablo-S")).to_be_visible()
    sales.open("articles/?q=diablo")
    sales.page.get_by_role("link", name=re.compile("Diablo-S")).first.click()
    sales.sees("Bassline Rental")


def step_5_the_order_goes_out(world: World) -> None:
    """Sent with one click; delivered without reloading; the mail has PDF, data and the link to their server."""
    sales = world.person(world.aurora, "sales")
    open_job(sales, ORDER)
    sales.sees("Verbindlich erst nach Bestätigung")
    send_order(sales)
    expect(orders(sales).get_by_text("zugestellt")).to_be_visible(timeout=20_000)
    assert_axe_clean(sales.page)
    mail = latest_mail(world, "partner@bassline.example", "Bestellung")
    assert {part.get_content_type() for part in mail.iter_attachments()} == {"application/pdf", "application/json"}
    assert f"{world.bassline.origin}/partner/orders/" in text_of(mail)


def step_6_bassline_answers(world: World) -> None:
    """Message, inquiry, job, confirmation under lock; then a decline with reason; then one withdrawn in time."""
    buyer, lender = world.person(world.aurora, "sales"), world.person(world.bassline, "sales")
    open_inquiry(lender)
    for text in ("Aurora Veranstaltungstechnik", "Robe Robin LEDBeam 150", "Ayrton Diablo-S", "Planungszeitraum"):
        lender.sees(text)
    assert_axe_clean(lender.page)
    inquiry = lender.page.url
    lender.click("Job anlegen")
    lender.page.wait_for_url("**/jobs/*/")
    lender.page.goto(inquiry)
    lender.click("Bestätigen")
    lender.sees("bestätigt")
    lender.page.get_by_role("link", name=re.compile(r"^Job J-")).click()
    lender.sees("Auftrag")
    expect(position(lender, "Robe Robin LEDBeam 150").get_by_role("cell").nth(1)).to_have_text("4")
    expect(orders(buyer).get_by_text("bestätigt").first).to_be_visible(timeout=20_000)
    latest_mail(world, world.aurora.people["sales"]["email"], "bestätigt")
    buyer.open("inbox/")
    buyer.sees("bestätigt")

    ordered = "partner@bassline.example", "Bestellung"
    before = len(mails_to(world, *ordered))
    order_again(buyer, QUOTE)
    lender.page.goto(link_in(latest_mail(world, *ordered, beyond=before)))
    lender.page.get_by_label(re.compile("Grund")).fill("Leider schon verplant.")
    lender.click("Ablehnen")
    lender.sees("abgelehnt")
    expect(orders(buyer).get_by_text("Leider schon verplant.")).to_be_visible(timeout=20_000)

    order_again(buyer, QUOTE)
    orders(buyer).get_by_role("button", name=re.compile("zurückziehen")).click()
    expect(orders(buyer).get_by_text("zurückgezogen").first).to_be_visible(timeout=20_000)


def step_7_levels_and_releases_hold_at_once(world: World) -> None:
    """Level 1 without quantities, level 0 nothing, level 2 again; a withdrawn article is gone."""
    admin, sales = world.person(world.bassline, "admin"), world.person(world.aurora, "sales")
    open_tab(admin, "Aurora Veranstaltungstechnik")
    open_job(sales, QUOTE)
    choose_source_partner(sales, "Bassline Rental")
    choose_level(admin, "1 – Artikel anbieten")
    expect(search(sales, "ledbeam 150 robe")).to_contain_text("keine Bestandsangabe")
    choose_level(admin, "0 – Kein Zugriff auf deinen Bestand")
    type_query(sales, "ledbeam 150")
    sales.sees("Bassline Rental bietet euch das zurzeit nicht an")
    choose_level(admin, "2 – Bestand anbieten")
    expect(search(sales, "ledbeam 150 robe")).to_contain_text(" von ")
    admin.page.get_by_label("Artikel zum Markieren suchen").fill("ledbeam 150")
    admin.page.get_by_role("button", name=re.compile("LEDBeam 150 ausnehmen")).click()
    expect(admin.page.get_by_role("rowheader", name=re.compile("LEDBeam 150")).last).to_be_visible()
    type_query(sales, "ledbeam 150 robe")
    sales.sees("Bassline Rental bietet nichts Passendes an.")


def step_8_both_directions(world: World) -> None:
    """The other roles ticked, articles released: Bassline hires at Aurora with no mail and no key."""
    aurora, bassline = world.person(world.aurora, "admin"), world.person(world.bassline, "admin")
    codes_before = len([mail for mail in world.mails.messages if "EWX1:" in str(mail)])
    aurora.contact("Bassline Rental")
    aurora.page.get_by_label("Kunde", exact=True).check()
    roles = aurora.page.locator("#contact-roles")
    expect(roles.locator("option:checked")).to_have_text("2 – Bestand anbieten")
    roles.get_by_role("button", name="Speichern").click()
    aurora.page.wait_for_load_state("networkidle")
    aurora.tab("Partner")
    expect(aurora.page.locator(".ewx-levels").get_by_label("2 – Bestand anbieten")).to_be_checked()
    aurora.click("Alles freigeben")
    aurora.sees("Artikel sind für diesen Partner sichtbar")
    bassline.contact("Aurora Veranstaltungstechnik")
    bassline.page.get_by_label("Lieferant", exact=True).check()
    lender = world.person(world.bassline, "sales")
    open_job(lender, LENDERS_OWN)
    choose_source_partner(lender, "Aurora Veranstaltungstechnik")
    search(lender, "mac-aura").get_by_role("button", name="auswählen").click()
    lender.sees("Welcher deiner Artikel")
    lender.page.get_by_role("button", name=re.compile("verbinden$")).first.click()
    add_quantity(lender, "1")
    send_order(lender)
    expect(orders(lender).get_by_text("zugestellt")).to_be_visible(timeout=20_000)
    open_inquiry(world.person(world.aurora, "sales"))
    assert len([mail for mail in world.mails.messages if "EWX1:" in str(mail)]) == codes_before


def step_9_pause_and_end(world: World) -> None:
    """Off: refused at once and said so, deliveries parked; on: they go out. Ended while the other server is down."""
    admin, sales = world.person(world.bassline, "admin"), world.person(world.aurora, "sales")
    open_job(sales, ORDER)
    choose_source_partner(sales, "Bassline Rental")
    search(sales, "300 auro spot").get_by_role("button", name="auswählen").click()
    sales.page.get_by_role("button", name=re.compile("verbinden$")).first.click()
    add_quantity(sales, "1")
    admin.contact("Aurora Veranstaltungstechnik")
    switch_off(admin)
    type_query(sales, "cameo")
    sales.sees("Bassline Rental hat die Verbindung pausiert. Ein Admin dort kann sie wieder einschalten.")
    send_order(sales)
    expect(orders(sales).get_by_text("angehalten").first).to_be_visible(timeout=20_000)
    switch_on(admin)
    expect(orders(sales).get_by_text("angehalten")).to_have_count(0, timeout=20_000)

    world.bassline.stop("web")
    ending = world.person(world.aurora, "admin")
    open_tab(ending, "Bassline Rental")
    ending.click("Verbindung trennen")
    ending.click("Verbindung trennen")
    ending.sees("Die Verbindung ist beendet.")
    world.bassline.start("web")
    open_job(sales, ORDER)
    sales.page.get_by_label("Partner", exact=True).check()
    sales.sees("Noch bietet dir kein Partner Material an")
    lender = world.person(world.bassline, "sales")
    lender.complaints.clear()  # their own server was down in the meantime
    open_job(lender, LENDERS_OWN)
    lender.page.get_by_label("Partner", exact=True).check()
    # Whether the farewell reached them before they ask or not: no access.
    refused = re.compile("sagt, dass diese Verbindung dort beendet wurde|Noch bietet dir kein Partner Material an")
    expect(lender.page.locator("#material")).to_contain_text(refused)


def step_10_nobody_else(world: World) -> None:
    """Sales, read-only staff and strangers neither see nor reach the admin's steps; all of it is in the journal."""
    admin = world.person(world.aurora, "admin")
    open_tab(admin, "Bassline Rental")
    admin.page.get_by_role("link", name="Ganzes Protokoll").click()
    for deed in ("Schlüsselpaar erzeugt", "Partner-Code per E-Mail gesendet", "Code des Partners eingetragen"):
        admin.sees(deed)
    admin.page.get_by_role("link", name="Kette prüfen").click()
    admin.sees("Die Kette hält")
    open_tab(admin, "Bassline Rental")
    path = admin.page.url.removeprefix(admin.company.url())
    for role, status in (("sales", 403), ("read_only", 403), ("warehouse", 403)):
        person = world.person(world.aurora, role)
        person.contact("Bassline Rental")
        expect(person.page.locator("#contact-tabs").get_by_role("link", name="Partner")).to_have_count(0)
        expect(person.page.get_by_label("Partner (Netzwerk)")).to_have_count(0)
        assert status_of(person, path) == status
        person.complaints.clear()
    stranger = arrives(world.browser, world.aurora, "stranger")
    assert status_of(stranger, path) == 404
