"""Orders as partners place, read, command and report them (protocol §4)."""

from typing import Any
from uuid import UUID

from partners import orders
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, endpoint
from partners.api.errors import Reply
from partners.orders import OrdersQuestion, parse_orders_question
from partners.protocol.wire import (
    Command,
    OrderEvent,
    OrderRequest,
    parse_command,
    parse_order_event,
    parse_order_request,
)

Raw = dict[str, Any]


class OrdersView(PartnerAPIView):
    @endpoint(parse=parse_orders_question, works_while_paused=True)
    def get(self, call: PartnerCall, question: OrdersQuestion) -> Reply:
        return Reply.of(orders.list_orders(connection=call.connection, question=question, now=call.now))

    @endpoint(parse=lambda raw: (parse_order_request(raw), raw), needs="ordering", rate="orders")
    def post(self, call: PartnerCall, question: tuple[OrderRequest, Raw]) -> Reply:
        request, raw = question
        order, is_new = orders.receive_order(connection=call.connection, request=request, raw=raw, now=call.now)
        return Reply.of(order.document, 201 if is_new else 200)


class OrderView(PartnerAPIView):
    @endpoint(works_while_paused=True)
    def get(self, call: PartnerCall, order_id: UUID) -> Reply:
        return Reply.of(orders.order_document(connection=call.connection, order_id=order_id))


class CommandsView(PartnerAPIView):
    @endpoint(parse=parse_command, rate="orders")
    def post(self, call: PartnerCall, command: Command, order_id: UUID) -> Reply:
        order = orders.receive_command(connection=call.connection, order_id=order_id, command=command, now=call.now)
        return Reply.of(order.document)


class OrderEventsView(PartnerAPIView):
    @endpoint(parse=lambda raw: (parse_order_event(raw), raw["order"]), works_while_paused=True)
    def post(self, call: PartnerCall, question: tuple[OrderEvent, Raw]) -> Reply:
        event, raw = question
        applied = orders.receive_event(connection=call.connection, event=event, raw=raw, now=call.now)
        return Reply.of({"applied": applied})
