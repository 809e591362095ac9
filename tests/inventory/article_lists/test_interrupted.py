"""Lists one at a time, cancelled, interrupted, taken for dead, and started again."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists import running, showing, workbooks
from inventory.article_lists.importing import (
    AnotherListRuns,
    ListMovedOn,
    cancel_list,
    receive_list,
    restart_list,
    start_import,
)
from inventory.categories import CategoryNameTaken
from inventory.models import ArticleImport, ImportState, ImportStep
from inventory.models.article_imports import claim_import, give_up_abandoned
from tests.factories import make_article
from tests.inventory.article_lists.doing import (
    HEADER,
    LIST,
    as_csv,
    check,
    checked,
    counts,
    hand_in,
    imported,
    workbook,
    worked_on,
)
from tests.inventory.article_lists.test_import import values

WORKBOOK = workbook([HEADER, *([f"A-{n}", "Bühne", "", 12.5, 3] for n in range(300))])


def test_one_list_at_a_time(aurora: Tenant, bassline: Tenant) -> None:
    first, second = hand_in(aurora, LIST), hand_in(aurora, LIST)
    check(first)
    for deed in (lambda: check(second), lambda: hand_in(aurora, LIST)):
        with pytest.raises(AnotherListRuns):
            deed()
    assert aurora.article_imports.count() == 2
    check(hand_in(bassline, LIST))
    worked_on(first)
    check(second)


@pytest.mark.parametrize("step", list(ImportStep))
def test_cancelled_before_it_is_taken_up(aurora: Tenant, step: ImportStep) -> None:
    found = at_step(aurora, step)
    cancel_list(article_import=found, now=timezone.now())
    worked_on(found)
    assert found.state == ImportState.CANCELLED
    assert not found.parts.exists()
    assert not aurora.articles.exists()
    with pytest.raises(ListMovedOn):
        cancel_list(article_import=found, now=timezone.now())


def at_step(tenant: Tenant, step: ImportStep) -> ArticleImport:
    """A list that waits for this step."""
    if step == ImportStep.READ:
        return receive_list(tenant=tenant, user=None, name="x.csv", content=[LIST.encode()], now=timezone.now())
    found = hand_in(tenant, LIST)
    check(found)
    if step == ImportStep.IMPORT:
        start_import(article_import=worked_on(found), now=timezone.now())
    found.refresh_from_db()
    return found


@pytest.mark.parametrize("step", list(ImportStep))
@pytest.mark.parametrize("moment", ["_stage", "write", "_read"])
def test_cancelled_while_the_worker_is_at_it(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch, step: ImportStep, moment: str
) -> None:
    """Whatever he was at: nothing of it is committed, and the list stays cancelled."""
    found = at_step(aurora, step)
    home = running.Staging if moment == "write" else running
    original = getattr(home, moment)

    def cancelled(*arguments: Any, **named: Any) -> Any:
        aurora.article_imports.filter(pk=found.pk).update(state=ImportState.CANCELLED)
        return original(*arguments, **named)

    monkeypatch.setattr(home, moment, cancelled)
    worked_on(found)
    reached = {"_read": [ImportStep.READ], "_stage": [ImportStep.CHECK, ImportStep.IMPORT]}.get(
        moment, [ImportStep.IMPORT]
    )
    if step in reached:
        assert not aurora.articles.exists()
        # What is written in the worker's own transaction is undone with it; a real one stands in test_races.
        assert (found.state == ImportState.CANCELLED) == (moment in {"_stage", "_read"})


def test_a_category_that_somebody_creates_at_the_same_moment_refuses_the_list(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = checked(hand_in(aurora, as_csv([HEADER, ["A-1", "Bühne", "Neu", "1", "1"]])), create_categories=True)
    start_import(article_import=found, now=timezone.now())

    def too_late(**_asked: Any) -> int:
        raise CategoryNameTaken(name="Neu")

    with monkeypatch.context() as patch:
        patch.setattr(running, "create_path", too_late)
        worked_on(found)
    assert found.state == ImportState.REFUSED
    assert "gibt es schon eine Kategorie „Neu“" in str(showing.standing(found))
    assert not aurora.articles.exists()


@pytest.mark.parametrize("moment", ["problems", "compare", "prepare", "write"])
def test_who_works_on_all_lines_at_once_is_not_taken_for_dead(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A million lines take longer than the time in which a worker gives a sign of life."""
    monkeypatch.setattr(running, "PER_LINE", timedelta(minutes=1))
    original = getattr(running.Staging, moment)

    def looked_for_the_dead(*arguments: Any, **named: Any) -> Any:
        give_up_abandoned(timezone.now() + running.LEASE + timedelta(seconds=1))
        return original(*arguments, **named)

    monkeypatch.setattr(running.Staging, moment, looked_for_the_dead)
    assert imported(aurora, LIST).state == ImportState.DONE


