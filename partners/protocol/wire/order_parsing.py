"""Parsing what is said about orders; the documents themselves stand in `orders`."""

from typing import Any, TypeVar

from partners.protocol.order_states import COMMANDS, REPORTED, State
from partners.protocol.wire import fields
from partners.protocol.wire.fields import Node, Reader
from partners.protocol.wire.orders import (
    AFTER_COMMAND,
    SEEN,
    Answer,
    Applied,
    BuyerArticle,
    BuyerProposal,
    Command,
    Intent,
    Logistics,
    OrderAddress,
    OrderBuyer,
    OrderContact,
    OrderDocument,
    OrderEvent,
    OrderLine,
    OrderLogistics,
    OrderPage,
    OrderRequest,
    Outcome,
    Proposal,
    RequestLine,
)

MAX_LINES = 500
_COMMANDS = tuple(sorted(COMMANDS))
_EVENTS = (*sorted(REPORTED), SEEN, AFTER_COMMAND)

Line = TypeVar("Line", bound=RequestLine)


def _order_request(node: Node) -> OrderRequest:
    return OrderRequest(**_head(node), lines=_lines(node, _request_line))


def _order(node: Node) -> OrderDocument:
    return OrderDocument(
        **_head(node),
        version=node.required("version", fields.version),
        state=node.required("state", fields.required_term(State)),
        supplier_reference=node.text("supplier_reference", fields.MAX_REFERENCE),
        created_at=node.optional("created_at", fields.instant),
        updated_at=node.optional("updated_at", fields.instant),
        seen_at=node.optional("seen_at", fields.instant),
        valid_until=node.optional("valid_until", fields.instant),
        reason=node.note("reason"),
        net=node.optional("net", fields.amount),
        proposal=node.optional("proposal", _proposal),
        lines=_lines(node, _order_line),
    )


def _head(node: Node) -> dict[str, Any]:
    """The arguments of an OrderHead."""
    return {
        "id": node.required("id", fields.uuid),
        "intent": node.term("intent", Intent) or Intent.INQUIRY,
        "buyer_reference": node.text("buyer_reference", fields.MAX_REFERENCE),
        "buyer": node.required("buyer", _buyer),
        "planning_period": node.required("planning_period", fields.period),
        "usage_period": node.required("usage_period", fields.period),
        "logistics": node.optional("logistics", _logistics),
        "remark": node.note("remark"),
        "currency": node.required("currency", fields.currency),
    }


def _buyer(node: Node) -> OrderBuyer:
    return OrderBuyer(
        name=node.required("name", fields.name),
        contact=node.optional("contact", _contact),
        address=node.optional("address", _address),
    )


def _contact(node: Node) -> OrderContact:
    return OrderContact(
        name=node.text("name", fields.MAX_NAME),
        email=node.text("email", fields.MAX_NAME),
        phone=node.text("phone", fields.MAX_REFERENCE),
    )


def _address(node: Node) -> OrderAddress:
    return OrderAddress(
        street=node.text("street", fields.MAX_NAME),
        postcode=node.text("postcode", fields.MAX_REFERENCE),
        city=node.text("city", fields.MAX_NAME),
        country=node.text("country", fields.MAX_REFERENCE),
    )


def _logistics(node: Node) -> OrderLogistics:
    return OrderLogistics(
        out=node.term("out", Logistics),
        out_at=node.optional("out_at", fields.instant),
        back=node.term("back", Logistics),
        back_at=node.optional("back_at", fields.instant),
        address=node.optional("address", _address),
        note=node.note("note"),
    )


def _lines(node: Node, read: Reader[Line]) -> tuple[Line, ...]:
    """1 to 500 lines, each id once."""
    known = len(node.errors)
    lines = node.items("lines", read, low=1, high=MAX_LINES)
    if len(node.errors) == known and len({line.id for line in lines}) != len(lines):
        node.note_error("lines", "duplicate")
    return lines


def _request_line(node: Node) -> RequestLine:
    return RequestLine(**_line(node))


def _order_line(node: Node) -> OrderLine:
    return OrderLine(
        **_line(node),
        number=node.required("number", fields.reference),
        name=node.required("name", fields.name),
        **_figures(node),
        answer=node.optional("answer", _answer),
    )


def _line(node: Node) -> dict[str, Any]:
    """The arguments of a RequestLine."""
    return {
        "id": node.required("id", fields.uuid),
        "article": node.required("article", fields.identifier),
        "quantity": node.required("quantity", fields.quantity),
        "expected_net": node.optional("expected_net", fields.amount),
        "buyer_article": node.optional("buyer_article", _buyer_article),
    }


def _figures(node: Node) -> dict[str, Any]:
    return {
        "unit_price": node.optional("unit_price", fields.amount),
        "factor": node.optional("factor", fields.amount),
        "discount_percent": node.optional("discount_percent", fields.percent),
        "net": node.optional("net", fields.amount),
    }


def _buyer_article(node: Node) -> BuyerArticle:
    return BuyerArticle(
        number=node.required("number", fields.reference),
        name=node.required("name", fields.name),
    )


def _answer(node: Node) -> Answer:
    return Answer(
        outcome=node.term("outcome", Outcome) or Outcome.PENDING,
        quantity=node.optional("quantity", fields.count),
        period=node.optional("period", fields.period),
        article=node.id("article"),
        **_figures(node),
        reason=node.note("reason"),
        note=node.note("note"),
    )


def _proposal(node: Node) -> Proposal:
    return Proposal(
        planning_period=node.required("planning_period", fields.period),
        usage_period=node.required("usage_period", fields.period),
        lines=_lines(node, _order_line),
        net=node.optional("net", fields.amount),
    )


def _buyer_proposal(node: Node) -> BuyerProposal:
    return BuyerProposal(
        planning_period=node.required("planning_period", fields.period),
        usage_period=node.required("usage_period", fields.period),
        lines=_lines(node, _request_line),
    )


def _command(node: Node) -> Command:
    named = node.items("lines", fields.uuid, high=MAX_LINES)
    return Command(
        command=node.required("command", fields.required_term(_COMMANDS)),
        expected_version=node.required("expected_version", fields.version),
        lines=named or None,
        reason=node.note("reason"),
        proposal=node.optional("proposal", _buyer_proposal),
    )


def _order_event(node: Node) -> OrderEvent:
    return OrderEvent(event=node.required("event", fields.required_term(_EVENTS)), order=node.required("order", _order))


def _applied(node: Node) -> Applied:
    return Applied(applied=node.required("applied", fields.flag))


def _order_page(node: Node) -> OrderPage:
    return OrderPage(
        items=node.items("items", _order),
        next=node.optional("next", fields.cursor) or "",
        as_of=node.optional("as_of", fields.instant),
    )


parse_order_request = fields.Parser(_order_request)
parse_order = fields.Parser(_order)
parse_command = fields.Parser(_command)
parse_applied = fields.Parser(_applied)
parse_order_event = fields.Parser(_order_event)
parse_order_page = fields.Parser(_order_page)
