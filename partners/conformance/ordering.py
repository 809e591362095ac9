"""Orders as the kit places them: a request that any supplier can take, far enough ahead to be in nobody's way."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from partners.conformance.answers import Answer
from partners.conformance.peer import Peer
from partners.protocol.wire import Json, OrderDocument, instant_text, new_order_id, parse_order

ZONE = "Europe/Berlin"
REMARK = "Sent by the conformance kit of the partner protocol. Nothing has to be delivered."
_AHEAD, _PLANNED = timedelta(days=200), timedelta(days=4)

Document = dict[str, Json]


def new_order(peer: Peer, *, article: str = "", **changes: Json) -> Document:
    """A request for one released article (or `article`), with every optional field in use; `changes` replace some."""
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now + _AHEAD, now + _AHEAD + _PLANNED
    order: Document = {
        "id": str(new_order_id(now, secrets.token_bytes)),
        "intent": "inquiry",
        "buyer_reference": "KIT-1",
        "buyer": {
            "name": "Conformance kit",
            "contact": {"name": "Kit", "email": "kit@example.com", "phone": "+49 30 0"},
            "address": {"street": "Ring 1", "postcode": "10115", "city": "Berlin", "country": "DE"},
        },
        "planning_period": period(start, end),
        "usage_period": period(start + timedelta(hours=12), end - timedelta(hours=12)),
        "logistics": {"out": "collect", "out_at": instant_text(start), "back": "collect", "note": "none"},
        "remark": REMARK,
        "currency": changes.get("currency") or currency(peer),
        "lines": [line(article or peer.listings()[0].id)],
    }
    return order | changes


def period(start: datetime, end: datetime) -> Document:
    return {"start": instant_text(start), "end": instant_text(end), "zone": ZONE}


def line(article: str, quantity: Json = 1) -> Document:
    return {
        "id": str(uuid4()),
        "article": article,
        "quantity": quantity,
        "expected_net": "10.00",
        "buyer_article": {"number": "K-1", "name": "Kit's own"},
    }


def currency(peer: Peer) -> str:
    price = peer.listings()[0].price
    return price.currency if price else "EUR"


def placed(peer: Peer, **changes: Json) -> OrderDocument:
    """A new order at the server under test, as its document says."""
    return document_of(peer.post("/orders", new_order(peer) | changes).signed(201))


def document_of(answer: Answer) -> OrderDocument:
    return parse_order(answer.document)


def command(peer: Peer, order: OrderDocument, name: str, **more: Json) -> Answer:
    """A buyer's command at the order's version, unless `more` says otherwise."""
    said: Document = {"command": name, "expected_version": order.version}
    return peer.post(f"/orders/{order.id}/commands", said | more)
