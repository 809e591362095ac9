"""Orders: placing, repeating, reading (protocol §4)."""

from decimal import Decimal
from uuid import uuid4

from partners.conformance.answers import Broken
from partners.conformance.checks import case
from partners.conformance.ordering import Document, document_of, new_order, placed
from partners.conformance.peer import Peer
from partners.protocol.money import billable_days, line_net, order_net, rental_factor
from partners.protocol.wire import (
    OrderDocument,
    OrderLine,
    OrderRequest,
    ProblemCode,
    parse_listing,
    parse_order_request,
)

HEAD = (
    "id",
    "intent",
    "buyer_reference",
    "buyer",
    "planning_period",
    "usage_period",
    "logistics",
    "remark",
    "currency",
)
LINE = ("id", "article", "quantity", "buyer_article")


@case("orders.create", "A new order is 201 with the whole document: what was sent, with number, name and state", "§4")
def create(peer: Peer) -> None:
    sent = new_order(peer)
    answer = peer.post("/orders", sent).signed(201)
    order = document_of(answer)
    _check_same(parse_order_request(sent), order)
    # At level 3 an intent to order may be confirmed at once; this one is an inquiry.
    if order.state != "requested" or order.version < 1 or order.proposal is not None:
        raise Broken(f"{answer}: state {order.state}, version {order.version}")


@case("orders.minimal", "Optional fields may be absent", "§4")
def minimal(peer: Peer) -> None:
    peer.post("/orders", _minimal(new_order(peer))).signed(201)


@case("orders.null", "Optional fields may be null, with the same meaning as absent", "§4")
def null(peer: Peer) -> None:
    sent = new_order(peer, remark=None, logistics=None, buyer_reference=None, intent=None)
    order = document_of(peer.post("/orders", sent).signed(201))
    if order.remark or order.buyer_reference or order.intent != "inquiry":
        raise Broken(f"{peer.seen}: null became {order.remark!r}, {order.buyer_reference!r}, {order.intent!r}")


@case("orders.unknown-fields", "Unknown fields and unknown values of enumerations do not stop an order", "§4")
def unknown_fields(peer: Peer) -> None:
    sent = new_order(peer, x_kit={"a": [1]})
    sent["logistics"] = {"out": "by-drone"}
    peer.post("/orders", sent).signed(201)


@case("orders.text-nfc", "Text is normalised to NFC", "§4")
def text_nfc(peer: Peer) -> None:
    answer = peer.post("/orders", new_order(peer, buyer_reference="Mu\u0308ller")).signed(201)
    if answer.object.get("buyer_reference") != "M\u00fcller":
        raise Broken(f"{answer}: {answer.object.get('buyer_reference')!r}")


@case("orders.known-same", "A known id with another key and the same content is 200 with the current document", "§4")
def known_same(peer: Peer) -> None:
    sent = new_order(peer)
    first = document_of(peer.post("/orders", sent).signed(201))
    again = document_of(peer.post("/orders", sent).signed(200))
    if (again.id, again.version) != (first.id, first.version):
        raise Broken(f"{peer.seen}: another order")


@case("orders.known-other", "A known id with other content is 409 order-exists", "§4")
def known_other(peer: Peer) -> None:
    sent = new_order(peer)
    peer.post("/orders", sent).signed(201)
    peer.post("/orders", sent | {"remark": "changed"}).problem(ProblemCode.ORDER_EXISTS, 409)


@case("orders.not-released", "An article that is not released is 422 naming the line", "§4")
def not_released(peer: Peer) -> None:
    sent = new_order(peer, article=peer.options.unreleased or "never-released")
    problem = peer.post("/orders", sent).problem(ProblemCode.INVALID, 422)
    if not any(error.pointer.startswith("/lines/0") for error in problem.errors):
        raise Broken(f"{peer.seen}: no error points to /lines/0")


@case("orders.get", "GET /orders/{id} is the document", "§4")
def get(peer: Peer) -> None:
    order = placed(peer)
    read = document_of(peer.get(f"/orders/{order.id}").signed(200))
    if (read.id, read.lines) != (order.id, order.lines):
        raise Broken(f"{peer.seen}: another document than was answered to the order")


@case("orders.unknown", "An unknown order is 404, to be read and to be commanded", "§4")
def unknown(peer: Peer) -> None:
    path = f"/orders/{uuid4()}"
    peer.get(path).problem(ProblemCode.NOT_FOUND, 404)
    withdraw = peer.post(f"{path}/commands", {"command": "withdraw", "expected_version": 1})
    withdraw.problem(ProblemCode.NOT_FOUND, 404)


@case(
    "orders.money",
    "Line net = quantity x unit price x factor x (1 - discount), half up; the order's is their sum",
    "§4",
)
def money(peer: Peer) -> None:
    order = placed(peer, lines=[line | {"quantity": 3} for line in _lines(new_order(peer))])
    nets = [_net(line, order.currency) for line in order.lines]
    if any(line.net != net for line, net in zip(order.lines, nets, strict=True)) or order.net != order_net(nets):
        raise Broken(f"{peer.seen}: lines {[str(line.net) for line in order.lines]}, order {order.net}")


@case("orders.factor", "The factor is that of the listing for the days that the usage touches in its zone", "§4")
def factor(peer: Peer) -> None:
    order = placed(peer)
    line = order.lines[0]
    listing = parse_listing(peer.get(f"/articles/{line.article}").signed(200).document)
    usage = order.usage_period
    if listing.price is None:
        raise Broken(f"{peer.seen}: a listing without price")
    expected = rental_factor(
        kind=listing.kind,
        days=billable_days(usage.period, usage.zone),
        steps=listing.price.steps,
        extra_day_factor=listing.price.extra_day_factor or Decimal(0),
    )
    if line.factor != expected:
        raise Broken(f"factor {line.factor} instead of {expected}")


@case("events.unknown-order", "An order event about an order that the server never sent is 404", "§4")
def unknown_event(peer: Peer) -> None:
    document = peer.post("/orders", new_order(peer)).signed(201).object
    document["id"] = str(uuid4())
    answer = peer.post("/order-events", {"event": "confirm", "order": document})
    answer.problem(ProblemCode.NOT_FOUND, 404)


def _lines(sent: Document) -> list[Document]:
    lines = sent["lines"]
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _minimal(sent: Document) -> Document:
    """Ids, names, quantities, periods and currency, and nothing else."""
    kept = ("id", "planning_period", "usage_period", "currency")
    lines = [{name: line[name] for name in ("id", "article", "quantity")} for line in _lines(sent)]
    return {name: sent[name] for name in kept} | {"buyer": {"name": "Conformance kit"}, "lines": list(lines)}


def _check_same(sent: OrderRequest, order: OrderDocument) -> None:
    for name in HEAD:
        if getattr(order, name) != getattr(sent, name):
            raise Broken(f"{name} became {getattr(order, name)!r}")
    for ours, theirs in zip(sent.lines, order.lines, strict=False):
        if [getattr(ours, name) for name in LINE] != [getattr(theirs, name) for name in LINE]:
            raise Broken(f"a line became {theirs!r}")
    if len(order.lines) != len(sent.lines):
        raise Broken(f"{len(order.lines)} lines instead of {len(sent.lines)}")


def _net(line: OrderLine, currency: str) -> Decimal:
    if line.unit_price is None:
        raise Broken("a line without unit_price")
    return line_net(
        quantity=line.quantity,
        unit_price=line.unit_price,
        factor=line.factor if line.factor is not None else Decimal(1),
        discount_percent=line.discount_percent or Decimal(0),
        currency=currency,
    )
