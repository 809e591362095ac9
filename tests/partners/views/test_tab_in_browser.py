"""The tab "Partner" in a real browser: whatever state a connection is in, it is accessible, fits and says who acts."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.audit import Actor, chain_everything
from eventworx.tenants.models import User
from eventworx.tenants.roles import Role
from partners import connections, outbox
from partners.models import ConnectionKey, KeySide, KeyState, PartnerConnection
from partners.outbox import DeliveryKind
from partners.shown_stock import StockMode
from partners.tasks import HANDLERS
from partners.transport import Fault
from tests.axe import assert_axe_clean, assert_fits
from tests.factories import make_connection, make_tenant, make_user
from tests.fakes import InProcess

ADMIN = Actor(label="Ada Admin")
NUMBER = "11111 22222 33333 44444 55555 66666"
Change = Callable[[PartnerConnection], None]


def facts(**changes: Any) -> Change:
    return lambda connection: PartnerConnection.objects.filter(pk=connection.pk).update(**changes) and None


def now(**shift: int) -> Any:
    return timezone.now() + timedelta(**shift)


def expired(connection: PartnerConnection) -> None:
    facts(connected_at=None, code_expires_at=now(days=-1))(connection)


def expired_unless_entered(connection: PartnerConnection) -> None:
    connection.keys.filter(side=KeySide.PEER).delete()
    sent = {"code_sent_at": now(days=-15), "code_expires_at": now(days=-1)}
    facts(connected_at=None, verified_at=None, peer_key_at=None, **sent)(connection)


def silent(connection: PartnerConnection) -> None:
    problem = {"last_problem": "timeout", "last_problem_at": now(minutes=-2), "failures": 5}
    facts(failing_since=now(minutes=-20), retry_at=now(minutes=2), **problem)(connection)
    outbox.enqueue_notice(connection=connection, notice="level_changed")


def changing_keys(connection: PartnerConnection) -> None:
    connections.rotate_key(connection=connection, actor=ADMIN, now=timezone.now())
    peers = connection.keys.filter(side=KeySide.PEER)
    peers.update(state=KeyState.RETIRING)
    for state, byte in ((KeyState.ACTIVE, "1"), (KeyState.STAGED, "2")):
        ConnectionKey.objects.create(
            tenant=connection.tenant,
            connection=connection,
            side=KeySide.PEER,
            state=state,
            keyid=byte * 16,
            public_key=byte.encode() * 32,
        )


def lost(connection: PartnerConnection) -> None:
    connection.keys.filter(side=KeySide.OWN).update(sealed_private_key="v1.00000000.AAAA.AAAA")


def ended(connection: PartnerConnection) -> None:
    connections.close(connection=connection, actor=ADMIN, now=timezone.now())


def level_3_unverified(connection: PartnerConnection) -> None:
    facts(level=3, verified_at=None)(connection)


def within_limits(connection: PartnerConnection) -> None:
    """Level 3 with everything that is set for it."""
    facts(level=3)(connection)
    rails = {"most_units": 20, "most_net": Decimal("1500.00"), "lead_hours": 24, "horizon_days": 180, "most_orders": 20}
    connections.set_guard_rails(connection=connection, actor=ADMIN, **rails)  # type: ignore[arg-type]
    connections.set_stock_terms(
        connection=connection, stock_mode=StockMode.CAPPED, stock_cap=5, stock_kept_back=2, actor=ADMIN
    )


def braked(connection: PartnerConnection) -> None:
    within_limits(connection)
    for whose in (connection, None):
        connections.pull_brake(tenant=connection.tenant, connection=whose, actor=ADMIN, now=timezone.now())


STATES: dict[str, tuple[Change, str]] = {
    "waiting": (facts(connected_at=None, last_problem="not-entered-there"), "Warten auf Bassline Rental"),
    "unreachable": (facts(connected_at=None, last_problem="name"), "wird nicht gefunden"),
    "expired": (expired, "Unser Code ist abgelaufen"),
    "expired-unless-entered": (expired_unless_entered, "Hatte Bassline"),
    "unverified": (facts(verified_at=None), "bitte die Sicherheitsnummer vergleichen"),
    "well": (facts(), "ist aktiv"),
    "level-3-unverified": (level_3_unverified, "Vorerst gilt Art 2."),
    "limits": (within_limits, "höchstens Nettowert: 1500.00"),
    "braked": (braked, "Die Notbremse für alle Partner ist gezogen"),
    "keys": (changing_keys, "Der Wechsel läuft"),
    "silent": (silent, "antwortet seit"),
    "key": (facts(last_problem="key", last_problem_at=now()), "nimmt unseren Schlüssel nicht mehr an"),
    "closed-there": (facts(last_problem="closed", last_problem_at=now()), "dort beendet wurde"),
    "lost": (lost, "lässt sich nicht öffnen"),
    "paused-there": (facts(peer_paused_at=now()), "hat die Verbindung pausiert"),
    "paused": (facts(paused_at=now()), "Von uns pausiert"),
    "ended": (ended, "Wir haben diese Verbindung getrennt"),
}


@pytest.fixture
def connection(transactional_db: None, network: InProcess, enter: Callable[[User], None]) -> PartnerConnection:
    """Aurora's side of one that stands; an admin of hers is logged in."""
    bassline, aurora = make_tenant("bassline", "Bassline Rental"), make_tenant("aurora", "Aurora")
    ours, _theirs = make_connection(aurora, peer=bassline, safety_number=NUMBER, verified_at=timezone.now())
    network.fault = Fault.TIMEOUT
    enter(make_user(aurora, Role.ADMIN))
    return ours


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible_and_fits(
    page: Page,
    live_server: LiveServer,
    connection: PartnerConnection,
    complaints: list[str],
    state: str,
    theme: str,
    width: int,
) -> None:
    change, sentence = STATES[state]
    change(connection)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(live_server.url + connection.tenant.url("partners:tab", connection.contact_id), wait_until="load")
    expect(page.locator("main")).to_contain_text(sentence)
    assert_axe_clean(page)
    assert_fits(page)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_whole_journal_is_accessible_and_fits(
    page: Page, live_server: LiveServer, connection: PartnerConnection, complaints: list[str], theme: str, width: int
) -> None:
    changing_keys(connection)
    connections.set_level(connection=connection, level=1, actor=ADMIN)
    ended(connection)
    chain_everything()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(live_server.url + connection.tenant.url("partners:journal", connection.contact_id))
    page.get_by_role("link", name="Kette prüfen").click()
    expect(page.locator("main")).to_contain_text("Die Kette hält: 3 Einträge")
    assert_axe_clean(page)
    assert_fits(page)


