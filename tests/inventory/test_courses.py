"""Steps of stock: their arithmetic, and that they say what reservations and movements say (mission E3)."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from eventworx.periods import EARLIEST, LATEST, Period, instant_at, ticks
from eventworx.tenants.models import Tenant
from inventory.availability import stock_of
from inventory.courses import check_courses
from inventory.models import Article, StockStep, lowest_over, read_courses, write_courses, writing
from inventory.reservations import ReservationClaim, reserve
from inventory.steps import BEGINNING, EMPTY, Change, Course, Span, Step, changed, during, lowest, undone
from tests.factories import SUMMER, make_article, make_tenant
from tests.inventory.engine import Worker, overbooked

NEARBY = 24 * 3600 * 10**6  # ticks, within which the step that holds is looked for first

spans = st.tuples(st.integers(0, 30), st.integers(1, 20)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))
changes = st.lists(st.builds(Change, spans, *[st.integers(0, 5)] * 3), max_size=8)


@given(changes)
def test_a_course_says_at_every_instant_what_its_changes_say(made: list[Change]) -> None:
    course = changed(EMPTY, made)
    for instant in range(-1, 55):
        (step,) = during(course, Span(instant, instant + 1))
        now = [change for change in made if change.span.start <= instant < change.span.end]
        assert step[1:] == tuple(sum(change[figure] for change in now) for figure in (1, 2, 3))


@given(changes)
def test_it_has_no_step_too_many(made: list[Change]) -> None:
    course = changed(EMPTY, made)
    assert course[0].instant == BEGINNING
    assert all(one[1:] != other[1:] for one, other in pairwise(course))


@given(changes, changes)
def test_one_after_the_other_is_all_at_once_and_can_be_undone(first: list[Change], then: list[Change]) -> None:
    both = changed(changed(EMPTY, first), then)
    assert list(both) == list(changed(EMPTY, [*then, *first]))
    assert list(changed(both, map(undone, then))) == list(changed(EMPTY, first))


@given(changes, spans)
def test_the_lowest_is_that_of_all_instants(made: list[Change], span: Span) -> None:
    course = changed(EMPTY, made)
    levels = [during(course, Span(instant, instant + 1))[0].level for instant in range(*span)]
    assert lowest(course, span) == min(levels)


@pytest.mark.parametrize(
    "instant", [EARLIEST, LATEST, datetime(2027, 3, 28, 1, tzinfo=UTC) + timedelta(microseconds=1)]
)
def test_ticks_lose_nothing(instant: datetime) -> None:
    assert instant_at(ticks(instant)) == instant


def test_steps_that_change_alike_are_written_in_one_statement() -> None:
    before = [*EMPTY, *(Step(10 * number, reserved=number % 2) for number in range(1, 100))]
    after = changed(before, [Change(Span(95, 500), reserved=5), Change(Span(700, 995), reserved=2)])
    one, other, new = writing({1: before}, {1: after})
    assert (one[1], other[1]) == ([0, 0, 5, 1, 100, 490], [0, 0, 2, 1, 700, 990])
    assert new[1] == [1, 95, 0, 0, 6, 1, 995, 0, 0, 1]


# --- in the database -------------------------------------------------------------------------------
@pytest.fixture
def busy(aurora: Tenant) -> list[Article]:
    articles = [make_article(aurora, owned=9, buffer_after_minutes=20 * number) for number in range(3)]
    Worker(aurora, articles, seed=7).work(150)
    return list(aurora.articles.order_by("pk"))


def steps_of(article: Article) -> Course:
    rows = article.stock_steps.order_by("instant")
    return [Step(*row) for row in rows.values_list("instant", "added", "out_of_service", "reserved")]


def check(*arguments: str) -> str:
    printed = StringIO()
    call_command("check_availability", *arguments, stdout=printed)
    return printed.getvalue()


def test_they_follow_whatever_happens(busy: list[Article]) -> None:
    assert check_courses(tenant=busy[0].tenant, article_ids=[article.pk for article in busy]) == []
    assert sum(len(steps_of(article)) for article in busy) > 30
    assert not any(overbooked(article, datetime.now(UTC)) for article in busy)


def test_nothing_is_left_of_what_is_over(aurora: Tenant) -> None:
    article = make_article(aurora)
    (row,) = reserve(tenant=aurora, claims=[ReservationClaim(article.pk, 2, SUMMER)])
    assert [step.reserved for step in steps_of(article)] == [0, 2, 0]
    assert row
    reserve(tenant=aurora, claims=[ReservationClaim(article.pk, 1, SUMMER, reservation=row)])
    assert [step.reserved for step in steps_of(article)] == [0, 1, 0]
    aurora.reservations.get()


@pytest.mark.parametrize("later", [0, 1, NEARBY - 1, NEARBY, NEARBY + 1, 9 * NEARBY])
def test_what_holds_is_found_however_long_ago_it_began(aurora: Tenant, later: int) -> None:
    article, since = make_article(aurora, owned=9), ticks(SUMMER.start)
    write_courses({article.pk: EMPTY}, {article.pk: [*EMPTY, Step(since - 1, 1, 2, 3), Step(since, 4, 3, 2)]})
    asked = Span(since + later, since + later + 1)
    assert lowest_over([article.pk], asked)[article.pk][:3] == (9 + 4, 3, 9 + 4 - 3 - 2)
    assert read_courses([article.pk], asked).courses[article.pk] == [Step(since, 4, 3, 2)]


def test_what_differs_is_found_printed_and_rebuilt(busy: list[Article]) -> None:
    spoilt = busy[1]
    step = spoilt.stock_steps.order_by("instant")[4]
    StockStep.objects.filter(pk=step.pk).update(reserved=step.reserved + 1)
    with pytest.raises(CommandError, match="1 articles differ"):
        check()
    since = instant_at(step.instant).isoformat(timespec="minutes")
    assert f"{spoilt} differs from {since} on" in check("--rebuild")
    assert check("--tenant", "aurora") == "aurora: 3 articles checked, 0 wrong\n"


def test_a_missing_step_too(busy: list[Article]) -> None:
    spoilt = busy[0]
    StockStep.objects.filter(article=spoilt).delete()
    (difference,) = check_courses(tenant=spoilt.tenant, article_ids=[spoilt.pk], mend=True)
    assert difference.article == spoilt
    assert check_courses(tenant=spoilt.tenant, article_ids=[spoilt.pk]) == []


def test_each_company_by_itself(busy: list[Article]) -> None:
    StockStep.objects.filter(article=busy[0]).delete()
    make_tenant("cymbal")
    assert check("--tenant", "cymbal") == "cymbal: 0 articles checked, 0 wrong\n"
    with pytest.raises(CommandError, match="There is no company nobody"):
        check("--tenant", "nobody")


def test_the_figure_of_the_database_is_that_of_the_course(busy: list[Article]) -> None:
    """The statement that finds the lowest step, against the arithmetic on the course itself."""
    for hours in range(0, 90, 7):
        start = datetime(2027, 7, 1, tzinfo=UTC) + timedelta(hours=hours)
        for period in (Period(start, start + timedelta(hours=5)), Period(start, start)):
            stock = stock_of(articles=busy, period=period, now=datetime(2099, 1, 1, tzinfo=UTC))
            for article in busy:
                asked = article.with_buffers(period)
                span = Span(ticks(asked.start), max(ticks(asked.end), ticks(asked.start) + 1))
                assert stock[article.pk].free == article.owned + lowest(steps_of(article), span)
