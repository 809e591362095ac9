"""The course of stock as it is kept: a row per step, written in the transaction of what caused it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from operator import itemgetter, sub
from typing import NamedTuple

from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from eventworx.databases import Statement, execute_all, in_parts, is_postgresql, marks
from inventory.models.articles import Article, ArticleQuerySet
from inventory.models.stock import Reservation
from inventory.steps import BEGINNING, EMPTY, Amounts, Course, Span, Step

# The span asked about, and how an article's buffers of today widen it; of what is sold, until the end of time.
_ASKED = """CROSS JOIN (
    SELECT CAST(%s AS bigint) AS since, CAST(%s AS bigint) AS until, CAST({beginning} AS bigint) AS beginning) asked"""
_SINCE = "asked.since - article.buffer_before_minutes * CAST(60000000 AS bigint)"
_UNTIL = """
    CASE article.kind WHEN 'sale' THEN 253402300799999999
    ELSE asked.until + article.buffer_after_minutes * CAST(60000000 AS bigint) END
"""
# What bears on the span: the step that holds at its start, and those inside. PostgreSQL is told to look for each by
# itself, because where few articles have a history it believes that all do. The step that holds is looked for nearby
# first: on the way back without an end PostgreSQL reads all of the page that lies before it, of a busy article a
# hundred steps (docs/decisions/0020).
_NEARBY = 24 * 3600 * 10**6  # ticks
_CONDITION = """
    step.article_id = article.id AND step.instant < {until}
    AND step.instant >= COALESCE((
        SELECT earlier.instant FROM inventory_stockstep earlier
        WHERE earlier.article_id = article.id AND earlier.instant <= {since} AND earlier.instant > {since} - {nearby}
        ORDER BY earlier.instant DESC LIMIT 1
    ), (
        SELECT earlier.instant FROM inventory_stockstep earlier
        WHERE earlier.article_id = article.id AND earlier.instant <= {since} - {nearby}
        ORDER BY earlier.instant DESC LIMIT 1
    ), asked.beginning)
"""
_WITH_STEPS = {
    "postgresql": "LEFT JOIN LATERAL (SELECT * FROM inventory_stockstep step WHERE {condition} OFFSET 0) step ON TRUE",
    "sqlite": "LEFT JOIN inventory_stockstep step ON {condition}",
}
# Whether anything of an article moves with time (`ReservationQuerySet.moving_with_time`) or may do so.
_MOVES = """
    EXISTS (
        SELECT 1 FROM inventory_reservation moving WHERE moving.article_id = article.id AND (
            moving.expires_at IS NOT NULL OR (moving.handed_over_at IS NOT NULL AND moving.returned_at IS NULL)))
"""
# A table of `Lowest` by `article_id`. On PostgreSQL a function, which is planned once per connection (migration 0024):
# whoever changes buffers, the step that holds or what moves changes it, too.
_LOWEST = {
    "postgresql": "inventory_lowest(%s, %s, {ids})",
    "sqlite": """(
        SELECT article.id AS article_id,
            article.owned + COALESCE(MIN(step.added), 0) AS owned,
            article.out_of_service + COALESCE(MAX(step.out_of_service), 0) AS out_of_service,
            article.owned - article.out_of_service
                + COALESCE(MIN(step.added - step.out_of_service - step.reserved), 0) AS free,
            {moves} AS moves
        FROM inventory_article article {asked} LEFT JOIN inventory_stockstep step ON {condition}
        WHERE article.id IN ({ids})
        GROUP BY article.id, article.owned, article.out_of_service
    )""",
}
_LOWEST_OVER = "SELECT article_id, owned, out_of_service, free, moves FROM {lowest} lowest"
# Of an article, with its steps.
_FIGURES = ["id", "tenant_id", "name", "kind", "owned", "out_of_service"]
_FIGURES += ["buffer_before_minutes", "buffer_after_minutes"]
_STEPS = """
    SELECT {figures}, {moves}, step.instant, step.added, step.out_of_service, step.reserved
    FROM inventory_article article {asked} {with_steps}
    WHERE article.id {is_asked_for}
    ORDER BY article.id, step.instant
"""
_COURSES = """
    SELECT article.id, step.instant, step.added, step.out_of_service, step.reserved
    FROM inventory_article article {asked} {with_steps}
    WHERE article.id {is_asked_for}
    ORDER BY article.id, step.instant
"""
_FETCHED = 2_000
_PARTS = {
    "asked": _ASKED.format(beginning=BEGINNING),
    "since": _SINCE,
    "until": _UNTIL,
    "moves": _MOVES,
    "nearby": str(_NEARBY),
}
_PARTS["figures"] = ", ".join(f"article.{name}" for name in _FIGURES)
_PARTS["condition"] = _CONDITION.format(**_PARTS)
_DELETE = "DELETE FROM inventory_stockstep WHERE (article_id, instant) IN (VALUES {rows})"
_SHIFT = """
    UPDATE inventory_stockstep
    SET added = added + %s, out_of_service = out_of_service + %s, reserved = reserved + %s
    WHERE article_id = %s AND instant BETWEEN %s AND %s
