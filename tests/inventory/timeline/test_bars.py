"""Who has it, as bars and as a table: each change has its cause, and the causes make up the figures (mission E3)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.reservations import release
from inventory.timeline.bars import TEXT_SHARE, Bar, BarKind
from inventory.timeline.board import ArticleBoard, board_of, tables_of
from inventory.timeline.changes import CauseKind
from inventory.timeline.windows import Reach, window_around
from tests.factories import make_article
from tests.inventory.engine import SEASON, Worker
from tests.inventory.timeline.scene import HOUR, busy_article, take

NOW = datetime(2027, 7, 1, 12, tzinfo=UTC)


def board(tenant: Tenant, reach: Reach = Reach.WEEK, now: datetime = NOW, **fields: object) -> ArticleBoard:
    article = tenant.articles.get(**fields) if fields else busy_article(tenant, NOW)
    return board_of(article=article, window=window_around(now.date(), reach, tenant.zone), now=now)


def by_label(bars: list[Bar]) -> dict[str, Bar]:
    return {bar.label: bar for bar in bars}


def share(text: str) -> float:
    return float(text.removesuffix("%")) / 100


def test_every_kind_is_told_apart(aurora: Tenant) -> None:
    bars = by_label(list(board(aurora).bars))
    assert {label: bar.kind for label, bar in bars.items()} == {
        "J-1001 Gala": BarKind.OVERDUE,
        "J-1002 Sommerfest": BarKind.FIRM,
        "J-1003 Messe": BarKind.HOLD,
        "J-1004 Hochzeit": BarKind.FIRM,
        "": BarKind.ADDITION,
        "Lampe defekt": BarKind.OUT_OF_SERVICE,
    }


def test_buffers_stand_beside_the_period(aurora: Tenant) -> None:
    bar = by_label(list(board(aurora).bars))["J-1002 Sommerfest"]
    assert bar.before
    assert bar.core
    assert bar.after
    week = 7 * 24
    assert [round(share(part.width) * week, 2) for part in (bar.before, bar.core, bar.after)] == [2, 18, 4]
    assert share(bar.before.left) + share(bar.before.width) == pytest.approx(share(bar.core.left), abs=1e-4)
    assert share(bar.core.left) + share(bar.core.width) == pytest.approx(share(bar.after.left), abs=1e-4)


def test_overdue_goods_stay_away_up_to_the_edge(aurora: Tenant) -> None:
    bar = by_label(list(board(aurora).bars))["J-1001 Gala"]
    assert bar.late
    assert share(bar.late.left) + share(bar.late.width) == pytest.approx(1, abs=1e-4)
    assert by_label(list(board(aurora, Reach.DAY, number=bar.reservation.article.number).bars))["J-1001 Gala"].late


def test_an_expired_hold_is_gone(aurora: Tenant) -> None:
    board(aurora)
    later = board(aurora, now=NOW + 48 * HOUR, name="Bühnenscheinwerfer")
    assert "J-1003 Messe" not in by_label(list(later.bars))
    assert all(cause.label != "J-1003 Messe" for row in later.changes for cause in row.causes)


def test_bars_of_a_line_do_not_touch_text_included(aurora: Tenant) -> None:
    article = make_article(aurora, owned=500)
    for number in range(60):
        start = SEASON + timedelta(hours=(number * 37) % 150)
        take(article, 1, start, start + timedelta(hours=1 + number % 7), f"J-{number}")
    window = window_around(SEASON.date(), Reach.WEEK, aurora.zone)
    lines: dict[int, list[tuple[float, float]]] = {}
    for bar in board_of(article=article, window=window, now=NOW).bars:
        assert bar.core
        left, right = share(bar.core.left), share(bar.core.left) + share(bar.core.width)
        text = share(bar.text_at)
        ends = (text - TEXT_SHARE, text) if bar.text_ends else (text, text + TEXT_SHARE)
        lines.setdefault(bar.top, []).append((min(left, ends[0]), max(right, ends[1])))
    assert len(lines) > 3
    for line in lines.values():
        line.sort()
        assert all(one[1] <= other[0] + 1e-4 for one, other in pairwise(line))


def test_each_change_has_its_causes(aurora: Tenant) -> None:
    rows = board(aurora).changes
    assert rows[0].causes == ()
    told = [(row.free, [(cause.kind, cause.quantity) for cause in row.causes]) for row in rows[1:]]
    assert told == [
        (8, [(CauseKind.LEAVES, -2)]),
        (3, [(CauseKind.LEAVES, -5)]),
        (-1, [(CauseKind.LEAVES, -3), (CauseKind.REPAIR, -1)]),
        (4, [(CauseKind.RETURNS, 5)]),
        (8, [(CauseKind.ADDED, 4)]),
        (11, [(CauseKind.RETURNS, 3)]),
        (10, [(CauseKind.LEAVES, -1)]),
        (6, [(CauseKind.ADDED_ENDS, -4)]),
        (7, [(CauseKind.RETURNS, 1)]),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_causes_make_up_the_difference_whatever_happened(aurora: Tenant, seed: int) -> None:
    for number in range(3):
        make_article(aurora, owned=9, buffer_after_minutes=20 * number)
    Worker(aurora, list(aurora.articles.all()), seed=seed).work(120)
    now, window = datetime.now(UTC), window_around(SEASON.date(), Reach.WEEK, aurora.zone)
    boards = [board_of(article=article, window=window, now=now) for article in aurora.articles.order_by("pk")]
    changes = [shown.changes for shown in boards]
    assert sum(map(len, changes)) > 30
    for rows in changes:
        for before, row in pairwise(rows):
            assert row.free - before.free == sum(cause.quantity for cause in row.causes)
    lanes = [shown.lane for shown in boards]
    assert [rows for _lane, rows in tables_of(lanes=lanes, period=window.period, now=now)] == changes


def test_what_was_given_back_is_gone(aurora: Tenant) -> None:
    article = make_article(aurora)
    row = take(article, 3, NOW, NOW + HOUR, "J-1")
    release(tenant=aurora, reservations=[row])
    shown = board(aurora, number=article.number)
    assert (shown.bars, len(shown.changes)) == ([], 1)
    assert Period(NOW, NOW + HOUR).overlaps(shown.window.period)
