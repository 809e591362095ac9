"""Level 3: a machine confirms a firm order on arrival, or says why a person has to (mission R2, R4, R5, O9).

Every line is reserved or none. The partner learns only whether it is confirmed: what is missing, how much is kept back
and where our limits lie is for our own people.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from inventory.availability import stock_of
from inventory.models import Article
from inventory.reservations import Shortage
from jobs import inquiries
from jobs.models import Inquiry
from partners.access import ALLOWS, AccessLevel
from partners.guard_rails import COUNTED, Hindrance, Objection
from partners.models import PartnerConnection
from partners.protocol.wire import Intent, OrderRequest
from partners.shown_stock import StockTerms


class _KeptBackTouched(Exception):
    """What was just reserved leaves less than is kept back; caught below, and undoes it."""

    def __init__(self, objections: list[Objection]) -> None:
        self.objections = objections


def is_wanted(*, connection: PartnerConnection, request: OrderRequest) -> bool:
    """Whether a machine is to confirm this order if it can: a firm one, of a partner for whom level 3 was chosen."""
    return request.intent == Intent.ORDER and connection.level == AccessLevel.AUTOMATIC


@transaction.atomic
def confirm(*, connection: PartnerConnection, inquiry: Inquiry, now: datetime) -> list[Objection]:
    """Confirm everything and return nothing, or change nothing and return every objection.

    `connection` is locked, so level, limits, brake and the number of orders confirmed before are those of this moment:
    of two that arrive together one is counted by the other. What is free is decided under the locks of the articles,
    which are held until the transaction ends.
    """
    return list(_objections(connection, inquiry, now)) or _reserve(connection, inquiry, now)


def _objections(connection: PartnerConnection, inquiry: Inquiry, now: datetime) -> Iterator[Objection]:
    """Those that need no look at the stock."""
    if connection.tenant.partner_brakes.on(connection).exists():
        yield Objection.of(Hindrance.BRAKE)
    if not ALLOWS[connection.effective_level].automatic_reservation:
        yield Objection.of(Hindrance.UNVERIFIED)
    lines = inquiry.lines.select_related("article").order_by("pk")
    units = sum(line.quantity for line in lines)
    unpriced = dict.fromkeys(line.article.name for line in lines if not line.unit_price)
    yield from connection.guard_rails.objections(
        units=units,
        net=inquiry.net,
        unpriced=unpriced,
        confirmed=connection.orders.filter(is_automatic=True, created_at__gt=now - COUNTED).count(),
        planning=inquiry.planning_period,
        now=now,
    )


def _reserve(connection: PartnerConnection, inquiry: Inquiry, now: datetime) -> list[Objection]:
    try:
        with transaction.atomic():
            inquiries.confirm_inquiry(inquiry=inquiry, at=now)
            _leave_what_is_kept_back(connection.stock_terms, inquiry)
    except Shortage as shortage:
        objections = [
            Objection.of(Hindrance.SHORT, article=short.article.name, asked=short.wanted, free=short.free)
            for short in shortage.shortfalls
        ]
    except _KeptBackTouched as touched:
        objections = touched.objections
    else:
        return []
    inquiry.refresh_from_db()
    return objections


def _leave_what_is_kept_back(terms: StockTerms | None, inquiry: Inquiry) -> None:
    """Raise where what is left, now that everything is reserved, is less than what is kept back from this partner."""
    if terms is None or not terms.kept_back:
        return
    asked = _asked(inquiry)
    stock = stock_of(articles=list(asked), period=inquiry.planning_period)
    left = {article: stock[article.pk].free for article in asked}
    touched = [
        Objection.of(
            Hindrance.KEPT_BACK, article=article.name, asked=units, free=left[article] + units, kept=terms.kept_back
        )
        for article, units in asked.items()
        if terms.left(left[article]) < 0
    ]
    if touched:
        raise _KeptBackTouched(touched)


def _asked(inquiry: Inquiry) -> Counter[Article]:
    """How many units of each article, over all lines."""
    asked: Counter[Article] = Counter()
    for line in inquiry.lines.select_related("article").order_by("pk"):
        asked[line.article] += line.quantity
    return asked
