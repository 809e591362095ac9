"""Orders as the other side may read them at any time: running ones can always be read (protocol §4, mission R3)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from partners.models import Direction, PartnerConnection, PartnerOrder
from partners.protocol.cursors import CursorRefused, open_cursor, seal_cursor
from partners.protocol.sizes import how_many_fit
from partners.protocol.wire import fields, instant_text
from partners.protocol.wire.fields import Node, Wrong

PAGE = 50
_ROLES = {"supplier": Direction.INCOMING, "buyer": Direction.OUTGOING}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersQuestion:
    """`role` is that of the answerer; `changed_after` is exclusive."""

    role: str = "supplier"
    changed_after: datetime | None = None
    cursor: str = ""

    def bound_to(self, connection: PartnerConnection) -> str:
        return json.dumps(["orders", str(connection.pk), self.role, str(self.changed_after)])


class OrdersCursorIsOld(BusinessError):
    code = "cursor"
    message = _("The cursor is not one of ours for this question, or it is older than an hour.")


def list_orders(*, connection: PartnerConnection, question: OrdersQuestion, now: datetime) -> dict[str, Any]:
    """A page of order documents by (updated_at, id), as JSON; it ends before PAGE where the answer would be larger than
    servers take. Raises OrdersCursorIsOld."""
    bound_to = question.bound_to(connection)
    found = connection.orders.filter(direction=_ROLES[question.role], version__gt=0)
    if question.changed_after:
        found = found.filter(updated_at__gt=question.changed_after)
    if question.cursor:
        found = found.filter(_after(question.cursor, bound_to, now))
    orders = list(found.order_by("updated_at", "pk")[: PAGE + 1])
    documents = [order.document for order in orders[:PAGE]]
    page = orders[: how_many_fit(documents)]
    return {
        "items": documents[: len(page)],
        "next": _cursor(page[-1], bound_to, now) if len(orders) > len(page) else None,
        "as_of": instant_text(now),
    }


def order_document(*, connection: PartnerConnection, order_id: UUID) -> dict[str, Any]:
    """The document as we have it; raises Http404, also for one that we never got a document of."""
    order = connection.orders.filter(order_id=order_id, version__gt=0).first()
    if order is None:
        raise Http404
    document: dict[str, Any] = order.document
    return document


def _after(cursor: str, bound_to: str, now: datetime) -> Q:
    try:
        changed, pk = open_cursor(cursor, question=bound_to, key=settings.SECRET_KEY.encode(), now=now)
    except CursorRefused as refused:
        raise OrdersCursorIsOld from refused
    at = datetime.fromisoformat(str(changed))
    return Q(updated_at__gt=at) | Q(updated_at=at, pk__gt=pk)


def _cursor(last: PartnerOrder, bound_to: str, now: datetime) -> str:
    place: list[str | int] = [last.updated_at.isoformat(), last.pk]
    return seal_cursor(place, question=bound_to, key=settings.SECRET_KEY.encode(), now=now)


def _question(node: Node) -> OrdersQuestion:
    return OrdersQuestion(
        role=node.optional("role", _role) or "supplier",
        changed_after=node.optional("changed_after", fields.instant),
        cursor=node.optional("cursor", fields.cursor) or "",
    )


def _role_of_ours(node: Node) -> str:
    if not isinstance(node.value, str) or node.value not in _ROLES:
        raise Wrong("format")
    return node.value


_role = fields.shaped(_role_of_ours, enum=list(_ROLES))


# The question in a query string's texts; raises FieldErrors.
parse_orders_question = fields.Parser(_question)
