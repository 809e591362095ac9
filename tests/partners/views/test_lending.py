"""On which terms we lend, in the tab "Partner", and how the other side reads it (mission R2, R4, R5)."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import connections
from partners.models import PartnerConnection
from partners.protocol import wire
from partners.releases import release
from partners.shown_stock import StockMode, StockTerms
from tests.factories import make_article, make_job

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
    assert "gezeigt: Höchstens bis zu einer Zahl · zurückgehalten: 2 · bis zu wie vielen: 4" in page
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
