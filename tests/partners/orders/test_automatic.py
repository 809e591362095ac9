"""Level 3: a firm order is confirmed on arrival, every line or none, within our limits (mission R2, R4, R5, O9)."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import stock_of
from inventory.models import Article, ArticleKind
from jobs.holds import hold_material
from jobs.models import Inquiry
from jobs.positions import add_position
from jobs.states import JobState
from partners import connections
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.orders import confirm_order, withdraw_order
from partners.outbox import Outcome
from tests.factories import make_article, make_connection, make_job
from tests.partners.api.asking import reserve_row
from tests.partners.orders.doing import (
    arrived,
    at_level_3,
    keep_back,
    limit,
    mails,
    orders_of,
    post,
    request_of,
    reserved,
    states_of,
    subjects,
    whys,
)
from tests.partners.trade import Trade

Work = Callable[..., list[Outcome]]
OWNED = 10  # of the article that is traded


@pytest.fixture
def lender(trade: Trade) -> PartnerConnection:
    """Bassline's side on level 3, with the safety number compared."""
    return at_level_3(trade.theirs)


# --- confirmed at once ------------------------------------------------------------------------------
def test_all_free_is_reserved_and_confirmed_at_once(trade: Trade, lender: PartnerConnection, work: Work) -> None:
    trade.add_position(4)
    trade.add_position(6)
    trade.send()
    assert set(work()) == {Outcome.DELIVERED}
    theirs, ours = trade.incoming(), trade.outgoing()
    assert (theirs.state, theirs.version, theirs.is_automatic, theirs.objections) == ("confirmed", 2, True, [])
    assert reserved(lender.tenant) == [4, 6]
    job = lender.tenant.jobs.get()
    assert (job.state, theirs.inquiry.job, theirs.inquiry.state) == ("order", job, "confirmed")  # type: ignore[union-attr]
    # The buyer has it without anybody's doing: state, document, inbox and mail.
    assert (ours.state, ours.version, ours.document) == ("confirmed", 2, theirs.document)
    assert {line["answer"]["outcome"] for line in ours.document["lines"]} == {"confirmed"}
    assert orders_of(trade.ours.tenant) == [("confirmed", "")]
    number = trade.ours.tenant.sub_rental_orders.get().number
    assert subjects(trade.ours.tenant) == [f"{number} bei Bassline Rental: bestätigt"]
    assert [mail.to for mail in mails(trade.ours.tenant)].count(trade.buyer.email) == 1
    # Nobody there is asked to answer what the server has answered.
    [to_supplier] = [mail for mail in mails(trade.ours.tenant) if mail.to == trade.ours.contact.email]
    assert "hat Folgendes bei euch bestellt" in to_supplier.text
    assert "Euer Server hat sie schon bestätigt" in to_supplier.text
    assert "antwortet dort" not in to_supplier.text


def test_the_201_says_it_and_an_event_too(trade: Trade, lender: PartnerConnection) -> None:
    answer = post(trade.ours, "/orders", request_of(trade))
    document: Any = answer.document
    assert (answer.status, document["state"], document["version"]) == (201, "confirmed", 2)
    [event] = lender.deliveries.all()
    assert (event.kind, event.body["event"], event.body["order"]) == ("event", "confirm", document)


def test_sales_at_the_supplier_read_that_it_happened(trade: Trade, lender: PartnerConnection) -> None:
    order = arrived(trade, 2)
    [message] = lender.tenant.inbox_messages.all()
    assert message.subject == f"Automatisch bestätigt: {order.inquiry.number} von {lender.contact}"  # type: ignore[union-attr]
    assert message.link == lender.tenant.url("jobs:inquiry", order.inquiry_id)
    entry = lender.tenant.audit_entries.get(action="partner.order_confirmed")
    assert entry.actor_label == "Eventworx"


