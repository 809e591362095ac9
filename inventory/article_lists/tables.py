"""A file as lines of cells, whatever it is: within limits, and never held as a whole."""

import io
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from inventory.article_lists import text_files, workbooks
from inventory.article_lists.cells import Cell
from inventory.article_lists.workbook_parts import Sign

MOST_BYTES = 50 * 1024 * 1024
MOST_LINES = 1_000_000
MOST_COLUMNS = 200
Line = list[Cell]


class TooManyLines(BusinessError):
    code = "list-lines"
    message = _("The list is too long: up to %(most)s lines are possible. Split it into several files.")

    def __str__(self) -> str:
        return str(self.message) % {"most": number_format(self.params["most"], use_l10n=True, force_grouping=True)}


class TooManyColumns(BusinessError):
    code = "list-columns"
    message = _("Line %(line)s has too many columns: up to %(most)s are possible.")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is to be read: without an encoding it is a workbook."""

    encoding: str
    delimiter: str = ""

    @property
    def is_workbook(self) -> bool:
        return not self.encoding


@dataclass(frozen=True, slots=True)
class Table:
    """`lines` in order, the first is the file's line 1; `progress` says how far they are read, from 0 to 1."""

    lines: Generator[Line]
    progress: Callable[[], float]


def opened(file: IO[bytes], size: int, shape: Shape, sign: Sign = workbooks.silent) -> Table:
    """The table in a file that can be sought in; `sign` is called while a workbook is walked through.

    Raises what `text_files` and `workbooks` raise, and TooMany…
    """
    if shape.is_workbook:
        sheet = workbooks.opened(file, sign)
        return Table(_within_limits(sheet.lines()), sheet.progress)
    lines = text_files.lines(file, shape.encoding, shape.delimiter)
    return Table(_within_limits(lines), lambda: min(file.tell() / max(size, 1), 1.0))


def shape_of(head: bytes, encoding: str) -> Shape:
    """How a file that begins with `head` is to be read; `encoding` is what the whole of it fits."""
    if head.startswith(workbooks.SIGNATURES):
        return Shape("")
    text = io.TextIOWrapper(io.BytesIO(head), encoding, errors="replace", newline="").read()
    return Shape(encoding, text_files.delimiter_of(text))


def _within_limits(lines: Generator[Line]) -> Generator[Line]:
    with closing(lines):
        for number, line in enumerate(lines, 1):
            if number > MOST_LINES + 1:
                raise TooManyLines(most=MOST_LINES)
            if any(map(_is_filled, line[MOST_COLUMNS:])):
                raise TooManyColumns(line=number, most=MOST_COLUMNS)
            yield line[:MOST_COLUMNS]


def _is_filled(cell: Cell) -> bool:
    return isinstance(cell, Decimal) or bool(cell.strip())
