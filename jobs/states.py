"""States of a job, an order between companies, and what they mean for stock: tables, not code."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class JobState(models.TextChoices):
    INQUIRY = "inquiry", pgettext_lazy("job", "Inquiry")
    QUOTE = "quote", _("Quote")
    ORDER = "order", pgettext_lazy("job", "Order")
    CANCELLED = "cancelled", _("Cancelled")


USES_STOCK: dict[JobState, bool] = {
    JobState.INQUIRY: False,
    JobState.QUOTE: False,
    JobState.ORDER: True,
    JobState.CANCELLED: False,
}

# Where own stock can be held for a while ("Option") without being promised.
MAY_HOLD: dict[JobState, bool] = {
    JobState.INQUIRY: True,
    JobState.QUOTE: True,
    JobState.ORDER: False,
    JobState.CANCELLED: False,
}

NEXT_STATES: dict[JobState, frozenset[JobState]] = {
    JobState.INQUIRY: frozenset({JobState.QUOTE, JobState.ORDER, JobState.CANCELLED}),
    JobState.QUOTE: frozenset({JobState.INQUIRY, JobState.ORDER, JobState.CANCELLED}),
    JobState.ORDER: frozenset({JobState.QUOTE, JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.INQUIRY}),
}


class OrderState(models.TextChoices):
    """How far a sub-rental order (our side) or an inquiry (the supplier's) has come, in the words of protocol §7."""

    REQUESTED = "requested", _("requested")
    CONFIRMED = "confirmed", _("confirmed")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")


# Positions of an order in one of these states count as ordered; the others can be ordered again.
ORDERED_STATES = frozenset({OrderState.REQUESTED, OrderState.CONFIRMED})

# What may still become of one; of the others nothing. A supplier takes back what he has confirmed (protocol §7).
NEXT_ORDER_STATES: dict[OrderState, frozenset[OrderState]] = {
    OrderState.REQUESTED: frozenset(OrderState) - {OrderState.REQUESTED},
    OrderState.CONFIRMED: frozenset({OrderState.CANCELLED}),
}

# How an inquiry can stand here; we let none expire, and cancel none that we have confirmed.
INQUIRY_STATES = (OrderState.REQUESTED, OrderState.CONFIRMED, OrderState.DECLINED, OrderState.WITHDRAWN)
