"""Our key changes with no mail (mission P10): whatever dies on the way, both sides end with keys that fit."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from eventworx.audit import Actor, AuditEntry
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import client, connections, outbox, pairing, transport
from partners.client import PartnerUnreachable, Reason
from partners.connections import ConnectionEnded, KeyLost, NoKeysThere, NotConnectedYet
from partners.models import ConnectionKey, Delivery, KeySide, KeyState, PartnerConnection
from partners.outbox import DeliveryKind, Outcome
from partners.protocol.wire import dumps
from partners.tasks import sweep
from partners.transport import Fault, RawAnswer
from tests.crowd import at_once
from tests.factories import make_contact, make_user
from tests.fakes import InProcess

ADMIN = Actor(label="Ada")
Pair = tuple[PartnerConnection, PartnerConnection]
Work = Callable[..., list[Outcome]]


def rotate(connection: PartnerConnection) -> ConnectionKey:
    return connections.rotate_key(connection=connection, actor=ADMIN, now=timezone.now())


def ask(connection: PartnerConnection) -> None:
    assert client.call(connection=connection, method="GET", path="/connection").status == 200


def own(connection: PartnerConnection) -> dict[str, str]:
    """Our keys by state: of each its id, or its end."""
    return {key.keyid: key.state for key in connection.keys.filter(side=KeySide.OWN).order_by("created_at")}


def known(connection: PartnerConnection) -> dict[str, str]:
    """The partner's keys as they are known here."""
    return {key.keyid: key.state for key in connection.keys.filter(side=KeySide.PEER).order_by("created_at")}


def deeds(connection: PartnerConnection) -> list[str]:
    about = AuditEntry.objects.about(connection)
    return [entry.action.removeprefix("partner.") for entry in about if "key" in entry.action]


def test_the_whole_change(pair: Pair, work: Work) -> None:
    ours, theirs = pair
    ours.verified_at = timezone.now()
    ours.save()
    old = ours.own_key().keyid
    new = rotate(ours).keyid
    assert own(ours) == {old: "active", new: "staged"}
    assert known(theirs) == {old: "active"}
    work()
    assert own(ours) == {old: "destroyed", new: "active"}
    assert known(theirs) == {old: "active", new: "staged"}  # until it is used
    ask(ours)
    assert known(theirs) == {old: "retiring", new: "active"}
    ask(theirs)
    assert not ours.keys.exclude(side=KeySide.OWN, state=KeyState.ACTIVE).exclude(sealed_private_key="").exists()
    assert deeds(ours) == ["key_changed", "key_staged"]
    assert deeds(theirs) == ["peer_key_changed", "peer_key_staged"]
    ours.refresh_from_db()
    assert ours.verified_at  # the old key vouched for the new one


def test_the_safety_number_outlives_every_change(pair: Pair, work: Work) -> None:
    ours, _theirs = pair
    paired = bytes(ours.pairing_key().public_key)
    for _ in range(2):
        rotate(ours)
        work()
        ask(ours)
    with time_machine.travel(timezone.now() + timedelta(days=30), tick=False):
        sweep()
    assert bytes(ours.pairing_key().public_key) == paired
    assert list(own(ours).values()) == ["destroyed", "destroyed", "active"]
    assert ConnectionKey.is_own(paired)  # a code of ours stays ours


def test_an_answer_signed_with_the_new_key_is_a_use_of_it(pair: Pair, work: Work) -> None:
    """A partner who only ever answers would otherwise keep his old key for good."""
    ours, theirs = pair
    new = rotate(ours).keyid
    work()
    ask(theirs)
    assert known(theirs)[new] == "active"
    assert "retiring" in known(theirs).values()


def test_a_lost_answer_heals_itself(pair: Pair, network: InProcess, work: Work) -> None:
    """He has the new key and we do not know it: the next try, signed by the old one, brings the same 201."""
    ours, theirs = pair
    new = rotate(ours).keyid
    network.lose_answers = True
    assert work() == [Outcome.UNREACHABLE]
    assert known(theirs)[new] == "staged"
    assert own(ours)[new] == "staged"
    network.lose_answers = False
    ask(ours)
    ask(theirs)  # both go on with the old key meanwhile
    assert work(timedelta(minutes=1)) == [Outcome.DELIVERED]
    assert own(ours)[new] == "active"
    ask(ours)
    ask(theirs)
    assert len({sent.headers.get("Idempotency-Key") for sent in network.sent if sent.target.endswith("/keys")}) == 1


