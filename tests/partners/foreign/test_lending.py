"""Another vendor hires from us: search, paging, availability, order, our answer arrives there."""

from uuid import uuid4

import pytest
from django.utils import timezone

from partners import connections
from partners.orders import confirm_order, decline_order
from tests.foreign.client import Failed
from tests.foreign.strict import wire
from tests.partners.foreign.meeting import BOSS, Meeting
from tests.world import deliver_all

PERIOD = {"start": "2030-05-01T08:00:00Z", "end": "2030-05-04T08:00:00Z", "zone": "Europe/Berlin"}
DATES = {"start": PERIOD["start"], "end": PERIOD["end"]}


def order(article: str, quantity: int = 2, **more: object) -> dict[str, object]:
    """What their buyer sends us."""
    return {
        "id": str(uuid4()),
        "intent": "order",
        "buyer_reference": "F-1",
        "buyer": {"name": "Foreign Rental GmbH", "contact": {"name": "Fay", "email": "fay@foreign.example"}},
        "planning_period": PERIOD,
        "usage_period": PERIOD,
        "logistics": {"out": "collect", "back": "deliver"},
        "currency": "EUR",
        "lines": [{"id": str(uuid4()), "article": article, "quantity": quantity}],
    } | more


def test_they_read_our_articles_by_pages(meeting: Meeting) -> None:
    names = "Größe S", "Größe M", "Größe L", "Länge", "Maß"
    articles = [meeting.article(f"Handschuhe {name}", owned=number) for number, name in enumerate(names, 1)]
    found = list(meeting.client.articles(limit="2", **DATES))
    assert {one["id"] for one in found} == {str(article.pk) for article in articles}
    assert sorted(one["stock"]["free"] for one in found) == [1, 2, 3, 4, 5]
    assert [one["name"] for one in meeting.client.articles(q="laenge HAND")] == ["Handschuhe Länge"]
    assert meeting.client.article(str(articles[3].pk))["stock"]["owned"] == 4
    assert meeting.client.categories() == []


def test_a_cursor_belongs_to_its_query(meeting: Meeting) -> None:
    for number in range(3):
        meeting.article(f"Stativ {number}")
    page = meeting.client.get("/articles", limit="2", q="stativ")
    assert len(page["items"]) == 2
    rest = meeting.client.get("/articles", limit="50", q="stativ", cursor=page["next"])
    assert (len(rest["items"]), rest["next"]) == (1, None)
    with pytest.raises(Failed) as failure:
        meeting.client.get("/articles", limit="2", q="anderes", cursor=page["next"])
    assert failure.value.received.problem == "cursor"
    assert failure.value.received.signed


def test_they_ask_for_availability(meeting: Meeting) -> None:
    article = meeting.article(owned=4)
    lines = meeting.client.availability(PERIOD, {str(article.pk): 3, "no-such": 1})
    assert [line["article"] for line in lines] == [str(article.pk), "no-such"]
    assert lines[0]["stock"]["free"] == 4
    assert lines[1]["stock"] is None


def test_their_order_is_confirmed_here_and_known_there(meeting: Meeting) -> None:
    article = meeting.article(owned=4)
    sent = meeting.client.send_order(order(str(article.pk)))
    assert sent["state"] == "requested"
    assert sent["net"] == sent["lines"][0]["net"]
    (incoming,) = meeting.ours.orders.select_related("tenant", "inquiry", "connection")
    confirm_order(order=incoming, actor=BOSS, now=timezone.now())
    deliver_all()
    (copy,) = meeting.server.copies()
    assert (copy["state"], copy["version"]) == ("confirmed", 2)
    assert copy == meeting.client.read_order(sent["id"])
    assert [one["id"] for one in meeting.client.orders()] == [sent["id"]]
    assert meeting.client.availability(PERIOD, {str(article.pk): 1})[0]["stock"]["free"] == 2


def test_their_order_is_declined_here(meeting: Meeting) -> None:
    sent = meeting.client.send_order(order(str(meeting.article().pk)))
    (incoming,) = meeting.ours.orders.select_related("tenant", "inquiry", "connection")
    decline_order(order=incoming, reason="Ausgebucht", actor=BOSS, now=timezone.now())
    deliver_all()
    (copy,) = meeting.server.copies()
    assert (copy["id"], copy["state"], copy["reason"]) == (sent["id"], "declined", "Ausgebucht")


def test_they_withdraw(meeting: Meeting) -> None:
    sent = meeting.client.send_order(order(str(meeting.article().pk)))
    with pytest.raises(Failed) as failure:
        meeting.client.post(f"/orders/{sent['id']}/commands", {"command": "withdraw", "expected_version": 7})
    assert failure.value.received.content["current"] == sent
    assert meeting.client.command(sent["id"], "withdraw", reason="Rained off")["state"] == "withdrawn"
    deliver_all()
    assert [copy["state"] for copy in meeting.server.copies()] == ["withdrawn"]


def test_an_order_sent_twice_is_one_order(meeting: Meeting) -> None:
    content, key = order(str(meeting.article().pk)), str(uuid4())
    first = meeting.client.call("POST", "/orders", content, key)
    again = meeting.client.call("POST", "/orders", content, key)
    other_key = meeting.client.call("POST", "/orders", content)
    assert (first.status, again.status, other_key.status) == (201, 201, 200)
    assert ("idempotent-replayed", "true") in [(name.lower(), value) for name, value in again.headers]
    assert first.content == again.content == other_key.content
    assert meeting.client.call("POST", "/orders", content | {"remark": "other"}, key).problem == "idempotency-reuse"
    assert meeting.client.call("POST", "/orders", content | {"remark": "other"}).problem == "order-exists"
    assert meeting.ours.orders.count() == 1


def test_what_is_not_released_cannot_be_ordered(meeting: Meeting) -> None:
    with pytest.raises(Failed) as failure:
        meeting.client.send_order(order("no-such"))
    assert failure.value.received.content["errors"] == [{"pointer": "/lines/0/article", "code": "not-released"}]


def test_orders_changed_after_a_moment(meeting: Meeting) -> None:
    sent = meeting.client.send_order(order(str(meeting.article().pk)))
    assert [one["id"] for one in meeting.client.orders(changed_after="2026-01-01T00:00:00Z")] == [sent["id"]]
    assert list(meeting.client.orders(changed_after=sent["updated_at"])) == []
    assert list(meeting.client.orders(role="buyer", changed_after=wire(0))) == []


def test_at_level_3_their_order_is_confirmed_as_it_arrives(meeting: Meeting) -> None:
    article, ours = meeting.article(owned=4), meeting.ours
    connections.verify(connection=ours, safety_number=ours.safety_number, actor=BOSS, now=timezone.now())
    connections.set_level(connection=ours, level=3, actor=BOSS)
    no_limits = {"most_units": None, "most_net": None, "lead_hours": 0, "horizon_days": None, "most_orders": None}
    connections.set_guard_rails(connection=ours, **no_limits, actor=BOSS)
    asked = order(str(article.pk), 3)
    sent = meeting.client.send_order(asked)
    assert (sent["state"], sent["version"]) == ("confirmed", 2)
    deliver_all()
    (copy,) = meeting.server.copies()
    assert copy == sent == meeting.client.read_order(str(asked["id"]))
    assert meeting.client.availability(PERIOD, {str(article.pk): 1})[0]["stock"]["free"] == 1
    assert meeting.client.send_order(order(str(article.pk), 2))["state"] == "requested"
