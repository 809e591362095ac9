"""Marking all that a filter finds for a partner (mission R1), beside the same rows in a table that nothing watches.

The filter finds the whole of 100,000 articles. The floor is one INSERT … SELECT of them into a table without indexes,
keys and triggers. Measured is the use-case with its journal: where nothing was marked, and where all marks change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection

from eventworx.audit import Actor
from partners.releases import Mark, mark_matching
from tests.bench.catalogue import Market, Scale
from tests.bench.copying import tidy
from tests.bench.rows import Figures, Row
from tests.bench.side_by_side import interleaved, medians, timed

ONLY_ON = "postgresql"  # SQLite checks row by row within one process, and commits otherwise
BARE, NEW, CHANGED = "INSERT … SELECT, nothing else", "none of them marked before", "all of them marked otherwise"
MOST_TURNS = 7


def measure(markets: Sequence[Market], _scale: Scale, *, rounds: int, runs: int) -> Figures:
    market = markets[1]
    ways: dict[str, Callable[[], object]] = {
        BARE: lambda: _bare(market),
        NEW: lambda: _mark(market, Mark.RELEASED),
        CHANGED: lambda: _mark(market, Mark.EXCLUDED),
    }

    def run(name: str, _round: int) -> float:
        _begin(market, is_marked=name == CHANGED)
        return timed(ways[name])

    names, turns = dict.fromkeys(ways, ()), min(MOST_TURNS, rounds)
    p50 = medians(interleaved(names, run, rounds=turns, runs=1, warm_up=False))
    _begin(market, is_marked=False)  # the other figures know no marks of articles
    what = f"marking {market.articles:,} articles by a filter"
    return Figures([Row("", f"{what}, {name}", p50[name], p50[BARE], BARE) for name in (NEW, CHANGED)])


def _begin(market: Market, *, is_marked: bool) -> None:
    market.lender.releases.filter(article__isnull=False).delete()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare_mark")
        cursor.execute("CREATE TABLE bare_mark (LIKE partners_release INCLUDING IDENTITY)")
    tidy("partners_release")
    if is_marked:
        _mark(market, Mark.RELEASED)


def _mark(market: Market, mark: Mark) -> None:
    articles = market.lender.tenant.articles.active()
    marked = mark_matching(
        connection=market.lender, actor=Actor(label="bench"), articles=articles, mark=mark, named="all"
    )
    assert marked == market.articles


def _bare(market: Market) -> None:
    sql = "INSERT INTO bare_mark (tenant_id, connection_id, article_id, everything, excluded)"
    sql += " SELECT tenant_id, %s, id, FALSE, FALSE FROM inventory_article WHERE tenant_id = %s ORDER BY id"
    with connection.cursor() as cursor:
        cursor.execute(sql, [market.lender.pk, market.lender.tenant_id])
