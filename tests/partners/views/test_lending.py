"""On which terms we lend, in the tab "Partner", and how the other side reads it (mission R2, R4, R5)."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection as database
from django.db import transaction
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import connections
from partners.guard_rails import GuardRails
from partners.models import PartnerConnection
from partners.orders import decline_order
from partners.protocol import wire
from partners.releases import release
from partners.shown_stock import StockMode, StockTerms
from tests.crowd import somebody_waits
from tests.factories import make_article, make_job
from tests.partners.orders.doing import NO_LIMITS, arrived, at_level_3, limit
from tests.partners.trade import Trade

ADMIN = Actor(label="Ada")
Pair = tuple[PartnerConnection, PartnerConnection]


@pytest.fixture
def theirs(pair: Pair) -> PartnerConnection:
    """Bassline's side: she lends."""
    return pair[1]


@pytest.fixture
def boss(log_in: Callable[..., Client], bassline: Tenant) -> Client:
    return log_in(bassline, Role.ADMIN)


def url(connection: PartnerConnection, name: str) -> str:
    return connection.tenant.url(f"partners:{name}", connection.contact_id)


def save(client: Client, connection: PartnerConnection, name: str, **data: str) -> HttpResponse:
    answer = client.post(url(connection, name), data, headers={"HX-Request": "true"})
    connection.refresh_from_db()
    return answer


def tab(client: Client, connection: PartnerConnection) -> str:
    return client.get(url(connection, "tab")).content.decode()


# --- discreet stock ---------------------------------------------------------------------------------
def test_stock_is_shown_exactly_until_an_admin_decides_otherwise(theirs: PartnerConnection, boss: Client) -> None:
    assert theirs.stock_terms == StockTerms(mode=StockMode.EXACT, cap=10, kept_back=0)
    page = tab(boss, theirs)
    assert 'value="exact" aria-describedby="stock-exact-text" checked' in page
    assert "Was er von deinem Bestand sieht" in page


def test_an_admin_says_what_the_partner_sees_and_the_journal_keeps_it(theirs: PartnerConnection, boss: Client) -> None:
    saved = save(boss, theirs, "set_stock_terms", stock_mode="capped", stock_cap="4", stock_kept_back="2")
    assert (saved.status_code, saved.headers["HX-Refresh"]) == (204, "true")
    assert theirs.stock_terms == StockTerms(mode=StockMode.CAPPED, cap=4, kept_back=2)
    page = tab(boss, theirs)
    assert "Gespeichert. Es gilt ab der nächsten Anfrage des Partners." in page
    assert 'value="capped" aria-describedby="stock-capped-text" checked' in page
    for noted in ("gezeigt: Höchstens bis zu einer Zahl", "zurückgehalten: 2", "bis zu wie vielen: 4"):
        assert noted in page
    save(boss, theirs, "set_stock_terms", stock_mode="capped", stock_cap="4", stock_kept_back="2")
    assert theirs.tenant.audit_entries.filter(action="partner.stock_shown").count() == 1  # nothing changed


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"stock_mode": "capped", "stock_cap": ""}, "bis zu welcher Zahl der Partner erfährt"),
        ({"stock_mode": "capped", "stock_cap": "0"}, "größer oder gleich 1"),
        ({"stock_kept_back": "-1"}, "größer oder gleich 0"),
        ({"stock_kept_back": ""}, "zwingend erforderlich"),
        ({"stock_mode": "all"}, "gültige Auswahl"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    theirs: PartnerConnection, boss: Client, data: dict[str, str], sentence: str
) -> None:
    given = {"stock_mode": "exact", "stock_cap": "5", "stock_kept_back": "1"} | data
    answer = save(boss, theirs, "set_stock_terms", **given)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert theirs.stock_terms == StockTerms(mode=StockMode.EXACT, cap=10, kept_back=0)


def test_a_new_pairing_keeps_the_terms(theirs: PartnerConnection, boss: Client) -> None:
    save(boss, theirs, "set_stock_terms", stock_mode="yes_no", stock_kept_back="3")
    connections.close(connection=theirs, actor=ADMIN, now=timezone.now())
    new = connections.succeed(theirs)
    assert new.stock_terms == theirs.stock_terms
    assert new.granted == theirs.granted


