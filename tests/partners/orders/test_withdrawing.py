"""An order is withdrawn before it is answered; who comes first wins (mission O4)."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from jobs.models import Inquiry
from jobs.states import OrderState
from partners.access import AccessLevel
from partners.models import Delivery
from partners.orders import confirm_order, withdraw_order
from partners.orders.receiving import NotInThisState
from partners.orders.sending import CannotWithdraw, WithdrawalIsUnderway
from partners.outbox import Outcome
from partners.transport import Fault
from tests.crowd import at_once
from tests.partners.orders.doing import Work, delivered, event_of, mails, orders_of, post, refused, subjects
from tests.partners.trade import Trade


def test_what_never_left_the_house_ends_here(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]
    assert work() == []
    assert trade.network.sent == []
    assert trade.job.positions.not_ordered().count() == 1


def test_withdrawing_before_the_answer(trade: Trade, work: Work) -> None:
    inquiry = delivered(trade, work)
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    with pytest.raises(WithdrawalIsUnderway):
        withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert orders_of(trade.ours.tenant) == [("requested", "")]
    assert work() == [Outcome.DELIVERED, Outcome.DELIVERED]
    inquiry.refresh_from_db()
    assert inquiry.state == OrderState.WITHDRAWN
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]
    assert trade.outgoing().version == trade.incoming().version == 2
    assert any("zurückgezogen" in subject for subject in subjects(trade.theirs.tenant))
    with pytest.raises(CannotWithdraw):
        withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())


@pytest.mark.parametrize("level", [AccessLevel.NONE, AccessLevel.AUTOMATIC])
def test_what_was_tried_in_vain_is_not_sent_once_it_is_withdrawn(trade: Trade, work: Work, level: int) -> None:
    """On level 3 a machine would confirm it on arrival, hours after it was taken back. Who has its mail is called."""
    trade.theirs.level, trade.theirs.verified_at = level, timezone.now()
    trade.theirs.save()
    trade.add_position()
    trade.send()
    trade.network.fault = Fault.REFUSED
    assert work() == [Outcome.UNREACHABLE]
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    trade.network.fault = None
    assert work(timedelta(minutes=6)) == []  # what was sent last could still be taken
    with pytest.raises(WithdrawalIsUnderway):
        withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert work(timedelta(minutes=7)) == [Outcome.FAILED]
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]
    assert not Inquiry.objects.exists()
    assert not Delivery.objects.unfinished().exists()
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert subjects(trade.ours.tenant) == [f"{number} ist zurückgezogen, und Bassline Rental weiß es nicht"]


def test_what_arrived_unheard_is_withdrawn_there(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.network.lose_answers = True
    assert work() == [Outcome.UNREACHABLE]
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    trade.network.lose_answers = False
    assert work(timedelta(minutes=7)) == [Outcome.DELIVERED, Outcome.DELIVERED]
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]
    assert trade.incoming().state == trade.outgoing().state == "withdrawn"


def test_a_mail_that_went_while_the_partner_rests_is_not_forgotten(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.ours.failures, trade.ours.retry_at = 3, timezone.now() + timedelta(minutes=5)
    trade.ours.save()
    assert work() == [Outcome.UNREACHABLE]
    assert (trade.network.sent, len(mails(trade.ours.tenant))) == ([], 1)
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert subjects(trade.ours.tenant) == [f"{number} ist zurückgezogen, und Bassline Rental weiß es nicht"]
    assert "Bitte ruf dort an." in trade.ours.tenant.inbox_messages.get().body


def test_what_never_arrived_can_be_withdrawn_after_the_start_of_its_period(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.network.fault = Fault.REFUSED
    work()
    begun = trade.job.planning_start + timedelta(minutes=1)
    with time_machine.travel(begun, tick=False):
        assert work() == [Outcome.FAILED]
        trade.network.fault = None
        withdraw_order(order=trade.outgoing(), actor=trade.actor, now=begun)
        work()
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]


def test_whoever_confirms_first_wins_the_race(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    work()
    assert orders_of(trade.ours.tenant) == [("confirmed", "")]
    assert trade.outgoing().document == trade.incoming().document
    assert trade.theirs.tenant.reservations.count() == 1
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert f"{number} konnte nicht zurückgezogen werden" in subjects(trade.ours.tenant)


def test_a_supplier_who_answers_twice_keeps_no_worker_busy(trade: Trade, work: Work) -> None:
    """What he said first stands, and the delivery that brought the other answer is over."""
    delivered(trade, work)
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    post(trade.theirs, "/order-events", event_of(trade, version=2, state="declined"))
    trade.theirs.orders.update(
        version=3, state="confirmed", document=event_of(trade, version=3, state="confirmed")["order"]
    )
    assert work() == [Outcome.FAILED]
    assert (orders_of(trade.ours.tenant), trade.outgoing().version) == ([("declined", "")], 2)


def test_whoever_withdraws_first_wins_the_race(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    work()
    with pytest.raises(NotInThisState):
        confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert not trade.theirs.tenant.reservations.exists()


def test_commands_are_checked_against_version_and_state(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    order = trade.incoming()
    path = f"/orders/{order.order_id}/commands"
    problem = refused(trade.ours, path, {"command": "withdraw", "expected_version": 7}).problem
    assert (problem.status, problem.code, problem.current) == (409, "version-conflict", order.document)
    problem = refused(trade.ours, path, {"command": "request_cancel", "expected_version": 1}).problem
    assert (problem.status, problem.code, problem.current) == (409, "state", order.document)
    unknown = f"/orders/{uuid.uuid4()}/commands"
    assert refused(trade.ours, unknown, {"command": "withdraw", "expected_version": 1}).problem.status == 404


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_confirming_and_withdrawing_at_once_have_one_winner(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    at_once(
        lambda: confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now()),
        lambda: work(),
    )
    work(timedelta(minutes=1))
    ours, theirs = trade.outgoing(), trade.incoming()
    assert ours.document == theirs.document
    assert (ours.state, ours.version) == (theirs.state, 2)
    reserved = trade.theirs.tenant.reservations.count()
    assert reserved == (1 if theirs.state == "confirmed" else 0)
