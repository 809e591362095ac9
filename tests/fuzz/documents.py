"""Fuzz targets for documents: strict JSON and every parser of the wire (protocol §4)."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from random import Random
from typing import Any

from partners.protocol import wire
from partners.protocol.wire import FieldErrors, Json, Malformed

PARSERS: Mapping[str, Callable[[Json], Any]] = {
    name.removeprefix("parse_"): getattr(wire, name) for name in wire.__all__ if name.startswith("parse_")
}


def strict_json(data: bytes) -> None:
    """One meaning, the one that everybody reads, and it can be written again."""
    try:
        value = wire.loads_strict(data)
    except Malformed:
        return
    assert value == json.loads(data)
    assert wire.loads_strict(wire.dumps(value)) == value
    _refuse_what_no_database_keeps(value)


def _refuse_what_no_database_keeps(value: Json, depth: int = 0) -> None:
    assert depth <= wire.MAX_DEPTH
    if isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, list | dict):
        for item in [*value, *(value.values() if isinstance(value, dict) else ())]:
            _refuse_what_no_database_keeps(item, depth + 1)


# Documents that are not written by `to_wire` as they stand.
WRITERS: Mapping[str, Callable[[Any], Json]] = {
    "new_key": lambda new: wire.new_key_to_wire(new.public_key),
    "problem": wire.problem_to_wire,
}


def document(parse: Callable[[Json], Any], write: Callable[[Any], Json]) -> Callable[[bytes], None]:
    """What a parser takes it takes again from its own writing; what it refuses it names."""

    def target(data: bytes) -> None:
        try:
            value = wire.loads_strict(data)
        except Malformed:
            return
        try:
            found = parse(value)
        except FieldErrors as refused:
            _check_errors(refused)
            return
        assert parse(wire.loads_strict(wire.dumps(write(found)))) == found

    return target


def _check_errors(refused: FieldErrors) -> None:
    assert 1 <= len(refused.errors) <= 100
    assert all(error.pointer == "" or error.pointer.startswith("/") for error in refused.errors)


TARGETS = {"strict_json": strict_json} | {
    name: document(parse, WRITERS.get(name, wire.to_wire)) for name, parse in PARSERS.items()
}


# Mutating documents as documents


def words() -> list[str]:
    """The names of all fields that any document has."""
    classes = (item for item in vars(wire).values() if isinstance(item, type) and is_dataclass(item))
    return sorted({field.name for item in classes for field in fields(item)})


_ODD: list[Json] = [
    *(None, True, False, 0, 1, -1, 999_999, 1_000_000, 2**31, 0.5, 1e308, "", " ", "x", "a" * 201, "a" * 4001),
    *("EUR", "JPY", "Europe/Berlin", "UTC", "exact", "yes_no", "capped", "a b", "a\tb", "é", "e\u0301", "\u0958"),
    *("\u0344" * 20, "1.5", "-0", "000.000000", "999999999999.999999", "1e5", "100.000001"),
    *("2026-12-01T08:00:00Z", "2026-12-03T08:00:00.5Z", "1970-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z"),
    *("0192f3a4-0000-7000-8000-000000000001", "0192F3A4-0000-7000-8000-000000000001", [], {}, [{}], [None] * 101),
]


def mutated(data: bytes, seed: int) -> bytes | None:
    """The document with some places changed; None where the bytes are no JSON, or too deep to walk through."""
    try:
        return _mutated(json.loads(data), Random(seed))
    except (ValueError, RecursionError):
        return None


def _mutated(value: Any, rng: Random) -> bytes:
    """One place or more replaced, dropped, doubled or moved."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = list(_places(value))
        if not places:
            return json.dumps(rng.choice(_ODD), ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        _change(rng, *rng.choice(places), places)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of the value with each of its keys or indexes."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _change(rng: Random, container: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    kind = rng.randrange(5)
    if kind == 0:
        container[key] = rng.choice(_ODD)
    elif kind == 1:
        del container[key]
    elif kind == 2 and isinstance(container, list):
        container.insert(key, container[key])
    elif kind == 3 and isinstance(container, dict):
        container[rng.choice(words())] = container[key]
    else:
        other, other_key = rng.choice(places)
        container[key] = json.loads(json.dumps(other[other_key]))
