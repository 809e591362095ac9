"""The head of a contact and the tab "Partner": what admins can do, what nobody else sees (mission P1-P9)."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone, translation

from eventworx.audit import Actor, chain_everything
from eventworx.contacts.contacts import set_roles
from eventworx.contacts.models import Contact
from eventworx.messaging.mail import send_mail
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import connections
from partners.client import PartnerUnreachable
from partners.models import KeyState, PartnerConnection
from partners.pairing import fingerprint
from partners.protocol.pairing_code import encode
from partners.transport import Fault
from tests.factories import make_contact
from tests.fakes import RUBBISH, SERVER_ERROR, InProcess
from tests.partners.codes import foreign_code
from tests.partners.questions import Question

LogIn = Callable[..., Client]
Pair = tuple[PartnerConnection, PartnerConnection]
HTMX = {"HX-Request": "true"}
POSTS = ["set_roles", "switch", "set_level", "connect", "save_code", "test", "verify"]
POSTS += ["set_stock_terms", "set_guard_rails", "brake"]
PAGES = ["tab", "send_code", "enter_code", "disconnect"]


@pytest.fixture
def contact(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline", is_supplier=True, email="post@bassline.example")


def url(contact: Contact, name: str) -> str:
    return contact.tenant.url(f"partners:{name}", contact.pk)


def page(client: Client, contact: Contact, name: str, **headers: str) -> str:
    return client.get(url(contact, name), headers=headers).content.decode()


def post(client: Client, contact: Contact, name: str, **data: str) -> str:
    return client.post(url(contact, name), data, follow=True, headers=HTMX).content.decode()


def test_the_whole_way_in_the_browser(contact: Contact, log_in: LogIn) -> None:
    client = log_in(contact.tenant)
    assert 'id="partner-tab"' not in page(client, contact, "contact_header", **HTMX)
    assert 'id="partner-tab" hx-swap-oob="true"' in post(client, contact, "switch", on="1")
    assert "Noch nicht verbunden" in page(client, contact, "tab")
    assert "Der Schlüssel ist erzeugt." in post(client, contact, "connect")
    assert "EWX1: " in page(client, contact, "send_code")
    assert "Die E-Mail ist unterwegs." in post(client, contact, "send_code")
    assert "Warten auf den Schlüssel von Bassline: dort muss ein Admin" in page(client, contact, "tab")
    code = encode(foreign_code())
    preview = post(client, contact, "enter_code", code=code)
    for shown in ("Servername", "rent.bassline.example", "Partner-Schlüssel", "Sicherheitsnummer"):
        assert shown in preview
    connection = contact.partner_connections.get()
    assert connection.peer_key_at is None
    assert "Die Verbindung wird aufgebaut." in post(client, contact, "save_code", code=code)
    assert "Warten auf Bassline Rental: dort muss ein Admin unseren Code eintragen" in page(client, contact, "tab")


def test_the_partners_code_is_entered_after_ours_has_expired(contact: Contact, log_in: LogIn) -> None:
    """He may have entered ours in its time and sent his, good still, days later (protocol §9)."""
    client = log_in(contact.tenant)
    post(client, contact, "switch", on="1")
    post(client, contact, "connect")
    post(client, contact, "send_code")
    contact.partner_connections.update(code_expires_at=timezone.now() - timedelta(days=1))
    shown = page(client, contact, "tab")
    assert url(contact, "enter_code") in shown
    assert f'href="{url(contact, "send_code")}"' not in shown
    assert "bevor Bassline ihn eingetragen hatte" not in shown
    assert "Die Verbindung wird aufgebaut." in post(client, contact, "save_code", code=encode(foreign_code()))
    assert "Wir fragen noch eine Weile nach" in page(client, contact, "tab")


def test_a_refused_code_is_said_at_the_field(contact: Contact, log_in: LogIn) -> None:
    client = log_in(contact.tenant)
    post(client, contact, "switch", on="1")
    post(client, contact, "connect")
    for name in ("enter_code", "save_code"):
        answer = post(client, contact, name, code="Guten Tag!")
        assert 'id="id_code_error"' in answer
        assert "In diesem Text steht kein Partner-Code" in answer
    assert contact.partner_connections.get().peer_key_at is None


def test_a_look_alike_is_shown_as_it_is_read_and_as_it_is_spelt(contact: Contact, log_in: LogIn) -> None:
    client = log_in(contact.tenant)
    post(client, contact, "switch", on="1")
    post(client, contact, "connect")
    forged = "bаssline.example".encode("idna").decode()  # with a Cyrillic а
    shown = post(client, contact, "enter_code", code=encode(foreign_code(origin=f"https://{forged}")))
    assert f"bаssline.example ({forged})" in shown
    assert "mischt Buchstaben verschiedener Alphabete" in shown
    assert f"({forged}) sieht aus wie bassline.example und ist ein anderer" in shown
    assert "sieht aus wie" not in post(client, contact, "enter_code", code=encode(foreign_code()))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (None, "Test erfolgreich"),
        (Fault.REFUSED, "Der Server von Bassline Rental ist nicht erreichbar."),
        (Fault.TIMEOUT, "Der Server von Bassline Rental hat nicht rechtzeitig geantwortet."),
        (RUBBISH, "Unter der Adresse von Bassline Rental antwortet nicht deren Eventworx."),
        (SERVER_ERROR, "Der Server von Bassline Rental meldet einen eigenen Fehler."),
    ],
)
def test_test(pair: Pair, network: InProcess, log_in: LogIn, fault: Fault | None, sentence: str) -> None:
    network.fault = fault
    assert sentence in post(log_in(pair[0].tenant), pair[0].contact, "test")


def test_becoming_a_customer_proposes_a_level(pair: Pair, log_in: LogIn) -> None:
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    post(client, contact, "set_roles", is_supplier="on")
    pair[0].level = 0
    pair[0].save()
    asked = post(client, contact, "set_roles", is_supplier="on", is_customer="on")
    assert '<option value="2" selected>2 – Bestand anbieten</option>' in asked
    assert "Bitte wähle, was du diesem Partner als Kunden anbietest." in asked
    assert "invalid" not in asked
    refused = post(client, contact, "set_roles", is_supplier="on", is_customer="on", level="4")
    assert "is-invalid" in refused
    post(client, contact, "set_roles", is_supplier="on", is_customer="on", level="2")
    pair[0].refresh_from_db()
    assert pair[0].effective_level == 2


def test_a_role_taken_away_meanwhile_is_not_given_back_by_a_page_from_before(pair: Pair, log_in: LogIn) -> None:
    """Who is no customer any more sees nothing: a tick beside it, made on a page from before, must not change that."""
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    contact.is_supplier = False
    contact.save()
    before = dict(re.findall(r'name="(initial-is_[a-z]+)" value="([^"]*)"', page(client, contact, "contact_header")))
    set_roles(contact=contact, is_customer=False, is_supplier=True)
    post(client, contact, "set_roles", is_customer="on", is_supplier="on", **before)
    contact.refresh_from_db()
    assert (contact.is_customer, contact.is_supplier) == (False, True)


def test_who_would_take_the_last_role_from_a_page_from_before_sees_that_it_is_the_last(
    pair: Pair, log_in: LogIn
) -> None:
    """It stood there with the other one ticked, that at least one is to be chosen, and ticking changed nothing."""
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    hidden = r'name="(initial-is_[a-z]+)" value="([^"]*)"'
    before = dict(re.findall(hidden, page(client, contact, "contact_header")))
    set_roles(contact=contact, is_customer=False)
    refused = post(client, contact, "set_roles", is_customer="on", **before)
    assert "Wähle mindestens eines" in refused
    assert not re.search(r'name="is_customer"[^>]* checked', refused)
    post(client, contact, "set_roles", is_customer="on", **dict(re.findall(hidden, refused)))
    contact.refresh_from_db()
    assert (contact.is_customer, contact.is_supplier) == (True, False)


def test_pause_marks_the_tab(pair: Pair, log_in: LogIn) -> None:
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    assert "Pausiert" in post(client, contact, "switch")
    assert "Von uns pausiert: Bassline Rental wird abgewiesen." in page(client, contact, "tab")
    assert "Pausiert" not in post(client, contact, "switch", on="1")


def test_disconnect_asks_first(pair: Pair, log_in: LogIn) -> None:
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    assert "endgültig trennen?" in page(client, contact, "disconnect")
    assert "Wir haben diese Verbindung getrennt." in post(client, contact, "disconnect")
    assert "Beendet" in page(client, contact, "contact_header", **HTMX)


def test_level_is_chosen_from_what_is_offered(pair: Pair, log_in: LogIn) -> None:
    client = log_in(pair[0].tenant)
    for level in ("4", "-1", "", "x"):
        answer = post(client, pair[0].contact, "set_level", level=level)
        assert "Diese Art der Partnerverbindung gibt es nicht." in answer
    assert "Gespeichert." in post(client, pair[0].contact, "set_level", level="1")
    shown = page(client, pair[0].contact, "tab")
    for label in ("0 – Kein Zugriff auf deinen Bestand", "3 – Bestand anbieten und automatisch reservieren"):
        assert label in shown


def test_level_3_counts_once_the_number_is_compared(pair: Pair, log_in: LogIn) -> None:
    """The way of the product's description: choose 3, read the number to each other, confirm it."""
    ours, client = pair[0], log_in(pair[0].tenant)
    shown = post(client, ours.contact, "set_level", level="3")
    assert "Vorerst gilt Art 2." in shown
    ours.refresh_from_db()
    assert (ours.level, ours.effective_level) == (3, 2)
    ours.deliveries.all().delete()
    shown = post(client, ours.contact, "verify", safety_number=ours.safety_number)
    assert "Vorerst gilt Art 2." not in shown
    ours.refresh_from_db()
    assert ours.effective_level == 3
    assert [delivery.body for delivery in ours.deliveries.all()] == [{"notice": "level_changed"}]


