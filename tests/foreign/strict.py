"""What may come in: JSON without tricks (400) and fields of the right shape (422). Protocol §4, "Input rules"."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

DEPTH = 16
ZONES = available_timezones()
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)
YEARS = range(1970, 2200)  # far enough, and no calendar ends there (§9)
CURRENCY = re.compile(r"[A-Z]{3}")
SURROGATE = re.compile("[\ud800-\udfff]")
NAME, REFERENCE, NOTE = 200, 100, 4000
Problem = tuple[str, str]  # JSON pointer, code
Shape = Callable[[Any, str], Iterator[Problem]]


class Malformed(Exception):
    """No JSON that we read."""


def loads(raw: bytes, allowed: Collection[str] = ()) -> Any:
    """The value, its texts in NFC. `allowed` names rules to leave out: duplicates, nul, surrogates, depth."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs) and "duplicates" not in allowed:
            raise Malformed("duplicate key")
        return dict(pairs)

    try:
        value = json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as broken:
        raise Malformed("not JSON") from broken
    return _checked(value, 0, allowed)


def _refuse(constant: str) -> Any:
    raise Malformed(constant)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise Malformed("too great")
    return number


def _checked(value: Any, depth: int, allowed: Collection[str]) -> Any:
    """`value` if no part of it breaks a rule; `depth` containers lie around it."""
    if isinstance(value, str):
        if ("\0" in value and "nul" not in allowed) or (SURROGATE.search(value) and "surrogates" not in allowed):
            raise Malformed("character")
        return unicodedata.normalize("NFC", value)
    if not isinstance(value, dict | list):
        return value
    if depth == DEPTH and "depth" not in allowed:
        raise Malformed("too deep")
    if isinstance(value, list):
        return [_checked(item, depth + 1, allowed) for item in value]
    return {_checked(name, depth, allowed): _checked(item, depth + 1, allowed) for name, item in value.items()}


# --- shapes: what is wrong with a value, as pointers and codes -------------------------------------
def is_text(longest: int = NAME, shortest: int = 0) -> Shape:
    """Where a text is required, `shortest` is 1: an empty one is none."""
    return _rule(lambda value: isinstance(value, str) and shortest <= len(value) <= longest)


def matches(pattern: re.Pattern[str]) -> Shape:
    return _rule(lambda value: isinstance(value, str) and bool(pattern.fullmatch(value)))


def is_integer(least: int, most: int) -> Shape:
    return _rule(lambda value: type(value) is int and least <= value <= most)


def _rule(holds: Callable[[Any], bool]) -> Shape:
    def shape(value: Any, pointer: str) -> Iterator[Problem]:
        if not holds(value):
            yield pointer, "invalid"

    return shape


def is_list(item: Shape, shortest: int, longest: int) -> Shape:
    def shape(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, list) or not shortest <= len(value) <= longest:
            yield pointer, "invalid"
            return
        for number, one in enumerate(value):
            yield from item(one, f"{pointer}/{number}")

    return shape


def is_record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object; of what is optional, absent and null mean the same. Other fields are left alone."""

    def shape(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield pointer, "invalid"
            return
        for name, field in required.items():
            if name not in value:
                yield f"{pointer}/{name}", "required"
            else:
                yield from field(value[name], f"{pointer}/{name}")
        for name, field in (optional or {}).items():
            if value.get(name) is not None:
                yield from field(value[name], f"{pointer}/{name}")

    return shape


def instant(text: str) -> datetime:
    """An instant of the wire; ValueError if there is no such date."""
    if not INSTANT.fullmatch(text) or int(text[:4]) not in YEARS:
        raise ValueError(text)
    return datetime.fromisoformat(text)


def wire(moment: float) -> str:
    """Unix seconds as an instant of the wire."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _is_instant(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(instant(value))
    except ValueError:
        return False


is_uuid, is_currency = matches(UUID), matches(CURRENCY)
is_amount = _rule(lambda value: isinstance(value, str) and bool(DECIMAL.fullmatch(value)) and Decimal(value) >= 0)
is_id = matches(re.compile(r"[A-Za-z0-9_-]{1,64}"))
is_quantity = is_integer(1, 999_999)
is_instant = _rule(_is_instant)
is_zone = _rule(lambda value: isinstance(value, str) and value in ZONES)
_has_ends = is_record({"start": is_instant, "end": is_instant, "zone": is_zone})


def is_period(value: Any, pointer: str) -> Iterator[Problem]:
    """Half-open, so never empty."""
    problems = list(_has_ends(value, pointer))
    yield from problems
    if not problems and instant(value["start"]) >= instant(value["end"]):
        yield f"{pointer}/end", "invalid"


def days_touched(period: Mapping[str, str]) -> int:
    """Calendar days that a half-open period touches in its zone, at least 1 (protocol §4, "Money")."""
    zone = ZoneInfo(period["zone"])
    last = instant(period["end"]) - timedelta(microseconds=1)
    return max(1, (last.astimezone(zone).date() - instant(period["start"]).astimezone(zone).date()).days + 1)
