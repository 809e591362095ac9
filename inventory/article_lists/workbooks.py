"""Excel workbooks (ECMA-376), read line by line by openpyxl, of which it gets to see only what `workbook_parts` allows.

Of a workbook only the first visible sheet is read, and of its cells only the values: formulas count as what the
spreadsheet last computed, dates as text (ISO 8601). Macros, pictures, links and all else are never opened.
"""

import math
import warnings
import zipfile
import zlib
from collections.abc import Generator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from inventory.article_lists.cells import Cell
from inventory.article_lists.workbook_parts import Lines, NotAWorkbook, Parts, Sign, Texts

# How workbooks begin; old ones (XLS) and those with a password begin as the second, and are refused with a sentence.
SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
LONGEST_CELL = 131_072  # characters, as in a text file
FAR = 256  # columns; further out there mostly are empty cells that have a format
LARGEST_WHOLE = 10**28  # that a Decimal keeps digit by digit
_DIGITS = 15  # of a number, as a spreadsheet shows them
# What damaged or hostile archives and parts raise, in zipfile and in openpyxl.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
# It says what it leaves out of a file, in words from the file.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")


class _Reader(ExcelReader):
    """openpyxl with as little of a workbook as a list needs: texts, formats of dates, the first visible sheet."""

    archive: Parts
    sheet: "_Unsized"

    def __init__(self, file: IO[bytes], sign: Sign) -> None:
        parts = Parts(file, sign)
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.archive = parts

    def read(self) -> None:
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        self.read_worksheets()

    def read_strings(self) -> None:
        self.archive.expected = Texts
        super().read_strings()

    def read_worksheets(self) -> None:
        """Of all of them openpyxl gets to know one."""
        self.archive.expected = Lines
        parser: Any = self.parser
        sheets = [sheet for sheet in parser.sheets if parser.rels[sheet.id].Type.endswith("/worksheet")]
        visible = [sheet for sheet in sheets if sheet.state == "visible"]
        first = (visible or sheets)[0]
        path = parser.rels[first.id].target
        self.archive.open(path).close()
        self.sheet = _Unsized(self.wb, first.name, path, self.shared_strings)


class _Unsized(ReadOnlyWorksheet):
    def _get_size(self) -> None:
        """openpyxl would look for it, in all of the sheet if need be; our own walk has counted the lines."""


class Sheet:
    """The lines of one sheet."""

    def __init__(self, reader: _Reader) -> None:
        self.sheet: Any = reader.sheet
        (walk,) = (walk for walk in reader.archive.walked.values() if isinstance(walk, Lines))
        if not walk.is_over:
            raise NotAWorkbook  # in another dialect of the format openpyxl finds no lines
        self.last = walk.last
        self.number = 0  # of the line at hand

    def progress(self) -> float:
        return self.number / max(self.last, 1)

    def lines(self) -> Generator[list[Cell]]:
        """Lines that the sheet leaves out are empty ones. Raises NotAWorkbook."""
        try:
            for values in islice(self.sheet.values, self.last):
                self.number += 1
                yield _line(values)
        except _UNREADABLE as error:
            raise NotAWorkbook from error


def opened(file: IO[bytes], sign: Sign) -> Sheet:
    """The first visible sheet of a workbook. `sign` is called now and then: opening a long one takes seconds.

    Raises NotAWorkbook, WorkbookTooLarge, WorkbookTooLong, and what `sign` raises.
    """
    try:
        reader = _Reader(file, sign)
        reader.read()
        return Sheet(reader)
    except _UNREADABLE as error:
        raise NotAWorkbook from error


def silent(_lines: int) -> None:
    """No sign of life is asked for."""


def _line(values: tuple[object, ...]) -> list[Cell]:
    if values[FAR:].count(None) == len(values) - FAR:
        values = values[:FAR]
    line = [_cell(value) for value in values]
    while line and line[-1] == "":
        line.pop()
    return line


def _cell(value: object) -> Cell:
    if value is None:
        return ""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) and abs(value) < LARGEST_WHOLE:
        return Decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(f"{value:.{_DIGITS}g}")
    return _moment(value) if isinstance(value, date | time) else str(value)


def _text(value: str) -> str:
    if len(value) > LONGEST_CELL:
        raise NotAWorkbook
    return unescape(value) if "_x" in value else value


def _moment(value: date | time) -> str:
    """In ISO 8601; a day has no time of day."""
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat()