def test_an_answer_that_was_lost_confirms_once(trade: Trade, lender: PartnerConnection, work: Work) -> None:
    trade.add_position(7)
    trade.send()
    trade.network.lose_answers = True
    work()
    trade.network.lose_answers = False
    work(timedelta(minutes=1))
    body = trade.outgoing().document
    assert post(trade.ours, "/orders", {**body, "intent": "order"}).status == 200
    assert reserved(lender.tenant) == [7]
    assert Inquiry.objects.count() == lender.tenant.jobs.count() == lender.orders.count() == 1
    assert trade.outgoing().state == "confirmed"
    assert len(subjects(trade.ours.tenant)) == 1


def test_what_is_free_after_all_but_the_last_unit(trade: Trade, lender: PartnerConnection) -> None:
    """Own buffers and other jobs count: what the search shows can be had, and not one more."""
    period = trade.job.planning_period
    trade.article.buffer_before_minutes = 60
    trade.article.save()
    reserve_row(trade.article, 3, period.start - timedelta(hours=2), period.start - timedelta(minutes=30))
    free = stock_of(articles=[trade.article], period=period)[trade.article.pk].free
    assert free == OWNED - 3
    assert arrived(trade, free).state == "confirmed"
    assert stock_of(articles=[trade.article], period=period)[trade.article.pk].free == 0


# --- not at once ------------------------------------------------------------------------------------
def test_one_line_that_is_short_and_nothing_is_reserved(trade: Trade, lender: PartnerConnection) -> None:
    trade.add_position(1, make_article(lender.tenant, "Nebler", owned=5))
    order = arrived(trade, OWNED + 1)
    assert (order.state, order.version, order.is_automatic) == ("requested", 1, False)
    assert order.objections == [{"why": "short", "article": "MAC Aura XB", "asked": OWNED + 1, "free": OWNED}]
    assert reserved(lender.tenant) == []
    assert not lender.tenant.jobs.exists()
    assert order.inquiry is not None
    assert (order.inquiry.state, order.inquiry.job, order.inquiry.answered_at) == ("requested", None, None)
    [message] = lender.tenant.inbox_messages.all()
    assert message.subject.startswith("Partneranfrage ")
    assert "Nicht automatisch bestätigt:\n– MAC Aura XB: 11 gewünscht, 10 frei." in message.body
    assert not lender.deliveries.exists()


def test_lines_of_one_article_count_together(trade: Trade, lender: PartnerConnection) -> None:
    order = arrived(trade, 6, 5)
    assert order.objections == [{"why": "short", "article": "MAC Aura XB", "asked": 11, "free": 10}]
    assert reserved(lender.tenant) == []


def test_what_waits_is_confirmed_by_a_person(trade: Trade, lender: PartnerConnection) -> None:
    limit(lender, trade, most_units=1)
    order = arrived(trade, 2)
    confirmed = confirm_order(order=order, actor=trade.seller_actor, now=timezone.now())
    assert (confirmed.state, reserved(lender.tenant)) == ("confirmed", [2])


def test_what_waits_is_withdrawn(trade: Trade, lender: PartnerConnection, work: Work) -> None:
    arrived(trade, OWNED + 1)
    work()
    withdraw_order(order=trade.outgoing(), actor=trade.actor, now=timezone.now())
    work()
    assert trade.incoming().state == "withdrawn"


@pytest.mark.parametrize("intent", ["inquiry", "option", None, "auction"])
def test_only_a_firm_order_is_confirmed_by_itself(trade: Trade, lender: PartnerConnection, intent: str | None) -> None:
    document: Any = post(trade.ours, "/orders", request_of(trade) | {"intent": intent}).document
    assert document["state"] == "requested"
    assert trade.incoming().objections == []


@pytest.mark.parametrize("level", [AccessLevel.ARTICLES, AccessLevel.STOCK])
def test_below_level_3_nothing_is_confirmed_by_itself(trade: Trade, lender: PartnerConnection, level: int) -> None:
    lender.level = level
    lender.save()
    order = arrived(trade, 1)
    assert (order.state, order.objections, reserved(lender.tenant)) == ("requested", [], [])


