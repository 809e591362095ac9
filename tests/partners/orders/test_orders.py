"""An order's way from our job to the supplier's and back, both ends in one process (mission O1, O2, O6, O9)."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from eventworx.errors import BusinessError
from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.reservations import Shortage
from jobs.inquiries import make_job, mark_seen
from jobs.models import Inquiry, SubRentalOrder
from jobs.states import OrderState
from jobs.sub_rentals import NothingToOrder
from partners import client
from partners.access import AccessLevel
from partners.client import PartnerPaused, PartnerRefused
from partners.models import Delivery, DeliveryState, PartnerConnection
from partners.orders import confirm_order, decline_order, tell_seen, withdraw_order
from partners.orders.outcomes import order_delivered
from partners.orders.receiving import ConnectionIsOver, NoReason, NotInThisState
from partners.orders.sending import CannotWithdraw, NoConnectionToOrder, WithdrawalIsUnderway
from partners.outbox import Outcome, tell_late
from partners.releases import release
from partners.tasks import HANDLERS
from partners.transport import Fault
from tests.factories import make_article
from tests.fakes import SERVER_ERROR
from tests.partners.trade import Trade

Work = Callable[..., list[Outcome]]


def orders_of(tenant: Tenant) -> list[tuple[str, str]]:
    return [(order.state, order.reason) for order in tenant.sub_rental_orders.order_by("pk")]


def subjects(tenant: Tenant) -> list[str]:
    return list(tenant.inbox_messages.order_by("pk").values_list("subject", flat=True))


def mails(tenant: Tenant) -> list[MailMessage]:
    return list(tenant.mails.order_by("pk"))


# --- the click -------------------------------------------------------------------------------------
def test_the_click_writes_everything_down_and_calls_nobody(trade: Trade) -> None:
    trade.add_position(2)
    trade.add_position(3)
    order = trade.send()
    assert trade.network.sent == []
    assert order.version == 0
    assert order.state == "requested"
    [delivery] = order.deliveries.all()
    assert (delivery.kind, delivery.path, delivery.state) == ("order", "/orders", DeliveryState.QUEUED)
    assert delivery.not_after == trade.job.planning_start
    assert delivery.body == order.document
    assert [line["quantity"] for line in order.document["lines"]] == [2, 3]
    assert order.sub_rental_order is not None
    assert order.sub_rental_order.created_by == trade.buyer
    assert trade.ours.tenant.audit_entries.filter(action="partner.order_sent").count() == 1
    assert mails(trade.ours.tenant) == []


def test_a_second_click_finds_nothing_to_order(trade: Trade) -> None:
    trade.add_position()
    trade.send()
    with pytest.raises(NothingToOrder) as refused:
        trade.send()
    assert str(refused.value) == "Es gibt nichts zu bestellen bei Bassline Rental: Alle Positionen sind schon bestellt."
    assert trade.ours.orders.count() == Delivery.objects.count() == SubRentalOrder.objects.count() == 1


def test_a_paused_or_ended_connection_takes_no_orders(trade: Trade) -> None:
    trade.add_position()
    trade.ours.paused_at = timezone.now()
    trade.ours.save()
    with pytest.raises(NoConnectionToOrder):
        trade.send()
    assert not SubRentalOrder.objects.exists()


# --- arrival ---------------------------------------------------------------------------------------
def test_the_order_arrives_with_everything_in_it(trade: Trade, work: Work) -> None:
    trade.add_position(2)
    sent = trade.send()
    assert work() == [Outcome.DELIVERED]
    arrived, ours = trade.incoming(), trade.outgoing()
    inquiry = arrived.inquiry
    assert inquiry is not None
    assert inquiry.customer == trade.theirs.contact
    [line] = inquiry.lines.all()
    assert (line.article, line.quantity, line.net) == (trade.article, 2, Decimal("50.00"))
    assert line.customer_article_name == "MAC Aura XB (own)"
    assert inquiry.planning_period == trade.job.planning_period
    assert inquiry.usage_period == trade.job.usage_period
    assert inquiry.customer_details["contact"]["name"] == "Anna Angebot"
    assert subjects(trade.theirs.tenant) == [f"Partneranfrage {inquiry.number} von {trade.theirs.contact}"]
    link = trade.theirs.tenant.inbox_messages.get().link
    assert link == trade.theirs.tenant.url("jobs:inquiry", inquiry.pk)
    # Our copy is the supplier's document now.
    assert (ours.version, ours.state, ours.document) == (1, "requested", arrived.document)
    assert ours.document["supplier_reference"] == inquiry.number
    assert ours.document["net"] == "50.00"
    assert ours.order_id == sent.order_id == arrived.order_id
    assert ours.order_id.version == 7


def test_the_mail_goes_once_he_has_it_with_pdf_data_and_link(trade: Trade, work: Work) -> None:
    trade.add_position()
    order = trade.send()
    work()
    [mail] = mails(trade.ours.tenant)
    assert mail.to == "dispo@bassline.example"
    assert f"{trade.ours.peer_origin}/partner/orders/{order.order_id}" in mail.text
    attachments = {attached.content_type: bytes(attached.content) for attached in mail.attachments.all()}
    assert attachments["application/pdf"].startswith(b"%PDF-")
    assert json.loads(attachments["application/json"])["id"] == str(order.order_id)
    assert mail.subject.startswith("Bestellung ")


def test_unreachable_the_mail_goes_anyway_and_the_message_follows(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.network.fault = Fault.REFUSED
    assert work() == [Outcome.UNREACHABLE]
    assert len(mails(trade.ours.tenant)) == 1
    assert not Inquiry.objects.exists()
    trade.network.fault = SERVER_ERROR
    work(timedelta(minutes=1))
    trade.network.fault = None
    assert work(timedelta(minutes=10)) == [Outcome.DELIVERED]
    assert Inquiry.objects.count() == 1
    assert len(mails(trade.ours.tenant)) == 1


def test_a_lost_answer_makes_one_order_however_often_it_is_sent(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.network.lose_answers = True
    assert work() == [Outcome.UNREACHABLE]
    assert Inquiry.objects.count() == 1
    trade.network.lose_answers = False
    assert work(timedelta(minutes=1)) == [Outcome.DELIVERED]
    assert Inquiry.objects.count() == trade.theirs.orders.count() == 1
    assert len(subjects(trade.theirs.tenant)) == 1
    assert trade.outgoing().version == 1


def test_an_article_withdrawn_between_search_and_order(trade: Trade, work: Work) -> None:
    trade.add_position()
    position = trade.add_position(1, make_article(trade.theirs.tenant, "Nebler"))
    gone = Article.objects.get(name="Nebler")
    release(connection=trade.theirs, actor=trade.seller_actor, articles=[gone], excluded=True)
    trade.send()
    assert work() == [Outcome.FAILED]
    reason = "Bassline Rental bietet das nicht mehr an: Nebler (own). Bitte wähle einen anderen Artikel."
    assert orders_of(trade.ours.tenant) == [("declined", reason)]
    assert trade.outgoing().state == "declined"
    assert mails(trade.ours.tenant) == []
    assert not Inquiry.objects.exists()
    [message] = trade.ours.tenant.inbox_messages.all()
    assert "wurde von Bassline Rental nicht angenommen" in message.subject
    assert message.body == reason
    # Its positions can be ordered again.
    assert position in trade.job.positions.not_ordered()


@pytest.mark.parametrize("level", [AccessLevel.NONE])
def test_a_level_taken_away_refuses_new_orders(trade: Trade, work: Work, level: int) -> None:
    trade.add_position()
    trade.theirs.level = level
    trade.theirs.save()
    trade.send()
    assert work() == [Outcome.FAILED]
    [(state, reason)] = orders_of(trade.ours.tenant)
    assert state == "declined"
    assert reason.startswith("Bassline Rental bietet euch das zurzeit nicht an.")


def test_a_paused_partner_parks_it_without_a_mail(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.theirs.paused_at = timezone.now()
    trade.theirs.save()
    assert work() == [Outcome.PARKED]
    assert mails(trade.ours.tenant) == []
    assert orders_of(trade.ours.tenant) == [("requested", "")]


# --- what partners may send ------------------------------------------------------------------------
def post(connection: PartnerConnection, path: str, body: Any, key: uuid.UUID | None = None) -> client.Answer:
    return client.call(connection=connection, method="POST", path=path, body=body, idempotency_key=key or uuid.uuid4())


def refused(connection: PartnerConnection, path: str, body: Any, key: uuid.UUID | None = None) -> client.PartnerRefused:
    with pytest.raises(PartnerRefused) as caught:
        post(connection, path, body, key)
    return caught.value


def request_of(trade: Trade) -> dict[str, Any]:
    """A request as aurora would send it, not sent yet."""
    trade.add_position()
    return dict(trade.send().document)


def test_the_same_order_again_is_the_same_and_another_under_its_id_is_refused(trade: Trade) -> None:
    body, key = request_of(trade), uuid.uuid4()
    first = post(trade.ours, "/orders", body, key)
    assert first.status == 201
    assert post(trade.ours, "/orders", body, key).document == first.document
    again = post(trade.ours, "/orders", body)
    assert (again.status, again.document) == (200, first.document)
    other = body | {"remark": "something else"}
    problem = refused(trade.ours, "/orders", other).problem
    assert (problem.status, problem.code) == (409, "order-exists")
    assert refused(trade.ours, "/orders", other, key).problem.code == "idempotency-reuse"
    assert Inquiry.objects.count() == 1


def test_unknown_fields_are_kept_in_the_document(trade: Trade) -> None:
    body = request_of(trade)
    body["x_colour"] = "blue"
    body["lines"][0]["x_note"] = {"deep": 1}
    body["x_serial"] = 2**80  # more than other writers of JSON know
    document: Any = post(trade.ours, "/orders", body).document
    assert document["x_colour"] == "blue"
    assert document["lines"][0]["x_note"] == {"deep": 1}
    assert document["x_serial"] == 2**80
    assert document["lines"][0]["name"] == "MAC Aura XB"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"currency": "CHF"}, ("/currency", "currency")),
        ({"lines": []}, ("/lines", "length")),
        (
            {"usage_period": {"start": "2027-06-01T06:00:00Z", "end": "2027-07-02T06:00:00Z", "zone": "Europe/Berlin"}},
            ("/usage_period", "period"),
        ),
        ({"planning_period": None}, ("/planning_period", "required")),
        (
            {"planning_period": {"start": "2027-07-01T06:00:00Z", "end": "2029-07-03T06:00:00Z", "zone": "UTC"}},
            ("/planning_period", "range"),
        ),
    ],
)
def test_impossible_orders_are_refused_naming_the_field(
    trade: Trade, change: dict[str, Any], error: tuple[str, str]
) -> None:
    problem = refused(trade.ours, "/orders", request_of(trade) | change).problem
    assert (problem.status, problem.code) == (422, "invalid")
    assert (problem.errors[0].pointer, problem.errors[0].code) == error
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize(("quantity", "code"), [(0, "range"), (-1, "range"), (1_000_000, "range"), ("2", "type")])
def test_a_quantity_has_to_be_one(trade: Trade, quantity: Any, code: str) -> None:
    body = request_of(trade)
    body["lines"][0]["quantity"] = quantity
    [error] = refused(trade.ours, "/orders", body).problem.errors
    assert (error.pointer, error.code) == ("/lines/0/quantity", code)


def test_an_article_that_is_not_released_is_refused_naming_the_line(trade: Trade, cymbal: Tenant) -> None:
    body = request_of(trade)
    for article in (str(make_article(cymbal).pk), "abc", "9" * 40):
        body["lines"].append(body["lines"][0] | {"id": str(uuid.uuid4()), "article": article})
    problem = refused(trade.ours, "/orders", body).problem
    assert [(error.pointer, error.code) for error in problem.errors] == [
        (f"/lines/{at}/article", "not-released") for at in (1, 2, 3)
    ]
    assert not Inquiry.objects.exists()


def test_while_we_are_paused_orders_can_be_read_but_not_placed(trade: Trade, work: Work) -> None:
    trade.add_position()
    order = trade.send()
    work()
    trade.theirs.paused_at = timezone.now()
    trade.theirs.save()
    document = client.call(connection=trade.ours, method="GET", path=f"/orders/{order.order_id}").document
    assert document == trade.incoming().document
    with pytest.raises(PartnerPaused):
        post(trade.ours, "/orders", order.document)


# --- our answer ------------------------------------------------------------------------------------
def delivered(trade: Trade, work: Work, quantity: int = 2) -> Inquiry:
    trade.add_position(quantity)
    trade.send()
    work()
    inquiry = trade.incoming().inquiry
    assert inquiry is not None
    return inquiry


def test_confirming_reserves_and_tells_the_buyer(trade: Trade, work: Work) -> None:
    inquiry = delivered(trade, work)
    job = make_job(inquiry=inquiry, created_by=trade.seller)
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert [row.quantity for row in trade.theirs.tenant.reservations.all()] == [2]
    assert trade.theirs.tenant.jobs.get() == job
    assert work() == [Outcome.DELIVERED]
    assert orders_of(trade.ours.tenant) == [("confirmed", "")]
    ours, theirs = trade.outgoing(), trade.incoming()
    assert (ours.version, ours.state) == (theirs.version, theirs.state) == (2, "confirmed")
    assert ours.document == theirs.document
    assert [line["answer"]["outcome"] for line in ours.document["lines"]] == ["confirmed"]
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert subjects(trade.ours.tenant) == [f"{number} bei Bassline Rental: bestätigt"]
    [_to_supplier, to_buyer] = mails(trade.ours.tenant)
    assert to_buyer.to == trade.buyer.email
    assert "bestätigt" in to_buyer.subject


def test_who_has_left_the_company_gets_no_mail_about_its_orders(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    trade.buyer.memberships.all().delete()
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert work() == [Outcome.DELIVERED]
    assert [mail.topic for mail in mails(trade.ours.tenant)] == ["partner_order"]


def test_too_little_stock_confirms_nothing(trade: Trade, work: Work) -> None:
    delivered(trade, work, quantity=11)
    with pytest.raises(Shortage):
        confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert trade.incoming().state == "requested"
    assert not trade.theirs.tenant.reservations.exists()
    assert not trade.theirs.deliveries.exists()


def test_declining_needs_a_reason_and_tells_it(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    order = trade.incoming()
    with pytest.raises(NoReason):
        decline_order(order=order, reason="  ", actor=trade.seller_actor, now=timezone.now())
    decline_order(order=order, reason="Alles im Einsatz", actor=trade.seller_actor, now=timezone.now())
    assert work() == [Outcome.DELIVERED]
    assert orders_of(trade.ours.tenant) == [("declined", "Alles im Einsatz")]
    assert trade.ours.tenant.inbox_messages.get().body == "Alles im Einsatz"
    assert trade.job.positions.not_ordered().count() == 1
    with pytest.raises(NotInThisState):
        confirm_order(order=order, actor=trade.seller_actor, now=timezone.now())


def test_reading_is_told_once(trade: Trade, work: Work) -> None:
    inquiry = delivered(trade, work)
    now = timezone.now()
    tell_seen(order=trade.incoming(), now=now)
    assert not trade.theirs.deliveries.exists()
    mark_seen(inquiry=inquiry, at=now)
    for _time in range(2):
        tell_seen(order=trade.incoming(), now=now)
    assert work() == [Outcome.DELIVERED]
    assert trade.outgoing().document["seen_at"] is not None
    assert trade.outgoing().version == 2
    assert orders_of(trade.ours.tenant) == [("requested", "")]
    assert subjects(trade.ours.tenant) == []


# --- events at the buyer ---------------------------------------------------------------------------
def event_of(trade: Trade, **changes: Any) -> dict[str, Any]:
    return {"event": "confirm", "order": trade.incoming().document | changes}


def test_older_versions_and_repetitions_are_ignored(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    assert post(trade.theirs, "/order-events", event_of(trade, version=5, state="confirmed")).document == {
        "applied": True
    }
    for version, state in ((5, "declined"), (4, "requested"), (1, "requested")):
        stale = event_of(trade, version=version, state=state)
        assert post(trade.theirs, "/order-events", stale).document == {"applied": False}
    assert orders_of(trade.ours.tenant) == [("confirmed", "")]
    assert trade.outgoing().version == 5


def test_an_event_must_be_about_the_order_as_we_sent_it(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    lines = trade.incoming().document["lines"]
    changes: list[dict[str, Any]] = [
        {"currency": "CHF"},
        {"lines": [lines[0] | {"id": str(uuid.uuid4())}]},
        {"lines": [*lines, lines[0] | {"id": str(uuid.uuid4())}]},
    ]
    for change in changes:
        assert refused(trade.theirs, "/order-events", event_of(trade, version=9, **change)).problem.status == 422
    foreign = event_of(trade, version=9, id=str(uuid.uuid4()))
    assert refused(trade.theirs, "/order-events", foreign).problem.status == 404
    assert trade.outgoing().version == 1


def test_a_state_of_a_later_version_is_shown_and_not_acted_on(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    post(trade.theirs, "/order-events", event_of(trade, version=2, state="on_the_moon"))
    assert orders_of(trade.ours.tenant) == [("requested", "")]
    assert trade.outgoing().document["state"] == "on_the_moon"
    assert trade.outgoing().state == "requested"


def test_nobody_reports_on_orders_that_came_to_him(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    assert refused(trade.ours, "/order-events", event_of(trade, version=9)).problem.status == 404
    assert trade.incoming().version == 1


# --- withdrawing -----------------------------------------------------------------------------------
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


def test_a_withdrawal_behind_an_order_that_is_refused_has_nothing_left_to_do(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    trade.network.fault = Fault.REFUSED
    work()
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    trade.theirs.level = AccessLevel.NONE
    trade.theirs.save()
    trade.network.fault = None
    assert work(timedelta(minutes=1)) == [Outcome.FAILED]
    [(state, _reason)] = orders_of(trade.ours.tenant)
    assert state == "declined"
    assert not Delivery.objects.unfinished().exists()


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


# --- reading ---------------------------------------------------------------------------------------
def test_orders_are_listed_by_change_for_the_role_asked(trade: Trade, work: Work) -> None:
    for _order in range(3):
        delivered_order(trade, work)

    def listed(connection: PartnerConnection, **query: Any) -> list[str]:
        answer: Any = client.call(connection=connection, method="GET", path="/orders", query=query).document
        return [item["id"] for item in answer["items"]]

    ids = [str(order.order_id) for order in trade.theirs.orders.order_by("pk")]
    assert listed(trade.ours) == ids
    assert listed(trade.theirs) == []
    assert listed(trade.theirs, role="buyer") == ids
    since = trade.theirs.orders.order_by("pk")[1].updated_at.isoformat().replace("+00:00", "Z")
    assert listed(trade.ours, changed_after=since) == ids[2:]
    with pytest.raises(PartnerRefused):
        listed(trade.ours, role="thief")


def delivered_order(trade: Trade, work: Work) -> None:
    trade.add_position()
    trade.send()
    work()


def test_nobody_else_reads_or_moves_an_order(
    trade: Trade, work: Work, cymbal: Tenant, bassline: Tenant, make_stranger: Callable[[Tenant], PartnerConnection]
) -> None:
    delivered(trade, work)
    order = trade.incoming()
    stranger = make_stranger(cymbal)
    with pytest.raises(PartnerRefused) as unread:
        client.call(connection=stranger, method="GET", path=f"/orders/{order.order_id}")
    assert unread.value.problem.status == 404
    path = f"/orders/{order.order_id}/commands"
    assert refused(stranger, path, {"command": "withdraw", "expected_version": 1}).problem.status == 404
    assert refused(stranger, "/order-events", event_of(trade, version=9)).problem.status == 404
    listed: Any = client.call(connection=stranger, method="GET", path="/orders").document
    assert listed["items"] == []


# --- when it is over, and what cannot be read -------------------------------------------------------
def end(*connections: PartnerConnection) -> None:
    for connection in connections:
        connection.closed_at = timezone.now()
        connection.save()


def test_after_the_end_nobody_answers_and_the_buyer_gets_his_positions_back(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    end(trade.ours, trade.theirs)
    with pytest.raises(ConnectionIsOver):
        confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    with pytest.raises(ConnectionIsOver):
        decline_order(order=trade.incoming(), reason="Nein", actor=trade.seller_actor, now=timezone.now())
    assert not trade.theirs.tenant.reservations.exists()
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    assert orders_of(trade.ours.tenant) == [("withdrawn", "")]
    assert work() == []
    assert trade.job.positions.not_ordered().count() == 1


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


def test_an_answer_that_the_buyer_does_not_take_is_told_to_the_supplier(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    trade.ours.orders.update(order_id=uuid.uuid4())
    decline_order(order=trade.incoming(), reason="Nein", actor=trade.seller_actor, now=timezone.now())
    assert work() == [Outcome.FAILED]
    assert "erreicht" in subjects(trade.theirs.tenant)[-1]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_order(trade: Trade) -> None:
    trade.add_position()
    results = at_once(lambda: trade.send(), lambda: trade.send())
    assert sorted(type(result).__name__ for result in results) == ["NothingToOrder", "PartnerOrder"]
    assert SubRentalOrder.objects.count() == Delivery.objects.count() == 1


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


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each of the deeds gave or was refused with, all started together."""

    def run(deed: Callable[[], Any]) -> Any:
        start.wait(5)
        try:
            return deed()
        except BusinessError as refusal:
            return refusal
        finally:
            database.close()

    start = threading.Barrier(len(deeds))
    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))