def test_a_dead_mail_server_is_visible(contact: Contact, log_in: LogIn, settings: object) -> None:
    client = log_in(contact.tenant)
    post(client, contact, "switch", on="1")
    post(client, contact, "connect")
    post(client, contact, "send_code")
    mail = contact.mails.get()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # type: ignore[attr-defined]
    send_mail(mail_id=mail.pk, now=timezone.now())
    shown = page(client, contact, "tab")
    assert "wurde nicht gesendet" in shown
    assert "E-Mail funktioniert zurzeit nicht" in shown
    assert "Wir versuchen es weiter." in shown


@pytest.mark.parametrize("role", [Role.SALES, Role.WAREHOUSE, Role.READ_ONLY])
def test_nobody_else_sees_or_reaches_it(pair: Pair, log_in: LogIn, role: Role) -> None:
    contact, client = pair[0].contact, log_in(pair[0].tenant, role)
    header = page(client, contact, "contact_header", **HTMX)
    assert "<form" not in header
    assert "partner-tab" not in header
    assert "Partner (Netzwerk)" in header
    assert {client.get(url(contact, name)).status_code for name in PAGES} == {403}
    assert {client.post(url(contact, name)).status_code for name in POSTS + PAGES} == {403}


def test_strangers_find_nothing(pair: Pair, cymbal: Tenant, log_in: LogIn) -> None:
    contact, client = pair[0].contact, log_in(cymbal)
    assert {client.get(url(contact, name)).status_code for name in PAGES} == {404}
    theirs = {client.get(cymbal.url(f"partners:{name}", contact.pk)).status_code for name in PAGES}
    assert theirs == {404}