def test_two_changes_at_once_are_one(pair: Pair) -> None:
    assert rotate(pair[0]) == rotate(pair[0])
    assert pair[0].deliveries.count() == 1


def test_both_sides_change_at_once(pair: Pair, work: Work) -> None:
    ours, theirs = pair
    rotate(ours)
    rotate(theirs)
    work()
    for side, other in ((ours, theirs), (theirs, ours)):
        ask(side)
        ask(other)
        assert list(own(side).values()) == ["destroyed", "active"]
        assert list(known(side).values()) == ["retiring", "active"]


@pytest.mark.parametrize("side", [0, 1])
def test_a_pause_keeps_nobody_from_changing_keys(pair: Pair, work: Work, side: int) -> None:
    connections.switch_off(connection=pair[side], actor=ADMIN, now=timezone.now())
    new = rotate(pair[0]).keyid
    work()
    assert own(pair[0])[new] == "active"


def test_a_change_under_way_ends_with_the_connection(pair: Pair, work: Work) -> None:
    ours, _theirs = pair
    rotate(ours)
    connections.close(connection=ours, actor=ADMIN, now=timezone.now())
    work()
    assert set(own(ours).values()) == {"destroyed"}
    assert not ours.keys.exclude(sealed_private_key="").exists()
    with pytest.raises(ConnectionEnded):
        rotate(ours)


def test_there_is_no_key_to_change_before_the_connection_stands(aurora: Tenant) -> None:
    contact = make_contact(aurora)
    connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    connection = pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now())
    with pytest.raises(NotConnectedYet):
        rotate(connection)


def test_a_partner_who_cannot_change_keys_is_not_asked(pair: Pair) -> None:
    ours, _theirs = pair
    ours.peer_capabilities = []
    ours.save()
    with pytest.raises(NoKeysThere):
        rotate(ours)
    assert list(own(ours).values()) == ["active"]


def test_a_lost_master_key_is_said(pair: Pair, settings: Settings, tmp_path: Path) -> None:
    ours, theirs = pair
    settings.EWX_KEY_FILE = tmp_path / "another.keys"
    with pytest.raises(KeyLost):
        rotate(ours)
    with pytest.raises(PartnerUnreachable) as caught:
        ask(ours)
    assert caught.value.reason == "own-key"
    connections.close(connection=ours, actor=ADMIN, now=timezone.now())
    assert theirs.closed_at is None


def store_answer(delivery: Delivery, status: int, body: Any, target: str = "/api/partner/v1/keys") -> None:
    """What the partner will answer, as if he had said it before."""
    told = b"\n".join((b"POST", target.encode(), dumps(delivery.body)))
    there = PartnerConnection.objects.get(pk=delivery.connection.peer_connection_id)
    there.stored_answers.create(
        key=delivery.idempotency_key,
        fingerprint=hashlib.sha256(told).hexdigest(),
        status=status,
        body=dumps(body),
        created_at=timezone.now(),
    )


def refused(ours: PartnerConnection) -> None:
    store_answer(ours.deliveries.get(), 422, {"type": "urn:ewx:problem/invalid", "status": 422})


def another_key_stored(ours: PartnerConnection) -> None:
    store_answer(ours.deliveries.get(), 201, {"keyid": "0123456789abcdef", "state": "staged"})


def seven_days(ours: PartnerConnection) -> None:
    ours.deliveries.update(created_at=timezone.now() - timedelta(days=7))


@pytest.mark.parametrize("obstacle", [refused, another_key_stored, seven_days])
def test_what_does_not_come_about_leaves_the_former_key(
    pair: Pair, work: Work, obstacle: Callable[[PartnerConnection], None]
) -> None:
    ours, _theirs = pair
    admin = make_user(ours.tenant, Role.ADMIN)
    old, new = ours.own_key().keyid, rotate(ours).keyid
    obstacle(ours)
    work()
    assert own(ours) == {old: "active", new: "destroyed"}
    assert deeds(ours) == ["key_kept", "key_staged"]
    assert ours.tenant.inbox_messages.get(recipient=admin).subject == (
        "Unser Schlüssel für Bassline Rental wurde nicht gewechselt"
    )
    ask(ours)
    again = rotate(ours).keyid
    work()
    assert own(ours)[again] == "active"
    ask(ours)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Reason.CERTIFICATE, "Das Zertifikat des Servers von Bassline Rental ist nicht gültig. "),
        (Reason.BUSY, "Der Server von Bassline Rental ist gerade beschäftigt. "),
        ("", ""),
    ],
)
def test_after_seven_days_the_last_try_says_why(pair: Pair, work: Work, problem: str, said: str) -> None:
    admin = make_user(pair[0].tenant, Role.ADMIN)
    rotate(pair[0])
    seven_days(pair[0])
    pair[0].deliveries.update(last_problem=problem)
    work()
    body = pair[0].tenant.inbox_messages.get(recipient=admin).body
    assert body.startswith(f"Der Partner hat den neuen Schlüssel 7 Tage lang nicht angenommen. {said}")
    assert body.endswith(" Der bisherige Schlüssel bleibt in Gebrauch.")


