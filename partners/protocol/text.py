"""Text from outside, before it is normalised."""

import unicodedata

_MAX_MARKS = 30  # as in the stream-safe text of Unicode's annex 15; no language comes near it


def has_pile_of_marks(text: str) -> bool:
    """Whether somewhere more than 30 combining marks stand on one letter.

    Normalising sorts such a pile in quadratic time: 128,000 marks take twelve seconds.
    """
    if text.isascii():
        return False
    pile = 0
    for character in text:
        pile = pile + 1 if unicodedata.combining(character) else 0
        if pile > _MAX_MARKS:
            return True
    return False
