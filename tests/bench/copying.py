"""Rows by the million: COPY on PostgreSQL, plain inserts elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection

from inventory.steps import Course

TOGETHER = 50_000
_INDEXES = {
    "postgresql": "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " WHERE indrelid = %s::regclass AND NOT indisunique",
    "sqlite": "SELECT name, sql FROM sqlite_master"
    " WHERE type = 'index' AND tbl_name = %s AND sql LIKE 'CREATE INDEX%%'",
}


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    names, rows = ", ".join(f'"{column}"' for column in columns), iter(rows)
    while some := list(islice(rows, TOGETHER)):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                lines = "".join("\t".join(map(_text, row)) + "\n" for row in some)
                cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", io.StringIO(lines))
            else:
                marks = ", ".join("%s" for _column in columns)
                prepared = [[_prepared(value) for value in row] for row in some]
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", prepared)


def copy_steps(courses: Mapping[int, Course]) -> None:
    columns = ["article_id", "instant", "added", "out_of_service", "reserved"]
    rows = ((article_id, *step) for article_id, course in courses.items() for step in course)
    copy_rows("inventory_stockstep", columns, rows)


@contextmanager
def unhindered(*tables: str) -> Iterator[None]:
    """Room for rows that are right by themselves: their indexes are made afterwards, and on PostgreSQL nobody looks
    whether what they name is there."""
    with connection.cursor() as cursor:
        indexes = []
        for table in tables:
            cursor.execute(_INDEXES[connection.vendor], [table])
            indexes += cursor.fetchall()
        for name, _statement in indexes:
            cursor.execute(f"DROP INDEX {name}")
        _check_keys("DISABLE", tables)
        yield
        _check_keys("ENABLE", tables)
        if connection.vendor == "postgresql":
            cursor.execute("SET maintenance_work_mem = '1GB'")
        for _name, statement in indexes:
            cursor.execute(statement)


def tidy(table: str = "") -> None:
    """What a database does in a quiet night, with one table or with all."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {table}" if connection.vendor == "postgresql" else f"ANALYZE {table}")


def _check_keys(how: str, tables: Iterable[str]) -> None:
    """The checks of foreign keys are triggers of PostgreSQL's own; those that we made stay."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgisinternal", [table])
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} {how} TRIGGER "{name}"')


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")


def _prepared(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
