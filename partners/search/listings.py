"""Our articles as a partner reads them (protocol §4 "Listing"): what a page of the search spends its time on.

Read in the statement that finds them and written straight into the document, without a model or a message between:
a page has fifty of them. `partners.protocol.wire.listings` says what the document means; a test reads it back by that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from eventworx.money import discounted, line_net, rounded
from eventworx.periods import Period
from inventory.availability import stock_from
from inventory.models import Article, ArticleKind, Category, FactorScale
from inventory.prices import Scale, steps_of
from inventory.search import Columns, Found
from inventory.steps import Span, span_of
from partners.models import PartnerConnection
from partners.protocol.wire import Json, decimal_text, instant_text, to_wire
from partners.shown_stock import shown


class Row(NamedTuple):
    """What is read of an article."""

    id: int
    number: str
    name: str
    description: str
    manufacturer: str
    manufacturer_part_number: str
    gtin: str
    unit: str
    kind: str
    weight_kg: Decimal | None
    picture_id: int | None
    updated_at: datetime
    rental_price: Decimal
    category_id: int | None
    category_name: str
    scale_id: int | None
    scale_steps: list[dict[str, Any]]
    scale_extra: Decimal


_OF_ARTICLE = Row._fields[:13]
COLUMNS = Columns(
    (
        ("inventory_article", Article, _OF_ARTICLE),
        ("category", Category, ("id", "name")),
        ("scale", FactorScale, ("id", "steps", "extra_day_factor")),
    ),
    " LEFT JOIN inventory_category category ON category.id = inventory_article.category_id"
    " LEFT JOIN inventory_factorscale scale ON scale.id = inventory_article.factor_scale_id",
)


@dataclass(frozen=True)
class Offer:
    """What holds for every article of an answer: to whom, in which period (None: now), for how many days (None: -)."""

    connection: PartnerConnection
    period: Period | None
    days: int | None
    now: datetime

    @property
    def stock_over(self) -> Span | None:
        """Of which time stock is to be read with the articles; None where the level tells nothing of it."""
        return span_of(self._period) if self.connection.stock_terms else None

    def listings(self, found: Found) -> list[Json]:
        """The listings of the articles, in their order, which were read with `COLUMNS` and `stock_over`."""
        stock = self._stock(found)
        return [self._listing(row, stock.get(row.id)) for row in map(Row._make, COLUMNS.read(found.rows))]

    def _stock(self, found: Found) -> Mapping[int, Json]:
        terms = self.connection.stock_terms
        if not terms:
            return {}
        known = stock_from(found.lowest, period=self._period, now=self.now)
        return {article_id: to_wire(shown(stock, terms)) for article_id, stock in known.items()}

    @property
    def _period(self) -> Period:
        return self.period or Period(self.now, self.now)

    def _listing(self, row: Row, stock: Json) -> Json:
        return {
            "id": str(row.id),
            "number": row.number,
            "name": row.name,
            "description": row.description or None,
            "manufacturer": row.manufacturer or None,
            "manufacturer_part_number": row.manufacturer_part_number or None,
            "gtin": row.gtin or None,
            "category": {"id": str(row.category_id), "name": row.category_name} if row.category_id else None,
            "unit": row.unit or None,
            "kind": row.kind,
            "weight_kg": None if row.weight_kg is None else decimal_text(row.weight_kg),
            "has_picture": row.picture_id is not None,
            "updated_at": instant_text(row.updated_at),
            "price": self._price(row),
            "stock": stock,
        }

    def _price(self, row: Row) -> Json:
        terms, net_for_period = self._terms_of(row), None
        if self.days is not None:
            net_for_period = decimal_text(
                line_net(
                    quantity=1,
                    unit_price=row.rental_price,
                    factor=terms.factor,
                    discount_percent=self._discount,
                    currency=self._currency,
                )
            )
        return {
            "currency": self._currency,
            "per": "day",
            "list": decimal_text(row.rental_price),
            "discount_percent": decimal_text(self._discount),
            "net": decimal_text(rounded(discounted(row.rental_price, self._discount), self._currency)),
            "factors": terms.factors,
            "extra_day_factor": terms.extra_day_factor,
            "net_for_period": net_for_period,
        }

    def _terms_of(self, row: Row) -> "_Terms":
        """The day factors of an article, worked out once per scale; of what is sold none: it costs its price once."""
        scale_id = None if row.kind == ArticleKind.SALE else row.scale_id
        if scale_id not in self._terms:
            scale = Scale(steps_of(row.scale_steps), row.scale_extra) if scale_id else Scale()
            self._terms[scale_id] = _Terms(
                factors=[{"days": days, "factor": decimal_text(factor)} for days, factor in scale.factors],
                extra_day_factor=decimal_text(scale.extra_day_factor),
                factor=scale.factor(self.days or 1),
            )
        return self._terms[scale_id]

    @cached_property
    def _terms(self) -> "dict[int | None, _Terms]":
        return {}

    @cached_property
    def _discount(self) -> Decimal:
        return self.connection.contact.discount_percent

    @cached_property
    def _currency(self) -> str:
        return self.connection.tenant.currency


class _Terms(NamedTuple):
    """Day factors as they go out, and what the days that were asked for come to."""

    factors: list[Json]
    extra_day_factor: str
    factor: Decimal
