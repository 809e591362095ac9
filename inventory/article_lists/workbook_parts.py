"""The parts of an Excel workbook, each walked through before openpyxl may have it; what is made to hurt is refused.

openpyxl makes some hundred bytes of every byte it has not forgotten yet, and some of what it reads takes it for ever.
So this bounds what it holds at once, and lets it meet only what belongs into a list.
"""

import io
import zipfile
from collections.abc import Callable
from typing import IO, Any, Literal
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _
from openpyxl.xml.constants import SHEET_MAIN_NS

from eventworx.errors import BusinessError

MOST_LINES = 100_000  # besides the first
MOST_PARTS = 1_000
MOST_UNPACKED = 512 * 1024 * 1024  # bytes of the lines, which are read piece by piece
MOST_OF_TEXTS = 32 * 1024 * 1024  # bytes of the texts that cells share, which are kept
MOST_ELEMENTS = 10_000_000  # of the lines; two or three make a cell
MOST_ELEMENTS_OF_TEXTS = 1_000_000  # two make a text
MOST_AT_ONCE = 1024 * 1024  # bytes of a line, of a text, of a part that is read as a whole
BETWEEN = 32  # bytes from a line or text to the next, for its end tag and white space
LONGEST_FORMAT = 255  # characters, as in Excel; openpyxl takes the square of it
LONGEST_LINE_HEAD = 500  # characters of what a line says of itself, which openpyxl keeps
PIECE = 64 * 1024  # bytes that are walked through at once
Sign = Callable[[int], None]  # of life, while a part is gone through; with the number of lines found so far
_ENTRY = b"PK\x01\x02"  # before each entry of the archive's directory
_MAIN = f"{SHEET_MAIN_NS}}}"
_CELL, _LINE, _LINES, _TEXT = (_MAIN + name for name in ("c", "row", "sheetData", "si"))
_VALUES = {_MAIN + name for name in ("v", "is")}
_BEFORE_LINES = "worksheet sheetPr tabColor outlinePr pageSetUpPr dimension sheetViews sheetView pane selection"
_BEFORE_LINES += " pivotSelection extLst ext sheetFormatPr cols col sheetData"
_IN_CELLS = "v f is t r rPr rPh phoneticPr rFont charset family b i strike outline shadow condense extend color sz u"
_IN_CELLS += " vertAlign scheme"
_KNOWN = {_MAIN + name for name in f"{_BEFORE_LINES} {_IN_CELLS}".split()}


class NotAWorkbook(BusinessError):
    code = "list-workbook"
    message = _("This workbook cannot be read. Save it as Excel workbook (XLSX) or as CSV again.")


class WorkbookTooLarge(BusinessError):
    code = "list-workbook-large"
    message = _("Unpacked, this workbook is too large. Save it as CSV or split it.")


class WorkbookTooLong(BusinessError):
    code = "list-workbook-long"
    message = _("An Excel workbook may have up to 100,000 lines. For more, use CSV: up to 1,000,000 lines.")


class _Walk:
    """Through a part that openpyxl keeps as a whole. Declarations are refused: they can make a part explode."""

    most = MOST_AT_ONCE  # bytes
    most_elements = MOST_AT_ONCE
    repeated = ""  # the element that openpyxl forgets when it is over
    number = 0  # of the line at hand

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.kept = 0  # bytes that are never forgotten
        self.forgotten = 0  # byte up to which all else is
        self.elements = 0
        self.is_over = False

    def refuse(self, *_declared: object) -> None:
        raise NotAWorkbook

    def through(self, part: IO[bytes], sign: Sign) -> None:
        read = 0
        while not self.is_over and (piece := part.read(PIECE)):
            self.parser.Parse(piece)
            sign(self.number)
            read += len(piece)
            if self.kept + read - self.forgotten > MOST_AT_ONCE or self.elements > self.most_elements:
                raise WorkbookTooLarge
        if not self.is_over:
            self.parser.Parse(b"", True)

    def start(self, tag: str, found: dict[str, str]) -> None:
        self.elements += 1
        if tag == self.repeated:
            self.kept += max(self.parser.CurrentByteIndex - self.forgotten - BETWEEN, 0)
        elif len(found.get("formatCode", "")) > LONGEST_FORMAT:
            raise NotAWorkbook

    def end(self, tag: str) -> None:
        if tag == self.repeated:
            self.forgotten = self.parser.CurrentByteIndex


