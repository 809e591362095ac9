"""On, off, level, roles, test and end of a connection, in process (mission P1, P2, P5-P9)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation

from eventworx.audit import Actor, AuditEntry
from eventworx.contacts.contacts import NoRole
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import client, connections, outbox, pairing
from partners.access import AccessLevel
from partners.client import PartnerPaused, PartnerUnreachable
from partners.connections import ConnectionEnded, LevelNeeded, OtherSafetyNumber, TooManyTests
from partners.models import PartnerConnection
from partners.transport import Fault, RawAnswer
from tests.factories import make_contact, make_user
from tests.fakes import RUBBISH, SERVER_ERROR, InProcess

ADMIN = Actor(label="Ada")
Pair = tuple[PartnerConnection, PartnerConnection]


def deliver() -> None:
    outbox.deliver_due(now=timezone.now(), handlers={})


def deeds(connection: PartnerConnection) -> list[str]:
    return [entry.action.removeprefix("partner.") for entry in AuditEntry.objects.about(connection)]


def switch(connection: PartnerConnection, on: bool) -> None:
    if on:
        connections.switch_on(contact=connection.contact, actor=ADMIN, now=timezone.now())
    else:
        connections.switch_off(connection=connection, actor=ADMIN, now=timezone.now())
    connection.refresh_from_db()


def test_switching_on_twice_makes_one_connection(aurora: Tenant) -> None:
    contact = make_contact(aurora)
    first = connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    assert connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now()) == first
    assert deeds(first) == ["switched_on"]
    assert first.level == AccessLevel.NONE


def test_pausing_refuses_the_very_next_request(pair: Pair) -> None:
    ours, theirs = pair
    switch(theirs, on=False)
    with pytest.raises(PartnerPaused):
        client.call(connection=ours, method="POST", path="/pairing", body={}, idempotency_key=ours.pk)
    switch(theirs, on=True)
    assert client.call(connection=ours, method="GET", path="/connection").status == 200
    assert deeds(theirs)[:2] == ["switched_on", "switched_off"]


def test_the_partner_learns_of_pause_and_resumption(pair: Pair) -> None:
    ours, theirs = pair
    switch(theirs, on=False)
    deliver()
    ours.refresh_from_db()
    assert ours.peer_paused_at
    switch(theirs, on=True)
    deliver()
    ours.refresh_from_db()
    assert ours.peer_paused_at is None


def test_only_the_last_notice_goes_out(pair: Pair, network: InProcess) -> None:
    for on in (False, True, False, True):
        switch(pair[0], on)
    deliver()
    assert [sent.body for sent in network.sent] == [b'{"notice":"resumed"}']


def test_level_holds_with_the_next_request(pair: Pair) -> None:
    ours, theirs = pair
    connections.set_level(connection=theirs, level=1, actor=ADMIN)
    document = client.call(connection=ours, method="GET", path="/connection").document
    assert isinstance(document, dict)
    assert document["level_granted_to_you"] == 1


@pytest.mark.parametrize("level", [4, -1])
def test_a_level_that_does_not_exist(pair: Pair, level: int) -> None:
    with pytest.raises(ValueError, match="not a valid AccessLevel"):
        connections.set_level(connection=pair[0], level=level, actor=ADMIN)
    pair[0].refresh_from_db()
    assert pair[0].level == AccessLevel.STOCK


def set_roles(connection: PartnerConnection, **roles: Any) -> None:
    connections.set_contact_roles(contact=connection.contact, actor=ADMIN, **roles)
    connection.refresh_from_db()


def test_level_counts_while_the_contact_is_a_customer(pair: Pair) -> None:
    set_roles(pair[0], is_customer=False, is_supplier=True)
    assert pair[0].effective_level == AccessLevel.NONE
    set_roles(pair[0], is_customer=True, is_supplier=True)
    assert pair[0].effective_level == AccessLevel.STOCK


def test_becoming_a_customer_at_level_0_asks_for_a_level(pair: Pair) -> None:
    ours = pair[0]
    set_roles(ours, is_customer=False, is_supplier=True)
    connections.set_level(connection=ours, level=0, actor=ADMIN)
    with pytest.raises(LevelNeeded):
        set_roles(ours, is_customer=True, is_supplier=True)
    ours.contact.refresh_from_db()
    assert not ours.contact.is_customer
    set_roles(ours, is_customer=True, is_supplier=True, level=2)
    assert ours.effective_level == AccessLevel.STOCK


def test_a_contact_keeps_a_role(pair: Pair) -> None:
    with pytest.raises(NoRole):
        set_roles(pair[0], is_customer=False, is_supplier=False)


def test_test_connection(pair: Pair) -> None:
    connections.test_connection(connection=pair[0], actor=ADMIN)
    pair[0].refresh_from_db()
    assert pair[0].peer_level == AccessLevel.STOCK
    assert AuditEntry.objects.about(pair[0])[0].detail == {"outcome": "ok"}


def test_test_connection_notices_the_pause(pair: Pair) -> None:
    switch(pair[1], on=False)
    with pytest.raises(PartnerPaused):
        connections.test_connection(connection=pair[0], actor=ADMIN)
    pair[0].refresh_from_db()
    assert pair[0].peer_paused_at


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(Fault.TIMEOUT, "timeout"), (Fault.NAME, "name"), (RUBBISH, "rubbish"), (SERVER_ERROR, "server-error")],
)
def test_test_connection_fails_with_a_reason(
    pair: Pair, network: InProcess, fault: Fault | RawAnswer, outcome: str
) -> None:
    before = pair[0].facts
    network.fault = fault
    with pytest.raises(PartnerUnreachable) as caught:
        connections.test_connection(connection=pair[0], actor=ADMIN)
    assert caught.value.reason == outcome
    pair[0].refresh_from_db()
    assert pair[0].facts == before
    assert AuditEntry.objects.about(pair[0])[0].detail == {"outcome": outcome}


def test_a_test_that_crashes_is_not_written_down_as_passed(pair: Pair, network: InProcess) -> None:
    def defect(_answer: RawAnswer) -> RawAnswer:
        raise ArithmeticError

    network.change = defect
    with pytest.raises(ArithmeticError):
        connections.test_connection(connection=pair[0], actor=ADMIN)
    assert AuditEntry.objects.about(pair[0])[0].detail == {"outcome": "crashed"}


def test_ten_tests_an_hour(pair: Pair, network: InProcess) -> None:
    """Pairing anew begins no new hour: that would make a port scanner of it."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(10):
            connections.test_connection(connection=pair[0], actor=ADMIN)
        asked = len(network.sent)
        clock.shift(timedelta(minutes=30))
        with pytest.raises(TooManyTests) as caught, translation.override("de"):
            connections.test_connection(connection=pair[0], actor=ADMIN)
        with translation.override("de"):
            assert str(caught.value) == (
                "Die Verbindung wurde innerhalb einer Stunde 10-mal getestet. Bitte in 30 Minuten wieder versuchen."
            )
        connections.test_connection(connection=pair[1], actor=ADMIN)
        again = pairing.start_pairing(contact=pair[0].contact, actor=ADMIN, now=timezone.now())
        with pytest.raises(TooManyTests):
            connections.test_connection(connection=again, actor=ADMIN)
        assert (len(network.sent), deeds(pair[0]).count("tested")) == (asked + 1, 10)
        clock.shift(timedelta(minutes=30))
        pair[0].refresh_from_db()
        with pytest.raises(PartnerUnreachable):
            connections.test_connection(connection=again, actor=ADMIN)


