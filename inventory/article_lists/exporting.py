"""Articles as a file with all that importing understands: CSV on its way while it is made, or an Excel workbook."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import IO, Any

from django.utils.translation import gettext, pgettext

from eventworx.tenants.models import Tenant
from eventworx.text import for_spreadsheet
from inventory.article_lists import workbook_writing
from inventory.article_lists.columns import COLUMNS
from inventory.article_lists.workbook_parts import MOST_LINES, WorkbookTooLong
from inventory.categories import tree
from inventory.models import ArticleKind, ArticleQuerySet
from inventory.prices import trimmed

AT_ONCE = 500  # lines
FETCHED = 2000  # rows
ARCHIVED = "archived_at"
Shown = str | int | Decimal


class FileFormat(StrEnum):
    CSV = "csv"
    WORKBOOK = "xlsx"


MEDIA_TYPES = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.WORKBOOK: workbook_writing.MEDIA_TYPE}


@dataclass(frozen=True, slots=True)
class Export:
    """A file: CSV is made while it is read, a workbook lies in a temporary file."""

    name: str
    media_type: str
    content: Iterator[bytes] | IO[bytes]


def export_articles(*, tenant: Tenant, articles: ArticleQuerySet, file_format: FileFormat, language: str) -> Export:
    """The articles as a file, words and decimal marks in `language`. Raises WorkbookTooLong."""
    lines = _lines(tenant, articles)
    content = _csv(lines, comma=language == "de") if file_format is FileFormat.CSV else _workbook(lines, articles)
    name = gettext("articles")
    return Export(f"{name}-{tenant.slug}.{file_format}", MEDIA_TYPES[file_format], content)


def _lines(tenant: Tenant, articles: ArticleQuerySet) -> Iterator[list[Shown]]:
    """Header and articles; what has to be translated is, before the first line is asked for."""
    words = {
        "kind": {ArticleKind.RENTAL: gettext("rental"), ArticleKind.SALE: pgettext("article kind", "sale")},
        "archived": {False: gettext("no"), True: gettext("yes")},
    }
    header: list[Shown] = [*(column.label for column in COLUMNS), gettext("Owned when exported")]
    return _with_header(header, _rows(tenant, articles, words))


def _with_header(header: list[Shown], rows: Iterator[list[Shown]]) -> Iterator[list[Shown]]:
    yield header
    yield from rows


def _rows(tenant: Tenant, articles: ArticleQuerySet, words: dict[str, Any]) -> Iterator[list[Shown]]:
    named: dict[str, dict[Any, str]] = {
        "category": category_paths(tenant),
        "factor_scale": dict(tenant.factor_scales.values_list("pk", "name")),
        "kind": words["kind"],
    }
    fields = [ARCHIVED if column.key == "archived" else column.key for column in COLUMNS]
    kind = fields.index("kind")
    for values in articles.values_list(*fields).iterator(chunk_size=FETCHED):
        row = dict(zip(fields, values, strict=True))
        row |= {key: found.get(row[key], "") for key, found in named.items()}
        row["weight_kg"] = None if row["weight_kg"] is None else trimmed(row["weight_kg"])
        row[ARCHIVED] = words["archived"][row[ARCHIVED] is not None]
        row["seen"] = row["owned"]
        if values[kind] == ArticleKind.SALE:
            row["owned"] = None  # every sale lowers it: whoever imports his list again leaves it as it is by then
        yield [_shown(value) for value in row.values()]


def _shown(value: Any) -> Shown:
    if isinstance(value, str):
        return for_spreadsheet(value.replace("\r\n", "\n"))
    if isinstance(value, Decimal):
        return value
    return "" if value is None else int(value)


def _workbook(lines: Iterator[list[Shown]], articles: ArticleQuerySet) -> IO[bytes]:
    """What importing would refuse is not written either."""
    if articles.count() > MOST_LINES:
        raise WorkbookTooLong
    return workbook_writing.written(lines)


def category_paths(tenant: Tenant) -> dict[int, str]:
    """Each category of the tenant with those above it: "Licht > Moving Heads"; one query."""
    found: dict[int, str] = {}
    for branch in tree(tenant.categories.all()):
        above, name = found.get(branch.category.parent_id or 0), branch.category.name
        found[branch.category.pk] = f"{above} > {name}" if above else name
    return found


def _csv(lines: Iterable[list[Shown]], *, comma: bool) -> Iterator[bytes]:
    """Semicolons and UTF-8 with its mark: what a spreadsheet opens without asking."""
    yield "\ufeff".encode()
    waiting = iter(lines)
    while batch := list(islice(waiting, AT_ONCE)):
        written = io.StringIO()
        csv.writer(written, delimiter=";").writerows([_cell(value, comma) for value in line] for line in batch)
        yield written.getvalue().encode()


def _cell(value: Shown, comma: bool) -> Shown:
    return str(value).replace(".", ",") if comma and isinstance(value, Decimal) else value
