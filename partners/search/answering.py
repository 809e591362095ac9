"""The supplier's end of the search: what he released, at this partner's price, with what is free (protocol §4).

Numbers of database queries do not depend on hits or releases: one statement looks how many there may be, one finds
and reads the articles with what is free of each; what moves with time is read beside for all of them at once.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.periods import Period
from inventory.availability import Stock, each_stock
from inventory.search import Place, Sql, find_rows, sql
from partners.access import is_askable
from partners.models import PartnerConnection
from partners.protocol import wire
from partners.protocol.cursors import CursorRefused, open_cursor, seal_cursor
from partners.protocol.money import billable_days
from partners.protocol.sizes import how_many_fit
from partners.protocol.wire import (
    AnsweredLine,
    Availability,
    AvailabilityRequest,
    Bottleneck,
    FieldError,
    FieldErrors,
    Json,
    fields,
    instant_text,
)
from partners.protocol.wire.fields import Node, Wrong
from partners.releases import (
    condition_of_branch,
    condition_of_released,
    few_released,
    released_articles,
    released_named,
)
from partners.search.listings import COLUMNS, Offer
from partners.shown_stock import StockTerms, shown, tells_bottleneck

DEFAULT_LIMIT = 50
LAST_TOLD = fields.LAST_INSTANT - timedelta(seconds=1)  # what is sold stays away beyond it


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


def find_listings(*, connection: PartnerConnection, question: Question, now: datetime) -> Json:
    """A page of what this partner may see, the best first, without words by name. Raises CursorIsOld.

    It ends before `limit` where more would make the answer larger than servers take.
    """
    bound_to, offer = question.bound_to(connection), _offer(connection, question, now)
    found = find_rows(
        tenant=connection.tenant,
        scope=_scope(connection, question),
        few=few_released(connection),
        query=question.words,
        limit=question.limit,
        after=_place(question.cursor, bound_to, now) if question.cursor else None,
        columns=COLUMNS,
        stock_over=offer.stock_over,
    )
    listings = offer.listings(found)
    found = found.first(how_many_fit(listings))
    return {
        "items": listings[: len(found.rows)],
        "next": seal_cursor(found.next, question=bound_to, key=_key(), now=now) if found.next else None,
        "as_of": instant_text(now),
    }


def describe_article(*, connection: PartnerConnection, article_id: str, question: Question, now: datetime) -> Json:
    """One article as this partner may see it; raises Http404, also for what is not released to him."""
    scope = released_named(connection, [article_id])
    offer, tenant = _offer(connection, question, now), connection.tenant
    found = find_rows(tenant=tenant, scope=scope, query="", limit=1, columns=COLUMNS, stock_over=offer.stock_over)
    if not found.rows:
        raise Http404
    [listing] = offer.listings(found)
    return listing


def answer_availability(*, connection: PartnerConnection, request: AvailabilityRequest, now: datetime) -> Availability:
    """What is free of each article asked for, and when it is scarcest; line by line, promising nothing.

    The figures are those of the whole article, whichever of its lines they stand at: quantities of an article that
    is asked for repeatedly add up, and yes or no is the answer to their sum. The same statements however many lines.
    Raises FieldErrors for a period that is too long.
    """
    if not is_askable(request.period.period):
        raise FieldErrors((FieldError("/period", "range"),))
    period, terms, asked = request.period.period, connection.stock_terms, Counter[str]()
    for line in request.lines:
        asked[line.article] += line.quantity
    found = each_stock(articles=released_named(connection, asked), period=period)
    known = {str(pk): _free_line(str(pk), *said, terms, asked[str(pk)]) for pk, said in found.items()}
    lines = (known.get(line.article) or AnsweredLine(article=line.article) for line in request.lines)
    return Availability(as_of=now, lines=tuple(lines))


def _free_line(article: str, stock: Stock, scarce: Period, terms: StockTerms | None, asked: int) -> AnsweredLine:
    return AnsweredLine(
        article=article,
        stock=shown(stock, terms, asked),
        bottleneck=_told(scarce) if tells_bottleneck(stock, terms) else None,
    )


def _told(scarce: Period) -> Bottleneck:
    return Bottleneck(start=scarce.start, end=min(scarce.end, LAST_TOLD))


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


def _scope(connection: PartnerConnection, question: Question) -> Sql:
    released = condition_of_released(connection)
    if not question.category:
        return released
    branch = condition_of_branch(connection.tenant, question.category)
    return sql("{released} AND {branch}", released=released, branch=branch)


def _place(cursor: str, bound_to: str, now: datetime) -> Place:
    try:
        return Place.of(open_cursor(cursor, question=bound_to, key=_key(), now=now))
    except (CursorRefused, ValueError) as refused:
        raise CursorIsOld from refused


def _key() -> bytes:
    return settings.SECRET_KEY.encode()


def _offer(connection: PartnerConnection, question: Question, now: datetime) -> Offer:
    zone = question.zone or connection.tenant.time_zone
    return Offer(connection, question.period, billable_days(question.usage, zone) if question.usage else None, now)


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
    if not is_askable(Period(start, end)):
        node.note_error(last, "range")
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
