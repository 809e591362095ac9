"""The course of stock as it is kept: a row per step, written in the transaction of what caused it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from inventory.models.articles import Article, ArticleQuerySet
from inventory.models.stock import Reservation
from inventory.steps import BEGINNING, EMPTY, Course, Span, Step

_MINUTE = "CAST(60000000 AS bigint)"
# Whether anything of an article moves with time (`ReservationQuerySet.moving_with_time`) or may do so.
_MOVES = """
    EXISTS (
        SELECT 1 FROM inventory_reservation moving WHERE moving.article_id = article.id AND (
            moving.expires_at IS NOT NULL OR (moving.handed_over_at IS NOT NULL AND moving.returned_at IS NULL)))
"""
# What bears on a span of an article: the step that holds at its start, and those inside. The span is widened by the
# article's buffers of today. Found by the primary key alone, however long the article's history is.
_LOWEST = """
    SELECT article.id,
        article.owned + COALESCE(MIN(step.added), 0),
        article.out_of_service + COALESCE(MAX(step.out_of_service), 0),
        article.owned - article.out_of_service + COALESCE(MIN(step.added - step.out_of_service - step.reserved), 0),
        {moves}
    FROM inventory_article article LEFT JOIN inventory_stockstep step
        ON step.article_id = article.id
        AND step.instant < %s + article.buffer_after_minutes * {minute}
        AND step.instant >= (
            SELECT MAX(earlier.instant) FROM inventory_stockstep earlier
            WHERE earlier.article_id = article.id AND earlier.instant <= %s - article.buffer_before_minutes * {minute})
    WHERE article.id IN ({ids})
    GROUP BY article.id, article.owned, article.out_of_service
"""
# The same steps themselves, in a span that is as wide for all.
_STEPS = """
    SELECT article.id, {moves}, step.instant, step.added, step.out_of_service, step.reserved
    FROM inventory_article article LEFT JOIN inventory_stockstep step
        ON step.article_id = article.id
        AND step.instant <= %s
        AND step.instant >= (
            SELECT MAX(earlier.instant) FROM inventory_stockstep earlier
            WHERE earlier.article_id = article.id AND earlier.instant <= %s)
    WHERE article.id IN ({ids})
    ORDER BY article.id, step.instant
"""
_WRITE = """
    INSERT INTO inventory_stockstep (article_id, instant, added, out_of_service, reserved) VALUES {rows}
    ON CONFLICT (article_id, instant) DO UPDATE
    SET added = excluded.added, out_of_service = excluded.out_of_service, reserved = excluded.reserved
"""
_DELETE = "DELETE FROM inventory_stockstep WHERE (article_id, instant) IN (VALUES {rows})"
ROWS_AT_ONCE = 5_000


class StockStep(models.Model):
    """From `instant` on (ticks: microseconds since 1970, UTC) an article has so much dated stock and so many claims.

    What is held until a deadline, and goods that are overdue, depend on the clock: they are read beside
    (`ReservationQuerySet.moving_with_time`) and stand in no step. A step is part of its article and has no tenant of
    its own. `inventory.courses` is the only writer.
    """

    pk = models.CompositePrimaryKey("article_id", "instant")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="stock_steps", db_index=False)
    instant = models.BigIntegerField()
    added = models.IntegerField(default=0)
    out_of_service = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)

    class Meta:
        verbose_name = "stock step"
        constraints = [
            models.CheckConstraint(
                condition=Q(added__gte=0, out_of_service__gte=0, reserved__gte=0), name="stock_step_not_negative"
            )
        ]


class Lowest(NamedTuple):
    """Of one article in a span: the fewest owned, the most out of service, the fewest free; whether more may come to
    it that moves with time."""

    owned: int
    out_of_service: int
    free: int
    moves: bool


class Read(NamedTuple):
    """Courses by article, and the articles to which more may come that moves with time."""

    courses: dict[int, Course]
    moving: set[int]


def lowest_over(article_ids: Collection[int], span: Span) -> dict[int, Lowest]:
    """By article, without what moves with time; the span widened by each one's buffers. One statement."""
    sql = _LOWEST.format(minute=_MINUTE, moves=_MOVES, ids=_marks(article_ids))
    with connection.cursor() as cursor:
        cursor.execute(sql, [span.end, span.start, *article_ids])
        return {article_id: Lowest(*figures) for article_id, *figures in cursor.fetchall()}


def read_courses(article_ids: Collection[int], span: Span) -> Read:
    """The part of each course that bears on `span`, a step at its very end included. One statement."""
    found, moving = defaultdict[int, list[Step]](list), set[int]()
    if article_ids:
        with connection.cursor() as cursor:
            sql = _STEPS.format(moves=_MOVES, ids=_marks(article_ids))
            cursor.execute(sql, [span.end, span.start, *article_ids])
            for article_id, moves, *step in cursor.fetchall():
                if moves:
                    moving.add(article_id)
                if step[0] is not None:
                    found[article_id].append(Step(*step))
    return Read({article_id: found.get(article_id, EMPTY) for article_id in article_ids}, moving)


def possibly_short(articles: ArticleQuerySet, span: Span, now: datetime) -> ArticleQuerySet:
    """Those of which units may be missing at some instant of `span`: their steps say so, or something of them moves
    with time, of which steps know nothing."""
    steps = StockStep.objects.filter(article=OuterRef("article"), instant__lte=span.start).order_by("-instant")
    since = Coalesce(Subquery(steps.values("instant")[:1]), BEGINNING)
    there = OuterRef("owned") - OuterRef("out_of_service") + F("added") - F("out_of_service")
    short = StockStep.objects.filter(article=OuterRef("pk"), instant__gte=since, instant__lt=span.end)
    moving = Reservation.objects.filter(article=OuterRef("pk")).moving_with_time(now)
    standing = Q(out_of_service__gt=F("owned"))
    return articles.filter(standing | Exists(short.filter(reserved__gt=there)) | Exists(moving))


def write_courses(before: Mapping[int, Course], after: Mapping[int, Course]) -> None:
    """Bring the rows from one state to the other; the articles are locked. Two statements at most."""
    gone, there = list[tuple[int, int]](), list[tuple[int, ...]]()
    for article_id, course in after.items():
        known = {step.instant: step for step in before[article_id]} if before[article_id] is not EMPTY else {}
        gone += [(article_id, instant) for instant in known.keys() - {step.instant for step in course}]
        there += [(article_id, *step) for step in course if known.get(step.instant) != step]
    with connection.cursor() as cursor:
        for sql, rows in ((_DELETE, gone), (_WRITE, there)):
            for first in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[first : first + ROWS_AT_ONCE]
                cursor.execute(sql.format(rows=_rows(some)), [value for row in some for value in row])


def _rows(rows: Sequence[tuple[int, ...]]) -> str:
    return ",".join(f"({_marks(row)})" for row in rows)


def _marks(values: Iterable[object]) -> str:
    return ",".join("%s" for _value in values)