"""
_INSERT = """
    INSERT INTO inventory_stockstep (article_id, instant, added, out_of_service, reserved) VALUES {rows}
"""


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
    """The articles, of which any other field is fetched when asked for; the course of each; and those to which more may
    come that moves with time."""

    articles: dict[int, Article]
    courses: dict[int, Course]
    moving: set[int]


def lowest_over(article_ids: Collection[int], span: Span) -> dict[int, Lowest]:
    """By article, without what moves with time; the span widened by each one's buffers. One statement."""
    ids, values = _listed(article_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LOWEST_OVER.format(lowest=_lowest(ids)), [*span, *values])
        return {article_id: Lowest(*figures) for article_id, *figures in cursor.fetchall()}


def lowest_table(subquery: str) -> str:
    """The same of the articles whose ids a subquery finds, as a table of the statement that it stands in: `article_id`
    and the columns of `Lowest`. Its parameters are the two of the span, then those of the subquery."""
    return _lowest(f"ARRAY({subquery})" if is_postgresql(connection) else subquery)


def _lowest(ids: str) -> str:
    return _LOWEST[connection.vendor].format(ids=ids, **_PARTS)


def read_courses(article_ids: Collection[int], span: Span, *, after: Sequence[Statement] = ()) -> Read:
    """The part of each course that bears on `span`, which is widened by each article's buffers, a step at its very end
    included. One statement; those `after` which it is to be read go with it."""
    found = Read({}, dict.fromkeys(article_ids, EMPTY), set())
    if article_ids:
        rows = execute_all([*after, _reading(_STEPS, article_ids, Span(span.start, span.end + 1))])
        for article_id, some in groupby(rows, key=itemgetter(0)):
            steps = list(some)
            (moves, *first), figures = steps[0][len(_FIGURES) :], steps[0][: len(_FIGURES)]
            found.articles[article_id] = Article.from_db(connection.alias, _FIGURES, figures)
            if moves:
                found.moving.add(article_id)
            if first[0] is not None:
                found.courses[article_id] = [Step(*row[-4:]) for row in steps]
    return found


def each_course(article_ids: Collection[int], span: Span) -> Iterator[tuple[int, Course]]:
    """The part of each course that bears on `span`, as in `read_courses`; one after the other, as they are asked for:
    hundreds of thousands of steps never lie here together. One statement, in the caller's transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(*_reading(_COURSES, article_ids, Span(span.start, span.end + 1)))
        rows = chain.from_iterable(iter(partial(cursor.fetchmany, _FETCHED), []))
        for article_id, some in groupby(rows, key=itemgetter(0)):
            steps = [Step(*row[1:]) for row in some]
            yield article_id, EMPTY if steps[0].instant is None else steps


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
    """Bring the rows from one state to the other; the articles are locked."""
    if statements := writing(before, after):
        execute_all(statements)


def writing(before: Mapping[int, Course], after: Mapping[int, Course]) -> list[Statement]:
    """What brings the rows from one state to the other: one statement for all that go, one for each stretch of steps
    that all change by the same amounts, one for all that are new."""
    gone, shifted, new = list[tuple[int, int]](), list[Statement](), list[tuple[int, ...]]()
    for article_id, course in after.items():
        known = {step.instant: step for step in before[article_id]} if before[article_id] is not EMPTY else {}
        kept = known.keys() & {step.instant for step in course}
        gone += [(article_id, instant) for instant in known.keys() - kept]
        pairs = [(step, known[step.instant]) for step in course if step.instant in kept]
        shifted += [(_SHIFT, [*amounts, article_id, *ends]) for amounts, *ends in _shifts(pairs)]
        new += [(article_id, *step) for step in course if step.instant not in kept]
    return [*_of_rows(_DELETE, gone), *shifted, *_of_rows(_INSERT, new)]


def _shifts(pairs: Sequence[tuple[Step, Step]]) -> Iterator[tuple[Amounts, int, int]]:
    """By how much steps differ from what they were, from the first to the last of each stretch that does so alike."""
    changes = [(step.instant, tuple(map(sub, step[1:], old[1:]))) for step, old in pairs]
    for amounts, some in groupby(changes, key=itemgetter(1)):
        if any(amounts):
            instants = [instant for instant, _amounts in some]
            yield amounts, instants[0], instants[-1]


def _reading(sql: str, article_ids: Collection[int], span: Span) -> Statement:
    with_steps = _WITH_STEPS[connection.vendor].format(**_PARTS)
    ids, values = _listed(article_ids)
    is_asked_for = f"= ANY({ids})" if is_postgresql(connection) else f"IN ({ids})"
    return sql.format(is_asked_for=is_asked_for, with_steps=with_steps, **_PARTS), [*span, *values]


def _listed(article_ids: Collection[int]) -> Statement:
    """The text is the same for any number of articles where the database takes an array."""
    return ("%s", [list(article_ids)]) if is_postgresql(connection) else (marks(article_ids), list(article_ids))


def _of_rows(sql: str, rows: Sequence[tuple[int, ...]]) -> Iterator[Statement]:
    for some in in_parts(rows):
        marked = ",".join(f"({marks(row)})" for row in some)
        yield sql.format(rows=marked), [value for row in some for value in row]
