"""When a connection is over, and what does not get through or comes too late (mission P8, O6)."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.signals import pre_save
from django.utils import timezone

from jobs.holds import hold_material
from jobs.inquiries import InquiryIsAnswered, make_job
from jobs.planning import set_state
from jobs.states import JobState
from partners import client, connections
from partners.models import Delivery, DeliveryState, PartnerConnection
from partners.orders import answer_steps, confirm_order, decline_order, withdraw_order
from partners.orders.outcomes import order_delivered
from partners.orders.receiving import ConnectionIsOver
from partners.outbox import Outcome, tell_late
from partners.tasks import HANDLERS
from partners.transport import Fault, RawAnswer, Unreachable
from tests.partners.orders.doing import Work, delivered, mails, orders_of, subjects
from tests.partners.trade import Trade
from tests.trouble import trouble


def end(*connections: PartnerConnection) -> None:
    for connection in connections:
        connection.closed_at = timezone.now()
        connection.save()


def test_after_the_end_both_sides_hear_what_is_open_and_end_it_for_themselves(trade: Trade, work: Work) -> None:
    inquiry = delivered(trade, work)
    connections.close(connection=trade.ours, actor=trade.actor, now=timezone.now())
    work()  # the farewell
    order = trade.outgoing().sub_rental_order
    for tenant, number, page in (
        (trade.ours.tenant, str(order), trade.ours.tenant.url("jobs:detail", trade.job.pk)),
        (trade.theirs.tenant, inquiry.number, trade.theirs.tenant.url("jobs:inquiry", inquiry.pk)),
    ):
        told = tenant.inbox_messages.filter(body__startswith=f"{number}: Eine Antwort k").values_list("link", flat=True)
        assert [*told] == [page]
    trade.network.sent.clear()
    document = trade.incoming().document
    with pytest.raises(ConnectionIsOver):
        confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert not trade.theirs.tenant.reservations.exists()
    decline_order(order=trade.incoming(), reason="", actor=trade.seller_actor, now=timezone.now())
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    inquiry.refresh_from_db()
    assert (inquiry.state, orders_of(trade.ours.tenant)) == ("declined", [("withdrawn", "")])
    assert (trade.incoming().state, trade.incoming().document) == ("declined", document)
    assert [step.words for step in answer_steps(trade.incoming())] == [
        "nach dem Ende der Verbindung hier geschlossen; der Kunde weiß es nicht"
    ]
    assert subjects(trade.ours.tenant)[-1] == f"{order} ist zurückgezogen, und Bassline Rental weiß es nicht"
    assert trade.ours.tenant.inbox_messages.latest("pk").body == "Sie war dort schon zugestellt: Bitte ruf dort an."
    assert (work(), trade.network.sent) == ([], [])
    assert trade.job.positions.not_ordered().count() == 1
    with pytest.raises(InquiryIsAnswered):
        decline_order(order=trade.incoming(), reason="", actor=trade.seller_actor, now=timezone.now())


@pytest.mark.parametrize("is_order", [False, True])
def test_what_a_closed_inquirys_job_holds_is_free_again_unless_it_was_agreed(
    trade: Trade, work: Work, is_order: bool
) -> None:
    job = make_job(inquiry=delivered(trade, work))
    if is_order:
        set_state(job=job, state=JobState.ORDER)
    else:
        hold_material(job=job, until=timezone.now() + timedelta(days=1), now=timezone.now())
    end(trade.ours, trade.theirs)
    assert trade.theirs.tenant.reservations.exists()
    decline_order(order=trade.incoming(), reason="", actor=trade.seller_actor, now=timezone.now())
    job.refresh_from_db()
    assert job.state == (JobState.ORDER if is_order else JobState.CANCELLED)
    assert trade.theirs.tenant.reservations.exists() == is_order


def test_who_was_heard_out_before_the_end_is_told_of_by_nobody(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    work()
    before = [subjects(tenant) for tenant in (trade.ours.tenant, trade.theirs.tenant)]
    for connection in (trade.ours, trade.theirs):
        connections.close(connection=connection, actor=trade.actor, now=timezone.now())
    assert [subjects(tenant) for tenant in (trade.ours.tenant, trade.theirs.tenant)] == before


@pytest.mark.parametrize("document", [None, [], {"id": "x"}, {"version": 2}])
def test_an_answer_that_cannot_be_read_changes_nothing_and_stops_nobody(trade: Trade, document: Any) -> None:
    trade.add_position()
    order = trade.send()
    delivery = order.deliveries.get()
    order_delivered(delivery, client.Answer(201, document, timezone.now()), timezone.now())
    assert (trade.outgoing().version, trade.outgoing().document) == (0, order.document)
    assert len(mails(trade.ours.tenant)) == 1


def test_an_order_that_does_not_get_through_alarms_its_sender_once(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.network.fault = Fault.REFUSED
    work()
    for minutes, told in ((14, 0), (15, 1), (16, 0)):
        now = timezone.now() + timedelta(minutes=minutes)
        assert tell_late(now=now, handlers=HANDLERS) == told
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert subjects(trade.ours.tenant) == [f"{number} hat den Server von Bassline Rental noch nicht erreicht"]


def test_trouble_with_one_late_order_keeps_no_other_from_alarming_its_sender(trade: Trade, work: Work) -> None:
    trade.network.fault = Fault.REFUSED
    for _order in range(2):
        trade.add_position()
        trade.send()
        work()
    first, _second = trade.ours.deliveries.order_by("pk")
    now = timezone.now() + timedelta(minutes=16)
    with trouble(pre_save, Delivery, where=first.__eq__), pytest.raises(OperationalError):
        tell_late(now=now, handlers=HANDLERS)
    assert [*trade.ours.deliveries.filter(alarmed_at=None)] == [first]
    assert tell_late(now=now, handlers=HANDLERS) == 1


def test_an_order_that_is_there_alarms_nobody(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    assert tell_late(now=timezone.now() + timedelta(hours=1), handlers=HANDLERS) == 0


def test_what_is_too_late_is_told_to_a_person(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    assert work(trade.job.planning_start - timezone.now() + timedelta(seconds=1)) == [Outcome.FAILED]
    assert trade.network.sent == []
    [subject] = subjects(trade.ours.tenant)
    assert "konnte Bassline Rental nicht zugestellt werden" in subject
    assert orders_of(trade.ours.tenant) == [("requested", "")]


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            "busy",
            "Es ließ sich nicht rechtzeitig zustellen. Bitte ruf dort an. Der Server von Bassline Rental ist gerade",
        ),
        ("paused", "Bitte ruf dort an. Bassline Rental hat die Verbindung pausiert."),
        ("paused-here", "Es ließ sich nicht rechtzeitig zustellen. Bitte ruf dort an."),
    ],
)
def test_what_came_too_late_says_what_the_last_try_met(trade: Trade, work: Work, problem: str, said: str) -> None:
    trade.add_position()
    trade.send()
    trade.ours.deliveries.update(last_problem=problem)
    work(trade.job.planning_start - timezone.now() + timedelta(seconds=1))
    [body] = {message.body for message in trade.ours.tenant.inbox_messages.all()}
    assert said in body
    assert body.endswith(".")


def test_an_answer_that_is_given_up_says_what_the_last_try_met(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    decline_order(order=trade.incoming(), reason="Nein", actor=trade.seller_actor, now=timezone.now())
    trade.theirs.deliveries.unfinished().update(last_problem="certificate")
    assert work(timedelta(days=8)) == [Outcome.FAILED]
    assert "Das Zertifikat des Servers von" in trade.theirs.tenant.inbox_messages.order_by("-pk")[0].body


@pytest.mark.parametrize("fault", [None, Fault.REFUSED])
def test_what_did_not_get_through_before_the_end_is_told_to_whoever_sent_it(
    trade: Trade, work: Work, fault: Fault | None
) -> None:
    """Tried in vain before, or not at all; an order on one side, an answer on the other."""
    delivered(trade, work)
    decline_order(order=trade.incoming(), reason="Nein", actor=trade.seller_actor, now=timezone.now())
    trade.add_position()
    order = trade.send()
    if fault:
        trade.network.fault = fault
        work()
    for connection in (trade.ours, trade.theirs):
        connections.close(connection=connection, actor=trade.actor, now=timezone.now())
    trade.network.sent.clear()
    work()
    assert not any(b"order" in sent.body for sent in trade.network.sent)
    number = order.sub_rental_order.number if order.sub_rental_order else ""
    for tenant, subject in (
        (trade.ours.tenant, f"{number} konnte Bassline Rental nicht zugestellt werden"),
        (trade.theirs.tenant, "erreicht Aurora Veranstaltungstechnik nicht"),
    ):
        bodies = set(tenant.inbox_messages.filter(subject__contains=subject).values_list("body", flat=True))
        mailed = " Die Bestellung liegt dort nur als Mail vor." if fault and tenant == trade.ours.tenant else ""
        assert bodies == {f"Die Verbindung endete, bevor es zugestellt war. Bitte ruf dort an.{mailed}"}
    assert not Delivery.objects.unfinished().exists()


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_arrives_while_the_connection_ends_has_arrived_if_the_partner_says_so(
    trade: Trade, work: Work, is_lost: bool
) -> None:
    def end_meanwhile(answer: RawAnswer) -> RawAnswer:
        trade.network.change = None
        connections.close(connection=trade.ours, actor=trade.actor, now=timezone.now())
        if is_lost:
            raise Unreachable(Fault.BROKEN)
        return answer

    trade.add_position()
    order = trade.send()
    trade.network.change = end_meanwhile
    work()
    assert order.deliveries.get().state == (DeliveryState.FAILED if is_lost else DeliveryState.DELIVERED)
    assert trade.outgoing().version == (0 if is_lost else 1)
    assert len(subjects(trade.ours.tenant)) == (1 if is_lost else 0)


def test_an_answer_that_the_buyer_does_not_take_is_told_to_the_supplier(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    trade.ours.orders.update(order_id=uuid.uuid4())
    decline_order(order=trade.incoming(), reason="Nein", actor=trade.seller_actor, now=timezone.now())
    assert work() == [Outcome.FAILED]
    assert "erreicht" in subjects(trade.theirs.tenant)[-1]
