"""Tables as text (CSV): any usual delimiter and encoding, line by line. Pure."""

import codecs
import csv
import io
from collections.abc import Generator, Iterator
from itertools import islice
from typing import IO

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from inventory.article_lists.cells import Cell
from inventory.article_lists.columns import recognised

DELIMITERS = ";,\t|"
LONGEST_LINE = 1_000_000  # characters; a single cell may have 131,072, the limit of Python's csv
HEAD = 64 * 1024  # bytes that the shape of a file is judged by
JUDGED = 20  # lines
UTF_8, WESTERN = "utf-8-sig", "cp1252"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class BrokenLine(BusinessError):
    code = "list-line"
    message = _("Line %(line)s cannot be read: a quotation mark is missing or one too many, or the line is too long.")


class EncodingGuess:
    """The encoding of a file that passes by in pieces: UTF-16, UTF-8, or else Western (Windows-1252)."""

    def __init__(self) -> None:
        self.head = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_utf_8 = True

    def feed(self, piece: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        self._decode(piece)

    def _decode(self, piece: bytes, *, final: bool = False) -> None:
        try:
            if self._is_utf_8:
                self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self._is_utf_8 = False

    def encoding(self) -> str:
        """After the last piece."""
        self._decode(b"", final=True)
        marked = _MARKS.get(self.head[:2]) or _unmarked_utf_16(self.head)
        return marked or (UTF_8 if self._is_utf_8 else WESTERN)


def _unmarked_utf_16(head: bytes) -> str:
    """Every other byte of Western text in UTF-16 is zero."""
    pairs = len(head) // 2
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if pairs and zeros.count(0) > pairs * 0.6:
            return encoding
    return ""


def delimiter_of(head: str) -> str:
    """What stands between the cells: that by which most headers are known, or else each line has as many cells, or else
    most columns are found."""
    if head[:4].lower() == "sep=" and head[4:5] in DELIMITERS:
        return head[4:5]
    return max(DELIMITERS, key=lambda delimiter: _fit(head, delimiter))


def _fit(head: str, delimiter: str) -> tuple[int, bool, int]:
    read = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        lines = list(islice(read, JUDGED))
    except csv.Error:
        return (0, False, 0)
    known = max((len(recognised(line)) for line in lines), default=0)
    widths = [len(line) for line in lines if line]
    return known, len(set(widths)) == 1 and widths[0] > 1, sum(widths) - len(widths)


def lines(file: IO[bytes], encoding: str, delimiter: str) -> Generator[list[Cell]]:
    """The records of a file, an empty list for an empty line. Raises BrokenLine.

    Strictly: else a stray quotation mark would make one cell of all lines down to the next, and they were lost.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    number = 0
    try:
        for line in csv.reader(_bounded(text), delimiter=delimiter, strict=True):
            number += 1
            yield line  # type: ignore[misc]
    except (csv.Error, _Unbounded) as error:
        raise BrokenLine(line=number + 1) from error
    finally:
        text.detach()


class _Unbounded(Exception):
    pass


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise _Unbounded
        yield line
