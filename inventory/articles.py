"""Keeping articles and their suppliers."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from eventworx.tenants.numbers import NumberKind, next_number
from eventworx.text import is_readable, one_line, several_lines
from inventory.models import Article, ArticleSupplier, Category, FactorScale
from inventory.pictures import replace_picture

NAMED = 3  # reservations that stand in the way
_GAPS = re.compile(r"[\s-]+")


class ArticleFields(TypedDict, total=False):
    """What an article is made of besides its number; amounts are Decimal in the tenant's currency, buffers minutes.

    `picture` is what `inventory.pictures.encoded` made; where it is absent, the picture stays.
    """

    name: str
    description: str
    category: Category | None
    manufacturer: str
    manufacturer_part_number: str
    gtin: str
    kind: str
    unit: str
    weight_kg: Decimal | None
    rental_price: Decimal
    factor_scale: FactorScale | None
    owned: int
    out_of_service: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    picture: bytes | None


class NumberTaken(BusinessError):
    code = "number-taken"
    message = _("There is an article with the number “%(number)s” already.")
    field = "number"


class OwnedMovedOn(BusinessError):
    code = "owned-moved-on"
    status = 409
    message = ngettext_lazy(
        "Meanwhile %(owned)d is owned, because something was sold or changed. Look again before you change it.",
        "Meanwhile %(owned)d are owned, because something was sold or changed. Look again before you change it.",
        "owned",
    )
    field = "owned"


class KindIsInUse(BusinessError):
    code = "kind-in-use"
    status = 409
    message = _(
        "The kind cannot change while something of it is reserved or out, for that comes back and what is sold does "
        "not. Now there is: %(reserved)s."
    )
    field = "kind"


class WrongGtin(BusinessError):
    code = "gtin"
    message = _("This is no GTIN: it has 8 or 12 to 14 digits, and the last one has to fit the others.")
    field = "gtin"


class Unreadable(BusinessError):
    code = "cell-unreadable"  # as lists of articles have kept it
    message = _("There are characters in it that cannot be read.")

    def __init__(self, field: str | None = None) -> None:
        super().__init__()
        self.field = field


@transaction.atomic
def create_article(*, tenant: Tenant, number: str = "", **fields: Unpack[ArticleFields]) -> Article:
    """A new article, with the next free number unless one is given. Raises NumberTaken, WrongGtin, Unreadable."""
    article = Article(tenant=tenant)
    article.number = _own_number(article, number) or _next_free_number(tenant)
    return _fill(article, fields)


@transaction.atomic
def update_article(
    *, article: Article, number: str | None = None, seen_owned: int | None = None, **fields: Unpack[ArticleFields]
) -> Article:
    """Change the master data; what is not named stays as it is now, whatever `article` says.

    Buffers count for reservations made from now on. Who names `seen_owned`, what was owned when he looked, leaves what
    was sold meanwhile as it is. Raises NumberTaken, WrongGtin, Unreadable, OwnedMovedOn, and KindIsInUse.
    """
    held = article.tenant.articles.select_for_update(no_key=True).get(pk=article.pk)
    held.tenant, held.number = article.tenant, held.number if number is None else _own_number(held, number)
    if fields.get("kind", held.kind) != held.kind:
        _refuse_in_use(held)
    if seen_owned is not None and fields.get("owned") == seen_owned:
        fields.pop("owned")
    elif seen_owned is not None and held.owned not in {seen_owned, fields.get("owned", held.owned)}:
        raise OwnedMovedOn(owned=held.owned)
    return _fill(held, fields)


def set_archived(*, article: Article, archived_at: datetime | None) -> Article:
    """Take an article out of lists and searches, or bring it back with None; what is reserved stays."""
    article.archived_at = archived_at
    article.save(update_fields=["archived_at", "updated_at"])
    return article


@transaction.atomic
def set_supplier(
    *,
    article: Article,
    supplier: Contact,
    supplier_number: str,
    price: Decimal | None,
    currency: str,
    price_date: date | None,
) -> ArticleSupplier:
    """Write into the master data where an article can be had, under which number and for how much (mission J5).

    `price` is per day and net of our discount; what was known of this supplier is replaced.
    """
    terms = {"supplier_number": supplier_number, "price": price, "currency": currency, "price_date": price_date}
    row, _created = article.suppliers.update_or_create(tenant_id=article.tenant_id, supplier=supplier, defaults=terms)
    return row


def save_or_refuse(row: models.Model, *, taken: "models.QuerySet[Any]", refusal: BusinessError) -> None:
    """Save `row`, or raise `refusal` where another of `taken` stands in its way, however close the race was."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        if taken.exclude(pk=row.pk).exists():
            raise refusal from None
        raise


def readable(text: str, *, breaks: bool = False, field: str | None = None) -> str:
    """A text of an article as it is kept, typed or read from a list: on one line, or with `breaks` on several; with
    composed characters, so that a number pasted from elsewhere is that of the list it comes back in.

    Raises Unreadable at `field`, also where nothing but control characters is in it.
    """
    kept = several_lines(text) if breaks else one_line(text)
    composed = unicodedata.normalize("NFC", kept)
    kept = composed if len(composed) <= len(kept) else kept  # a few fall apart by it, and no longer fit in
    if not is_readable(kept) or (text.strip() and not kept):
        raise Unreadable(field)
    return kept


def is_gtin(digits: str) -> bool:
    """Whether this is a GTIN-8, -12, -13 or -14 with its check digit (GS1 General Specifications, 7.9)."""
    if not (digits.isascii() and digits.isdecimal() and len(digits) in {8, 12, 13, 14}):
        return False
    weighted = (int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(weighted) % 10 == 0


def _fill(article: Article, fields: ArticleFields) -> Article:
    if "picture" in fields:
        replace_picture(article=article, content=fields.pop("picture"))
    for name, value in fields.items():
        breaks = name == "description"
        setattr(article, name, readable(value, breaks=breaks, field=name) if isinstance(value, str) else value)
    article.gtin = _GAPS.sub("", article.gtin)
    if article.gtin and not is_gtin(article.gtin):
        raise WrongGtin
    taken = article.tenant.articles.filter(number=article.number)
    save_or_refuse(article, taken=taken, refusal=NumberTaken(number=article.number))
    return article


def _refuse_in_use(article: Article) -> None:
    now = timezone.now()
    rows = article.reservations.upcoming(now).standing(now)[: NAMED + 1]
    names = [str(row) for row in rows[:NAMED]] + ["…"] * len(rows[NAMED:])
    if names:
        raise KindIsInUse(reserved=", ".join(names))


def _own_number(article: Article, number: str) -> str:
    """The number that was typed, on one line. Raises NumberTaken where another differs from it in blanks alone: so may
    what was written down before blanks were put right. Raises Unreadable."""
    number = readable(number, field="number")
    if " " in number:
        others = article.tenant.articles.exclude(pk=article.pk).of_one_line(number)
        if other := others.first():
            raise NumberTaken(number=other.number)
    return number


def _next_free_number(tenant: Tenant) -> str:
    """The next number in sequence that nobody has typed before."""
    while tenant.articles.filter(number=(number := next_number(tenant=tenant, kind=NumberKind.ARTICLE))).exists():
        pass
    return number
