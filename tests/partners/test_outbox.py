"""What a partner must learn: delivered once he can be reached, parked while paused, never lost."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from partners import connections, outbox
from partners.client import Answer, PartnerRefused, PartnerUnreachable
from partners.models import Delivery, DeliveryState, Direction, PartnerConnection, PartnerOrder
from partners.outbox import DeliveryHandlers, DeliveryKind, Outcome
from partners.tasks import sweep
from partners.transport import Fault
from tests.factories import SUMMER, make_connection
from tests.fakes import SERVER_ERROR, InProcess

Pair = tuple[PartnerConnection, PartnerConnection]
NOON = datetime.fromisoformat("2027-01-01T12:00:00+00:00")
ADMIN = Actor(label="Ada")


@dataclass
class Noted:
    """Handlers that remember what they were told."""

    calls: list[tuple[str, Any]] = field(default_factory=list)

    def handlers(self) -> dict[str, DeliveryHandlers]:
        return {
            DeliveryKind.NOTICE: DeliveryHandlers(
                delivered=lambda delivery, answer, now: self._note("delivered", answer),
                unreachable=lambda delivery, problem, now: self._note("unreachable", problem),
                refused=lambda delivery, problem, now: self._note("refused", problem),
                given_up=lambda delivery, last_problem, now: self._note("given up", last_problem),
            )
        }

    def _note(self, what: str, detail: object) -> None:
        self.calls.append((what, detail))


@pytest.fixture
def noted() -> Noted:
    return Noted()


def queue(connection: PartnerConnection, kind: DeliveryKind = DeliveryKind.NOTICE, **fields: Any) -> Delivery:
    body = fields.pop("body", {"notice": "unheard-of"})
    return outbox.enqueue_delivery(
        connection=connection, kind=kind, path=fields.pop("path", "/connection/notice"), body=body, **fields
    )


def attempt(delivery: Delivery, noted: Noted, at: datetime | None = None) -> Outcome:
    outcome = outbox.attempt(delivery_id=delivery.pk, now=at or timezone.now(), handlers=noted.handlers())
    delivery.refresh_from_db()
    return outcome


def deliver_due() -> None:
    """One round of the worker, whatever the deliveries mean to their senders."""
    outbox.deliver_due(now=timezone.now(), handlers={})


def test_deliver(pair: Pair, noted: Noted) -> None:
    delivery = queue(pair[0])
    assert attempt(delivery, noted) is Outcome.DELIVERED
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.delivered_at
    [(what, answer)] = noted.calls
    assert what == "delivered"
    assert isinstance(answer, Answer)
    assert attempt(delivery, noted) is Outcome.NOT_DUE


def test_unreachable_is_told_once_and_tried_again_later(pair: Pair, noted: Noted, network: InProcess) -> None:
    with time_machine.travel(NOON, tick=False):
        delivery = queue(pair[0])
        network.fault = Fault.REFUSED
        waits = []
        for _ in range(4):
            at = delivery.next_attempt_at
            with time_machine.travel(at, tick=False):
                assert attempt(delivery, noted, at) is Outcome.UNREACHABLE
            waits.append((delivery.next_attempt_at - at).total_seconds())
    assert [name for name, _ in noted.calls] == ["unreachable"]
    assert isinstance(noted.calls[0][1], PartnerUnreachable)
    assert delivery.last_problem == "refused"
    for wait, planned in zip(waits, (5, 30, 120, 600), strict=True):
        assert 0.8 * planned <= wait <= 1.2 * planned
    network.fault = None
    with time_machine.travel(delivery.next_attempt_at, tick=False):
        assert attempt(delivery, noted, delivery.next_attempt_at) is Outcome.DELIVERED


def test_an_answer_lost_on_the_way_has_one_effect(pair: Pair, noted: Noted, network: InProcess) -> None:
    delivery = queue(pair[0], body={"notice": "paused"})
    network.lose_answers = True
    attempt(delivery, noted)
    network.lose_answers = False
    assert attempt(delivery, noted, delivery.next_attempt_at) is Outcome.DELIVERED
    assert pair[1].stored_answers.count() == 1
    keys = {sent.headers["Idempotency-Key"] for sent in network.sent}
    assert len(keys) == 1
    assert len({sent.headers["Signature"] for sent in network.sent}) == 2


def test_refused_for_good(pair: Pair, noted: Noted) -> None:
    delivery = queue(pair[0], body={"notice": 3})
    assert attempt(delivery, noted) is Outcome.FAILED
    assert (delivery.state, delivery.last_problem) == (DeliveryState.FAILED, "invalid")
    [(what, problem)] = noted.calls
    assert what == "refused"
    assert isinstance(problem, PartnerRefused)


def test_paused_there_is_parked_until_a_sign_of_life(pair: Pair, noted: Noted) -> None:
    ours, theirs = pair
    connections.switch_off(connection=theirs, actor=ADMIN, now=timezone.now())
    ids = {"connection": str(ours.pk), "partner_connection": str(theirs.pk)}
    delivery = queue(ours, DeliveryKind.PAIRING, path="/pairing", body=ids)
    assert attempt(delivery, noted) is Outcome.PARKED
    assert (delivery.state, delivery.last_problem) == (DeliveryState.PARKED, "paused")
    ours.refresh_from_db()
    assert ours.peer_paused_at
    connections.switch_on(contact=theirs.contact, actor=ADMIN, now=timezone.now())
    deliver_due()  # the notice "resumed" …
    deliver_due()  # … and what it set free
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED
    ours.refresh_from_db()
    assert ours.peer_paused_at is None


def test_what_is_paused_until_it_is_too_late_is_told_in_time(pair: Pair, noted: Noted, network: InProcess) -> None:
    ours, theirs = pair
    theirs.paused_at = timezone.now()
    theirs.save()
    ends = timezone.now() + timedelta(hours=1)
    order: dict[str, Any] = {"kind": DeliveryKind.ORDER, "path": "/orders", "not_after": ends}
    paused_there = queue(ours, **order)
    outbox.attempt(delivery_id=paused_there.pk, now=timezone.now(), handlers={})
    connections.switch_off(connection=ours, actor=ADMIN, now=timezone.now())
    paused_here = queue(ours, **order)
    outbox.attempt(delivery_id=paused_here.pk, now=timezone.now(), handlers={})
    for delivery in (paused_there, paused_here):
        delivery.refresh_from_db()
        assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.PARKED, ends)


def test_what_we_paused_waits_here_and_goes_out_afterwards(pair: Pair, noted: Noted, network: InProcess) -> None:
    waiting = queue(pair[0], DeliveryKind.COMMAND)
    ours = connections.switch_off(connection=pair[0], actor=ADMIN, now=timezone.now())
    later = queue(ours, DeliveryKind.EVENT)
    deliver_due()
    assert [sent.target for sent in network.sent] == ["/api/partner/v1/connection/notice"]
    for delivery in (waiting, later):
        delivery.refresh_from_db()
        assert (delivery.state, delivery.last_problem) == (DeliveryState.PARKED, "paused-here")
    connections.switch_on(contact=ours.contact, actor=ADMIN, now=timezone.now())
    deliver_due()
    for delivery in (waiting, later):
        delivery.refresh_from_db()
        assert delivery.state == DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("not_after", "at", "why"),
    [(NOON + timedelta(hours=1), NOON + timedelta(hours=1), "too-late"), (None, NOON + timedelta(days=7), "given-up")],
)
def test_what_comes_too_late_waits_for_a_person(
    pair: Pair, noted: Noted, network: InProcess, not_after: datetime | None, at: datetime, why: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        delivery = queue(pair[0], not_after=not_after)
    pair[0].deliveries.update(last_problem="busy")
    with time_machine.travel(at, tick=False):
        assert attempt(delivery, noted, at) is Outcome.FAILED
    assert (delivery.last_problem, noted.calls) == (why, [("given up", "busy")])
    assert network.sent == []


def test_a_claim_ends_by_itself(pair: Pair, noted: Noted) -> None:
    delivery = queue(pair[0])
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(claimed_until=now + outbox.LEASE)
    assert attempt(delivery, noted, now) is Outcome.NOT_DUE
    assert attempt(delivery, noted, now + outbox.LEASE) is Outcome.DELIVERED


def test_the_end_drops_what_waits(pair: Pair, network: InProcess) -> None:
    delivery = queue(pair[0], DeliveryKind.EVENT)
    connections.close(connection=pair[0], actor=ADMIN, now=timezone.now())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_problem) == (DeliveryState.FAILED, "closed")
    deliver_due()
    assert [sent.body for sent in network.sent] == [b'{"notice":"closing"}']
    pair[1].refresh_from_db()
    assert pair[1].closed_by_peer


def test_the_end_works_while_the_partner_is_down(pair: Pair, network: InProcess) -> None:
    network.fault = Fault.TIMEOUT
    ours = connections.close(connection=pair[0], actor=ADMIN, now=timezone.now())
    deliver_due()
    deliver_due()
    assert ours.closed_at
    assert len(network.sent) == 1  # one farewell, not a series
    assert {key.sealed_private_key for key in ours.keys.all()} == {""}
    assert ours.deliveries.get().body == {}


def test_one_dead_partner_costs_one_attempt_a_round_and_hides_nobody(
    pair: Pair, cymbal: Tenant, network: InProcess
) -> None:
    for _ in range(5):
        queue(pair[0])
    queue(make_connection(pair[0].tenant, peer=cymbal)[0])
    network.fault = SERVER_ERROR
    assert outbox.deliver_due(now=timezone.now(), handlers={}, limit=3) == 2
    assert len({sent.headers["EWX-Connection"] for sent in network.sent}) == 2


def make_order(connection: PartnerConnection, number: int) -> PartnerOrder:
    now = timezone.now()
    inquiry = connection.tenant.inquiries.create(
        number=f"P-{number}",
        customer=connection.contact,
        planning_start=SUMMER.start,
        planning_end=SUMMER.end,
        usage_start=SUMMER.start,
        usage_end=SUMMER.end,
        currency="EUR",
        net=0,
    )
    return connection.orders.create(
        tenant=connection.tenant,
        direction=Direction.INCOMING,
        order_id=UUID(int=number),
        state="requested",
        document={},
        inquiry=inquiry,
        created_at=now,
        updated_at=now,
    )


def due() -> set[Delivery]:
    return set(Delivery.objects.due(timezone.now()))


def test_order_is_kept_per_order_and_no_order_blocks_another(pair: Pair) -> None:
    stuck, free = make_order(pair[0], 1), make_order(pair[0], 2)
    first, second = queue(pair[0], order=stuck), queue(pair[0], order=stuck)
    other = queue(pair[0], order=free)
    Delivery.objects.filter(pk=first.pk).update(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert due() == {other}
    Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.FAILED)
    assert due() == {second, other}


def test_a_poisoned_delivery_blocks_nobody(pair: Pair) -> None:
    """What its sender cannot digest is tried again later; the others go out with the next round."""

    def choke(*_args: object) -> None:
        raise LookupError("no such order")

    poison = DeliveryHandlers(delivered=choke, given_up=choke)
    late = queue(pair[0], DeliveryKind.PAIRING, not_after=timezone.now())
    poisoned, healthy = queue(pair[0], DeliveryKind.PAIRING), queue(pair[0])
    for _ in range(2):
        with pytest.raises(LookupError):
            outbox.deliver_due(now=timezone.now(), handlers={DeliveryKind.PAIRING: poison})
    outbox.deliver_due(now=timezone.now(), handlers={DeliveryKind.PAIRING: poison})
    healthy.refresh_from_db()
    assert healthy.state == DeliveryState.DELIVERED
    for delivery in (late, poisoned):
        delivery.refresh_from_db()
        assert delivery.state == DeliveryState.QUEUED


def test_sweep_forgets_in_time(pair: Pair) -> None:
    now = timezone.now()
    for minutes in (14, 16):
        pair[0].seen_nonces.create(nonce=f"n{minutes}" * 8, seen_at=now - timedelta(minutes=minutes))
    for number, days in enumerate((59, 61)):
        pair[0].stored_answers.create(
            key=f"00000000-0000-0000-0000-00000000000{number}",
            fingerprint="",
            status=200,
            body=b"",
            created_at=now - timedelta(days=days),
        )
    sweep()
    assert pair[0].seen_nonces.count() == 1
    assert pair[0].stored_answers.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_take_up_a_delivery_once(aurora: Tenant, bassline: Tenant, network: InProcess) -> None:
    delivery = queue(make_connection(aurora, peer=bassline)[0])
    outcomes: list[Outcome] = []

    def work() -> None:
        outcomes.append(outbox.attempt(delivery_id=delivery.pk, now=timezone.now(), handlers={}))
        database.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert sorted(outcome.name for outcome in outcomes) == ["DELIVERED"] + ["NOT_DUE"] * 7
    assert len(network.sent) == 1
