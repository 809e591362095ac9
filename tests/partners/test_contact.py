"""How the last call went is remembered; a partner who does not answer is left in peace for a while (mission P5, J2)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation

from eventworx.audit import Actor
from eventworx.tenants.roles import Role
from partners import client, connections, outbox, transport
from partners.client import PartnerDown, PartnerPaused, PartnerProblem, PartnerUnreachable
from partners.client.contact import rest_after
from partners.models import DeliveryState, PartnerConnection
from partners.outbox import DeliveryKind, Outcome
from partners.transport import Fault, RawAnswer, Unreachable
from tests.crowd import at_once
from tests.fakes import RUBBISH, SERVER_ERROR, InProcess
from tests.partners.trade import Trade

ADMIN = Actor(label="Ada")
NOON = datetime.fromisoformat("2027-03-01T12:00:00+00:00")
Pair = tuple[PartnerConnection, PartnerConnection]


def ask(connection: PartnerConnection, **how: Any) -> None:
    """A call with the row as it is now, as every page and every worker makes it."""
    fresh = PartnerConnection.objects.select_related("tenant", "contact").get(pk=connection.pk)
    client.call(connection=fresh, method="GET", path="/connection", **how)


def fail(connection: PartnerConnection, times: int = 1, **how: Any) -> str:
    """The reason of the last of some calls that go wrong."""
    reason = ""
    for _ in range(times):
        with pytest.raises(PartnerProblem) as caught:
            ask(connection, **how)
        reason = caught.value.reason
    return reason


def noted(connection: PartnerConnection) -> tuple[str, int, bool]:
    """Last problem, failures in a row, whether he rests."""
    connection.refresh_from_db()
    return connection.last_problem, connection.failures, connection.retry_at is not None


def seconds_of_rest(connection: PartnerConnection) -> float:
    connection.refresh_from_db()
    assert connection.retry_at
    return (connection.retry_at - timezone.now()).total_seconds()


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def test_rests_grow_and_are_bounded() -> None:
    minutes = [rest and rest.total_seconds() / 60 for rest in map(rest_after, range(12))]
    assert minutes == [None, None, None, 1, 2, 4, 8, 15, 15, 15, 15, 15]
    assert rest_after(10**6) == timedelta(minutes=15)


def test_after_three_failures_nobody_waits_for_him(pair: Pair, network: InProcess) -> None:
    ours, _theirs = pair
    network.fault = Fault.TIMEOUT
    assert fail(ours, 3) == "timeout"
    assert noted(ours) == ("timeout", 3, True)
    asked = len(network.sent)
    with pytest.raises(PartnerDown) as caught, translation.override("de"):
        ask(ours)
    assert len(network.sent) == asked  # he was not asked
    with translation.override("de"):
        assert str(caught.value) == "Bassline Rental antwortet seit 13:00 nicht; nächster Versuch 13:01."


def test_two_failures_and_an_answer_begin_anew(pair: Pair, network: InProcess) -> None:
    ours, _theirs = pair
    for _ in range(3):
        network.fault = Fault.REFUSED
        fail(ours, 2)
        network.fault = None
        ask(ours)
    assert noted(ours) == ("", 0, False)


@pytest.mark.parametrize("fault", [RUBBISH, SERVER_ERROR, Fault.TOO_LARGE, Fault.NOT_ALLOWED, RawAnswer(429, (), b"")])
def test_whatever_answers_is_no_silence(pair: Pair, network: InProcess, fault: Fault | RawAnswer) -> None:
    """One order that the partner's server dies of must not keep the others from him."""
    network.fault = fault
    fail(pair[0], 5)
    assert noted(pair[0])[1:] == (0, False)


def test_what_is_our_own_tells_nothing_about_him(pair: Pair) -> None:
    ours, _theirs = pair
    ours.peer_capabilities = []
    ours.save()
    with pytest.raises(PartnerUnreachable):
        client.call(connection=ours, method="GET", path="/keys")
    assert noted(ours) == ("", 0, False)


