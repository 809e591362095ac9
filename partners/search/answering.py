"""The supplier's end of the search: what he released, at this partner's price, with what is free (protocol §4).

Numbers of database queries do not depend on hits or releases: one statement finds the articles, availability
answers for all of them at once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.money import discounted, rounded
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import Stock as OwnStock
from inventory.availability import bottleneck_in, courses_on, stock_in, stock_of
from inventory.models import Article, ArticleQuerySet
from inventory.prices import net_price, scale_of
from inventory.search import Place, find_rows
from inventory.steps import Course
from partners.models import PartnerConnection
from partners.protocol import wire
from partners.protocol.cursors import CursorRefused, open_cursor, seal_cursor
from partners.protocol.money import billable_days
from partners.protocol.wire import (
    AnsweredLine,
    Availability,
    AvailabilityRequest,
    Bottleneck,
    Listing,
    ListingPage,
    fields,
)
from partners.protocol.wire.fields import Node, Wrong
from partners.releases import branch_of, released_articles, released_named
from partners.shown_stock import StockTerms, shown, tells_bottleneck

DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a partner asks the catalogue. `period` drives stock (None: now), `usage` the net for the period."""

    words: str = ""
    category: str = ""
    period: Period | None = None
    usage: Period | None = None
    zone: str = ""
    cursor: str = ""
    limit: int = DEFAULT_LIMIT

    def bound_to(self, connection: PartnerConnection) -> str:
        """What a cursor depends on."""
        asked = [str(connection.pk), self.words, self.category, str(self.period), str(self.usage), self.zone]
        return json.dumps(asked)


class CursorIsOld(BusinessError):
    code = "cursor"
    message = _("The cursor is not one of ours for this question, or it is older than an hour.")


def find_listings(*, connection: PartnerConnection, question: Question, now: datetime) -> ListingPage:
    """A page of what this partner may see, the best first, without words by name. Raises CursorIsOld."""
    bound_to = question.bound_to(connection)
    scope = _scope(connection, question)
    found = find_rows(
        tenant=connection.tenant,
        scope=scope,
        query=question.words,
        limit=question.limit,
        after=_place(question.cursor, bound_to, now) if question.cursor else None,
    )
    articles = {article.pk: article for article in _described(scope.filter(pk__in=[row[2] for row in found.rows]))}
    page = [articles[row[2]] for row in found.rows if row[2] in articles]
    return ListingPage(
        items=tuple(_listings(connection, page, question, now)),
        next=seal_cursor(found.next, question=bound_to, key=_key(), now=now) if found.next else "",
        as_of=now,
    )


def describe_article(*, connection: PartnerConnection, article_id: str, question: Question, now: datetime) -> Listing:
    """One article as this partner may see it; raises Http404, also for what is not released to him."""
    articles = list(_described(released_named(connection, [article_id])))
    if not articles:
        raise Http404
    return next(iter(_listings(connection, articles, question, now)))


def answer_availability(*, connection: PartnerConnection, request: AvailabilityRequest, now: datetime) -> Availability:
    """What is free of each article asked for, and when it is scarcest; line by line, promising nothing.

    The figures are those of the whole article, whichever of its lines they stand at: quantities of an article that
    is asked for repeatedly add up, and yes or no is the answer to their sum. Four statements however many lines.
    """
    period, terms, asked = request.period.period, connection.stock_terms, Counter[str]()
    for line in request.lines:
        asked[line.article] += line.quantity
    articles = list(released_named(connection, asked))
    courses = courses_on(articles=articles, period=period)
    known = {
        str(article.pk): _free_line(article, courses[article.pk], period, terms, asked[str(article.pk)])
        for article in articles
    }
    lines = (known.get(line.article) or AnsweredLine(article=line.article) for line in request.lines)
    return Availability(as_of=now, lines=tuple(lines))


def _free_line(article: Article, course: Course, period: Period, terms: StockTerms | None, asked: int) -> AnsweredLine:
    stock = stock_in(article=article, course=course, period=period)
    scarce = bottleneck_in(article=article, course=course, period=period)
    return AnsweredLine(
        article=str(article.pk),
        stock=shown(stock, terms, asked),
        bottleneck=Bottleneck(start=scarce.start, end=scarce.end) if tells_bottleneck(stock, terms) else None,
    )


def list_categories(*, connection: PartnerConnection, now: datetime) -> wire.CategoryList:
    """The categories in which this partner sees something, and those above them; by name."""
    released = released_articles(connection).filter(category=OuterRef("pk"))
    rows = list(connection.tenant.categories.annotate(is_open=Exists(released)).order_by("sort_key", "pk"))
    parents = {row.pk: row.parent_id for row in rows}
    shown: set[int | None] = {None}
    for row in rows:
        above: int | None = row.pk if row.is_open else None
        while above not in shown:
            shown.add(above)
            above = parents.get(above) if above is not None else None
    return wire.CategoryList(
        items=tuple(
            wire.Category(id=str(row.pk), name=row.name, parent=str(row.parent_id or ""))
            for row in rows
            if row.pk in shown
        ),
        as_of=now,
    )