def test_the_standing_refreshes_the_page_when_it_changes(pair: Pair, log_in: LogIn) -> None:
    client = log_in(pair[0].tenant)
    polled = HTMX | {"HX-Target": "partner-standing"}
    same = client.get(url(pair[0].contact, "tab"), {"seen": "connected"}, headers=polled)
    other = client.get(url(pair[0].contact, "tab"), {"seen": "code_sent"}, headers=polled)
    assert "HX-Refresh" not in same.headers
    assert other.headers["HX-Refresh"] == "true"


def test_the_standing_is_sent_again_only_where_it_has_changed(pair: Pair, log_in: LogIn) -> None:
    """Whoever has it read out hears what is new, not the same every three seconds; what has ended asks no more."""
    client, contact = log_in(pair[0].tenant), pair[0].contact

    def poll(address: str) -> HttpResponse:
        return client.get(address, headers=HTMX | {"HX-Target": "partner-standing"})

    def address_in(html: str) -> list[str]:
        return [unescape(found) for found in re.findall(r'id="partner-standing" hx-get="([^"]+)"', html)]

    [first] = address_in(page(client, contact, "tab"))
    assert poll(first).status_code == 204
    PartnerConnection.objects.filter(pk=pair[0].pk).update(last_problem="busy")
    changed = poll(first)
    assert "ist gerade beschäftigt" in changed.content.decode()
    [second] = address_in(changed.content.decode())
    assert poll(second).status_code == 204
    connections.close(connection=pair[0], actor=Actor(label="Ada"), now=timezone.now())
    assert poll(second).headers["HX-Refresh"] == "true"
    assert address_in(page(client, contact, "tab")) == []


