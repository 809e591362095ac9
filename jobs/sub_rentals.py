"""Orders to suppliers ("Bestellung"): our own business record, whoever the supplier is."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.tenants.models import User
from eventworx.tenants.numbers import NumberKind, next_number
from jobs.currency import require_bookable
from jobs.locks import lock_job
from jobs.models import Job, Position, SubRentalOrder, SubRentalOrderLine
from jobs.states import NEXT_ORDER_STATES, JobState, OrderState

# How many of the first lines one order can hold.
Room = Callable[[SubRentalOrder, Sequence[SubRentalOrderLine]], int]


class NothingToOrder(BusinessError):
    code = "nothing-to-order"
    status = 409
    message = _("There is nothing to order from %(supplier)s: every position is ordered already.")


class JobIsCancelled(BusinessError):
    code = "job-cancelled"
    status = 409
    message = _("The job %(job)s is cancelled: nothing can be ordered for it.")


class OrderIsAnswered(BusinessError):
    code = "order-answered"
    status = 409
    message = _("The order %(order)s is %(state)s already.")


@transaction.atomic
def create_order(
    *,
    job: Job,
    supplier: Contact,
    created_by: User | None,
    remark: str = "",
    logistics: Mapping[str, Any] | None = None,
    room: Room | None = None,
) -> SubRentalOrder:
    """Order every position of `supplier` that is in no open or confirmed order yet (mission O1); the first of them,
    where an order has no `room` for more: the next takes the rest.

    Locks the job, so that of two clicks the second finds nothing. Lines and periods are frozen copies;
    net = sum of the lines' nets, in the tenant's currency. Raises NothingToOrder, JobIsCancelled,
    AmountTooHigh.
    """
    locked = lock_job(job)
    if locked.state == JobState.CANCELLED:
        raise JobIsCancelled(job=locked.number)
    waiting = locked.positions.of_supplier(supplier).not_ordered()
    positions = list(waiting.select_related("tenant", "article").in_order())
    if not positions:
        raise NothingToOrder(supplier=supplier)
    order = SubRentalOrder(
        job=locked,
        tenant=locked.tenant,
        supplier=supplier,
        number=next_number(tenant=locked.tenant, kind=NumberKind.SUB_RENTAL_ORDER),
        planning_start=locked.planning_start,
        planning_end=locked.planning_end,
        usage_start=locked.usage_start,
        usage_end=locked.usage_end,
        currency=locked.tenant.currency,
        logistics=dict(logistics or {}),
        remark=remark,
        created_by=created_by,
    )
    lines = [_frozen(order, position) for position in positions]
    lines = lines[: room(order, lines) if room else None]
    order.net = sum((line.net for line in lines), Decimal(0))
    require_bookable(order.net)
    order.save()
    order.lines.bulk_create(lines)
    return order


@transaction.atomic
def forget_article_ids(*, supplier: Contact) -> None:
    """What he called his articles means something else by now: what is not ordered has to be picked anew."""
    supplier.sub_rental_positions.update(supplier_article_id="")


@transaction.atomic
def record_answer(
    *,
    order: SubRentalOrder,
    state: OrderState,
    at: datetime,
    reason: str = "",
    supplier_reference: str = "",
) -> SubRentalOrder:
    """Write down what became of an order (`states.NEXT_ORDER_STATES`): its answer, or that it was taken back after it.

    The same again is harmless; what cannot follow raises OrderIsAnswered.
    """
    locked = order.tenant.sub_rental_orders.select_for_update(no_key=True).get(pk=order.pk)
    if locked.state == state:
        return locked
    if state not in NEXT_ORDER_STATES.get(OrderState(locked.state), ()):
        raise OrderIsAnswered(order=locked.number, state=locked.get_state_display())
    locked.state, locked.reason, locked.answered_at = state, reason, locked.answered_at or at
    locked.supplier_reference = supplier_reference or locked.supplier_reference
    locked.save(update_fields=["state", "reason", "answered_at", "supplier_reference"])
    return locked


def _frozen(order: SubRentalOrder, position: Position) -> SubRentalOrderLine:
    return SubRentalOrderLine(
        tenant=order.tenant,
        order=order,
        position=position,
        wire_id=uuid.uuid4(),
        supplier_article_id=position.supplier_article_id,
        supplier_number=position.supplier_number,
        name=position.description,
        unit=position.unit,
        quantity=position.sub_rented_quantity,
        unit_cost=position.unit_cost,
        factor=position.cost_factor,
        discount_percent=position.cost_discount_percent,
        net=position.cost,
    )
