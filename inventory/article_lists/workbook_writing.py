"""Excel workbooks (ECMA-376), written by openpyxl line by line."""

import re
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_TAKEN_FOR_MORE = ("=", "#")  # how a text begins that openpyxl would write as a formula or as an error


def written(lines: Iterable[list[str | int | Decimal]]) -> IO[bytes]:
    """A workbook with one sheet, as a temporary file. Text is marked as text, so that nothing in it is computed."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("1")
    with ExitStack() as on_failure:
        file = on_failure.enter_context(tempfile.TemporaryFile(prefix="eventworx-list-"))
        try:
            for line in lines:
                sheet.append([_cell(sheet, value) for value in line])
        finally:
            book.save(file)  # after a failure too: it removes openpyxl's own temporary file
        file.seek(0)
        on_failure.pop_all()
    return file


def _cell(sheet: Any, value: str | int | Decimal) -> object:
    if not isinstance(value, str):
        return value
    text = _NOT_XML.sub(" ", value)
    if not text.startswith(_TAKEN_FOR_MORE):
        return text
    marked = WriteOnlyCell(sheet, text)
    marked.data_type = "s"
    return marked