@pytest.mark.parametrize(
    ("mode", "kept", "read"),
    [
        (StockMode.EXACT, 2, "8 von 8"),
        (StockMode.YES_NO, 2, "verfügbar"),
        (StockMode.YES_NO, 10, "nicht verfügbar"),
        (StockMode.CAPPED, 2, "mindestens 5"),
        (StockMode.CAPPED, 10, "nicht verfügbar"),
    ],
)
def test_the_buyer_reads_every_mode(
    pair: Pair, log_in: Callable[..., Client], mode: StockMode, kept: int, read: str
) -> None:
    ours, theirs = pair
    release(connection=theirs, actor=ADMIN, everything=True)
    make_article(theirs.tenant, "MAC Aura XB", owned=10)
    terms = {"stock_mode": mode, "stock_cap": 5, "stock_kept_back": kept}
    connections.set_stock_terms(connection=theirs, actor=ADMIN, **terms)
    asked = {"supplier": str(ours.pk), "q": "aura", "start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}
    sales = log_in(ours.tenant, Role.SALES)
    page = sales.get(ours.tenant.url("partners:search", make_job(ours.tenant).pk), asked).content.decode()
    assert f">{read}</td>" in page


def test_a_mode_of_a_later_version_is_no_figure() -> None:
    for stock in (wire.UnknownStock(mode="rainbow"), None):
        assert "keine Bestandsangabe" in render_to_string("partners/_stock.html", {"stock": stock})


# --- limits and brake -------------------------------------------------------------------------------
def test_limits_are_set_and_the_journal_keeps_them(theirs: PartnerConnection, boss: Client) -> None:
    given = {"most_units": "20", "most_net": "1.500,50", "lead_hours": "24", "horizon_days": "", "most_orders": "20"}
    assert save(boss, theirs, "set_guard_rails", **given).status_code == 204
    assert theirs.guard_rails == GuardRails(most_units=20, most_net=Decimal("1500.50"), lead_hours=24, most_orders=20)
    page = tab(boss, theirs)
    assert 'value="1.500,50"' in page
    noted_limits = ("höchstens Stück: 20", "höchstens Nettowert: 1500.50", "Vorlauf in Stunden: 24")
    for noted in (*noted_limits, "höchstens Bestellungen am Tag: 20"):
        assert noted in page
    assert save(boss, theirs, "set_guard_rails", lead_hours="0").status_code == 204
    assert theirs.guard_rails == GuardRails()
    assert "höchstens Stück: keine Grenze" in tab(boss, theirs)


def test_a_limit_set_meanwhile_is_not_taken_away_by_a_page_from_before(theirs: PartnerConnection, boss: Client) -> None:
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', tab(boss, theirs)))
    save(boss, theirs, "set_guard_rails", most_units="5", most_net="1500,50", lead_hours="0")
    assert save(boss, theirs, "set_guard_rails", lead_hours="4", **before).status_code == 204
    assert theirs.guard_rails == GuardRails(most_units=5, most_net=Decimal("1500.50"), lead_hours=4)
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', tab(boss, theirs)))
    save(boss, theirs, "set_guard_rails", most_units="", most_net="1500,50", lead_hours="4", **before)
    assert theirs.guard_rails == GuardRails(most_net=Decimal("1500.50"), lead_hours=4)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_limit_set_at_the_same_moment_is_not_taken_away(theirs: PartnerConnection, boss: Client) -> None:
    """The other request has read the limits before, and waits for the lock of the connection."""
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', tab(boss, theirs)))

    def other() -> int:
        try:
            return save(boss, theirs, "set_guard_rails", lead_hours="4", **before).status_code
        finally:
            database.close()

    with ThreadPoolExecutor(1) as crowd:
        with transaction.atomic():
            connections.set_guard_rails(connection=theirs, actor=ADMIN, **(NO_LIMITS | {"most_units": 5}))
            saved = crowd.submit(other)
            while not somebody_waits():
                assert not saved.done()
        assert saved.result() == 204
    assert theirs.guard_rails == GuardRails(most_units=5, lead_hours=4)


def test_stock_is_shown_no_more_than_was_decided_meanwhile_by_a_page_from_before(
    theirs: PartnerConnection, boss: Client
) -> None:
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', tab(boss, theirs)))
    save(boss, theirs, "set_stock_terms", stock_mode="capped", stock_cap="4", stock_kept_back="0")
    typed = {"stock_mode": "exact", "stock_cap": "10", "stock_kept_back": "3"}
    assert save(boss, theirs, "set_stock_terms", **typed, **before).status_code == 204
    assert theirs.stock_terms == StockTerms(mode=StockMode.CAPPED, cap=4, kept_back=3)
    save(boss, theirs, "set_stock_terms", **typed | {"stock_mode": "yes_no"}, **before)
    assert theirs.stock_terms == StockTerms(mode=StockMode.YES_NO, cap=4, kept_back=3)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"most_units": "-1"}, "größer oder gleich 0"),
        ({"most_net": "-0,01"}, "größer oder gleich 0"),
        ({"most_net": "1,001"}, "Dezimalstellen"),
        ({"lead_hours": ""}, "zwingend erforderlich"),
        ({"lead_hours": "9999999999"}, "kleiner oder gleich"),
        ({"horizon_days": "0"}, "größer oder gleich 1"),
        ({"most_orders": "0"}, "größer oder gleich 1"),
    ],
)
def test_limits_that_make_no_sense_are_said(
    theirs: PartnerConnection, boss: Client, data: dict[str, str], sentence: str
) -> None:
    answer = save(boss, theirs, "set_guard_rails", **({"lead_hours": "0", "most_units": "5"} | data))
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert theirs.guard_rails == GuardRails()