def test_verify(pair: Pair) -> None:
    number = "11111 22222 33333 44444 55555 66666"
    PartnerConnection.objects.filter(pk=pair[0].pk).update(safety_number=number)
    with pytest.raises(OtherSafetyNumber):
        connections.verify(connection=pair[0], safety_number="the former one", actor=ADMIN, now=timezone.now())
    assert deeds(pair[0]) == []
    for _ in range(2):
        connections.verify(connection=pair[0], safety_number=number, actor=ADMIN, now=timezone.now())
    assert deeds(pair[0]) == ["verified"]


def test_the_end(pair: Pair) -> None:
    """Ours is over at once; the partner learns it, his admins too; nobody gets in any more."""
    ours, theirs = pair
    admin = make_user(theirs.tenant, Role.ADMIN)
    connections.close(connection=ours, actor=ADMIN, now=timezone.now())
    with pytest.raises(PartnerUnreachable) as caught:
        client.call(connection=theirs, method="GET", path="/connection")
    assert caught.value.reason == "closed"
    deliver()
    theirs.refresh_from_db()
    assert theirs.closed_by_peer
    assert {key.sealed_private_key for key in theirs.keys.all()} == {""}
    message = theirs.tenant.inbox_messages.get(recipient=admin)
    assert message.subject == "Aurora Veranstaltungstechnik hat die Partnerverbindung getrennt"
    for attempt in (
        lambda: connections.set_level(connection=theirs, level=1, actor=ADMIN),
        lambda: connections.verify(connection=theirs, safety_number="", actor=ADMIN, now=timezone.now()),
    ):
        with pytest.raises(ConnectionEnded), translation.override("de"):
            attempt()


def test_the_end_comes_once(pair: Pair, network: InProcess) -> None:
    for _ in range(2):
        connections.close(connection=pair[0], actor=ADMIN, now=timezone.now())
    deliver()
    assert len(network.sent) == 1
    assert deeds(pair[0]) == ["closed"]


def test_after_the_end_a_new_connection_may_begin(pair: Pair) -> None:
    connections.close(connection=pair[0], actor=ADMIN, now=timezone.now())
    new = connections.switch_on(contact=pair[0].contact, actor=ADMIN, now=timezone.now())
    assert new.pk != pair[0].pk
    assert pair[0].contact.partner_connections.latest_first().first() == new


def test_level_and_releases_outlive_an_end_that_the_partner_made(pair: Pair) -> None:
    ours, theirs = pair
    theirs.releases.create(tenant=theirs.tenant, everything=True)
    connections.close(connection=ours, actor=ADMIN, now=timezone.now())
    deliver()
    new = connections.switch_on(contact=theirs.contact, actor=ADMIN, now=timezone.now())
    assert (new.level, new.releases.count()) == (AccessLevel.STOCK, 1)


def test_our_own_end_takes_everything_back(pair: Pair) -> None:
    pair[0].releases.create(tenant=pair[0].tenant, everything=True)
    connections.close(connection=pair[0], actor=ADMIN, now=timezone.now())
    new = connections.switch_on(contact=pair[0].contact, actor=ADMIN, now=timezone.now())
    assert (new.level, new.releases.count()) == (AccessLevel.NONE, 0)


def test_testing_while_we_are_paused_sets_nothing_free(pair: Pair) -> None:
    waiting = outbox.enqueue_delivery(connection=pair[0], kind=outbox.DeliveryKind.EVENT, path="/order-events", body={})
    switch(pair[0], on=False)
    connections.test_connection(connection=pair[0], actor=ADMIN)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.last_problem) == ("parked", "paused-here")
