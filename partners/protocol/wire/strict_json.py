"""JSON as the protocol takes it (§4 "Input rules"): strict UTF-8, one meaning, bounded depth."""

import json
import re
from collections.abc import Iterator
from math import isfinite

from partners.protocol.errors import ProtocolError

MAX_DEPTH = 16

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# Also one that never ends, so that each character is looked at once.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


class Malformed(ProtocolError):
    """The bytes are no JSON that we take: answer 400 `malformed`."""


def loads_strict(data: bytes) -> Json:
    """The value of `data`; raises Malformed and nothing else.

    Refused beside what is no JSON: other encodings, NUL and lone surrogates in text, duplicate keys,
    NaN and Infinity (also as 1e999), more than 16 levels.
    """
    _check_depth(data)
    try:
        value: Json = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except ValueError as error:  # what json, str.decode, int and our hooks raise
        raise Malformed("no JSON") from error
    # Raw, neither gets through UTF-8 and JSON: both need an escape.
    if b"\\u" in data and any(_UNUSABLE.search(text) for text in _texts(value)):
        raise Malformed("NUL or lone surrogate")
    return value


def dumps(value: Json) -> bytes:
    """Compact UTF-8; raises ValueError for NaN and Infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _check_depth(data: bytes) -> None:
    """Take the innermost brackets away, level by level: nothing may be left."""
    brackets = _STRING.sub(b"", data).translate(_ALIKE, _NO_BRACKET)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Malformed("too deep, or brackets without partner")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("not finite")
    return number


def _texts(value: Json) -> Iterator[str]:
    """Every text of the value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
