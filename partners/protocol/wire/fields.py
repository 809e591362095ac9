"""Reading the fields of a document and collecting what is wrong with them.

A reader is a function from a `Node` to a value. It raises `Wrong` for a value that it cannot take;
the node above notes that with its JSON pointer and goes on, so that a partner learns everything at
once. A `Parser` raises FieldErrors at the end, hence no half-read document ever gets out.

What a reader of a single value takes is said beside it in JSON Schema (`shaped`); documents are
outlined by the readers themselves (`partners.protocol.wire.schema`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from eventworx.money import CURRENCIES
from eventworx.periods import Period
from partners.protocol.errors import ProtocolError
from partners.protocol.text import has_pile_of_marks
from partners.protocol.wire.strict_json import Json

MAX_ERRORS = 100
MAX_NAME = 200
MAX_REFERENCE = 100
MAX_NOTE = 4000
MAX_QUANTITY = 999_999
MAX_VERSION = 2**31 - 1
FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(2200, 1, 1, tzinfo=UTC)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,512}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DECIMAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|\+00:00)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FieldError:
    """`pointer` is a JSON pointer (RFC 6901), `code` stable and for machines.

    Codes: required, type, format, length, range, period, zone, currency, duplicate.
    """

    pointer: str
    code: str


class FieldErrors(ProtocolError):
    """The document cannot be taken: answer 422 `invalid` with these errors, at most 100."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(", ".join(f"{error.pointer or '/'}: {error.code}" for error in errors[:5]))
        self.errors = errors


class Wrong(Exception):
    """Raised by a reader, caught by the node above it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the document, the place where it stands and the errors found so far."""

    value: Json
    pointer: str
    errors: list[FieldError]

    def required(self, name: str, read: "Reader[T]") -> T:
        child = self._child(name)
        if child.value is None:
            missing: T = child._noted("required")
            return missing
        return child.read(read)

    def optional(self, name: str, read: "Reader[T]") -> T | None:
        child = self._child(name)
        return None if child.value is None else child.read(read)

    def text(self, name: str, limit: int) -> str:
        """Optional text of one line; absent, null and empty are ''."""
        return self.optional(name, text(limit)) or ""

    def id(self, name: str) -> str:
        """An optional id; absent and null are ''."""
        return self.optional(name, identifier) or ""

    def term(self, name: str, names: "Names") -> str:
        """An optional word of an enumeration; absent, null and empty are ''."""
        return self.optional(name, term(names)) or ""

    def note(self, name: str) -> str:
        """Optional text of several lines; absent, null and empty are ''."""
        return self.optional(name, note) or ""

    def items(self, name: str, read: "Reader[T]", low: int = 0, high: int = 100) -> tuple[T, ...]:
        """A list of `low` to `high` items; optional where `low` is 0."""
        child = self._child(name)
        if child.value is None and not low:
            return ()
        return child.read(lambda node: node._items(read, low, high))

    def _items(self, read: "Reader[T]", low: int, high: int) -> tuple[T, ...]:
        if not isinstance(self.value, list):
            raise Wrong("required" if self.value is None else "type")
        if not low <= len(self.value) <= high:
            raise Wrong("length")
        nodes = (Node(item, f"{self.pointer}/{at}", self.errors) for at, item in enumerate(self.value))
        return tuple(node.read(read) for node in nodes)

    def read(self, read: "Reader[T]") -> T:
        try:
            return read(self)
        except Wrong as wrong:
            noted: T = self._noted(wrong.code)
            return noted

    def _child(self, name: str) -> "Node":
        if not isinstance(self.value, dict):
            raise Wrong("type")
        return Node(self.value.get(name), f"{self.pointer}/{name}", self.errors)

    def note_error(self, name: str, code: str) -> None:
        """Note what is wrong with the field `name` beside its type."""
        self._child(name)._noted(code)

    def _noted(self, code: str) -> Any:
        """Note the error; the hundredth ends the reading. The None returned never leaves `parse`, which raises."""
        self.errors.append(FieldError(self.pointer, code))
        if len(self.errors) == MAX_ERRORS:
            raise FieldErrors(tuple(self.errors))


Reader = Callable[[Node], T]
Names = type[StrEnum] | tuple[str, ...]
Shape = dict[str, Any]
"""A piece of JSON Schema (2020-12)."""

SHAPES: dict[Reader[Any], Shape] = {}
VARIANTS: dict[Reader[Any], tuple[str, Mapping[str, Reader[Any]]]] = {}
"""Of readers that `varied` made: the field they go by, and the reader for each of its words."""


@dataclass(frozen=True, slots=True)
class Parser(Generic[T]):
    """Makes the document that `read` reads of a JSON value; raises FieldErrors and nothing else."""

    read: Reader[T]

    def __call__(self, value: Json) -> T:
        errors: list[FieldError] = []
        document = Node(value, "", errors).read(self.read)
        if errors:
            raise FieldErrors(tuple(errors))
        return document


def shaped(read: Reader[T], **shape: Any) -> Reader[T]:
    """The reader, and on record what it takes."""
    SHAPES[read] = shape
    return read


def varied(by: str, variants: Mapping[str, Reader[T]], other: Callable[[str], T]) -> Reader[T]:
    """A reader that goes by the word in `by`; of what is unknown `other` makes something."""

    def read(node: Node) -> T:
        found = node.required(by, word)
        known = variants.get(found)
        return known(node) if known else other(found)

    VARIANTS[read] = (by, variants)
    return read


# Readers of single values


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def text(limit: int) -> Reader[str]:
    """One line: NFC, control characters as blanks, no blanks around it; 1 to `limit` characters."""

    def read(node: Node) -> str:
        line = "".join(" " if _is_control(c) else c for c in _normalised(node, limit)).strip()
        return _within(line, limit)

    return shaped(read, type="string", maxLength=limit)


