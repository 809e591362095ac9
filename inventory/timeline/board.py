"""What the pages of the timeline show, gathered in a fixed number of statements however many articles there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from eventworx.periods import Period
from inventory.models import Article, ArticleQuerySet, Reservation, StockMovement, possibly_short
from inventory.steps import span_of
from inventory.timeline.bars import Bar, bars_of, changes_in, claims_in, height_of
from inventory.timeline.changes import Changed, changes_of
from inventory.timeline.lanes import Axis, Lane, axis_of, lanes_of
from inventory.timeline.windows import Window

MOST_SHORT = 1000  # articles that are looked at for shortages at once
MOST_BARS, MOST_CHANGES = 300, 500

Row = TypeVar("Row", Reservation, StockMovement)


@dataclass(frozen=True, slots=True)
class ArticleBoard:
    """One article in a window. Of bars and changes the first are there; `more_bars`, `more_changes` say how many
    are not."""

    window: Window
    axis: Axis
    lane: Lane
    bars: Sequence[Bar]
    more_bars: int
    changes: Sequence[Changed]
    more_changes: int

    @property
    def bars_height(self) -> str:
        return str(height_of(self.bars))


def board_of(*, article: Article, window: Window, now: datetime) -> ArticleBoard:
    """The page of one article; four statements."""
    period, articles = window.period, [article]
    (lane,) = lanes_of(articles=articles, period=period, now=now)
    claims = claims_in(articles=articles, period=period, now=now)
    movements = changes_in(articles=articles, period=period)
    bars = bars_of(claims=claims, movements=movements, period=period, now=now)
    changes = changes_of(stretches=lane.stretches, claims=claims, movements=movements, now=now)
    return ArticleBoard(
        window=window,
        axis=axis_of(window=window, now=now),
        lane=lane,
        bars=bars[:MOST_BARS],
        more_bars=len(bars[MOST_BARS:]),
        changes=changes[:MOST_CHANGES],
        more_changes=len(changes[MOST_CHANGES:]),
    )


def short_lanes(*, articles: ArticleQuerySet, period: Period, now: datetime) -> tuple[list[Lane], bool]:
    """Lanes of the articles of which units are missing at some instant of `period`; three statements.

    Of those that may be short, the first `MOST_SHORT` are looked at; also returned is whether there are more of them.
    """
    possible = list(possibly_short(articles, span_of(period), now)[: MOST_SHORT + 1])
    lanes = lanes_of(articles=possible[:MOST_SHORT], period=period, now=now)
    return [lane for lane in lanes if lane.missing], len(possible) > MOST_SHORT


def tables_of(*, lanes: Sequence[Lane], period: Period, now: datetime) -> list[tuple[Lane, list[Changed]]]:
    """Every change of the free quantity, article by article; two statements."""
    articles = [lane.article for lane in lanes]
    claims = _by_article(claims_in(articles=articles, period=period, now=now))
    movements = _by_article(changes_in(articles=articles, period=period))
    return [(lane, _changes(lane, claims[lane.article.pk], movements[lane.article.pk], now)) for lane in lanes]


def _changes(
    lane: Lane, claims: Sequence[Reservation], movements: Sequence[StockMovement], now: datetime
) -> list[Changed]:
    return changes_of(stretches=lane.stretches, claims=claims, movements=movements, now=now)


def _by_article(rows: Sequence[Row]) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.article_id].append(row)
    return found
