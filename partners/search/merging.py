"""Hits of several partners in one order; pure (mission J2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.models import PartnerConnection
from partners.protocol.wire import CappedStock, ExactStock, Listing, Stock, YesNoStock


class Order(models.TextChoices):
    """How the hits of all partners are sorted."""

    RELEVANCE = "relevance", _("Best hits first")
    FREE = "free", _("Most free first")
    PRICE = "price", _("Lowest price first")
    PARTNER = "partner", _("By partner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A partner's listing; `rank` is its place among his own, from 0."""

    connection: PartnerConnection
    listing: Listing
    rank: int


def merged(hits: Iterable[Hit], *, order: Order, currency: str) -> list[Hit]:
    """All hits in one order, the same whatever order they came in; prices compare in `currency` alone."""
    return sorted(hits, key=partial(_KEYS[order], currency))


def _relevance(_currency: str, hit: Hit) -> tuple[Any, ...]:
    """As the partners sent them: everybody's best, then everybody's second …"""
    return (hit.rank, hit.connection.contact.sort_key, str(hit.connection.pk), hit.listing.id)


def _free(currency: str, hit: Hit) -> tuple[Any, ...]:
    known, units, vagueness = figure(hit.listing.stock)
    return (not known, -units, vagueness, *_relevance(currency, hit))


def figure(stock: Stock | None) -> tuple[bool, int, int]:
    """Whether anything is known, how many are free at least, and how vague that is said.

    "available" counts as one, "not available" as none.
    """
    match stock:
        case ExactStock():
            return True, stock.free, 0
        case CappedStock():
            return True, stock.at_least, 1
        case YesNoStock():
            return True, int(stock.available), 2
    return False, 0, 3


def _price(currency: str, hit: Hit) -> tuple[Any, ...]:
    return (*comparable_price(hit.listing, currency), *_relevance(currency, hit))


def comparable_price(listing: Listing, currency: str) -> tuple[int, Decimal]:
    """First what the period costs, then prices per day, then other currencies, last what has no price."""
    price = listing.price
    if price is None:
        return 3, Decimal(0)
    if price.currency != currency:
        return 2, Decimal(0)
    if price.net_for_period is not None:
        return 0, price.net_for_period
    return (1, price.net) if price.net is not None else (3, Decimal(0))


def _partner(currency: str, hit: Hit) -> tuple[Any, ...]:
    connection = hit.connection
    return (connection.contact.sort_key, str(connection.pk), *_relevance(currency, hit))


_KEYS: Mapping[Order, Callable[[str, Hit], tuple[Any, ...]]] = {
    Order.RELEVANCE: _relevance,
    Order.FREE: _free,
    Order.PRICE: _price,
    Order.PARTNER: _partner,
}