def test_level_3_begins_with_proposed_limits_where_none_is_set(theirs: PartnerConnection, boss: Client) -> None:
    words = (
        "Mit der Wahl von Art 3 gelten, wo diese Felder leer sind, höchstens 365 Tage im Voraus und"
        " 20 Bestellungen in 24 Stunden."
    )
    assert words in tab(boss, theirs)
    assert theirs.guard_rails == GuardRails()  # what there was before keeps what it has
    save(boss, theirs, "set_level", level="2")
    assert theirs.guard_rails == GuardRails()
    save(boss, theirs, "set_guard_rails", lead_hours="4", horizon_days="30")
    save(boss, theirs, "set_level", level="3")
    assert theirs.guard_rails == GuardRails(lead_hours=4, horizon_days=30, most_orders=20)
    page = tab(boss, theirs)
    assert words not in page
    assert "höchstens Bestellungen am Tag: 20" in page  # in the journal
    save(boss, theirs, "set_guard_rails", lead_hours="4")
    save(boss, theirs, "set_level", level="3")
    assert theirs.guard_rails == GuardRails(lead_hours=4)  # who takes them away, has none


def test_the_brake_is_a_banner_until_it_is_released(theirs: PartnerConnection, boss: Client) -> None:
    assert "Notbremse für diesen Partner ist gezogen" not in tab(boss, theirs)
    assert save(boss, theirs, "brake", on="1").status_code == 204
    page = tab(boss, theirs)
    assert "Die Notbremse ist gezogen: Es wird nichts mehr automatisch bestätigt." in page
    assert "Die Notbremse für diesen Partner ist gezogen, seit " in page
    assert "Notbremse für diesen Partner gezogen" in page  # the journal
    assert save(boss, theirs, "brake").status_code == 204
    page = tab(boss, theirs)
    assert "Die Notbremse ist gelöst." in page
    assert "Die Notbremse für diesen Partner ist gezogen, seit " not in page


def test_the_brake_for_all_stands_in_the_settings_and_in_every_tab(theirs: PartnerConnection, boss: Client) -> None:
    path = theirs.tenant.url("partners:brake_for_all")
    assert path in boss.get(theirs.tenant.url("tenants:settings")).content.decode()
    assert "Für alle Partner ziehen" in boss.get(path).content.decode()
    boss.post(path, {"on": "1"})
    said = "Die Notbremse für alle Partner ist gezogen, seit "
    assert said in boss.get(path).content.decode()
    assert said in tab(boss, theirs)
    boss.post(path)
    assert said not in tab(boss, theirs)


def test_a_supplier_whom_nothing_is_offered_has_no_terms_in_his_tab(theirs: PartnerConnection, boss: Client) -> None:
    theirs.level, theirs.contact.is_customer = 0, False
    theirs.save()
    theirs.contact.save()
    page = tab(boss, theirs)
    assert 'id="stock-terms"' not in page
    assert 'id="guard-rails"' not in page


# --- what sales read --------------------------------------------------------------------------------
def test_the_inquiry_says_why_it_was_not_confirmed(trade: Trade, log_in: Callable[..., Client]) -> None:
    lender = at_level_3(trade.theirs)
    limit(lender, trade, most_units=10)
    order = arrived(trade, 12)
    sales = log_in(lender.tenant, Role.SALES)
    actions = lender.tenant.url("partners:inquiry_actions", order.inquiry_id)
    page = sales.get(actions).content.decode()
    assert "Nicht automatisch bestätigt:" in page
    assert "Freigabe nötig: 12 Stück, über der Grenze von 10." in page
    decline_order(order=order, reason="Nein", actor=trade.seller_actor, now=timezone.now())
    assert "Nicht automatisch bestätigt:" not in sales.get(actions).content.decode()


def test_an_inquiry_that_was_confirmed_by_a_machine_says_so(trade: Trade, log_in: Callable[..., Client]) -> None:
    lender = at_level_3(trade.theirs)
    order = arrived(trade, 2)
    sales = log_in(lender.tenant, Role.SALES)
    actions = sales.get(lender.tenant.url("partners:inquiry_actions", order.inquiry_id)).content.decode()
    assert "automatisch bestätigt" in actions
    assert "<form" not in actions
    inquiry = sales.get(lender.tenant.url("jobs:inquiry", order.inquiry_id)).content.decode()
    assert f"Job {lender.tenant.jobs.get().number}" in inquiry
