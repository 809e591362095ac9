"""Lists of articles as somebody hands them in, and what the worker makes of them."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import openpyxl
from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists.cells import Notation
from inventory.article_lists.importing import check_list, receive_list, start_import
from inventory.article_lists.running import work_on_lists
from inventory.article_lists.tables import opened, shape_of
from inventory.article_lists.text_files import EncodingGuess
from inventory.models import ArticleImport


def hand_in(tenant: Tenant, content: str | bytes, name: str = "artikel.csv") -> ArticleImport:
    """A file, read by the worker."""
    data = content.encode() if isinstance(content, str) else content
    received = receive_list(tenant=tenant, user=None, name=name, content=[data], now=timezone.now())
    return worked_on(received)


def worked_on(found: ArticleImport) -> ArticleImport:
    work_on_lists(now=timezone.now())
    found.refresh_from_db()
    return found


def check(found: ArticleImport, **choices: Any) -> None:
    given = {
        "mapping": found.mapping,
        "notation": Notation(found.notation),
        "change_existing": True,
        "create_categories": False,
        "skip_bad_lines": False,
    }
    check_list(article_import=found, now=timezone.now(), **(given | choices))


def checked(found: ArticleImport, **choices: Any) -> ArticleImport:
    check(found, **choices)
    return worked_on(found)


def imported(tenant: Tenant, content: str | bytes, **choices: Any) -> ArticleImport:
    """All the way."""
    found = checked(hand_in(tenant, content), **choices)
    start_import(article_import=found, now=timezone.now())
    return worked_on(found)


def as_csv(lines: Iterable[Iterable[Any]], delimiter: str = ";") -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(lines)
    return written.getvalue()


def counts(found: ArticleImport) -> tuple[int, int, int, int]:
    """New, changed, unchanged, with errors."""
    return found.new_count, found.changed_count, found.unchanged_count, found.bad_count


def problems(found: ArticleImport) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.code) for row in found.problems.order_by("line", "pk")]


def read(data: bytes, pieces: int = 1000) -> list[list[Any]]:
    """As the worker does, after the file came in pieces."""
    guess = EncodingGuess()
    for start in range(0, len(data), pieces):
        guess.feed(data[start : start + pieces])
    return list(opened(io.BytesIO(data), len(data), shape_of(guess.head, guess.encoding())).lines)


def workbook(rows: list[list[Any]], **options: Any) -> bytes:
    """As another program writes it."""
    book = openpyxl.Workbook(**options)
    sheet = book.worksheets[0] if book.worksheets else book.create_sheet()
    for row in rows:
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


HEADER = ["Nummer", "Name", "Kategorie", "Preis pro Tag", "Bestand"]
LIST = as_csv([HEADER, ["A-1", "Bühne", "", "12,50", "3"], ["A-2", "Kabel", "", "1.234,00 €", "1.200"]])