@cache
def required_text(limit: int) -> Reader[str]:
    """Like `text`, and not blank."""
    read_line = text(limit)

    def read(node: Node) -> str:
        line = read_line(node)
        if not line:
            raise Wrong("required")
        return line

    return shaped(read, type="string", minLength=1, maxLength=limit)


@cache
def term(names: Names) -> Reader[str]:
    """A word of an enumeration. Unknown ones are kept, shown and never acted on."""
    return _one_of(names, text(MAX_REFERENCE))


@cache
def required_term(names: Names) -> Reader[str]:
    """Like `term`, and not blank."""
    return _one_of(names, word)


def _one_of(names: Names, read_line: Reader[str]) -> Reader[str]:
    def read(node: Node) -> str:
        return read_line(node)

    return shaped(read, anyOf=[{"enum": [str(name) for name in names]}, SHAPES[read_line]])


def _note(node: Node) -> str:
    lines = _normalised(node, MAX_NOTE).replace("\r\n", "\n").replace("\r", "\n")
    return _within("".join(" " if _is_control(c) and c not in "\n\t" else c for c in lines), MAX_NOTE)


def matched(pattern: re.Pattern[str]) -> Reader[str]:
    """Like `matching`, as a reader."""
    return shaped(lambda node: matching(node, pattern), type="string", pattern=f"^{pattern.pattern}$")


def _uuid(node: Node) -> UUID:
    return UUID(matching(node, _UUID))


def _flag(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise Wrong("type")
    return node.value


@cache
def whole(low: int, high: int) -> Reader[int]:
    def read(node: Node) -> int:
        if not isinstance(node.value, int) or isinstance(node.value, bool):
            raise Wrong("type")
        if not low <= node.value <= high:
            raise Wrong("range")
        return node.value

    return shaped(read, type="integer", minimum=low, maximum=high)


@cache
def decimal(low: int = 0, high: int | None = None) -> Reader[Decimal]:
    """A decimal in a string, at most 12 digits before and 6 after the point."""

    def read(node: Node) -> Decimal:
        number = Decimal(matching(node, DECIMAL))
        if number < low or (high is not None and number > high):
            raise Wrong("range")
        return abs(number) if number == 0 else number

    pattern = DECIMAL.pattern if low < 0 else DECIMAL.pattern.removeprefix("-?")
    bounds = f"at least {low}" if high is None else f"{low} to {high}"
    return shaped(read, type="string", pattern=f"^{pattern}$", description=f"A decimal, {bounds}.")


def _instant(node: Node) -> datetime:
    try:
        moment = datetime.fromisoformat(matching(node, _INSTANT))
    except ValueError as error:
        raise Wrong("format") from error
    if not FIRST_INSTANT <= moment < LAST_INSTANT:
        raise Wrong("range")
    return moment.astimezone(UTC)


def _listed(names: Callable[[], Iterable[str]], code: str) -> Reader[str]:
    def read(node: Node) -> str:
        if not isinstance(node.value, str):
            raise Wrong("type")
        if node.value not in names():
            raise Wrong(code)
        return node.value

    return read


note = shaped(_note, type="string", maxLength=MAX_NOTE)  # several lines: NFC, line ends as \n
identifier = matched(_ID)
cursor = matched(_CURSOR)  # opaque
uuid = shaped(_uuid, type="string", format="uuid", pattern=f"^{_UUID.pattern}$")
flag = shaped(_flag, type="boolean")
instant = shaped(
    _instant, type="string", format="date-time", pattern=f"^{_INSTANT.pattern}$", description="UTC, from 1970 to 2199."
)
currency = shaped(_listed(lambda: CURRENCIES, "currency"), type="string", pattern="^[A-Z]{3}$", description="ISO 4217.")
zone = shaped(_listed(_zones, "zone"), type="string", description="The name of an IANA time zone.")
name = required_text(MAX_NAME)
reference = required_text(MAX_REFERENCE)
word = required_text(MAX_REFERENCE)
quantity = whole(1, MAX_QUANTITY)
count = whole(0, MAX_QUANTITY)
version = whole(1, MAX_VERSION)
amount = decimal()
percent = decimal(0, 100)


@dataclass(frozen=True, slots=True)
class ZonedPeriod:
    """Half-open `[start, end)`, aware and in UTC, with the IANA zone in which its days are counted."""

    start: datetime
    end: datetime
    zone: str

    @property
    def period(self) -> Period:
        return Period(self.start, self.end)


def period(node: Node) -> ZonedPeriod:
    """A period that ends after it starts."""
    known = len(node.errors)
    found = ZonedPeriod(
        start=node.required("start", instant),
        end=node.required("end", instant),
        zone=node.required("zone", zone),
    )
    if len(node.errors) == known and found.end <= found.start:
        raise Wrong("period")
    return found


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"}


def _normalised(node: Node, limit: int) -> str:
    if not isinstance(node.value, str):
        raise Wrong("type")
    if len(node.value) > 4 * limit:
        raise Wrong("length")
    if has_pile_of_marks(node.value):
        raise Wrong("format")
    normal = unicodedata.normalize("NFC", node.value)
    if has_pile_of_marks(normal):  # a few marks become two: whoever reads what we pass on has to take it too
        raise Wrong("format")
    return normal


def _within(checked: str, limit: int) -> str:
    if len(checked) > limit:
        raise Wrong("length")
    return checked


def matching(node: Node, pattern: re.Pattern[str]) -> str:
    """A text that has this very form."""
    if not isinstance(node.value, str):
        raise Wrong("type")
    if not pattern.fullmatch(node.value):
        raise Wrong("format")
    return node.value
