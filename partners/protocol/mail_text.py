"""What mail programs make of a text, undone guess by guess (protocol §1 and §9).

A reading is one guess at what was written. The first four are the protocol's; the rest undo what it is silent
about. No guess can make a code of what is none, or another code of one: the checksum is judged after each.
"""

import base64
import html
import quopri
import re
from collections.abc import Iterator

_INLINE_TAG = re.compile(r"</?(?:a|b|code|em|font|i|span|strong|tt|u|wbr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_BASE64 = re.compile(r"^(?:[A-Za-z0-9+/]{76}\r?\n)+[A-Za-z0-9+/]{1,76}={0,2}\r?$", re.MULTILINE)

_MISREAD = re.compile(r"[^\x00-\x7f]{2,64}")
_LONE_MISREAD = re.compile(r"[\u00c2\u00c3\u201a]+(?=\s)")  # the half of a misread blank that copying leaves
_QUOTED_BY = re.compile(r"(?:[ \t|]*[A-Za-z]{0,4}>)+")
_NUMBERED = re.compile(r"[ \t]*([0-9]{1,4})[.:)|]?(?:[ \t]+|$)")
_APART = re.compile(r"(EWX[1-9][0-9]{0,2})[^\S\n]+:(?!\s*EWX)|:[^\S\n]+(EWX)(?![0-9])", re.IGNORECASE)
_TYPED = re.compile(r"(?<=EWX)[IL](?=[^\S\n]*:(?!\s*EWX))", re.IGNORECASE)
_PROSE = re.compile(r"EWX[1-9][0-9]{0,2}:(?!EWX)[^:]{0,60}:EWX(?![0-9]+:)", re.IGNORECASE)  # a code is longer
_COLONS = dict.fromkeys(map(ord, "\ufe55\uff1a\u2236"), ":")


def readings(text: str) -> Iterator[str]:
    """The text as it is, then without what mail programs add; each reading once, made when it is asked for."""
    known: set[str] = set()
    for reading in _guesses(text):
        if reading not in known:
            known.add(reading)
            yield reading


def _guesses(text: str) -> Iterator[str]:
    yield text
    sources = dict.fromkeys((text, _unquoted(text)))
    yield from sources
    plain = [*sources, *map(_without_html, sources)]
    yield from plain
    unpacked = _unpacked(text)
    if unpacked != text:
        plain += [unpacked, _without_html(unpacked)]
        yield from plain
    yield from map(_mended, dict.fromkeys(plain))


# What the protocol prescribes


def _unquoted(text: str) -> str:
    """Without quoted-printable."""
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace") if "=" in text else text


def _without_html(text: str) -> str:
    """Tags gone and entities decoded. Long entities stay: turning their digits to a number takes for ever."""
    plain = _TAG.sub(" ", _INLINE_TAG.sub("", text))
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), plain)


# Beyond it


def _unpacked(text: str) -> str:
    """With what is written in base64 read, as the source of a mail has it."""
    return _BASE64.sub(lambda block: base64.b64decode(block[0] + "==").decode("utf-8", "replace"), text)


def _mended(text: str) -> str:
    """In the right character set, without what stands before lines, in one line, markers whole, none in a sentence."""
    right = _LONE_MISREAD.sub("", _MISREAD.sub(lambda run: _reread(run[0]), text)).translate(_COLONS)
    lines = _without_numbers([_without_start(_QUOTED_BY, line) for line in right.splitlines()])
    line = _TYPED.sub("1", "".join(map(_bare, lines)))
    whole = _APART.sub(lambda marker: f"{marker[1]}:" if marker[1] else f":{marker[2]}", line)
    return _PROSE.sub(" ", whole)


def _reread(run: str) -> str:
    """UTF-8 that was taken for Windows-1252, once or twice."""
    for _ in range(2):
        try:
            run = b"".join(map(_byte, run)).decode()
        except UnicodeError:
            return run
    return run


def _byte(character: str) -> bytes:
    """Latin-1 where it has the character, else Windows-1252; raises UnicodeEncodeError."""
    return bytes([ord(character)]) if ord(character) < 256 else character.encode("cp1252")


def _without_numbers(lines: list[str]) -> list[str]:
    """Lines without their numbers, where they are numbered one after the other."""
    found = [_NUMBERED.match(line) for line in lines]
    numbers = [int(match[1]) if match else -9 for match in found]
    around = zip([-9, *numbers], numbers, [*numbers[1:], -9], strict=False)
    is_counted = [number in (before + 1, after - 1) for before, number, after in around]
    return [
        line[match.end() :] if match and counted else line
        for line, match, counted in zip(lines, found, is_counted, strict=True)
    ]


def _without_start(pattern: re.Pattern[str], line: str) -> str:
    start = pattern.match(line)
    return line[start.end() :] if start else line


def _bare(line: str) -> str:
    return line.strip(" \t|>")
