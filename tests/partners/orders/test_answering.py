"""The supplier's answer, and what the buyer makes of it (mission O3, O5, O9)."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from eventworx.web.templatetags.ewx import period
from inventory.reservations import Shortage
from jobs.inquiries import make_job, mark_seen
from partners.connections import set_contact_roles
from partners.orders import confirm_order, decline_order, progress_of, tell_seen
from partners.orders.receiving import NoReason, NotInThisState
from partners.outbox import Outcome
from tests.factories import make_article
from tests.partners.orders.doing import Work, delivered, event_of, mails, orders_of, post, refused, subjects
from tests.partners.trade import Trade


def test_confirming_reserves_and_tells_the_buyer(trade: Trade, work: Work) -> None:
    inquiry = delivered(trade, work)
    job = make_job(inquiry=inquiry)
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


def told(trade: Trade) -> list[tuple[str, str]]:
    """What our people read in the inbox, which whoever ordered gets by mail, too."""
    inbox = [(one.subject, one.body.replace("\xa0", " ")) for one in trade.ours.tenant.inbox_messages.order_by("pk")]
    written = [mail for mail in mails(trade.ours.tenant) if mail.topic == "partner_order_answer"]
    assert [mail.subject for mail in written] == [subject for subject, _body in inbox]
    assert all(body in mail.text.replace("\xa0", " ") for mail, (_, body) in zip(written, inbox, strict=True))
    return inbox


def test_who_ordered_at_another_price_reads_so_before_it_is_promised_and_after(trade: Trade, work: Work) -> None:
    """The price had changed between the search and the order: whoever only reads mails learns it while he can still
    withdraw, once (mission O5)."""
    trade.add_position()
    trade.article.rental_price += 1
    trade.article.save()
    order = trade.send().sub_rental_order
    work()
    mark_seen(inquiry=trade.incoming().inquiry, at=timezone.now())
    tell_seen(order=trade.incoming(), now=timezone.now())
    work()
    said = "Bassline Rental rechnet mit 52,00 € statt mit 50,00 €: Bitte vergleiche die Preise."
    said += f" {trade.article.name}: 52,00 € statt 50,00 €."
    way_out = "Solange nicht geantwortet ist, lässt sich die Bestellung zurückziehen."
    first = (f"{order} bei Bassline Rental: angefragt, zu anderen Preisen", f"{said} {way_out}")
    assert told(trade) == [first]
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    work()
    assert told(trade) == [first, (f"{order} bei Bassline Rental: bestätigt", said)]


def test_other_prices_are_seen_though_the_total_is_the_same(trade: Trade, work: Work) -> None:
    """One line costs as much more as another less."""
    other = make_article(trade.theirs.tenant, "Nebel", rental_price=trade.article.rental_price, owned=10)
    for article, more in ((trade.article, 1), (other, -1)):
        trade.add_position(article=article)
        article.rental_price += more
        article.save()
    trade.send()
    work()
    [(_subject, said)] = told(trade)
    assert said.startswith("Bassline Rental rechnet einzelne Positionen anders als wir: Bitte vergleiche die Preise.")
    assert f"{trade.article.name}: 52,00 € statt 50,00 €. Nebel: 48,00 € statt 50,00 €." in said


@pytest.mark.parametrize(
    "changes",
    [{"net": "52.00", "expected_net": "52.00"}, {"answer": {"outcome": "confirmed", "quantity": 2, "net": "52.00"}}],
    ids=["as if we had expected it", "in his answer to the line"],
)
def test_what_we_expected_is_what_we_wrote_down_ourselves(trade: Trade, work: Work, changes: dict[str, Any]) -> None:
    delivered(trade, work)
    event = event_of(trade, version=2, state="confirmed")
    event["order"]["lines"][0] |= changes
    assert post(trade.theirs, "/order-events", event).document == {"applied": True}
    [(_subject, said)] = told(trade)
    assert f"{trade.article.name}: 52,00 € statt 50,00 €." in said


@pytest.mark.parametrize("changes", [{"quantity": 1}, {"answer": {"outcome": "fewer", "quantity": 1, "net": "50.00"}}])
def test_fewer_units_called_confirmed_are_told(trade: Trade, work: Work, changes: dict[str, Any]) -> None:
    """At the same total: whoever reads no more than "confirmed" stands there with half of it."""
    delivered(trade, work)
    event = event_of(trade, version=2, state="confirmed")
    event["order"]["lines"][0] |= changes
    assert post(trade.theirs, "/order-events", event).document == {"applied": True}
    [(_subject, said)] = told(trade)
    assert said == (
        "Bassline Rental hat andere Mengen bestätigt als bestellt: Bitte dort nachfragen. "
        f"{trade.article.name}: 1 statt 2."
    )
    [shown] = progress_of(trade.job)
    assert said.replace("\xa0", " ") in [note.replace("\xa0", " ") for note in shown.notes]


def other_period(days: int) -> dict[str, str]:
    return {"start": f"2027-07-0{1 + days}T06:00:00Z", "end": "2027-07-04T18:00:00Z", "zone": "Europe/Berlin"}


ORDERED = "Do 01.07.2027 08:00 – So 04.07. 20:00"
ARTICLES = "andere Artikel bestätigt als bestellt: Bitte dort nachfragen. {ours}:"
PERIOD = "einen anderen Zeitraum bestätigt als bestellt: Bitte dort nachfragen."


@pytest.mark.parametrize(
    ("whole", "of_line", "said"),
    [
        (
            {},
            {"article": "77", "number": "N-1", "name": "Nebel"},
            f"{ARTICLES} N-1 Nebel statt {{number}} {{ours}}.",
        ),
        (
            {},
            {"answer": {"outcome": "substitute", "article": "77"}},
            f"{ARTICLES} ein anderer Artikel (77) statt {{number}} {{ours}}.",
        ),
        (
            {"planning_period": other_period(1), "usage_period": other_period(2)},
            {},
            (
                f"{PERIOD} Planungszeitraum: Fr 02.07.2027 08:00 – So 04.07. 20:00 statt {ORDERED}."
                " Nutzungszeitraum: Sa 03.07.2027 08:00 – So 04.07. 20:00 statt {usage}."
            ),
        ),
        (
            {},
            {"answer": {"outcome": "other_period", "period": other_period(1)}},
            f"{PERIOD} {{name}}: Fr 02.07.2027 08:00 – So 04.07. 20:00 statt {ORDERED}.",
        ),
        (
            {},
            {"article": "77", "number": "N-1", "name": "Nebel", "answer": {"quantity": 1}},
            (
                "andere Mengen bestätigt als bestellt: Bitte dort nachfragen. Nebel: 1 statt 2."
                f"\nBassline Rental hat {ARTICLES} N-1 Nebel statt {{number}} {{ours}}."
            ),
        ),
    ],
    ids=["another article", "a substitute", "another period", "another period of a line", "several"],
)
def test_other_articles_and_periods_called_confirmed_are_told(
    trade: Trade, work: Work, whole: dict[str, Any], of_line: dict[str, Any], said: str
) -> None:
    delivered(trade, work)
    event = event_of(trade, version=2, state="confirmed", **whole)
    event["order"]["lines"][0] |= of_line
    assert post(trade.theirs, "/order-events", event).document == {"applied": True}
    [(_subject, read)] = told(trade)
    line, usage = trade.ours.tenant.sub_rental_order_lines.get(), period(trade.job.usage_period, trade.ours.tenant)
    ours = {"ours": line.name, "number": line.supplier_number, "name": trade.article.name}
    assert read == f"Bassline Rental hat {said}".format(**ours, usage=usage.replace("\xa0", " "))
    [shown] = progress_of(trade.job)
    assert read == "\n".join(shown.notes).replace("\xa0", " ")


def test_who_has_left_the_company_gets_no_mail_about_its_orders(trade: Trade, work: Work) -> None:
    delivered(trade, work)
    trade.buyer.memberships.all().delete()
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert work() == [Outcome.DELIVERED]
    assert [mail.topic for mail in mails(trade.ours.tenant)] == ["partner_order"]


@pytest.mark.parametrize("answer", [confirm_order, partial(decline_order, reason="Ausgebucht")])
def test_who_is_no_customer_any_more_is_still_answered(trade: Trade, work: Work, answer: Callable[..., Any]) -> None:
    """What he asked while he was one is a running order (mission R3)."""
    delivered(trade, work)
    roles = {"is_customer": False, "is_supplier": True}
    set_contact_roles(contact=trade.theirs.contact, actor=trade.seller_actor, **roles)
    answer(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert Outcome.DELIVERED in work()
    assert trade.outgoing().state == trade.incoming().state != "requested"


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
