"""Lists and others at the same time, on PostgreSQL: one at a time, the last word of cancelling, a worker that dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists import running
from inventory.article_lists.importing import AnotherListRuns, ListMovedOn, cancel_list, start_import
from inventory.article_lists.running import work_on_lists
from inventory.article_lists.staging import Staging
from inventory.articles import update_article
from inventory.models import ArticleImport, ImportState
from tests.crowd import at_once
from tests.factories import make_article, make_tenant
from tests.inventory.article_lists.doing import as_csv, check, checked, counts, hand_in, imported, worked_on
from tests.source import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LIST = as_csv([["Nummer", "Name", "Bestand"], ["A-1", "PAR", "3"], ["A-2", "Spot", "4"]])


@pytest.fixture
def aurora() -> Tenant:
    return make_tenant("aurora")


def elsewhere(deed: Callable[[], Any]) -> Any:
    """In a thread with a connection of its own."""

    def run() -> Any:
        try:
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(30)


def ready(tenant: Tenant, content: str = LIST) -> ArticleImport:
    """A checked list whose import waits for the worker."""
    found = checked(hand_in(tenant, content))
    start_import(article_import=found, now=timezone.now())
    return found


@contextmanager
def stopped_at(monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[], Any]) -> Iterator[None]:
    """`deed` happens elsewhere after the worker's `name`, while his transaction is open."""
    original = getattr(Staging, name)

    def stopped(*arguments: Any, **named: Any) -> Any:
        done = original(*arguments, **named)
        elsewhere(deed)
        return done

    monkeypatch.setattr(Staging, name, stopped)
    yield
    monkeypatch.setattr(Staging, name, original)


def test_of_many_starts_at_once_one_succeeds(aurora: Tenant) -> None:
    lists = [hand_in(aurora, LIST) for _ in range(6)]
    answers = at_once(*[partial(check, found) for found in lists])
    assert [type(answer) for answer in answers if answer] == [AnotherListRuns] * 5
    assert aurora.article_imports.filter(state=ImportState.BUSY).count() == 1


def test_of_many_workers_one_takes_a_list(aurora: Tenant) -> None:
    ready(aurora)
    assert sum(at_once(*[lambda: work_on_lists(now=timezone.now())] * 6)) == 1
    assert aurora.articles.count() == 2


def test_cancelled_when_everything_is_written_but_the_commit(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ready(aurora)
    with stopped_at(monkeypatch, "write", lambda: cancel_list(article_import=found, now=timezone.now())):
        worked_on(found)
    assert found.state == ImportState.CANCELLED
    assert not aurora.articles.exists()


def test_cancelling_waits_for_the_commit_and_then_says_so(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row decides: whoever comes second sees what the first has done."""
    found = ready(aurora)
    ended, asked = Event(), Event()
    original = running._end

    def end(*arguments: Any, **named: Any) -> bool:
        done = original(*arguments, **named)
        ended.set()
        asked.wait(5)
        time.sleep(0.2)
        return done

    def cancel() -> bool:
        ended.wait(30)
        asked.set()
        try:
            cancel_list(article_import=found, now=timezone.now())
        except ListMovedOn:
            return False
        finally:
            connection.close()
        return True

    monkeypatch.setattr(running, "_end", end)
    with ThreadPoolExecutor(1) as pool:
        cancelled = pool.submit(cancel)
        worked_on(found)
        assert cancelled.result(30) is False
    assert (found.state, aurora.articles.count()) == (ImportState.DONE, 2)


def test_what_somebody_changes_before_the_lock_is_kept(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says nothing of the manufacturer: what was entered a moment ago stays, and can be found."""
    article = make_article(aurora, "Alt", number="A-1")

    def enter() -> None:
        update_article(article=article, number="A-1", name="Alt", manufacturer="Robe")

    found = ready(aurora)
    with stopped_at(monkeypatch, "prepare", enter):
        worked_on(found)
    article.refresh_from_db()
    assert (article.name, article.manufacturer, article.owned) == ("PAR", "Robe", 3)
    assert article in aurora.articles.matching("robe par")


def test_whoever_edits_meanwhile_waits_and_keeps_the_list(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    article = make_article(aurora, "Alt", number="A-1")
    found = ready(aurora)
    written, original = Event(), Staging.write

    def write(*arguments: Any, **named: Any) -> Any:
        done = original(*arguments, **named)
        written.set()
        time.sleep(0.5)
        return done

    def edit() -> None:
        written.wait(30)
        try:
            update_article(article=article, number="A-1", manufacturer="Robe")
        finally:
            connection.close()

    monkeypatch.setattr(Staging, "write", write)
    with ThreadPoolExecutor(1) as pool:
        edited = pool.submit(edit)
        worked_on(found)
        edited.result(30)
    article.refresh_from_db()
    assert (article.name, article.manufacturer, article.owned) == ("PAR", "Robe", 3)


def test_what_was_read_for_the_keys_stays_until_they_are_written(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two nobody changes the article: else it would be found by what it is no longer, or not at all."""
    article = make_article(aurora, "Alt", number="A-1")
    found, original = ready(aurora), Staging._make_keys
    edits: list[Any] = []

    def edit() -> None:
        try:
            update_article(article=article, number="A-1", manufacturer="Robe")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:

        def make_keys(*arguments: Any, **named: Any) -> None:
            original(*arguments, **named)
            if connection.in_atomic_block and not edits:
                edits.append(pool.submit(edit))
                wait(edits, timeout=1)

        monkeypatch.setattr(Staging, "_make_keys", make_keys)
        worked_on(found)
        edits[0].result(30)
    article.refresh_from_db()
    assert (article.name, article.manufacturer) == ("PAR", "Robe")
    assert article in aurora.articles.matching("par robe")


def test_a_number_that_is_created_at_the_same_moment(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ready(aurora)
    made: list[int] = []

    def create() -> None:
        if not made:
            made.append(make_article(aurora, "Getippt", number="A-1", manufacturer="Robe", owned=9).pk)

    with stopped_at(monkeypatch, "compare", create):
        worked_on(found)
    article = aurora.articles.get(number="A-1")
    assert (found.state, counts(found)) == (ImportState.DONE, (1, 1, 0, 0))
    assert (article.pk, article.name, article.manufacturer, article.owned) == (made[0], "PAR", "Robe", 3)


STUCK = """
import django, time
django.setup()
from django.utils import timezone
from inventory.article_lists import running
from inventory.article_lists.staging import Staging
write = Staging.write
def stuck(*arguments, **named):
    counts = write(*arguments, **named)
    print("written", counts.new, flush=True)
    time.sleep(60)
    return counts
Staging.write = stuck
running.work_on_lists(now=timezone.now())
"""


def test_a_worker_killed_with_everything_written_leaves_nothing(aurora: Tenant) -> None:
    found = ready(aurora)
    named = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**named)
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "eventworx.settings"}
    worker = subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    assert worker.stdout.readline() == "written 2\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    worker.stdout.close()
    found.refresh_from_db()
    assert (found.state, aurora.articles.count()) == (ImportState.BUSY, 0)
    with pytest.raises(AnotherListRuns):
        hand_in(aurora, LIST)
    work_on_lists(now=timezone.now() + running.LEASE + timedelta(minutes=1))
    found.refresh_from_db()
    assert (found.state, aurora.articles.count()) == (ImportState.INTERRUPTED, 0)
    imported(aurora, LIST)
    assert aurora.articles.count() == 2