def _scope(connection: PartnerConnection, question: Question) -> ArticleQuerySet:
    released = released_articles(connection)
    if not question.category:
        return released
    return released.filter(category_id__in=branch_of(connection.tenant, question.category))


def _described(articles: ArticleQuerySet) -> ArticleQuerySet:
    return articles.select_related("category", "factor_scale")


def _place(cursor: str, bound_to: str, now: datetime) -> Place:
    try:
        return Place.of(open_cursor(cursor, question=bound_to, key=_key(), now=now))
    except (CursorRefused, ValueError) as refused:
        raise CursorIsOld from refused


def _key() -> bytes:
    return settings.SECRET_KEY.encode()


def _listings(
    connection: PartnerConnection, articles: list[Article], question: Question, now: datetime
) -> Iterable[Listing]:
    stock: Mapping[int, OwnStock] = {}
    terms = connection.stock_terms
    if terms:
        stock = stock_of(articles=articles, period=question.period or Period(now, now))
    zone = question.zone or connection.tenant.time_zone
    days = billable_days(question.usage, zone) if question.usage else None
    discount = connection.contact.discount_percent
    for article in articles:
        price = _price(article, connection.tenant, discount, days)
        yield _listing(article, price, shown(stock.get(article.pk), terms))


def _listing(article: Article, price: wire.Price, stock: wire.Stock | None) -> Listing:
    category = article.category
    return Listing(
        id=str(article.pk),
        number=article.number,
        name=article.name,
        description=article.description,
        manufacturer=article.manufacturer,
        manufacturer_part_number=article.manufacturer_part_number,
        gtin=article.gtin,
        category=wire.ListedCategory(id=str(category.pk), name=category.name) if category else None,
        unit=article.unit,
        kind=article.kind,
        weight_kg=article.weight_kg,
        has_picture=article.picture_id is not None,
        updated_at=article.updated_at,
        price=price,
        stock=stock,
    )


def _price(article: Article, tenant: Tenant, discount: Decimal, days: int | None) -> wire.Price:
    scale, net_for_period = scale_of(article), None
    if days is not None:
        net_for_period = net_price(article=article, days=days, currency=tenant.currency, discount_percent=discount)
    return wire.Price(
        currency=tenant.currency,
        list=article.rental_price,
        discount_percent=discount,
        net=rounded(discounted(article.rental_price, discount), tenant.currency),
        factors=tuple(wire.FactorStep(days=days, factor=factor) for days, factor in scale.factors),
        extra_day_factor=scale.extra_day_factor,
        net_for_period=net_for_period,
    )


def _question(node: Node) -> Question:
    return Question(
        words=node.text("q", fields.MAX_NAME),
        category=node.id("category"),
        **_periods(node),
        cursor=node.optional("cursor", fields.cursor) or "",
        limit=node.optional("limit", _limit) or DEFAULT_LIMIT,
    )


def _article_question(node: Node) -> Question:
    return Question(**_periods(node))


def _periods(node: Node) -> dict[str, Any]:
    """The arguments of a Question about one article."""
    return {
        "period": _period(node, "start", "end"),
        "usage": _period(node, "use_start", "use_end"),
        "zone": node.optional("zone", fields.zone) or "",
    }


def _period(node: Node, first: str, last: str) -> Period | None:
    """Both or none, in order."""
    known = len(node.errors)
    start, end = node.optional(first, fields.instant), node.optional(last, fields.instant)
    if len(node.errors) > known or (start is None and end is None):
        return None
    if start is None or end is None:
        node.note_error(first if start is None else last, "required")
        return None
    if end <= start:
        node.note_error(last, "period")
        return None
    return Period(start, end)


def _written_limit(node: Node) -> int:
    """1 to 100, written in digits."""
    if not isinstance(node.value, str) or not node.value.isascii() or not node.value.isdecimal():
        raise Wrong("type")
    if len(node.value) > 3 or not 1 <= int(node.value) <= wire.MAX_PAGE:
        raise Wrong("range")
    return int(node.value)


_limit = fields.shaped(_written_limit, type="integer", minimum=1, maximum=wire.MAX_PAGE, default=DEFAULT_LIMIT)
# The question in a query string's texts; raises FieldErrors.
parse_article_question = fields.Parser(_article_question)
parse_question = fields.Parser(_question)
