"""What a supplier lets expire or takes back, and what he cannot say of an order (mission O4; protocol §7)."""

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from eventworx.tenants.roles import Role
from jobs.shortages import shortages_of
from jobs.sub_rentals import NothingToOrder
from partners.orders import decline_order, progress_of, withdraw_order
from partners.outbox import LEASE, Outcome
from partners.transport import RawAnswer
from tests.factories import make_user
from tests.partners.orders.doing import Work, delivered, event_of, mails, orders_of, post, refused, subjects
from tests.partners.trade import Trade

APPLIED, IGNORED = {"applied": True}, {"applied": False}


def say(trade: Trade, *states: str, reason: str = "Rohrbruch") -> object:
    """One event for each state, each with the next version; what is answered to the last."""
    answers = [
        post(trade.theirs, "/order-events", event_of(trade, version=version, state=state, reason=reason)).document
        for version, state in enumerate(states, start=trade.outgoing().version + 1)
    ]
    return answers[-1]


def written(trade: Trade) -> list[tuple[str, str, str]]:
    """To whom it was mailed what became of an order."""
    found = [mail for mail in mails(trade.ours.tenant) if mail.topic == "partner_order_answer"]
    return [(mail.to, mail.subject, mail.text) for mail in found]


def test_what_the_supplier_cancels_is_lacking_at_once_and_everybody_in_sales_hears_of_it(
    trade: Trade, work: Work
) -> None:
    colleague = make_user(trade.ours.tenant, Role.SALES, language="en")
    warehouse = make_user(trade.ours.tenant, Role.WAREHOUSE)
    delivered(trade, work)
    say(trade, "confirmed", reason="")
    position = trade.job.positions.get()
    assert not shortages_of(job=trade.job)[position.pk].is_open
    for answer in (APPLIED, IGNORED):
        event = event_of(trade, version=3, state="cancelled", reason="Rohrbruch")
        assert post(trade.theirs, "/order-events", event).document == answer
    assert orders_of(trade.ours.tenant) == [("cancelled", "Rohrbruch")]
    assert shortages_of(job=trade.job)[position.pk].to_order == 2
    number = trade.ours.tenant.sub_rental_orders.get().number
    alarms = trade.ours.tenant.inbox_messages.filter(subject__contains="storniert")
    assert [(alarm.subject, alarm.body) for alarm in alarms] == [
        (
            f"{number} bei Bassline Rental: vom Lieferanten storniert",
            "Rohrbruch\nDas Zugesagte kommt nicht: Bitte jetzt anderswo decken.",
        )
    ]
    [_confirmed, *alarm] = written(trade)
    assert [(to, subject) for to, subject, _text in alarm] == [
        (trade.buyer.email, f"{number} bei Bassline Rental: vom Lieferanten storniert"),
        (colleague.email, f"{number} at Bassline Rental: cancelled by the supplier"),
    ]
    assert "Rohrbruch" in alarm[1][2]
    assert warehouse.email not in [to for to, _subject, _text in alarm]
    [shown] = progress_of(trade.job)
    assert (shown.state, shown.notes, shown.can_withdraw) == ("storniert", ["Rohrbruch"], False)
    assert [step.words for step in shown.steps][-2:] == ["beantwortet", "vom Lieferanten storniert"]
    trade.send()
    assert orders_of(trade.ours.tenant)[1:] == [("requested", "")]


@pytest.mark.parametrize("states", [["expired"], ["proposed", "expired"]])
def test_what_expires_at_the_supplier_can_be_ordered_again(trade: Trade, work: Work, states: Sequence[str]) -> None:
    delivered(trade, work)
    with pytest.raises(NothingToOrder):
        trade.send()
    say(trade, *states, reason="")
    assert orders_of(trade.ours.tenant) == [("expired", "")]
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert subjects(trade.ours.tenant)[-1] == f"{number} bei Bassline Rental: abgelaufen"
    said = "Es wurde nicht rechtzeitig geantwortet. Die Positionen lassen sich neu bestellen."
    assert trade.ours.tenant.inbox_messages.latest("pk").body == said
    assert (written(trade)[-1][0], said in written(trade)[-1][2]) == (trade.buyer.email, True)
    [shown] = progress_of(trade.job)
    assert (shown.state, shown.steps[-1].words, shown.is_open) == ("abgelaufen", "abgelaufen", False)
    trade.send()