def test_one_call_tries_him_after_the_rest(pair: Pair, network: InProcess, noon: Any) -> None:
    ours, _theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 3)
    for minutes in (2, 4, 8, 15, 15):
        noon.move_to(PartnerConnection.objects.get(pk=ours.pk).retry_at)
        asked = len(network.sent)
        assert fail(ours) == "refused"
        assert fail(ours) == "down"
        assert len(network.sent) == asked + 1
        assert seconds_of_rest(ours) == minutes * 60
    assert ours.failing_since == NOON
    network.fault = None
    noon.move_to(ours.retry_at)
    ask(ours)
    assert noted(ours) == ("", 0, False)


def test_a_probe_that_was_killed_is_followed_by_the_next(pair: Pair, network: InProcess, noon: Any) -> None:
    ours, _theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 3)
    noon.shift(timedelta(minutes=1))
    ours.refresh_from_db()
    assert ours.retry_at
    assert ours.claim_probe(until=timezone.now() + timedelta(seconds=30))
    network.fault = None
    assert fail(ours) == "down"
    noon.shift(timedelta(seconds=30))
    ask(ours)


def test_the_connection_test_always_goes_through(pair: Pair, network: InProcess) -> None:
    ours, _theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 3)
    with pytest.raises(PartnerUnreachable) as caught:
        connections.test_connection(connection=ours, actor=ADMIN)
    assert caught.value.reason == "refused"
    network.fault = None
    connections.test_connection(connection=PartnerConnection.objects.get(pk=ours.pk), actor=ADMIN)
    assert noted(ours) == ("", 0, False)
    ask(ours)


def test_a_sign_of_life_lets_him_be_asked_again(pair: Pair, network: InProcess, noon: Any) -> None:
    ours, theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 5)
    noon.shift(timedelta(minutes=1))
    fail(ours)  # the probe: the rest is two minutes now
    network.fault = None
    noon.shift(timedelta(minutes=1))
    assert fail(ours) == "down"
    ask(theirs)  # he asks us
    ask(ours)
    assert noted(ours) == ("", 0, False)


def test_who_asks_and_never_answers_is_tried_once_a_minute(pair: Pair, network: InProcess, noon: Any) -> None:
    """Otherwise he would decide how often our worker waits for him."""
    ours, theirs = pair
    network.fault = Fault.TIMEOUT
    fail(ours, 3)
    tried = len(network.sent)
    for _ in range(60):  # of a partner who asks every ten seconds, for ten minutes
        noon.shift(timedelta(seconds=10))
        network.fault = None
        ask(theirs)
        network.fault = Fault.TIMEOUT
        fail(ours)
    asked_by_us = [sent for sent in network.sent[tried:] if sent.headers["EWX-Connection"] == str(theirs.pk)]
    assert len(asked_by_us) == 10


@pytest.mark.parametrize(("status", "reason"), [(410, "closed"), (401, "key")])
def test_what_is_unsigned_is_shown_and_changes_no_state(
    pair: Pair, network: InProcess, status: int, reason: str
) -> None:
    ours, theirs = pair
    before = ours.facts
    network.fault = RawAnswer(status, (("Content-Type", "application/problem+json"),), b"{}")
    fail(ours)
    assert noted(ours) == (reason, 0, False)
    assert ours.facts == before
    network.fault = None
    ask(theirs)
    # A partner who asks, signed, has not ended it; whether he takes our key is another matter.
    assert noted(ours)[0] == ("" if reason == "closed" else "key")
    ask(ours)
    assert noted(ours)[0] == ""


def test_a_signed_no_is_an_answer(pair: Pair, network: InProcess) -> None:
    ours, theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 2)
    network.fault = None
    PartnerConnection.objects.filter(pk=theirs.pk).update(paused_at=timezone.now())
    with pytest.raises(PartnerPaused):
        client.call(connection=PartnerConnection.objects.get(pk=ours.pk), method="GET", path="/articles")
    assert noted(ours) == ("", 0, False)


# The outbox


def queue(connection: PartnerConnection, **fields: Any) -> Any:
    return outbox.enqueue_delivery(
        connection=connection, kind=DeliveryKind.NOTICE, path="/connection/notice", body={"notice": "x"}, **fields
    )


def attempt(delivery: Any) -> Outcome:
    outcome = outbox.attempt(delivery_id=delivery.pk, now=timezone.now(), handlers={})
    delivery.refresh_from_db()
    return outcome


