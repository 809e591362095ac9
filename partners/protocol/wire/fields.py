"""Reading the fields of a document and collecting what is wrong with them; writing them again.

A reader is a function from a `Node` to a value. It raises `Wrong` for a value that it cannot take;
the node above notes that with its JSON pointer and goes on, so that a partner learns everything at
once. `parse` raises FieldErrors at the end, hence no half-read document ever gets out.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
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
_DECIMAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
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


def parse(value: Json, read: Reader[T]) -> T:
    """The document that `read` makes of a JSON value; raises FieldErrors and nothing else."""
    errors: list[FieldError] = []
    document = Node(value, "", errors).read(read)
    if errors:
        raise FieldErrors(tuple(errors))
    return document


# Readers of single values


def text(limit: int) -> Reader[str]:
    """One line: NFC, control characters as blanks, no blanks around it; 1 to `limit` characters."""

    def read(node: Node) -> str:
        line = "".join(" " if _is_control(c) else c for c in _normalised(node, limit)).strip()
        return _within(line, limit)

    return read


def required_text(limit: int) -> Reader[str]:
    """Like `text`, and not blank."""
    read_line = text(limit)

    def read(node: Node) -> str:
        line = read_line(node)
        if not line:
            raise Wrong("required")
        return line

    return read


def note(node: Node) -> str:
    """Several lines: NFC, line ends as \\n, other control characters as blanks; up to 4000 characters."""
    lines = _normalised(node, MAX_NOTE).replace("\r\n", "\n").replace("\r", "\n")
    return _within("".join(" " if _is_control(c) and c not in "\n\t" else c for c in lines), MAX_NOTE)


def identifier(node: Node) -> str:
    """[A-Za-z0-9_-]{1,64}."""
    return matching(node, _ID)


def cursor(node: Node) -> str:
    """[A-Za-z0-9_-]{1,512}, opaque."""
    return matching(node, _CURSOR)


def uuid(node: Node) -> UUID:
    """Lower case, hyphenated."""
    return UUID(matching(node, _UUID))


def flag(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise Wrong("type")
    return node.value


def whole(low: int, high: int) -> Reader[int]:
    def read(node: Node) -> int:
        if not isinstance(node.value, int) or isinstance(node.value, bool):
            raise Wrong("type")
        if not low <= node.value <= high:
            raise Wrong("range")
        return node.value

    return read


def decimal(low: int = 0, high: int | None = None) -> Reader[Decimal]:
    """A decimal in a string, at most 12 digits before and 6 after the point."""

    def read(node: Node) -> Decimal:
        number = Decimal(matching(node, _DECIMAL))
        if number < low or (high is not None and number > high):
            raise Wrong("range")
        return abs(number) if number == 0 else number

    return read


def instant(node: Node) -> datetime:
    """RFC 3339 in UTC, at most microseconds, from 1970 to 2199."""
    try:
        moment = datetime.fromisoformat(matching(node, _INSTANT))
    except ValueError as error:
        raise Wrong("format") from error
    if not FIRST_INSTANT <= moment < LAST_INSTANT:
        raise Wrong("range")
    return moment.astimezone(UTC)


def currency(node: Node) -> str:
    """ISO 4217, upper case."""
    if not isinstance(node.value, str):
        raise Wrong("type")
    if node.value not in CURRENCIES:
        raise Wrong("currency")
    return node.value


def zone(node: Node) -> str:
    """The name of an IANA time zone."""
    if not isinstance(node.value, str):
        raise Wrong("type")
    if node.value not in _zones():
        raise Wrong("zone")
    return node.value


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


name = required_text(MAX_NAME)
reference = required_text(MAX_REFERENCE)
word = required_text(MAX_REFERENCE)  # of an enumeration: unknown ones are kept, shown and never acted on
quantity = whole(1, MAX_QUANTITY)
count = whole(0, MAX_QUANTITY)
version = whole(1, MAX_VERSION)
amount = decimal()
percent = decimal(0, 100)


# Writing


def to_wire(value: object) -> Json:
    """A document as a JSON value: '' as null, decimals as strings, instants with Z.

    Raises ValueError for what the wire cannot carry, TypeError for what is no part of a document.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, tuple):
        return [to_wire(item) for item in value]
    return _structured(value)


def _structured(value: object) -> Json:
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, UUID):
        return str(value)
    if dataclasses.is_dataclass(value):
        return {field.name: to_wire(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form on the wire")


def instant_text(moment: datetime) -> str:
    """RFC 3339 with Z; raises ValueError for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError("a naive moment")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _decimal_text(number: Decimal) -> str:
    written = f"{number:f}"
    if not _DECIMAL.fullmatch(written):
        raise ValueError("a decimal with more digits than the wire carries")
    return written


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


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