def test_nobody_has_compared_the_number(trade: Trade, lender: PartnerConnection) -> None:
    lender.verified_at = None
    lender.save()
    order = arrived(trade, 1)
    assert (order.state, whys(order), reserved(lender.tenant)) == ("requested", ["unverified"], [])
    body = lender.tenant.inbox_messages.get().body
    assert "Die Sicherheitsnummer ist noch nicht verglichen." in body


# --- limits and brake -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("limits", "why", "words"),
    [
        ({"most_units": 3}, "units", "Freigabe nötig: 4 Stück, über der Grenze von 3."),
        (
            {"most_net": Decimal("99.99")},
            "net",
            "Freigabe nötig: 100,00\N{NO-BREAK SPACE}€ netto, über der Grenze von 99,99",
        ),
        ({"lead_hours": 24 * 365}, "lead", "Freigabe nötig: Beginnt in weniger als 8760 Stunden."),
        ({"horizon_days": 1}, "horizon", "Freigabe nötig: Endet in mehr als 1 Tag."),
    ],
)
def test_beyond_a_limit_it_waits_for_a_person_who_reads_why(
    trade: Trade, lender: PartnerConnection, limits: dict[str, Any], why: str, words: str
) -> None:
    limit(lender, trade, **limits)
    order = arrived(trade, 1, 3)
    assert (order.state, whys(order), reserved(lender.tenant)) == ("requested", [why], [])
    assert words in lender.tenant.inbox_messages.get().body


def test_at_the_limits_it_goes(trade: Trade, lender: PartnerConnection) -> None:
    limit(lender, trade, most_units=4, most_net=Decimal("100.00"), lead_hours=1, horizon_days=3_650)
    assert arrived(trade, 1, 3).state == "confirmed"


def test_so_many_orders_a_day_and_the_next_waits(trade: Trade, lender: PartnerConnection) -> None:
    """Many small ones do not empty the stock: what a machine has confirmed within 24 hours counts."""
    limit(lender, trade, most_orders=2)
    first, now = post(trade.ours, "/orders", request_of(trade)), timezone.now()
    limit(lender, trade, most_orders=2, most_units=1)
    assert states_of(trade, 2) == ["requested"]  # waits for another reason, and does not count
    limit(lender, trade, most_orders=2)
    assert states_of(trade, 1, 1) == ["confirmed", "requested"]
    told = {"why": "orders", "limit": 2}
    waiting = lender.orders.latest("pk")
    assert (waiting.objections, len(reserved(lender.tenant))) == ([told], 2)
    words = "Freigabe nötig: Die Grenze von 2 automatisch bestätigten Bestellungen in 24 Stunden ist erreicht."
    assert words in lender.tenant.inbox_messages.latest("pk").body
    confirm_order(order=waiting, actor=trade.seller_actor, now=now)  # a person's do not count either
    assert post(trade.ours, "/orders", first.document).status == 200  # nor does one that comes again
    with time_machine.travel(now + timedelta(hours=24, seconds=1), tick=False):
        assert states_of(trade, 1) == ["confirmed"]


@pytest.mark.parametrize(("most_net", "reasons"), [(None, []), (Decimal("500.00"), ["unpriced"])])
def test_what_has_no_price_passes_no_limit_of_value(
    trade: Trade, lender: PartnerConnection, most_net: Decimal | None, reasons: list[str]
) -> None:
    Article.objects.filter(pk=trade.article.pk).update(rental_price=0)
    limit(lender, trade, most_net=most_net)
    assert whys(arrived(trade, 1, 1)) == reasons
    words = "Freigabe nötig: MAC Aura XB hat keinen Preis und lässt sich an der Wertgrenze nicht messen."
    assert (words in lender.tenant.inbox_messages.get().body) == bool(reasons)


