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


# Of a text on one line: blanks that are no spaces, several of them, or such at its ends.
_BLANKS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace() and sign != " ")
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
    """`text` as a single line keeps it: one space between words, whatever blanks and breaks were pasted there."""
    return " ".join(text.split())


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