@pytest.mark.parametrize(
    ("states", "version"),
    [(["confirmed"], 5), ([], 3), (["on_the_moon"], 3)],
    ids=["some were lost", "his confirmation was lost", "after a state of a later version"],
)
def test_a_cancellation_is_heard_though_versions_before_it_were_not(
    trade: Trade, work: Work, states: Sequence[str], version: int
) -> None:
    delivered(trade, work)
    if states:
        say(trade, *states)
    event = event_of(trade, version=version, state="cancelled")
    assert post(trade.theirs, "/order-events", event).document == APPLIED
    assert [state for state, _reason in orders_of(trade.ours.tenant)] == ["cancelled"]


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ([], "cancelled"),
        ([], "withdrawn"),
        ([], "dispatched"),
        (["confirmed"], "expired"),
        (["confirmed"], "declined"),
        (["confirmed"], "requested"),
        (["confirmed"], "cancel_requested"),
        (["confirmed", "dispatched"], "cancelled"),
        (["confirmed", "cancelled"], "confirmed"),
        (["expired"], "confirmed"),
        (["declined"], "expired"),
    ],
)
def test_what_cannot_follow_changes_nothing_and_nobody_hears_of_it(
    trade: Trade, work: Work, said: Sequence[str], then: str
) -> None:
    """Who took it before stood there with half of it: the mirror said so, our own order did not."""
    delivered(trade, work)
    if said:
        say(trade, *said)
    before, told = trade.outgoing(), subjects(trade.ours.tenant)
    event = event_of(trade, version=before.version + 1, state=then)
    problem = refused(trade.theirs, "/order-events", event).problem
    assert (problem.status, problem.code, problem.current) == (409, "state", before.document)
    after = trade.outgoing()
    assert (after.version, after.state, after.document) == (before.version, before.state, before.document)
    assert subjects(trade.ours.tenant) == told
    assert orders_of(trade.ours.tenant) == [(before.sub_rental_order.state, before.sub_rental_order.reason)]  # type: ignore[union-attr]


def test_nobody_but_the_buyer_withdraws(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    assert refused(trade.theirs, "/order-events", event_of(trade, version=2, state="withdrawn")).problem.code == "state"
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert say(trade, "withdrawn") == APPLIED
    assert orders_of(trade.ours.tenant) == [("withdrawn", "Rohrbruch")]


@pytest.mark.parametrize(
    "states",
    [
        {"proposed": "anderes vorgeschlagen"},
        {
            "confirmed": "bestätigt",
            "change_proposed": "Änderung vorgeschlagen",
            "dispatched": "ausgegeben",
            "returned": "zurückgegeben",
            "closed": "abgeschlossen",
        },
    ],
    ids=["proposed", "lent"],
)
def test_what_a_supplier_makes_of_an_order_is_told_in_words(trade: Trade, work: Work, states: dict[str, str]) -> None:
    delivered(trade, work)
    number = trade.outgoing().sub_rental_order
    for state, words in states.items():
        version = trade.outgoing().version + 2  # what was said in between is lost
        post(trade.theirs, "/order-events", event_of(trade, version=version, state=state))
        [shown] = progress_of(trade.job)
        assert (subjects(trade.ours.tenant)[-1], shown.state) == (f"{number} bei Bassline Rental: {words}", words)
        told = trade.ours.tenant.inbox_messages.latest("pk").body
        assert ["Bitte ruf dort an" in said for said in (told, "".join(shown.notes))] == ["proposed" in state] * 2


@pytest.mark.parametrize(
    ("ours", "theirs", "now"),
    [
        ("requested", "expired", "expired"),
        ("confirmed", "cancelled", "cancelled"),
        ("confirmed", "expired", "confirmed"),
        ("declined", "cancelled", "declined"),
    ],
)
def test_what_had_ended_before_anybody_looked_is_over_after_the_update(
    trade: Trade, work: Work, ours: str, theirs: str, now: str
) -> None:
    delivered(trade, work)
    trade.ours.orders.update(state=theirs, document=event_of(trade, state=theirs, reason="Rohrbruch")["order"])
    trade.ours.tenant.sub_rental_orders.update(state=ours)
    import_module("partners.migrations.0023_what_suppliers_ended_is_over").end(apps, None)
    assert orders_of(trade.ours.tenant) == [(now, "Rohrbruch" if now == theirs else "")]


class Killed(BaseException):
    """The worker is gone: nothing of what it was at is written any more."""


@pytest.mark.parametrize("how", ["declined", "withdrawn"])
def test_what_is_over_is_not_asked_for_by_mail_when_a_killed_workers_try_is_repeated(
    trade: Trade, work: Work, how: str
) -> None:
    """He has it and has answered, or we took it back; the one who was to mail it did not live to hear so."""
    trade.add_position()
    trade.send()

    def kill(_answer: object) -> RawAnswer:
        raise Killed

    trade.network.change = kill
    with pytest.raises(Killed):
        work()
    trade.network.change = None
    if how == "declined":
        decline_order(order=trade.incoming(), reason="Nein", actor=trade.seller_actor, now=timezone.now())
    else:
        withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert set(work(timedelta(minutes=10) if how == "withdrawn" else timedelta())) == {Outcome.DELIVERED}
    assert [state for state, _reason in orders_of(trade.ours.tenant)] == [how]
    assert work(LEASE) == ([Outcome.DELIVERED] if how == "declined" else [])
    assert "partner_order" not in [mail.topic for mail in mails(trade.ours.tenant)]
