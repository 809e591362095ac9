"""Folding of text for searching and sorting. Pure Python.

SQLite folds ASCII only and sorts umlauts last, so both databases search and sort over
columns that are filled from here.
"""

import re
import unicodedata

_SPELLINGS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "×": "x"})
_SORTING = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "×": "x"})
# What a spreadsheet takes for a formula, also in full width, also behind our own marks.
_FORMULA = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_GAPS = re.compile(r"[\s\x00-\x1f]+")

_UNREADABLE = re.compile("[\x00\ud800-\udfff]")  # what no database keeps
_CONTROLS = [*(sign for sign in map(chr, range(1, 0xA0)) if unicodedata.category(sign) == "Cc"), "\ufffe", "\uffff"]
_AS_BLANKS = str.maketrans(dict.fromkeys(_CONTROLS, " "))
_BUT_LINES = str.maketrans(dict.fromkeys({*_CONTROLS} - {"\n", "\t"}, " "))
# Of a text on one line: blanks that are no spaces, several of them, or such at its ends.
_BLANKS = "".join(sorted({*_CONTROLS} | {sign for sign in map(chr, range(0x3001)) if sign.isspace()} - {" "}))
ODD_BLANKS = f"[{_BLANKS}]|  |^ | $"
"""A regular expression, also for the database: what `one_line` would write otherwise."""


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def fold(text: str) -> str:
    """`text` as it is searched: case and accents gone, ä→ae, ß→ss, ×→x, one blank between words (mission J3)."""
    lowered = unicodedata.normalize("NFC", text).casefold().translate(_SPELLINGS)
    return _GAPS.sub(" ", _without_marks(lowered)).strip()


def sort_key(text: str) -> str:
    """`text` as it is sorted, as in a German dictionary (DIN 5007-1): ä as a, ß as ss, case ignored."""
    lowered = unicodedata.normalize("NFC", text).casefold().translate(_SORTING)
    return _GAPS.sub(" ", _without_marks(lowered)).strip()


def one_line(text: str) -> str:
    """`text` as a single line keeps it: one space between words, whatever blanks, breaks and control characters were
    pasted there (as on the wire, protocol §4)."""
    return " ".join(text.translate(_AS_BLANKS).split())


def several_lines(text: str) -> str:
    """`text` as several lines keep it: they end in one way, and control characters are blanks."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_BUT_LINES).strip()


def is_readable(text: str) -> bool:
    """Whether a database can keep it: NUL and halves of characters it cannot."""
    return not _UNREADABLE.search(text)


def without_unreadable(text: str) -> str:
    """`text` with a mark for each character that no database keeps."""
    return _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def blanks_between(text: str) -> str:
    """The regular expression of all texts that are the same line."""
    gap = f"[ {_BLANKS}]"
    return f"^{gap}*{f'{gap}+'.join(map(re.escape, text.split()))}{gap}*$"


def search_words(query: str) -> list[str]:
    """The folded words of what somebody typed, each of which has to be found (mission J3)."""
    return fold(query).split()


def for_spreadsheet(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula: with an apostrophe before it where one could."""
    return f"'{text}" if _FORMULA.match(text) else text


def from_spreadsheet(text: str) -> str:
    """What `for_spreadsheet` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text
