"""Orders between partners: both ends of the conversation (mission O1, O2, O5, O9; protocol §4, §7).

`sending` is the buyer, `receiving` the supplier; they share `documents` (what stands on the wire), `differences`
(where it says other than was ordered), `news` (what people read) and `outcomes` (what becomes of deliveries).
"""

from partners.orders.listing import OrdersQuestion, list_orders, order_document, parse_orders_question
from partners.orders.outcomes import ORDER_HANDLERS
from partners.orders.progress import OrderProgress, answer_steps, fingerprint, orderable, progress_of, why_not_automatic
from partners.orders.receiving import (
    confirm_order,
    decline_order,
    incoming_order,
    receive_command,
    receive_order,
    tell_seen,
)
from partners.orders.sending import receive_event, send_order, withdraw_order

__all__ = [
    "ORDER_HANDLERS",
    "OrderProgress",
    "OrdersQuestion",
    "answer_steps",
    "confirm_order",
    "decline_order",
    "fingerprint",
    "incoming_order",
    "list_orders",
    "order_document",
    "orderable",
    "parse_orders_question",
    "progress_of",
    "receive_command",
    "receive_event",
    "receive_order",
    "send_order",
    "tell_seen",
    "why_not_automatic",
    "withdraw_order",
]
