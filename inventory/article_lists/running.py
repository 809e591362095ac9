"""What the worker does with lists: read the first lines, check all of them, import them.

The row is the truth: it is claimed for a while and prolonged with every sign of life; whoever lost it, because it was
cancelled or because he was taken for dead, notices at the next sign and writes nothing. A dead worker's list says so.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from eventworx.errors import BusinessError
from eventworx.text import without_unreadable
from inventory.article_lists import cells, tables, text_files, workbook_parts
from inventory.article_lists.cells import Cell, Notation
from inventory.article_lists.checking import Catalogue, Checker, KindInUse, Problem, printable
from inventory.article_lists.columns import recognised
from inventory.article_lists.importing import BadLinesForbid, ListIsEmpty
from inventory.article_lists.staging import Counts, Staging, staged
from inventory.categories import CategoryNameTaken, create_path
from inventory.models import ArticleImport, ImportState, ImportStep
from inventory.models.article_imports import claim_import, forget_files, give_up_abandoned

LEASE = timedelta(seconds=60)
SIGNS = timedelta(seconds=1)  # from one sign of life to the next while a workbook is opened and read
PER_LINE = timedelta(milliseconds=1)  # that what concerns all of them at once may take on top
KEPT = timedelta(days=7)  # that a file waits for somebody to go on with it
SAMPLED = 30  # lines
SHOWN = 300  # characters of a cell of the sample
HEADER_WITHIN = 10  # lines
AT_ONCE = 5000  # lines
MOST_PROBLEMS = 10_000  # that are kept
# Refusals that are kept with the list, by their code.
REFUSALS: dict[str, type[BusinessError]] = {
    refusal.code: refusal
    for refusal in (
        tables.TooManyLines,
        tables.TooManyColumns,
        text_files.BrokenLine,
        workbook_parts.NotAWorkbook,
        workbook_parts.WorkbookTooLarge,
        workbook_parts.WorkbookTooLong,
        BadLinesForbid,
        ListIsEmpty,
        KindInUse,  # since it was checked
        CategoryNameTaken,  # by somebody who created it at the same moment
    )
}


class Lost(Exception):
    """The list is no longer ours: cancelled, or taken for abandoned."""


def work_on_lists(*, now: datetime) -> int:
    """Take up what waits, one list after the other, over all companies; how many. Raises nothing that is expected."""
    give_up_abandoned(now)
    forget_files(now - KEPT)
    taken = 0
    while claimed := claim_import(timezone.now(), LEASE):
        work_on(claimed)
        taken += 1
    return taken


def work_on(claimed: ArticleImport) -> None:
    """One step of one list."""
    steps: dict[str, Callable[[ArticleImport, tables.Table], None]] = {
        ImportStep.READ: _read,
        ImportStep.CHECK: _check,
        ImportStep.IMPORT: _import,
    }
    try:
        with _file_of(claimed) as file:
            shape = tables.Shape(claimed.encoding, claimed.delimiter)
            table = tables.opened(file, claimed.size, shape, partial(_opening, claimed))
            with closing(table.lines):
                steps[claimed.step](claimed, table)
    except Lost:
        return
    except BusinessError as refusal:
        _refuse(claimed, refusal)


def _refuse(claimed: ArticleImport, refusal: BusinessError) -> None:
    params = {name: value if isinstance(value, int) else str(value) for name, value in refusal.params.items()}
    _end(claimed, ImportState.REFUSED, refusal=refusal.code, refusal_params=params)


@contextmanager
def _file_of(claimed: ArticleImport) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="eventworx-list-") as file:
        claimed.copy_file(file)
        file.seek(0)
        yield file


def _alive(claimed: ArticleImport, *, lease: timedelta = LEASE, **news: Any) -> None:
    """A sign of life, with what is new; raises Lost."""
    claimed.claimed_until = timezone.now() + lease
    if not claimed.tenant.article_imports.held_by(claimed).update(claimed_until=claimed.claimed_until, **news):
        raise Lost


def _opening(claimed: ArticleImport, lines: int) -> None:
    """While a workbook is walked through: the lease is new, who cancels is heard, and `lines` found are counted.

    Raises Lost.
    """
    if claimed.claimed_until is None or timezone.now() >= claimed.claimed_until - LEASE + SIGNS:
        claimed.lines_read = max(claimed.lines_read, lines)
        _alive(claimed, lines_read=claimed.lines_read)


def _end(claimed: ArticleImport, state: ImportState, **news: Any) -> bool:
    """What became of the list, if it is still ours."""
    ended = {"state": state, "claimed_until": None, "percent": 100, "finished_at": timezone.now()}
    return bool(claimed.tenant.article_imports.held_by(claimed).update(**ended, **news))


# --- the first lines ----------------------------------------------------------------------------------
def _read(claimed: ArticleImport, table: tables.Table) -> None:
    sample = [line for line, _number in zip(table.lines, range(SAMPLED), strict=False)]
    if not any(sample):
        raise ListIsEmpty
    header = header_of(sample)
    usual = Notation.POINT if claimed.delimiter == "," else Notation.COMMA
    notation = notation_of(sample[header:]) or usual
    mapping = recognised([printable(cell) for cell in sample[header - 1]])
    kept = [[_kept(cell) for cell in line] for line in sample]
    _end(claimed, ImportState.READ, sample=kept, header_line=header, mapping=mapping, notation=notation)


def header_of(sample: list[tables.Line]) -> int:
    """The number of the line with the headers: that with the most known ones, among the first.

    One known word does not make headers where figures stand beside it: an article may hold one, too ("kg").
    """
    known = [_known_headers([str(cell) for cell in line]) for line in sample[:HEADER_WITHIN]]
    return known.index(max(known)) + 1 if known else 1


def _known_headers(line: list[str]) -> int:
    known = len(recognised(line))
    return 0 if known == 1 and any(map(str.isdecimal, "".join(line))) else known


def notation_of(lines: list[tables.Line]) -> Notation | None:
    """How numbers are written there, judged by those that can be read in one way only; None where nothing tells."""
    told = Counter(notation for line in lines for cell in line if (notation := cells.only_notation(cell)))
    commas, points = told[Notation.COMMA], told[Notation.POINT]
    return None if commas == points else Notation.COMMA if commas > points else Notation.POINT


def _kept(cell: Cell) -> str | float:
    return float(cell) if isinstance(cell, Decimal) else without_unreadable(cell[:SHOWN])


def sample_of(article_import: ArticleImport) -> list[tables.Line]:
    """The first lines as they were read."""
    return [
        [cell if isinstance(cell, str) else Decimal(format(cell, ".15g")) for cell in line]
        for line in article_import.sample
    ]


# --- all lines ----------------------------------------------------------------------------------------
def _check(claimed: ArticleImport, table: tables.Table) -> None:
    catalogue = Catalogue.of(claimed.tenant, creates=claimed.create_categories)
    checker = Checker(claimed.mapping, Notation(claimed.notation), catalogue)
    with staged(claimed.tenant, checker.columns) as staging:
        bad = _stage(claimed, table, checker, staging)
        counts = staging.compare(change_existing=claimed.change_existing)
        new = staging.new_categories() if catalogue.new else []
    _end(claimed, ImportState.CHECKED, new_categories=new, **_counted(counts, bad))


def _import(claimed: ArticleImport, table: tables.Table) -> None:
    catalogue = Catalogue.of(claimed.tenant, creates=claimed.create_categories)
    checker = Checker(claimed.mapping, Notation(claimed.notation), catalogue)
    with staged(claimed.tenant, checker.columns) as staging:
        bad = _stage(claimed, table, checker, staging)
        if bad and not claimed.skip_bad_lines:
            claimed.tenant.article_imports.held_by(claimed).update(bad_count=bad)
            raise BadLinesForbid
        staging.prepare(change_existing=claimed.change_existing)
        _alive(claimed, lease=_for_all_at_once(claimed), percent=99)
        with transaction.atomic():
            if catalogue.new:
                new = staging.new_categories()
                staging.place_categories({path: create_path(tenant=claimed.tenant, path=path) for path in new})
            counts = staging.write(change_existing=claimed.change_existing, now=timezone.now())
            if not _end(claimed, ImportState.DONE, **_counted(counts, bad)):
                raise Lost
            claimed.parts.all().delete()


def _counted(counts: Counts, bad: int) -> dict[str, int]:
    return {
        "new_count": counts.new,
        "changed_count": counts.changed,
        "unchanged_count": counts.unchanged,
        "bad_count": bad,
    }


def _stage(claimed: ArticleImport, table: tables.Table, checker: Checker, staging: Staging) -> int:
    """Load every line, of which those stay that are in order; returns how many are not. What is wrong is kept with the
    list."""
    claimed.problems.all().delete()
    kept = 0
    for batch in _batches(claimed, table, checker):
        staging.add(batch)
        kept += _keep(claimed, checker.problems[: MOST_PROBLEMS - kept])
        checker.problems.clear()
        _alive(claimed, percent=int(table.progress() * 95), lines_read=claimed.lines_read)
    _alive(claimed, lease=_for_all_at_once(claimed))
    most, now = MOST_PROBLEMS - kept, timezone.now()
    _keep(claimed, list(staging.problems(most=most, change_existing=claimed.change_existing, now=now)))
    return staging.taken_out


def _for_all_at_once(claimed: ArticleImport) -> timedelta:
    return LEASE + PER_LINE * claimed.lines_read


def _batches(claimed: ArticleImport, table: tables.Table, checker: Checker) -> Iterator[list[list[Any]]]:
    rows: list[list[Any]] = []
    claimed.lines_read = 0
    for number, line in enumerate(table.lines, 1):
        if number <= claimed.header_line:
            continue
        row = checker.row(number, line)
        if row:
            rows.append(row)
        claimed.lines_read = number - claimed.header_line
        if number % AT_ONCE == 0:
            yield rows
            rows = []
    yield rows


def _keep(claimed: ArticleImport, problems: list[Problem]) -> int:
    own = {"tenant_id": claimed.tenant_id, "article_import_id": claimed.pk}
    rows = [claimed.problems.model(**own, **found._asdict()) for found in problems]
    claimed.problems.bulk_create(rows, batch_size=1000)
    return len(rows)