def test_pairing_anew_begins_unverified(pair: Pair, work: Work) -> None:
    ours, _theirs = pair
    ours.verified_at = timezone.now()
    ours.save()
    rotate(ours)
    new = pairing.start_pairing(contact=ours.contact, actor=ADMIN, now=timezone.now())
    assert (new.verified_at, new.safety_number) == (None, "")
    assert list(own(new).values()) == ["active"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_admins_who_click_at_once_begin_one_change(pair: Pair) -> None:
    at_once(*[lambda: rotate(pair[0])] * 6)
    assert list(own(pair[0]).values()) == ["active", "staged"]
    assert pair[0].deliveries.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_used_twice_at_once_is_taken_up_once(pair: Pair, work: Work) -> None:
    ours, theirs = pair
    rotate(ours)
    work()
    at_once(*[lambda: ask(ours)] * 6)
    assert list(known(theirs).values()) == ["retiring", "active"]
    assert deeds(theirs) == ["peer_key_changed", "peer_key_staged"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_questions_and_answers_go_on_while_keys_change(pair: Pair, work: Work) -> None:
    """Nobody meets a moment without a key that fits."""
    ours, theirs = pair
    asked: list[PartnerConnection] = []

    def keep_asking(side: PartnerConnection) -> None:
        for _ in range(25):
            ask(side)
            asked.append(side)

    def keep_changing() -> None:
        for _ in range(4):
            rotate(ours)
            rotate(theirs)
            work()

    at_once(lambda: keep_asking(ours), lambda: keep_asking(theirs), keep_changing)
    assert len(asked) == 50
    assert list(own(ours).values()) == ["destroyed"] * 4 + ["active"]


def test_in_the_browser(pair: Pair, network: InProcess, log_in: Callable[..., Client]) -> None:
    ours, _theirs = pair
    page, change = (ours.tenant.url(f"partners:{name}", ours.contact_id) for name in ("tab", "rotate_key"))
    browser = log_in(ours.tenant)
    fingerprints = {pairing.fingerprint(bytes(key.public_key)) for key in ours.keys.all()}
    shown = browser.get(page).content.decode()
    assert all(fingerprint in shown for fingerprint in fingerprints)
    network.fault = Fault.REFUSED
    after = browser.post(change, follow=True).content.decode()
    assert "Der neue Schlüssel ist erzeugt." in after
    assert "Der Wechsel läuft" in after
    assert "Schlüssel wechseln" not in after
    outbox.deliver_due(now=timezone.now(), handlers={DeliveryKind.KEYS: connections.KEY_HANDLERS})
    assert "ist nicht erreichbar" in browser.get(page).content.decode()
    polled = {"HX-Request": "true", "HX-Target": "partner-standing"}
    assert "HX-Refresh" not in browser.get(page, {"seen": "connected-rotating"}, headers=polled).headers
    network.fault = None
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        outbox.deliver_due(now=timezone.now(), handlers={DeliveryKind.KEYS: connections.KEY_HANDLERS})
    assert browser.get(page, {"seen": "connected-rotating"}, headers=polled).headers["HX-Refresh"] == "true"
    assert "Schlüssel wechseln" in browser.get(page).content.decode()


def test_a_partner_who_changes_keys_while_we_wait_is_understood(pair: Pair, network: InProcess, work: Work) -> None:
    """Our question goes out before he announces his key; his answer comes after he has switched."""
    ours, theirs = pair

    class Slow(InProcess):
        def send(self, **request: Any) -> RawAnswer:
            transport.current = network
            rotate(theirs)
            work()
            return network.send(**request)

    transport.current = Slow()
    ask(ours)
    assert list(known(ours).values()) == ["retiring", "active"]
