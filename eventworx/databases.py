"""What only one of the two databases can do: in migrations, and in one journey; and the first question of a request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

Row = TypeVar("Row")
Answer = TypeVar("Answer")
Statement = tuple[str, Sequence[Any]]  # with its parameters
ROWS_AT_ONCE = 3_000  # of which SQLite takes the values of ten columns in one statement


def asked_first(read: Callable[[], Answer]) -> Answer:
    """What `read` reads, which is the first that a request asks of the database and changes nothing.

    Whether a connection that was kept still lives is seen by this, without asking for it before as Django does; of a
    dead one it is read once more over a fresh one.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return read()
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.connection is None or connection.is_usable():
            raise
        connection.close()
        return read()


def is_postgresql(connection: Any) -> bool:
    return bool(connection.vendor == "postgresql")


@contextmanager
def one_moment() -> Iterator[None]:
    """A transaction that reads, of which every statement sees the same moment; inside another one it is no more than
    that. On SQLite every transaction is like this."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and is_postgresql(connection):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def execute_all(statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    """Execute them in order and return the rows of the last one; PostgreSQL takes all in one journey there and back.

    Each sees what was committed when it began: what stands after a lock reads what the lock had to wait for.
    """
    with connection.cursor() as cursor:
        if is_postgresql(connection):
            parameters: list[Any] = [value for _sql, values in statements for value in values]
            cursor.execute(";".join(sql for sql, _values in statements), parameters)
        else:
            for statement in statements:
                cursor.execute(*statement)
        return cursor.fetchall() if cursor.description else []


def marks(values: Iterable[object]) -> str:
    """Where the values stand in a statement."""
    return ",".join("%s" for _value in values)


def in_parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """As many as may stand in one statement."""
    for first in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[first : first + ROWS_AT_ONCE]


class OnPostgreSQL(migrations.RunSQL):
    """SQL that production needs and the embedded default does without."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if is_postgresql(schema_editor.connection):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if is_postgresql(schema_editor.connection):
            super().database_backwards(app_label, schema_editor, from_state, to_state)
