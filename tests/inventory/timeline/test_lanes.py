"""What is drawn is what is free: every instant, and no shortage too short to be seen (mission E3)."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventworx.periods import Period, instant_at, ticks
from inventory.models import Article
from inventory.steps import EMPTY, Change, Course, Span, changed, during
from inventory.timeline.lanes import BASE, FLOOR, UNITS, Lane, axis_of, lane_of
from inventory.timeline.windows import Reach, window_around

START = ticks(datetime(2027, 7, 1, tzinfo=UTC))
UNIT = 7_000_000
LENGTH = UNITS * UNIT
WINDOW = Period(instant_at(START), instant_at(START + LENGTH))
BLOCK = re.compile(r"M(\d+) (\d+)V(\d+)H(\d+)V\2z")

bounds = st.tuples(st.integers(-LENGTH // 2, LENGTH), st.integers(1, LENGTH)).map(
    lambda pair: Span(START + pair[0], START + pair[0] + pair[1])
)
short_ones = st.tuples(st.integers(0, LENGTH), st.integers(1, UNIT)).map(
    lambda pair: Span(START + pair[0], START + pair[0] + pair[1])
)
changes = st.lists(st.builds(Change, bounds | short_ones, *[st.integers(0, 4)] * 3), max_size=8)
moderate = settings(max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def lane(made: list[Change], owned: int) -> tuple[Lane, Course]:
    course = changed(EMPTY, made)
    return lane_of(article=Article(owned=owned), course=course, period=WINDOW), course


def blocks(path: str) -> dict[int, tuple[int, int]]:
    """By unit, the edges of what is drawn there."""
    found = {}
    for first, lower, upper, last in BLOCK.findall(path):
        for unit in range(int(first), int(last)):
            assert unit not in found
            found[unit] = (int(upper), int(lower))
    assert BLOCK.sub("", path) == ""
    return found


def fewest_in(course: Course, owned: int, unit: int) -> int:
    span = Span(START + unit * UNIT, START + (unit + 1) * UNIT)
    return owned + min(step.level for step in during(course, span))


@moderate
@given(changes, st.integers(0, 9))
def test_each_unit_shows_the_fewest_of_its_instants(made: list[Change], owned: int) -> None:
    drawn, course = lane(made, owned)
    top = max(owned + max(step.added for step in during(course, Span(START, START + LENGTH))), 1)
    enough, scarce, short = blocks(drawn.enough), blocks(drawn.scarce), blocks(drawn.short)
    assert sorted([*enough, *scarce, *short]) == list(range(UNITS))
    for unit in range(0, UNITS, 9):
        free = fewest_in(course, owned, unit)
        assert (unit in short) == (free < 0)
        assert (unit in enough) == (free * 4 > top)
        if unit in short:
            assert short[unit] == (0, FLOOR)
        else:
            assert (enough | scarce)[unit][1] == BASE


@moderate
@given(changes, st.integers(0, 9))
def test_stretches_say_what_is_free_at_every_instant(made: list[Change], owned: int) -> None:
    drawn, course = lane(made, owned)
    stretches = drawn.stretches
    assert (stretches[0].start, stretches[-1].end) == (START, START + LENGTH)
    for one, other in pairwise(stretches):
        assert one.end == other.start
        assert one.free != other.free
    for start, end, free in stretches:
        for instant in (start, (start + end) // 2, end - 1):
            assert free == owned + during(course, Span(instant, instant + 1))[0].level
    assert drawn.stock.free == drawn.fewest
    assert drawn.missing == max(-drawn.fewest, 0)


def test_marks_say_how_many_are_missing_where_it_begins() -> None:
    middle = START + LENGTH // 2
    made = [Change(Span(middle, middle + 1), reserved=7), Change(Span(middle, middle + 50 * UNIT), reserved=4)]
    drawn, _course = lane(made, 3)
    assert [(mark.left, mark.missing) for mark in drawn.marks] == [("50.000%", 8)]
    assert blocks(drawn.short).keys() == set(range(500, 550))


def test_what_the_buffers_touch_outside_counts_for_the_figure_and_is_not_drawn() -> None:
    article = Article(owned=3, buffer_after_minutes=60)
    end = START + LENGTH
    course = changed(EMPTY, [Change(Span(end, end + 1), reserved=5)])
    drawn = lane_of(article=article, course=course, period=WINDOW)
    assert (drawn.stock.free, drawn.fewest, drawn.missing, drawn.marks) == (-2, 3, 0, [])
    assert timedelta(minutes=60) == article.buffer_after


@pytest.mark.parametrize(
    ("reach", "day", "unnamed"),
    [
        (Reach.DAY, date(2027, 7, 1), []),
        (Reach.MONTH, date(2027, 7, 1), []),
        (Reach.QUARTER, date(2026, 10, 1), [date(2026, 10, 1), date(2026, 12, 28)]),
    ],
)
def test_a_week_cut_short_has_no_name_to_run_into_the_next(reach: Reach, day: date, unnamed: list[date]) -> None:
    axis = axis_of(window=window_around(day, reach, ZoneInfo("Europe/Berlin")), now=datetime(2020, 1, 1, tzinfo=UTC))
    assert [tick.column.start.date() for tick in axis.ticks if not tick.is_named] == unnamed
