"""Stretches of the calendar, also where the clock changes in them (mission E3)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.timeline.windows import FIRST, LAST, Reach, Window, window_around

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)

days, reaches = st.dates(FIRST, LAST), st.sampled_from(Reach)
zones = st.sampled_from([BERLIN, ZoneInfo("UTC"), ZoneInfo("America/Santiago"), ZoneInfo("Australia/Lord_Howe")])


def around(day: date, reach: Reach) -> Window:
    return window_around(day, reach, BERLIN)


@pytest.mark.parametrize(
    ("reach", "first", "end"),
    [
        (Reach.DAY, date(2027, 7, 1), date(2027, 7, 2)),
        (Reach.WEEK, date(2027, 6, 28), date(2027, 7, 5)),
        (Reach.MONTH, date(2027, 7, 1), date(2027, 8, 1)),
        (Reach.QUARTER, date(2027, 7, 1), date(2027, 10, 1)),
    ],
)
def test_the_stretch_in_which_a_day_lies(reach: Reach, first: date, end: date) -> None:
    window = around(date(2027, 7, 1), reach)
    assert (window.first, window.end) == (first, end)


def test_the_last_quarter_ends_with_the_year() -> None:
    assert around(date(2027, 12, 31), Reach.QUARTER).end == date(2028, 1, 1)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2027, 7, 1), 24)])
def test_a_day_lasts_as_long_as_the_clock_says(day: date, hours: int) -> None:
    window = around(day, Reach.DAY)
    assert window.period.end - window.period.start == timedelta(hours=hours)
    assert len(window.columns) == hours


def test_the_hours_of_the_nights_in_which_the_clock_changes() -> None:
    names = [[f"{column.start:%H}" for column in around(day, Reach.DAY).columns][:5] for day in (SPRING, AUTUMN)]
    assert names == [["00", "01", "03", "04", "05"], ["00", "01", "02", "02", "03"]]


def test_it_begins_at_midnight_of_the_zone() -> None:
    assert around(SPRING, Reach.WEEK).period.start == datetime(2027, 3, 21, 23, tzinfo=UTC)
    assert around(SPRING, Reach.WEEK).period.end == datetime(2027, 3, 28, 22, tzinfo=UTC)


def test_a_quarter_is_cut_at_mondays() -> None:
    columns = around(date(2027, 7, 1), Reach.QUARTER).columns
    assert columns[0].start.date() == date(2027, 7, 1)
    assert {column.start.weekday() for column in columns[1:]} == {0}


@given(days, reaches, zones)
def test_every_day_lies_in_its_stretch_and_the_next_one_begins_where_it_ends(
    day: date, reach: Reach, zone: ZoneInfo
) -> None:
    window = window_around(day, reach, zone)
    assert window.first <= day < window.end
    if window.next:
        assert window.next.first == window.end
        assert window.next.period.start == window.period.end
    if window.previous and window.first.day == 1 < window.first.year - FIRST.year:
        assert window.previous.end == window.first


@given(days, reaches, zones)
def test_columns_fill_it_without_a_gap(day: date, reach: Reach, zone: ZoneInfo) -> None:
    window = window_around(day, reach, zone)
    columns = [column.period for column in window.columns]
    assert (columns[0].start, columns[-1].end) == (window.period.start, window.period.end)
    assert all(one.end == other.start for one, other in pairwise(columns))


@pytest.mark.parametrize("reach", Reach)
def test_the_calendar_has_an_end(reach: Reach) -> None:
    assert around(date(1, 1, 1), reach).previous is None
    assert around(date(9999, 12, 31), reach).next is None
