"""What the two databases do differently when a whole list goes in; the only file here that knows them apart."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.db import connection

from eventworx.databases import is_postgresql

COPIED = 256 * 1024  # characters at once
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


Rows = Iterable[Any]  # of sequences in the order of the columns


class Database(Protocol):
    """`load` writes rows into a table as they come, `analyse` tells the planner of them, `lock` keeps articles whose
    ids a query finds for ourselves. Lines are looked up by their number, of `line_type`."""

    line_type: str

    def load(self, table: str, columns: Sequence[str], rows: Rows) -> None: ...

    def analyse(self, table: str) -> None: ...

    def lock(self, ids: str) -> None: ...


class Postgres:
    """COPY; rows are locked one by one, in the order of their ids as everywhere. It joins by hashing, without index."""

    line_type = "integer"

    def load(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", _Stream(rows), size=COPIED)

    def analyse(self, table: str) -> None:
        _run(f"ANALYZE {table}")

    def lock(self, ids: str) -> None:
        locked = f"SELECT id FROM inventory_article WHERE id IN ({ids}) ORDER BY id FOR NO KEY UPDATE"
        _run(f"SELECT count(*) FROM ({locked}) AS locked")


class Sqlite:
    """Prepared inserts in a transaction that writes to the temporary database alone; there is one writer anyway."""

    line_type = "integer PRIMARY KEY"

    def load(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        marks = ", ".join(["%s"] * len(columns))
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT article_list")
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(rows))
            cursor.execute("RELEASE article_list")

    def analyse(self, table: str) -> None:
        """Its planner needs no figures for what is read once, from one end to the other."""

    def lock(self, ids: str) -> None:
        """Whoever writes has locked everything."""


def database() -> Database:
    return Postgres() if is_postgresql(connection) else Sqlite()


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


class _Stream:
    """Rows as COPY reads them: one a line, cells between tabs."""

    def __init__(self, rows: Rows) -> None:
        self.lines = map(_line, rows)
        self.rest = ""

    def read(self, size: int = 8192) -> str:
        pieces, length = [self.rest], len(self.rest)
        while length < size and (line := next(self.lines, "")):
            pieces.append(line)
            length += len(line)
        text = "".join(pieces)
        self.rest = text[size:]
        return text[:size]


def _line(row: Sequence[Any]) -> str:
    return "\t".join(map(_cell, row)) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_SPECIAL) if isinstance(value, str) else str(value)