def test_how_far_the_work_is_can_be_seen_while_it_goes_on(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    found = receive_list(tenant=aurora, user=None, name="a.xlsx", content=[WORKBOOK], now=timezone.now())
    check(worked_on(found))
    shown, add = list[tuple[int, int]](), running.Staging.add

    def look(staging: running.Staging, rows: Any) -> None:
        shown.append(aurora.article_imports.values_list("percent", "lines_read").get())
        add(staging, rows)

    monkeypatch.setattr(running, "AT_ONCE", 100)
    monkeypatch.setattr(running.Staging, "add", look)
    worked_on(found)
    assert shown == [(0, 0), (31, 99), (63, 199), (94, 299)]


def opened_slowly(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> list[str]:
    """`meanwhile` happens while a workbook is opened, between its head and its lines; what a worker got to after."""
    reached: list[str] = []
    styles, sheet = workbooks.apply_stylesheet, workbooks.Sheet

    def stopped(*arguments: Any) -> None:
        styles(*arguments)
        meanwhile()

    def walked(*arguments: Any) -> workbooks.Sheet:
        reached.append("lines")
        return sheet(*arguments)

    monkeypatch.setattr(running, "SIGNS", timedelta(0))
    monkeypatch.setattr(workbooks, "apply_stylesheet", stopped)
    monkeypatch.setattr(workbooks, "Sheet", walked)
    return reached


def test_a_worker_that_opens_a_workbook_gives_signs_of_life(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes seconds before the first line; meanwhile the page says so and counts."""
    found = receive_list(tenant=aurora, user=None, name="a.xlsx", content=[WORKBOOK], now=timezone.now())
    claimed_until = timezone.now() + timedelta(minutes=1)
    shown: list[tuple[Any, Any]] = []

    def look() -> None:
        found.refresh_from_db()
        shown.append((showing.step_label(found), found.percent))
        aurora.article_imports.update(claimed_until=timezone.now())

    def count(*arguments: Any) -> workbooks.Sheet:
        found.refresh_from_db()
        shown.append((found.lines_read, found.claimed_until > claimed_until - timedelta(seconds=5)))  # type: ignore[operator]
        return sheet(*arguments)

    opened_slowly(monkeypatch, look)
    sheet = workbooks.Sheet
    monkeypatch.setattr(workbooks, "Sheet", count)
    assert worked_on(found).state == ImportState.READ
    assert shown == [("Datei wird geöffnet …", 0), (301, True)]


def test_who_cancels_while_a_workbook_is_opened_is_heard(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    found = receive_list(tenant=aurora, user=None, name="a.xlsx", content=[WORKBOOK], now=timezone.now())
    reached = opened_slowly(monkeypatch, lambda: cancel_list(article_import=found, now=timezone.now()))
    assert worked_on(found).state == ImportState.CANCELLED
    assert (reached, found.sample) == ([], [])


@pytest.mark.parametrize("step", list(ImportStep))
def test_a_dead_workers_list_says_so_and_starts_again(aurora: Tenant, step: ImportStep) -> None:
    found = at_step(aurora, step)
    now = timezone.now()
    assert claim_import(now, running.LEASE) == found
    worked_on(found)
    assert found.state == ImportState.BUSY
    running.work_on_lists(now=now + running.LEASE + timedelta(seconds=1))
    found.refresh_from_db()
    assert (found.state, found.step) == (ImportState.INTERRUPTED, step)
    assert not aurora.articles.exists()
    restart_list(article_import=found, now=timezone.now())
    worked_on(found)
    ends = {
        ImportStep.READ: ImportState.READ,
        ImportStep.CHECK: ImportState.CHECKED,
        ImportStep.IMPORT: ImportState.DONE,
    }
    assert found.state == ends[step]
    assert aurora.articles.count() == (2 if step == ImportStep.IMPORT else 0)


def test_a_worker_that_was_taken_for_dead_writes_nothing(aurora: Tenant) -> None:
    found = at_step(aurora, ImportStep.IMPORT)
    slow = claim_import(timezone.now(), timedelta(0))
    assert slow is not None
    running.work_on_lists(now=timezone.now() + timedelta(seconds=1))
    restart_list(article_import=found, now=timezone.now())
    running.work_on(slow)
    assert not aurora.articles.exists()
    worked_on(found)
    assert (found.state, aurora.articles.count()) == (ImportState.DONE, 2)


def test_a_number_that_somebody_takes_meanwhile_is_an_existing_article(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = at_step(aurora, ImportStep.IMPORT)
    original = running.Staging.compare
    calls: list[int] = []

    def compare(staging: Any, **named: Any) -> Any:
        counted = original(staging, **named)
        calls.append(1)
        if len(calls) == 1:
            make_article(aurora, "Bühne", number="A-1", manufacturer="Robe", owned=50)
        return counted

    monkeypatch.setattr(running.Staging, "compare", compare)
    worked_on(found)
    assert (found.state, counts(found)) == (ImportState.DONE, (1, 1, 0, 0))
    article = aurora.articles.get(number="A-1")
    assert values(article, "manufacturer", "owned", "rental_price") == ["Robe", 3, Decimal("12.50")]


def test_files_are_kept_for_a_week(aurora: Tenant) -> None:
    done, left = imported(aurora, LIST), hand_in(aurora, LIST)
    assert left.parts.exists()
    running.work_on_lists(now=timezone.now() + running.KEPT + timedelta(minutes=1))
    for found in (done, left):
        found.refresh_from_db()
    assert (done.state, left.state) == (ImportState.DONE, ImportState.CANCELLED)
    assert not left.parts.exists()
