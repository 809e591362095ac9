"""How one cell of a list reads: the same rules as in the form of an article. Pure.

A cell is text, stripped and never empty, or the Decimal of a workbook's number. What cannot be read raises one of
`PROBLEMS`, which the person who made the list gets to see at the line.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.text import fold, from_spreadsheet
from inventory.articles import Unreadable, WrongGtin, is_gtin, readable
from inventory.models import ArticleKind

Cell = str | Decimal
Value = str | int | Decimal | bool


class Notation(StrEnum):
    """How a list writes numbers: by its decimal mark."""

    COMMA = "comma"
    POINT = "point"


Reader = Callable[[Cell, Notation], Value]


class NotANumber(BusinessError):
    code = "cell-number"
    message = _("This is no number.")


class NotWhole(BusinessError):
    code = "cell-whole"
    message = _("This has to be a whole number.")


class OutOfRange(BusinessError):
    code = "cell-range"
    message = _("This has to lie between 0 and %(most)s.")

    def __str__(self) -> str:
        return str(self.message) % {"most": number_format(self.params["most"], use_l10n=True, force_grouping=True)}


class TooManyPlaces(BusinessError):
    code = "cell-places"
    message = _("There may be %(places)d decimal places at most.")


class TooLong(BusinessError):
    code = "cell-long"
    message = _("This is too long: %(most)d characters are possible.")


class FailedFormula(BusinessError):
    code = "cell-formula"
    message = _("The spreadsheet could not compute this cell.")


class NotYesOrNo(BusinessError):
    code = "cell-yes-no"
    message = _("This has to be “yes” or “no”.")


class UnknownKind(BusinessError):
    code = "cell-kind"
    message = _("This has to be “rental” or “sale”.")


PROBLEMS = (
    NotANumber,
    NotWhole,
    OutOfRange,
    TooManyPlaces,
    TooLong,
    Unreadable,
    FailedFormula,
    NotYesOrNo,
    UnknownKind,
    WrongGtin,
)
YES_NO = {**dict.fromkeys(("ja", "j", "yes", "y", "true", "wahr", "1", "x"), True)}
YES_NO |= dict.fromkeys(("nein", "n", "no", "false", "falsch", "0", "-"), False)
KINDS = dict.fromkeys(("rental", "rent", "miete", "vermietung", "mietartikel", "verleih"), ArticleKind.RENTAL.value)
KINDS |= dict.fromkeys(("sale", "sales", "verkauf", "verkaufsartikel"), ArticleKind.SALE.value)
_FAILED = re.compile(r"#(REF|BEZUG|N/A|NV|NAME\?|VALUE|WERT|DIV/0|NULL|NUM|ZAHL)!?\Z")
_GAPS = re.compile("[\\s'\u2019]")
_MONEY = "[€$£]|EUR|USD|GBP|CHF"
_DECORATION = re.compile(rf"^(?:{_MONEY})|(?:{_MONEY}|kg|min|Min\.?|Stk\.?|St\.?)$")
_NUMBERS = {
    Notation.COMMA: re.compile(r"([+-]?)([1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,(\d*))?\Z", re.ASCII),
    Notation.POINT: re.compile(r"([+-]?)([1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.(\d*))?\Z", re.ASCII),
}
_MARKS = str.maketrans("", "", ".,")
LONGEST_NUMBER = 40


def text(most: int, *, breaks: bool = False) -> Reader:
    """Up to `most` characters; on one line as in the form, with `breaks` on several."""

    def read(cell: Cell, _notation: Notation) -> str:
        said = plain(cell)
        if not said.isprintable() or "  " in said:
            said = readable(said, breaks=breaks)
        if len(said) > most:
            raise TooLong(most=most)
        return said

    return read


def plain(cell: Cell) -> str:
    """A cell as text: composed characters (NFC), without the mark that keeps spreadsheets from computing it."""
    if isinstance(cell, Decimal):
        return format(cell.normalize(), "f")
    if cell[0] == "#" and _FAILED.match(cell):
        raise FailedFormula
    if cell[0] == "'":
        cell = from_spreadsheet(cell).strip()
    return cell if cell.isascii() else unicodedata.normalize("NFC", cell)


def decimal(digits: int, places: int) -> Reader:
    """From 0, with `digits` in all and `places` of them behind the mark."""
    most = Decimal(10) ** (digits - places) - Decimal(1).scaleb(-places)

    def read(cell: Cell, notation: Notation) -> Decimal:
        number = number_of(cell, notation)
        if not 0 <= number <= most:
            raise OutOfRange(most=most)
        if number != round(number, places):
            raise TooManyPlaces(places=places)
        return number

    return read


def whole(most: int) -> Reader:
    def read(cell: Cell, notation: Notation) -> int:
        number = number_of(cell, notation)
        if not 0 <= number <= most:
            raise OutOfRange(most=most)
        if number != int(number):
            raise NotWhole
        return int(number)

    return read


def number_of(cell: Cell, notation: Notation) -> Decimal:
    """A number as people write it: "1.234,50 €" with a comma, "1,234.50" with a point.

    The other mark counts as a decimal one where it cannot separate thousands: "12.5" in a list with commas.
    """
    if isinstance(cell, Decimal):
        return cell
    if cell.isdecimal() and cell.isascii() and len(cell) <= LONGEST_NUMBER:
        return Decimal(cell)
    bare = _bare(plain(cell))
    other = Notation.POINT if notation is Notation.COMMA else Notation.COMMA
    found = _NUMBERS[notation].match(bare) or _NUMBERS[other].match(bare)
    if not found or len(bare) > LONGEST_NUMBER:
        raise NotANumber
    sign, before, after = found.groups()
    return Decimal(f"{sign}{before.translate(_MARKS)}.{after or 0}")


def _bare(text: str) -> str:
    return _DECORATION.sub("", _GAPS.sub("", text[: 2 * LONGEST_NUMBER]))


def only_notation(cell: Cell) -> Notation | None:
    """The one notation in which a cell is a number with a mark; None where it is none, or one in both."""
    bare = _bare(cell) if isinstance(cell, str) else ""
    fitting = [notation for notation, number in _NUMBERS.items() if number.match(bare)]
    return fitting[0] if len(fitting) == 1 else None


def gtin(cell: Cell, _notation: Notation) -> str:
    digits = re.sub(r"[\s-]+", "", readable(plain(cell)))
    if not is_gtin(digits):
        raise WrongGtin
    return digits


def yes_no(cell: Cell, _notation: Notation) -> bool:
    return bool(_one_of(YES_NO, cell, NotYesOrNo()))


def kind(cell: Cell, _notation: Notation) -> str:
    return str(_one_of(KINDS, cell, UnknownKind()))


def _one_of(words: Mapping[str, Value], cell: Cell, refusal: BusinessError) -> Value:
    found = words.get(fold(plain(cell)[:50]))
    if found is None:
        raise refusal
    return found
