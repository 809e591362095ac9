"""Rows by the hundred thousand: COPY on PostgreSQL, plain inserts elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection

from inventory.steps import Course

TOGETHER = 50_000


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


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")


def _prepared(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
