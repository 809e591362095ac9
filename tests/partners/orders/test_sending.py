"""From the click to the supplier: everything is written down, and sent until it is there (mission O1, O6)."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from inventory.models import Article
from jobs.models import Inquiry, SubRentalOrder
from jobs.sub_rentals import NothingToOrder
from partners.access import AccessLevel, PeriodTooLong
from partners.models import Delivery, DeliveryState
from partners.orders.sending import NoConnectionToOrder
from partners.outbox import Outcome
from partners.releases import release
from partners.transport import Fault
from tests.crowd import at_once
from tests.factories import make_article
from tests.fakes import SERVER_ERROR
from tests.partners.orders.doing import Work, mails, orders_of, subjects
from tests.partners.trade import Trade


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


def test_what_is_ordered_while_the_job_runs_goes_out_until_it_ends(trade: Trade, work: Work) -> None:
    trade.add_position()
    with time_machine.travel(trade.job.planning_start + timedelta(hours=1), tick=False):
        order = trade.send()
        assert work() == [Outcome.DELIVERED]
    assert order.deliveries.get().not_after == trade.job.planning_end
    assert Inquiry.objects.count() == 1
    assert len(mails(trade.ours.tenant)) == 1


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


def test_a_job_of_more_than_two_years_is_not_ordered(trade: Trade) -> None:
    trade.add_position()
    trade.job.planning_end = trade.job.planning_start + timedelta(days=733)
    with pytest.raises(PeriodTooLong):
        trade.send()
    assert not SubRentalOrder.objects.exists()


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


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_order(trade: Trade) -> None:
    trade.add_position()
    results = at_once(lambda: trade.send(), lambda: trade.send())
    assert sorted(type(result).__name__ for result in results) == ["NothingToOrder", "PartnerOrder"]
    assert SubRentalOrder.objects.count() == Delivery.objects.count() == 1