def test_refused_requests_are_for_our_admin_to_see(pair: Pair, log_in: LogIn) -> None:
    """The partner's clock is wrong: he gets the one 401, our admin the reason."""
    client = log_in(pair[0].tenant)
    assert "Die Uhren der beiden Server" not in page(client, pair[0].contact, "tab")
    assert Question(pair[1], age=timedelta(minutes=10)).ask().status == 401
    assert "Die Uhren der beiden Server" in page(client, pair[0].contact, "tab")


def test_the_journal_speaks_the_language_of_its_reader(pair: Pair, network: InProcess, log_in: LogIn) -> None:
    """Keys are spelt as where people compare them; what a test found is said in words."""
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    client.post("/language/", {"language": "en"})
    connections.rotate_key(connection=pair[0], actor=Actor(label="Ada"), now=timezone.now())
    network.fault = Fault.TIMEOUT
    with pytest.raises(PartnerUnreachable) as unreachable:
        connections.test_connection(connection=pair[0], actor=Actor(label="Ada"))
    page = html.unescape(client.get(url(contact, "journal")).content.decode())
    assert f"key: {fingerprint(bytes(pair[0].keys.get(state=KeyState.STAGED).public_key))}" in page
    with translation.override("en"):
        assert str(unreachable.value) in page
    assert 'filename="journal-' in client.get(url(contact, "journal_export"))["Content-Disposition"]


def test_the_whole_journal_and_its_export(pair: Pair, log_in: Callable[..., Client]) -> None:
    """Each step with who and from where; a partner's name cannot start a formula in a spreadsheet."""
    contact, client = pair[0].contact, log_in(pair[0].tenant)
    client.post(pair[0].tenant.url("partners:set_level", contact.pk), {"level": "1"})
    evil = Actor(label="=HYPERLINK(1)", address="192.0.2.7")
    connections.switch_off(connection=pair[0], actor=evil, now=timezone.now())
    chain_everything()
    page = client.get(pair[0].tenant.url("partners:journal", contact.pk) + "?verify=1").content.decode()
    assert "2 → 1" in page
    assert "192.0.2.7" in page
    assert "Die Kette hält: 2 Einträge" in page
    exported = client.get(pair[0].tenant.url("partners:journal_export", contact.pk)).content
    assert exported.startswith(b"\xef\xbb\xbf")  # else a spreadsheet garbles every umlaut
    lines = exported.decode("utf-8-sig").splitlines()
    assert lines[0] == "position;at;actor;address;action;target;detail;digest"
    assert [line.split(";")[0] for line in lines[1:]] == ["1", "2"]
    assert "'=HYPERLINK(1)" in lines[2]
    with database.cursor() as cursor:
        cursor.execute("UPDATE eventworx_auditentry SET action = 'x' WHERE position = 1")
    page = client.get(pair[0].tenant.url("partners:journal", contact.pk) + "?verify=1").content.decode()
    assert "Die Kette ist bei Eintrag 1 zerrissen" in page