def test_what_is_to_be_delivered_waits_with_him(pair: Pair, network: InProcess, noon: Any) -> None:
    ours, _theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 3)
    delivery, asked = queue(ours), len(network.sent)
    assert attempt(delivery) is Outcome.UNREACHABLE
    assert len(network.sent) == asked
    assert (delivery.state, delivery.attempts, delivery.last_problem) == (DeliveryState.QUEUED, 0, "down")
    assert delivery.next_attempt_at == PartnerConnection.objects.get(pk=ours.pk).retry_at
    network.fault = None
    noon.move_to(delivery.next_attempt_at)
    assert attempt(delivery) is Outcome.DELIVERED
    assert (delivery.attempts, noted(ours)) == (1, ("", 0, False))


def test_his_sign_of_life_sends_it_at_once(pair: Pair, network: InProcess, noon: Any) -> None:
    ours, theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 3)
    noon.shift(timedelta(minutes=1))
    fail(ours)
    delivery = queue(ours)
    attempt(delivery)
    network.fault = None
    noon.shift(timedelta(seconds=90))
    assert attempt(delivery) is Outcome.NOT_DUE
    ask(theirs)
    assert attempt(delivery) is Outcome.DELIVERED


def test_nothing_waits_beyond_its_end(pair: Pair, network: InProcess, noon: Any) -> None:
    """Who has to take over learns in time."""
    ours, _theirs = pair
    network.fault = Fault.REFUSED
    fail(ours, 3)
    delivery = queue(ours, not_after=timezone.now() + timedelta(seconds=20))
    attempt(delivery)
    noon.move_to(delivery.next_attempt_at)
    assert attempt(delivery) is Outcome.FAILED
    assert delivery.last_problem == "too-late"


def test_the_mail_of_an_order_goes_out_although_he_rests(trade: Trade, network: InProcess, work: Any) -> None:
    network.fault = Fault.REFUSED
    fail(trade.ours, 3)
    trade.add_position()
    trade.send()
    assert work() == [Outcome.UNREACHABLE]
    assert trade.ours.tenant.mails.filter(topic="partner_order").count() == 1


# What people see


def test_it_is_shown_in_the_tab_and_in_the_material_source(
    trade: Trade, network: InProcess, log_in: Callable[..., Client]
) -> None:
    network.fault = Fault.REFUSED
    fail(trade.ours, 3)
    sentence = "Bassline Rental antwortet seit 13:00 nicht; nächster Versuch 13:01."
    tenant = trade.ours.tenant
    admin, sales = log_in(tenant, Role.ADMIN), log_in(tenant, Role.SALES)
    assert sentence in admin.get(tenant.url("partners:tab", trade.ours.contact_id)).content.decode()
    source = sales.get(tenant.url("partners:material_source", trade.job.pk)).content.decode()
    assert "Bassline Rental (antwortet nicht)" in source
    question = {"supplier": trade.ours.pk, "q": "mac", "start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}
    started, asked = time.monotonic(), len(network.sent)
    assert sentence in sales.get(tenant.url("partners:search", trade.job.pk), question).content.decode()
    assert (len(network.sent), time.monotonic() - started < 2) == (asked, True)


# Real concurrency


@dataclass
class Slow:
    """A network on which every call takes a while and fails."""

    calls: list[float] = field(default_factory=list)

    def send(self, **request: Any) -> RawAnswer:
        self.calls.append(time.monotonic())
        time.sleep(0.3)
        raise Unreachable(Fault.TIMEOUT)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_tries_him(pair: Pair, network: InProcess, noon: Any) -> None:
    ours, _theirs = pair
    network.fault = Fault.TIMEOUT
    fail(ours, 3)
    noon.shift(timedelta(minutes=1))
    transport.current = slow = Slow()
    problems = at_once(*[lambda: ask(ours)] * 12)
    assert sorted(problem.reason for problem in problems) == ["down"] * 11 + ["timeout"]
    assert len(slow.calls) == 1
    assert noted(ours) == ("timeout", 4, True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_that_fail_at_once_make_one_rest(pair: Pair, network: InProcess) -> None:
    """Twelve searches that wait for the same dead server are no reason to leave him alone for a quarter of an hour."""
    ours, _theirs = pair
    transport.current = Slow()
    at_once(*[lambda: fail(ours)] * 12)
    assert noted(ours) == ("timeout", 3, True)
    assert seconds_of_rest(ours) == 60
