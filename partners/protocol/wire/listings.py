"""What a supplier shows of his articles (protocol §4 "Listing")."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from partners.protocol.wire import fields
from partners.protocol.wire.fields import FieldErrors, Node, Reader
from partners.protocol.wire.strict_json import Json

MAX_PAGE = 100
MAX_CATEGORIES = 10_000
_MAX_STEPS = 100
_MAX_DAYS = 36_500


class Kind(StrEnum):
    RENTAL = "rental"
    SALE = "sale"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCategory:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorStep:
    days: int
    factor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """In `currency` per day: list price, the partner's discount and net, and how days are counted."""

    currency: str
    per: str = "day"
    list: Decimal | None = None
    discount_percent: Decimal | None = None
    net: Decimal | None = None
    factors: tuple[FactorStep, ...] = ()
    extra_day_factor: Decimal | None = None
    net_for_period: Decimal | None = None

    @property
    def steps(self) -> tuple[tuple[int, Decimal], ...]:
        """The factors as the arithmetic of money takes them."""
        return tuple((step.days, step.factor) for step in self.factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactStock:
    owned: int
    free: int
    mode: str = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNoStock:
    available: bool
    mode: str = "yes_no"


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedStock:
    at_least: int
    mode: str = "capped"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownStock:
    """A mode of a later version: there is something, and we cannot say what."""

    mode: str


Stock = ExactStock | YesNoStock | CappedStock | UnknownStock


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One article as this partner may see it; `stock` is None below level 2."""

    id: str
    number: str
    name: str
    description: str = ""
    manufacturer: str = ""
    manufacturer_part_number: str = ""
    gtin: str = ""
    category: ListedCategory | None = None
    unit: str = ""
    kind: str = Kind.RENTAL
    weight_kg: Decimal | None = None
    has_picture: bool = False
    updated_at: datetime | None = None
    price: Price | None = None
    stock: Stock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPage:
    """`next` is the cursor of the page after this one, '' on the last."""

    items: tuple[Listing, ...]
    next: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """`parent` is the id of the category above, '' at the top."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryList:
    items: tuple[Category, ...]
    as_of: datetime | None = None


def _listing(node: Node) -> Listing:
    return Listing(
        id=node.required("id", fields.identifier),
        number=node.required("number", fields.reference),
        name=node.required("name", fields.name),
        description=node.note("description"),
        manufacturer=node.text("manufacturer", fields.MAX_NAME),
        manufacturer_part_number=node.text("manufacturer_part_number", fields.MAX_REFERENCE),
        gtin=node.text("gtin", fields.MAX_REFERENCE),
        category=node.optional("category", _listed_category),
        unit=node.text("unit", fields.MAX_REFERENCE),
        kind=node.term("kind", Kind) or Kind.RENTAL,
        weight_kg=node.optional("weight_kg", fields.amount),
        has_picture=node.optional("has_picture", fields.flag) or False,
        updated_at=node.optional("updated_at", fields.instant),
        price=node.optional("price", _price),
        stock=node.optional("stock", stock),
    )


def _listed_category(node: Node) -> ListedCategory:
    return ListedCategory(
        id=node.required("id", fields.identifier),
        name=node.required("name", fields.name),
    )


def _price(node: Node) -> Price:
    return Price(
        currency=node.required("currency", fields.currency),
        per=node.term("per", ("day",)) or "day",
        list=node.optional("list", fields.amount),
        discount_percent=node.optional("discount_percent", fields.percent),
        net=node.optional("net", fields.amount),
        factors=node.items("factors", _factor_step, high=_MAX_STEPS),
        extra_day_factor=node.optional("extra_day_factor", fields.amount),
        net_for_period=node.optional("net_for_period", fields.amount),
    )


def _factor_step(node: Node) -> FactorStep:
    return FactorStep(
        days=node.required("days", fields.whole(1, _MAX_DAYS)),
        factor=node.required("factor", fields.amount),
    )


def _exact_stock(node: Node) -> ExactStock:
    return ExactStock(owned=node.required("owned", fields.count), free=node.required("free", fields.count))


def _yes_no_stock(node: Node) -> YesNoStock:
    return YesNoStock(available=node.required("available", fields.flag))


def _capped_stock(node: Node) -> CappedStock:
    return CappedStock(at_least=node.required("at_least", fields.count))


# What is in stock, in whatever detail the supplier tells.
stock: Reader[Stock] = fields.varied(
    "mode",
    {"exact": _exact_stock, "yes_no": _yes_no_stock, "capped": _capped_stock},
    lambda mode: UnknownStock(mode=mode),
)


def _listing_page(node: Node) -> ListingPage:
    return ListingPage(
        items=node.items("items", _listing, high=MAX_PAGE),
        next=node.optional("next", fields.cursor) or "",
        as_of=node.optional("as_of", fields.instant),
    )


def _category_list(node: Node) -> CategoryList:
    return CategoryList(
        items=node.items("items", _category, high=MAX_CATEGORIES),
        as_of=node.optional("as_of", fields.instant),
    )


def _category(node: Node) -> Category:
    return Category(
        id=node.required("id", fields.identifier),
        name=node.required("name", fields.name),
        parent=node.id("parent"),
    )


parse_listing = fields.Parser(_listing)
parse_listing_page = fields.Parser(_listing_page)


def read_listing_page(value: Json) -> tuple[ListingPage, int]:
    """A page of another's listings without those that do not fit, and how many these are.

    Raises FieldErrors for what is wrong with the page itself, and where not one of its listings fits.
    """
    try:
        return parse_listing_page(value), 0
    except FieldErrors:
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(items, list) or len(items) > MAX_PAGE:
            raise
        fitting = [item for item in items if _fits(item)]
        if not fitting:
            raise
    return parse_listing_page({**value, "items": fitting}), len(items) - len(fitting)


def _fits(item: Json) -> bool:
    try:
        parse_listing(item)
    except FieldErrors:
        return False
    return True


parse_category_list = fields.Parser(_category_list)