def test_limits_hold_on_level_3_alone(trade: Trade, lender: PartnerConnection) -> None:
    limit(lender, trade, most_units=1)
    lender.level = AccessLevel.STOCK
    lender.save()
    assert arrived(trade, 4).objections == []


def test_what_has_begun_already_is_a_persons(trade: Trade, lender: PartnerConnection) -> None:
    body = request_of(trade)
    start = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    period = {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{start + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"}
    zoned = period | {"zone": "Europe/Berlin"}
    post(trade.ours, "/orders", body | {"planning_period": zoned, "usage_period": zoned, "logistics": None})
    assert whys(trade.incoming()) == ["begun"]


def test_what_is_kept_back_is_not_confirmed_by_a_machine(trade: Trade, lender: PartnerConnection) -> None:
    keep_back(lender, trade, 2)
    order = arrived(trade, 5, 4)
    told = {"why": "kept_back", "article": "MAC Aura XB", "asked": 9, "free": 10, "kept": 2}
    assert (order.state, order.objections, reserved(lender.tenant)) == ("requested", [told], [])
    assert not lender.tenant.jobs.exists()
    assert "MAC Aura XB: 9 gewünscht, 10 frei, davon 2 zurückgehalten." in lender.tenant.inbox_messages.get().body
    assert (order.inquiry.state, order.inquiry.job) == ("requested", None)  # type: ignore[union-attr]
    confirm_order(order=order, actor=trade.seller_actor, now=timezone.now())  # a person may
    assert reserved(lender.tenant) == [5, 4]


def test_up_to_what_is_kept_back_it_goes(trade: Trade, lender: PartnerConnection) -> None:
    keep_back(lender, trade, 2)
    assert arrived(trade, 5, 3).state == "confirmed"


@pytest.mark.parametrize("for_all", [True, False])
def test_the_brake_holds_from_the_next_order_on(trade: Trade, lender: PartnerConnection, for_all: bool) -> None:
    whose: dict[str, Any] = {"tenant": lender.tenant, "actor": trade.seller_actor}
    whose |= {} if for_all else {"connection": lender}
    connections.pull_brake(**whose, now=timezone.now())
    first = arrived(trade, 1)
    assert (first.state, whys(first), reserved(lender.tenant)) == ("requested", ["brake"], [])
    assert "Die Notbremse ist gezogen." in lender.tenant.inbox_messages.get().body
    connections.release_brake(**whose)
    assert post(trade.ours, "/orders", request_of(trade)).document["state"] == "confirmed"  # type: ignore[index,call-overload]
    first.refresh_from_db()
    assert first.state == "requested"


def test_a_brake_of_another_partner_or_company_stops_nobody(
    trade: Trade, lender: PartnerConnection, cymbal: Tenant
) -> None:
    _hers, other = make_connection(cymbal, peer=lender.tenant)
    now = timezone.now()
    connections.pull_brake(tenant=lender.tenant, connection=other, actor=trade.seller_actor, now=now)
    connections.pull_brake(tenant=cymbal, actor=trade.seller_actor, now=now)
    assert arrived(trade, 1).state == "confirmed"


def test_a_brake_is_pulled_and_released_once(trade: Trade, lender: PartnerConnection) -> None:
    for _again in range(2):
        connections.pull_brake(tenant=lender.tenant, actor=trade.seller_actor, now=timezone.now())
    for _again in range(2):
        connections.release_brake(tenant=lender.tenant, actor=trade.seller_actor)
    deeds = connections.entries_about(lender.contact).filter(action__contains="brake")
    assert sorted(deeds.values_list("action", flat=True)) == [
        "partner.brake_pulled_for_all",
        "partner.brake_released_for_all",
    ]


def test_a_new_pairing_keeps_limits_and_brake(trade: Trade, lender: PartnerConnection) -> None:
    limit(lender, trade, most_units=3, lead_hours=5, most_orders=7)
    connections.pull_brake(tenant=lender.tenant, connection=lender, actor=trade.seller_actor, now=timezone.now())
    connections.close(connection=lender, actor=trade.seller_actor, now=timezone.now())
    lender.refresh_from_db()
    new = connections.succeed(lender)
    assert new.guard_rails == lender.guard_rails
    assert lender.tenant.partner_brakes.on(new).count() == 1
    assert new.verified_at is None  # the number is another one


# --- what the partner learns ------------------------------------------------------------------------
@pytest.mark.parametrize("reason", ["short", "kept_back", "units", "brake", "unverified", "orders"])
def test_the_partner_learns_nothing_of_why(trade: Trade, lender: PartnerConnection, reason: str) -> None:
    """Whatever keeps it from being confirmed, his answer is that of an order that waits on level 2."""
    quantity = OWNED + 7 if reason == "short" else OWNED
    if reason == "kept_back":
        keep_back(lender, trade, 3)
    elif reason == "units":
        limit(lender, trade, most_units=9)
    elif reason == "orders":
        limit(lender, trade, most_orders=0)
    elif reason == "brake":
        connections.pull_brake(tenant=lender.tenant, actor=trade.seller_actor, now=timezone.now())
    elif reason == "unverified":
        lender.verified_at = None
        lender.save()
    trade.add_position(quantity)
    body = trade.send().document
    answer: Any = post(trade.ours, "/orders", body).document
    assert whys(trade.incoming()) == [reason]
    known = {"version", "state", "supplier_reference", "created_at", "updated_at", "valid_until", "net", "lines"}
    assert {name for name, value in answer.items() if body.get(name) != value} <= known
    assert (answer["state"], answer["version"], answer.get("reason")) == ("requested", 1, None)
    assert not {"is_automatic", "objections", "why"} & set(json.dumps(answer).split('"'))


def test_an_article_of_another_price_counts_with_ours(trade: Trade, lender: PartnerConnection) -> None:
    """The value is what we reckon, whatever the buyer expects."""
    Article.objects.filter(pk=trade.article.pk).update(rental_price=Decimal("1000.00"))
    limit(lender, trade, most_net=Decimal("500.00"))
    assert whys(arrived(trade, 1)) == ["net"]


# --- options of our own -----------------------------------------------------------------------------
def test_what_a_quote_of_ours_holds_is_not_free_until_the_option_ends(trade: Trade, lender: PartnerConnection) -> None:
    quote = make_job(lender.tenant, period=trade.job.planning_period, state=JobState.QUOTE)
    add_position(job=quote, article=trade.article, quantity=OWNED - 1)
    now = timezone.now()
    hold_material(job=quote, until=now + timedelta(hours=1), now=now)
    first = arrived(trade, 2)
    assert first.objections == [{"why": "short", "article": "MAC Aura XB", "asked": 2, "free": 1}]
    with time_machine.travel(now + timedelta(hours=1, seconds=1), tick=False):
        assert post(trade.ours, "/orders", request_of(trade)).document["state"] == "confirmed"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(("asked", "state"), [(OWNED - 4, "confirmed"), (OWNED - 3, "requested")])
def test_a_thing_for_sale_is_promised_for_ever(trade: Trade, lender: PartnerConnection, asked: int, state: str) -> None:
    """What another job was promised for next year is not there for an order of this year, nor the other way round."""
    Article.objects.filter(pk=trade.article.pk).update(kind=ArticleKind.SALE)
    trade.article.refresh_from_db()
    later = trade.job.planning_end + timedelta(days=300)
    reserve_row(trade.article, 4, later, later + timedelta(days=1))
    assert arrived(trade, asked).state == state
    period = Period(later + timedelta(days=9), later + timedelta(days=10))
    left = stock_of(articles=[trade.article], period=period)[trade.article.pk].free
    assert left == (0 if state == "confirmed" else OWNED - 4)
