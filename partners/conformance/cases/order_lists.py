"""GET /orders: what the answerer keeps of this connection (protocol §4)."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from partners.conformance.answers import Broken
from partners.conformance.checks import case
from partners.conformance.ordering import command, document_of, placed
from partners.conformance.peer import Peer
from partners.protocol.wire import OrderDocument, ProblemCode, instant_text, parse_order_page

MANY = 200  # pages; more means that the cursor leads round in circles
TICK = 1.1  # seconds
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@case("list.contains", "An order is in the list of its supplier, and not in that of his own orders", "§4")
def contains(peer: Peer) -> None:
    order = placed(peer)
    if order.id not in _ids(peer) or order.id not in _ids(peer, role="supplier"):
        raise Broken("the order is missing in the list of orders in which the answerer is the supplier")
    if order.id in _ids(peer, role="buyer"):
        raise Broken("the order stands in the list of orders in which the answerer is the buyer")


@case("list.changed-after", "changed_after is exclusive", "§4")
def changed_after(peer: Peer) -> None:
    earlier = placed(peer)
    later = _placed_after(peer, earlier)
    found = _ids(peer, changed_after=_updated(earlier))
    if earlier.id in found or later.id not in found:
        raise Broken("the order of that very moment is in the list, or the later one is not")


@case("list.moves", "A change brings an order back into the list", "§4")
def moves(peer: Peer) -> None:
    order = placed(peer)
    since = _placed_after(peer, order)
    document_of(command(peer, order, "withdraw").signed(200))
    if order.id not in _ids(peer, changed_after=_updated(since)):
        raise Broken("the order that was withdrawn since then is missing")


@case("list.sorted", "Orders come by updated_at, then id, and each once", "§4")
def sorts(peer: Peer) -> None:
    for _ in range(3):
        placed(peer)
    orders = list(_orders(peer))
    places = [(order.updated_at or NEVER, str(order.id)) for order in orders]
    if places != sorted(places) or len(set(places)) != len(places):
        raise Broken(f"{len(orders)} orders, not sorted or not each once")


@case("list.wrong-question", "A role, moment or cursor that cannot be is 422", "§4")
def wrong_question(peer: Peer) -> None:
    peer.get("/orders", changed_after="yesterday").problem(ProblemCode.INVALID, 422)
    peer.get("/orders", role="thief").problem(ProblemCode.INVALID, 422)


@case("list.cursor", "A cursor that is not one of the server's is 422 cursor", "§4")
def cursor(peer: Peer) -> None:
    peer.get("/orders", cursor="bm9uc2Vuc2U").problem(ProblemCode.CURSOR, 422)


def _placed_after(peer: Peer, earlier: OrderDocument) -> OrderDocument:
    """An order with a later updated_at, also where a server counts whole seconds only."""
    later = placed(peer)
    if later.updated_at == earlier.updated_at:
        time.sleep(TICK)
        later = placed(peer)
    return later


def _ids(peer: Peer, **query: str) -> set[object]:
    return {order.id for order in _orders(peer, **query)}


def _orders(peer: Peer, **query: str) -> Iterator[OrderDocument]:
    """Every order of the list, page by page."""
    for _page in range(MANY):
        page = parse_order_page(peer.get("/orders", **query).signed(200).document)
        yield from page.items
        if not page.next:
            return
        query = query | {"cursor": page.next}
    raise Broken(f"more than {MANY} pages")


def _updated(order: OrderDocument) -> str:
    if order.updated_at is None:
        raise Broken("an order without updated_at")
    return instant_text(order.updated_at)
