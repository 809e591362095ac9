"""Writing a document again."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from partners.protocol.wire.fields import DECIMAL
from partners.protocol.wire.strict_json import Json


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
        return decimal_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, UUID):
        return str(value)
    if dataclasses.is_dataclass(value):
        return {name: to_wire(getattr(value, name)) for name in _names(value.__class__)}
    raise TypeError(f"{type(value).__name__} has no form on the wire")


@cache
def _names(document: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(document))


def instant_text(moment: datetime) -> str:
    """RFC 3339 with Z; raises ValueError for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError("a naive moment")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def decimal_text(number: Decimal) -> str:
    """Without an exponent; raises ValueError for more digits than the wire carries."""
    written = f"{number:f}"
    if not DECIMAL.fullmatch(written):
        raise ValueError("a decimal with more digits than the wire carries")
    return written
