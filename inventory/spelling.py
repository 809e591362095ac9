"""How articles and what people type are spelt so that they meet (mission J3). Pure Python.

The search key of an article is a row of words between blanks, first those it is written with, cut at hyphens and
between letters and digits, then the same joined: `SM58-LCE` as `sm 58 lce | sm58 sm58lce`. An umlaut stands in both
spellings. A word that was typed is found as part of a word, one of one or two letters only where a word begins.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

from eventworx.text import fold, sort_key

# What the keys of an article are made of, in this order.
KEY_TEXTS = ("number", "name", "manufacturer", "manufacturer_part_number", "gtin")
SHUFFLED = 2**31
# An index carries the key: PostgreSQL takes 2,704 bytes per row of it.
_MOST_BYTES = 2000
_MOST_WORDS = 12
_MOST_SORTED = 80  # letters: as many as the place of a page carries in any script
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_RUN = re.compile(r"[^\W_]+")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_JOINT = re.compile(r"[-‐‑–/]")
_SHORT = 2
_NUMBER = 5
_WORD = 3
_GTIN = range(12, 15)  # digits with the zeros that fill a short one up
_BARE_GTIN = 7  # digits at least without them


def compact(text: str) -> str:
    """Folded letters and digits only: numbers are typed with blanks and hyphens or without (SM-58, SM58)."""
    return _joined(fold(text))


def keys_of(texts: Sequence[str]) -> dict[str, str | int]:
    """The columns that searching and sorting go by, from `KEY_TEXTS` of an article; also for lists of articles."""
    number, name, *_rest = texts
    return {"search_key": _search_key(texts), "sort_key": sort_key(name)[:_MOST_SORTED], "shuffle": _shuffled(number)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: of each word, in any order, one of its spellings; or all digits in one block.

    Each spelling is a part of a search key, with a blank before it where a word has to begin. `pieces` are the letters
    and digits of each word apart. `code` is the whole as a number would be spelt, `is_blank` says that nothing was
    typed at all.
    """

    words: tuple[tuple[str, ...], ...]
    pieces: tuple[tuple[str, ...], ...] = ()
    block: str = ""
    code: str = ""
    is_blank: bool = False

    @classmethod
    def of(cls, query: str) -> "Wanted":
        """Words without a letter or a digit ("&") ask for nothing; so many words are read, more are ignored."""
        typed = [(word, spellings) for word in query.split() if (spellings := _spellings(word))][:_MOST_WORDS]
        return cls(
            words=tuple(tuple(_needle(spelling) for spelling in spellings) for _word, spellings in typed),
            pieces=tuple(tuple(_PIECE.findall(fold(word))) for word, _spellings in typed),
            block=_block([spellings[0] for _word, spellings in typed]),
            code=compact(query),
            is_blank=not query.strip(),
        )

    @classmethod
    def apart(cls, query: str) -> "Wanted | None":
        """The same with words that are made of several ("XLR-Kabel") cut, so that these may stand in any order.

        None where there are none: what is a number (AB-1234) is looked for as it is.
        """
        words = [_cut(word) for word in query.split()]
        return cls.of(" ".join(chain(*words))) if any(len(parts) > 1 for parts in words) else None

    @property
    def is_number(self) -> bool:
        """Whether it may be the number of an article: one word with digits, and no short one."""
        return len(self.words) == 1 and len(self.code) >= _NUMBER and any(map(str.isdecimal, self.pieces[0]))

    def shaped(self, shape: str) -> tuple[tuple[str, ...], ...]:
        """The same as whole words (shape ` {} `), or where a word begins (` {}`)."""
        return tuple(tuple(shape.format(spelling.strip()) for spelling in spellings) for spellings in self.words)


def _search_key(texts: Sequence[str]) -> str:
    written, joined = [compact(texts[0])], list[str]()
    for text in texts:
        folded, otherwise = _both_spellings(text)
        whole = _PIECE.findall(folded)
        written += whole + _PIECE.findall(otherwise)
        for spelt in (folded, otherwise):
            joined += chain(_RUN.findall(spelt), map(_joined, spelt.split()))
        joined.append("".join(whole))
    known = set(written)
    more = dict.fromkeys(word for word in joined if word and word not in known)
    return f" {' '.join(_as_fits([*filter(None, written), '|', *more]))} "


def _both_spellings(text: str) -> tuple[str, str]:
    """Folded, and once more what reads otherwise with ä as a."""
    if text.isascii():
        return text.lower(), ""
    long, short = fold(text), sort_key(text)
    return long, " ".join(other for word, other in zip(long.split(), short.split(), strict=True) if word != other)


def _joined(text: str) -> str:
    return "".join(_PIECE.findall(text))


def _as_fits(words: Iterable[str]) -> Iterator[str]:
    """As many as an index carries."""
    left = _MOST_BYTES
    for word in words:
        left -= len(word.encode()) + 1
        if left < 0:
            return
        yield word


def _shuffled(number: str) -> int:
    """A place that looks thrown and is always the same for a number: in this order a sample is a fair one."""
    return int.from_bytes(blake2b(number.encode(), digest_size=4).digest()) % SHUFFLED


def _cut(word: str) -> list[str]:
    parts = list(filter(None, _JOINT.split(word)))
    is_number = sum(not part.isdecimal() for part in parts) < 2  # AB-1234, KAB-10-2
    return parts if not is_number and any(part.isalpha() and len(part) >= _WORD for part in parts) else [word]


def _spellings(word: str) -> list[str]:
    if _DECIMAL.fullmatch(word):
        return [f" {' '.join(_PIECE.findall(word))}"]
    return [_bare(spelling) for spelling in dict.fromkeys(map(_joined, _both_spellings(word))) if spelling]


def _bare(digits: str) -> str:
    """A GTIN without the zeros that scanners put before it; it is found as a part of one that is kept with them."""
    bare = digits.lstrip("0")
    return bare if digits.isdecimal() and len(digits) in _GTIN and len(bare) >= _BARE_GTIN else digits


def _needle(spelling: str) -> str:
    return spelling if len(spelling) > _SHORT else f" {spelling}"


def _block(words: Sequence[str]) -> str:
    """A number typed in blocks (40 06381 33393 1); nothing where letters are among them."""
    return _bare("".join(words)) if len(words) > 1 and all(word.isdecimal() for word in words) else ""
