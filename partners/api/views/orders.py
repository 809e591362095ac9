"""Orders as partners place, read, command and report them (protocol §4)."""

from typing import Any
from uuid import UUID

from partners import orders
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, Says, endpoint
from partners.api.errors import Reply
from partners.orders import OrdersQuestion, parse_orders_question
from partners.protocol.wire import (
    Applied,
    Command,
    OrderEvent,
    OrderRequest,
    ProblemCode,
    parse_applied,
    parse_command,
    parse_order,
    parse_order_event,
    parse_order_page,
    parse_order_request,
    to_wire,
)

Raw = dict[str, Any]
PAGE = Says(document=parse_order_page, refusals=(ProblemCode.CURSOR,))
NEW_ORDER = Says(document=parse_order, statuses=(201, 200), refusals=(ProblemCode.ORDER_EXISTS,))
ORDER = Says(document=parse_order)
COMMANDED = Says(document=parse_order, refusals=(ProblemCode.VERSION_CONFLICT, ProblemCode.STATE))
HEARD = Says(document=parse_applied, refusals=(ProblemCode.NOT_FOUND, ProblemCode.STATE))


class OrdersView(PartnerAPIView):
    @endpoint(parse=parse_orders_question, works_while_paused=True, says=PAGE)
    def get(self, call: PartnerCall, question: OrdersQuestion) -> Reply:
        """Orders in which the answerer is the supplier, or with role=buyer the buyer's copies; by time of change."""
        return Reply.of(orders.list_orders(connection=call.connection, question=question, now=call.now))

    @endpoint(parse=parse_order_request, keeps_raw=True, needs="ordering", rate="orders", says=NEW_ORDER)
    def post(self, call: PartnerCall, request: OrderRequest, raw: Raw) -> Reply:
        """Ask for articles, as the buyer. A known order with the same content is 200."""
        order, is_new = orders.receive_order(connection=call.connection, request=request, raw=raw, now=call.now)
        return Reply.of(order.document, 201 if is_new else 200)


class OrderView(PartnerAPIView):
    @endpoint(works_while_paused=True, says=ORDER)
    def get(self, call: PartnerCall, order_id: UUID) -> Reply:
        """One order as it stands here."""
        return Reply.of(orders.order_document(connection=call.connection, order_id=order_id))


class CommandsView(PartnerAPIView):
    @endpoint(parse=parse_command, rate="orders", says=COMMANDED)
    def post(self, call: PartnerCall, command: Command, order_id: UUID) -> Reply:
        """What the buyer wants of a running order. A conflict carries the order as it stands."""
        order = orders.receive_command(connection=call.connection, order_id=order_id, command=command, now=call.now)
        return Reply.of(order.document)


class OrderEventsView(PartnerAPIView):
    @endpoint(parse=parse_order_event, keeps_raw=True, works_while_paused=True, says=HEARD)
    def post(self, call: PartnerCall, event: OrderEvent, raw: Raw) -> Reply:
        """What the supplier made of an order, with the whole document; older versions change nothing. A conflict
        carries the order as it stands here: no way of the table leads from it to the state that is told."""
        applied = orders.receive_event(connection=call.connection, event=event, raw=raw["order"], now=call.now)
        return Reply.of(to_wire(Applied(applied=applied)))
