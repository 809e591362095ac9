"""Orders of hundreds of lines: what is said of them fits into a request, their lists into answers (protocol §3, §4)."""

from bisect import bisect
from copy import copy
from typing import Any
from uuid import uuid4

import orjson
from django.utils import timezone

from jobs.inquiries import mark_seen
from partners import client
from partners.orders import confirm_order, decline_order, documents, tell_seen
from partners.protocol.sizes import MAX_ANSWER_BYTES, MAX_REQUEST_BYTES
from partners.protocol.wire import MAX_LINES, dumps, parse_order
from tests.factories import make_article
from tests.partners.orders.doing import Work, orders_of, post, refused, request_of
from tests.partners.trade import Trade

LONG = "Über uns hinweg: " * 235  # 4,000 characters, almost


def large(trade: Trade, lines: int = 500, **changes: Any) -> dict[str, Any]:
    """A request of so many lines, each with names as they are in catalogues."""
    request = request_of(trade)
    name = "Robe MegaPointe Moving Head Spot Beam Wash with case of two and safety rope"
    article = make_article(trade.theirs.tenant, name, owned=10_000)
    line = request["lines"][0] | {"article": str(article.pk), "buyer_article": {"number": "MH-000123", "name": name}}
    said = [line | {"id": str(uuid4())} | changes for _ in range(lines)]
    return request | {"id": str(uuid4()), "lines": said}


def add_positions(trade: Trade, count: int, **changes: Any) -> None:
    """So many positions to order, of an article with a long name if they have one."""
    first = trade.add_position(1)
    for name, value in changes.items():
        setattr(first, name, value)
    first.save()
    first.article.name = first.description
    first.article.save()
    rest = [copy(first) for _line in range(count - 1)]
    for position in rest:
        position.pk = None
    trade.job.positions.bulk_create(rest)


def told(trade: Trade) -> int:
    """How large our answer to the last order is."""
    return len(dumps(trade.theirs.deliveries.latest("pk").body))


def test_what_one_order_cannot_hold_goes_with_the_next(trade: Trade, work: Work) -> None:
    """All of it together is refused, however often it is sent."""
    add_positions(trade, MAX_LINES + 1)
    for lines in (MAX_LINES, 1):
        assert len(trade.send().document["lines"]) == lines
        work()
    assert orders_of(trade.ours.tenant) == [("requested", "")] * 2
    assert trade.theirs.orders.count() == 2


def test_what_is_too_large_for_one_request_goes_with_the_next(trade: Trade, work: Work) -> None:
    """It would be tried for a week in vain; and what his answer could not repeat would be refused."""
    long = "€" * 200
    trade.article.name, trade.article.owned = long[: -len(" (own)")], 118  # with that behind it ours has 200 letters
    trade.article.save()
    add_positions(trade, 350, description=long)
    bodies = [trade.send().document]
    work()
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    assert told(trade) <= MAX_REQUEST_BYTES
    bodies += [trade.send().document for _order in range(2)]
    assert [len(body["lines"]) for body in bodies] == [118, 118, 114]
    assert max(len(dumps(body)) for body in bodies) <= MAX_REQUEST_BYTES
    assert not trade.job.positions.not_ordered().exists()


def test_what_his_longer_texts_make_too_large_goes_in_smaller_orders_when_it_is_sent_again(
    trade: Trade, work: Work
) -> None:
    """The same again would be refused again, however often it is sent."""
    add_positions(trade, 300)
    trade.article.name, trade.article.owned = "€" * 200, 300
    trade.article.save()
    sizes = []
    for _click in range(3):
        sizes.append(len(trade.send().document["lines"]))
        work()
    assert sizes == [300, 150, 150]
    why = (
        "So viel auf einmal ist zu groß für den Server von Bassline Rental. "
        "Bitte noch einmal senden: Es wird dann auf kleinere Bestellungen verteilt."
    )
    assert orders_of(trade.ours.tenant) == [("declined", why), ("requested", ""), ("requested", "")]
    assert trade.ours.tenant.inbox_messages.get().body == why
    assert not trade.job.positions.not_ordered().exists()


def test_every_answer_to_the_largest_orders_can_be_delivered(trade: Trade) -> None:
    """One that is larger than a request may be is refused by the buyer's server until it is given up."""
    for answer in (confirm_order, lambda **named: decline_order(reason=LONG, **named)):
        asked = large(trade)
        post(trade.ours, "/orders", asked)
        order = trade.theirs.orders.get(order_id=asked["id"])
        answer(order=order, actor=trade.seller_actor, now=timezone.now())
        assert told(trade) <= MAX_REQUEST_BYTES


def test_the_longest_answer_to_the_largest_order_can_be_delivered(trade: Trade) -> None:
    """Of an order that is just taken: it was read, and its reason takes four bytes for each letter."""
    asked = large(trade, 1)
    post(trade.ours, "/orders", asked)
    known = trade.theirs.orders.get(order_id=asked["id"]).document

    def is_too_large(note: int) -> bool:
        return not documents.is_answerable(parse_order(known), over=known | {"x-note": "x" * note})

    most = bisect(range(MAX_REQUEST_BYTES), False, key=is_too_large) - 1
    asked |= {"id": str(uuid4()), "x-note": "x" * most}
    post(trade.ours, "/orders", asked)
    order = trade.theirs.orders.select_related("inquiry").get(order_id=asked["id"])
    mark_seen(inquiry=order.inquiry, at=timezone.now())
    tell_seen(order=order, now=timezone.now())
    decline_order(order=order, reason="𝄞" * 4_000, actor=trade.seller_actor, now=timezone.now())
    assert MAX_REQUEST_BYTES - 500 < told(trade) <= MAX_REQUEST_BYTES


def test_what_could_not_be_answered_is_refused_on_arrival(trade: Trade) -> None:
    problem = refused(trade.ours, "/orders", large(trade, 55, **{"x-note": "x" * 4_000})).problem
    assert (problem.status, [(error.pointer, error.code) for error in problem.errors]) == (422, [("/lines", "range")])
    assert not trade.theirs.orders.exists()


def test_a_page_of_large_orders_ends_before_it_is_too_large(trade: Trade, work: Work) -> None:
    for _order in range(6):
        post(trade.ours, "/orders", large(trade, 48, **{"x-note": "x" * 4_000}))
    found, cursor, sizes = list[str](), "", list[int]()
    while cursor is not None:
        query = {"cursor": cursor} if cursor else {}
        page: Any = client.call(connection=trade.ours, method="GET", path="/orders", query=query).document
        found += [item["id"] for item in page["items"]]
        sizes.append(len(orjson.dumps(page)))
        cursor = page["next"]
    assert found == [str(order.order_id) for order in trade.theirs.orders.order_by("pk")]
    assert max(sizes) <= MAX_ANSWER_BYTES
    assert len(sizes) == 2