class Whole(_Walk):
    pass


class Texts(_Walk):
    most = MOST_OF_TEXTS
    most_elements = MOST_ELEMENTS_OF_TEXTS
    repeated = _TEXT


class Lines(_Walk):
    """Up to the end of the lines; what follows is never read."""

    most = MOST_UNPACKED
    most_elements = MOST_ELEMENTS
    repeated = _LINE

    def __init__(self) -> None:
        super().__init__()
        self.is_begun = False
        self.last = 0  # line in which something stands; Excel keeps others for their format
        self.place = (0, "")  # of the cell at hand; compared, it grows from column to column

    def start(self, tag: str, found: dict[str, str]) -> None:
        self.elements += 1
        if tag == _CELL:
            reference = found.get("r", "")
            place = (len(reference), reference)
            if reference and place <= self.place:
                raise NotAWorkbook
            self.place = place
        elif tag in _VALUES:
            if self.number > MOST_LINES + 1:
                raise WorkbookTooLong
            self.last = self.number
        elif tag == _LINE:
            super().start(tag, found)
            self._start_line(found)
        elif tag == _LINES:
            if self.is_begun:
                raise NotAWorkbook
            self.is_begun = True
        elif tag not in _KNOWN and tag.startswith(_MAIN):
            raise NotAWorkbook

    def _start_line(self, found: dict[str, str]) -> None:
        number = int(found.get("r", self.number + 1))
        if number <= self.number or len(str(found)) > LONGEST_LINE_HEAD:
            raise NotAWorkbook
        self.number, self.place = number, (0, "")

    def end(self, tag: str) -> None:
        super().end(tag)
        if tag == _LINES:
            self.is_over = True
            self.parser.StartElementHandler = self.parser.EndElementHandler = None


class Parts(zipfile.ZipFile):
    """A workbook's archive, of which no part is handed out unjudged. Raises NotAWorkbook, WorkbookTooLarge, …TooLong.

    What openpyxl opens it reads piece by piece, as `expected`; what it reads, as a whole. `sign` is called before
    every piece that anybody reads: what lies between is at most MOST_AT_ONCE.
    """

    def __init__(self, file: IO[bytes], sign: Sign) -> None:
        _count_entries(file)
        super().__init__(file)
        self.sign = sign
        self.expected: type[_Walk] = Whole
        self.walked: dict[str, _Walk] = {}

    def open(  # type: ignore[override]
        self, name: str, mode: Literal["r"] = "r", pwd: bytes | None = None, *, force_zip64: bool = False
    ) -> IO[bytes]:
        return self._judged(name, self.expected)

    def read(self, name: str, pwd: bytes | None = None) -> bytes:  # type: ignore[override]
        with self._judged(name, Whole) as part:
            return part.read()

    def _judged(self, name: str, kind: type[_Walk]) -> IO[bytes]:
        entry = self.getinfo(name)
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise NotAWorkbook  # others may ask for gigabytes before the first byte
        if entry.file_size > kind.most:
            raise WorkbookTooLarge
        if type(self.walked.get(name)) is not kind:
            walk = kind()
            with super().open(name) as part:
                walk.through(part, self.sign)
            self.walked[name] = walk
        return _Signed(super().open(name), self)


class _Signed(io.BufferedReader):
    """A part that says when it is read."""

    def __init__(self, part: Any, parts: Parts) -> None:
        super().__init__(part)
        self.parts = parts

    def read(self, size: int | None = -1) -> bytes:
        self.parts.sign(0)
        return super().read(size)


def _count_entries(file: IO[bytes]) -> None:
    """What the archive says of their number is not to be believed, and zipfile would hold each of them."""
    file.seek(0)
    found, rest = 0, b""
    while piece := file.read(PIECE):
        found += (rest + piece).count(_ENTRY)
        rest = piece[1 - len(_ENTRY) :]
    if found > MOST_PARTS:
        raise WorkbookTooLarge
