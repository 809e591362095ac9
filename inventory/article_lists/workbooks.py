"""Excel workbooks (ECMA-376), read line by line; what is made to hurt is refused.

Own code over zip and expat: a library that builds a tree grows with every line, and the whole of a hostile line lies
in memory before anybody can count it. Of a workbook only the first visible sheet is read, and of its cells only the
values: formulas count as what the spreadsheet last computed.
"""

import math
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import IO
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from inventory.article_lists.cells import Cell

SIGNATURE = b"PK\x03\x04"
MOST_PARTS = 1_000
MOST_UNPACKED = 1024 * 1024 * 1024  # bytes of the sheet, or of its texts
MOST_TEXT = 100_000_000  # characters of all shared texts together
MOST_TEXTS = 3_000_000
LONGEST_CELL = 131_072  # characters, as in a text file
WIDEST = 16_384  # columns, as in Excel
LONGEST_TAG = 1024 * 1024  # bytes of a tag or a comment, which the parser has to hold
PIECE = 64 * 1024  # bytes that are parsed at once
_DIGITS = 15  # of a number, as a spreadsheet shows them
_ENTRANCE = "xl/workbook.xml"
_SPECIAL = {"_x000D_": "\r", "_x000A_": "\n", "_x0009_": "\t"}
# What damaged or hostile archives and parts raise.
_UNREADABLE = (
    zipfile.BadZipFile,
    expat.ExpatError,
    zlib.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


class NotAWorkbook(BusinessError):
    code = "list-workbook"
    message = _("This workbook cannot be read. Save it as Excel workbook (XLSX) or as CSV again.")


class WorkbookTooLarge(BusinessError):
    code = "list-workbook-large"
    message = _("Unpacked, this workbook is too large. Save it as CSV or split it.")


class _Walk:
    """A part of the archive from its beginning to its end. Declarations are refused: they can make a part explode."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.archive, self.name = archive, name
        self.size = archive.getinfo(name).file_size
        if self.size > MOST_UNPACKED:
            raise WorkbookTooLarge
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.read = 0

    def _refuse(self, *_declared: object) -> None:
        raise NotAWorkbook

    def handle(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] = lambda _tag: None,
        text: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """By local names: strict and transitional workbooks differ in nothing else."""
        self.parser.StartElementHandler = lambda tag, found: start(_local(tag), _named(found))
        self.parser.EndElementHandler = lambda tag: end(_local(tag))
        self.parser.CharacterDataHandler = text

    def pieces(self) -> Iterator[None]:
        """Parses on with every step."""
        with self.archive.open(self.name) as part:
            while piece := part.read(PIECE):
                self.read += len(piece)
                self.parser.Parse(piece)
                if self.read - self.parser.CurrentByteIndex > LONGEST_TAG:
                    raise NotAWorkbook
                yield
        self.parser.Parse(b"", True)
        yield


@lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _named(found: dict[str, str]) -> dict[str, str]:
    return {_local(name): value for name, value in found.items()}


class _Texts:
    """Characters of the element at hand, within the limit of a cell."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.is_wanted = False

    def add(self, text: str) -> None:
        if self.is_wanted:
            self.length += len(text)
            if self.length > LONGEST_CELL:
                raise NotAWorkbook
            self.parts.append(text)

    def taken(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        self.length = 0
        if "_x" in text:
            for special, character in _SPECIAL.items():
                text = text.replace(special, character)
        return text


class _SharedTexts:
    """The texts that cells name by number; how they are to be read aloud ("rPh") is left out."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.found: list[str] = []
        self.total = 0
        self.is_aside = False
        self.texts = _Texts()
        walk = _Walk(archive, name)
        walk.handle(self._start, self._end, self.texts.add)
        for _piece in walk.pieces():
            if self.total > MOST_TEXT or len(self.found) > MOST_TEXTS:
                raise WorkbookTooLarge

    def _start(self, tag: str, _found: dict[str, str]) -> None:
        if tag == "rPh":
            self.is_aside = True
        self.texts.is_wanted = tag == "t" and not self.is_aside

    def _end(self, tag: str) -> None:
        self.texts.is_wanted = False
        if tag == "rPh":
            self.is_aside = False
        elif tag == "si":
            self.found.append(self.texts.taken())
            self.total += len(self.found[-1])


class Sheet:
    """The lines of one sheet."""

    def __init__(self, archive: zipfile.ZipFile, name: str, shared: list[str]) -> None:
        self.shared = shared
        self.walk = _Walk(archive, name)
        self.texts = _Texts()
        self.walk.handle(self._start, self._end, self.texts.add)
        self.number = 0  # of the line at hand
        self.line: list[Cell] = []
        self.place = 0  # of the cell at hand, counted from 0
        self.kind = ""
        self.waiting: list[tuple[int, list[Cell]]] = []

    def progress(self) -> float:
        return min(self.walk.read / max(self.walk.size, 1), 1.0)

    def lines(self) -> Generator[list[Cell]]:
        """Lines that the sheet leaves out are empty ones. Raises NotAWorkbook."""
        before = 0
        try:
            for _piece in self.walk.pieces():
                for number, line in self.waiting:
                    yield from ([] for _left_out in range(before + 1, number))
                    yield line
                    before = number
                self.waiting.clear()
        except _UNREADABLE as error:
            raise NotAWorkbook from error

    def _start(self, tag: str, found: dict[str, str]) -> None:
        if tag == "row":
            number = int(found.get("r", self.number + 1))
            if number <= self.number:
                raise NotAWorkbook
            self.number, self.line, self.place = number, [], -1
        elif tag == "c":
            self.kind = found.get("t", "n")
            self.place = _place(found["r"]) if "r" in found else self.place + 1
            if not len(self.line) <= self.place < WIDEST:
                raise NotAWorkbook
        elif tag in {"v", "t"}:
            self.texts.is_wanted = True

    def _end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self.texts.is_wanted = False
        elif tag == "c":
            text = self.texts.taken()
            if text:
                self.line.extend([""] * (self.place - len(self.line)))
                self.line.append(self._value(text))
        elif tag == "row":
            self.waiting.append((self.number, self.line))

    def _value(self, text: str) -> Cell:
        if self.kind == "s":
            return self.shared[int(text)]
        if self.kind == "n" and math.isfinite(number := float(text)):
            return Decimal(f"{number:.{_DIGITS}g}")
        return text


def _place(reference: str) -> int:
    """Of "AB12" the 27, counted from 0."""
    place = 0
    for letter in reference[:4].rstrip("0123456789").upper():
        if not "A" <= letter <= "Z":
            raise NotAWorkbook
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def opened(file: IO[bytes]) -> Sheet:
    """The first visible sheet of a workbook. Raises NotAWorkbook, WorkbookTooLarge."""
    try:
        archive = zipfile.ZipFile(file)
        if len(archive.infolist()) > MOST_PARTS:
            raise WorkbookTooLarge
        sheet, related = _first_sheet(archive), _related(archive)
        texts = next((target for target, kind in related.values() if kind == "sharedStrings"), None)
        return Sheet(archive, related[sheet][0], _SharedTexts(archive, texts).found if texts else [])
    except _UNREADABLE as error:
        raise NotAWorkbook from error


def _elements(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    walk = _Walk(archive, name)
    walk.handle(lambda tag, named: found.append((tag, named)))
    for _piece in walk.pieces():
        yield from found
        found.clear()


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """The id by which the workbook knows it."""
    sheets = [found for tag, found in _elements(archive, _ENTRANCE) if tag == "sheet"]
    visible = (found for found in sheets if found.get("state", "visible") == "visible")
    return next(chain(visible, sheets), {})["id"]


def _related(archive: zipfile.ZipFile) -> dict[str, tuple[str, str]]:
    """By id where a part of the workbook lies, and what it is."""
    home, name = posixpath.split(_ENTRANCE)
    parts = _elements(archive, f"{home}/_rels/{name}.rels")
    return {
        found["Id"]: (
            posixpath.normpath(posixpath.join("/", home, found["Target"])).lstrip("/"),
            found["Type"].rpartition("/")[2],
        )
        for tag, found in parts
        if tag == "Relationship" and found.get("TargetMode") != "External"
    }