def test_a_change_of_keys_is_followed_live(
    page: Page, live_server: LiveServer, connection: PartnerConnection, network: InProcess, complaints: list[str]
) -> None:
    page.goto(live_server.url + connection.tenant.url("partners:tab", connection.contact_id))
    keys = page.get_by_role("region", name="Schlüssel")
    expect(keys.locator("tbody tr")).to_have_count(2)
    page.once("dialog", lambda question: question.accept())
    keys.get_by_role("button", name="Schlüssel wechseln").click()
    expect(keys).to_contain_text("Der Wechsel läuft")
    expect(keys.locator("tbody tr")).to_have_count(3)
    network.fault = None
    outbox.deliver_due(now=timezone.now(), handlers={DeliveryKind.KEYS: HANDLERS[DeliveryKind.KEYS]})
    expect(keys.locator("tbody tr")).to_have_count(2, timeout=10_000)
    expect(keys.get_by_role("button", name="Schlüssel wechseln")).to_be_visible()
    expect(page.locator("#partner-standing")).to_contain_text("ist aktiv")


def test_the_standing_is_followed_live_and_left_alone_while_nothing_changes(
    page: Page, live_server: LiveServer, connection: PartnerConnection, complaints: list[str]
) -> None:
    page.goto(live_server.url + connection.tenant.url("partners:tab", connection.contact_id))
    standing = page.locator("#partner-standing")
    expect(standing).to_contain_text("ist aktiv")
    standing.evaluate("shown => shown.dataset.untouched = 'yes'")
    for _turn in range(2):
        with page.expect_response(lambda answer: "shown=" in answer.url) as polled:
            pass
        assert polled.value.status == 204
    expect(standing).to_have_attribute("data-untouched", "yes")
    for problem, sentence in (("busy", "ist gerade beschäftigt"), ("name", "wird nicht gefunden")):
        facts(last_problem=problem, last_problem_at=now())(connection)
        expect(standing).to_contain_text(sentence, timeout=10_000)
    assert_axe_clean(page)
