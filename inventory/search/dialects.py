"""What each database has for finding parts of words; the one place of the search that knows them apart.

PostgreSQL has an index over the trigrams of all search keys. SQLite, the embedded default, reads the keys of a
catalogue one after the other; the hits are the same.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Both extensions are trusted: the owner of a database may create them.
_INDEXES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "CREATE INDEX IF NOT EXISTS articles_by_parts ON inventory_article USING gin (tenant_id, search_key gin_trgm_ops)",
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """SQL for a text that holds a part (and that begins with it), and the parameter made of the part.

    `table_rows` is about how many articles all companies have together, `has_parts` whether parts are indexed.
    """

    contains: str
    begins: str
    part: str
    beginning: str
    table_rows: str
    has_parts: bool


POSTGRES = Dialect(
    contains="{} LIKE %s",
    begins="{} LIKE %s",
    part="%{}%",
    beginning="{}%",
    table_rows="(SELECT reltuples FROM pg_class WHERE oid = 'inventory_article'::regclass)",
    has_parts=True,
)
SQLITE = Dialect(
    contains="instr({}, %s) > 0",
    begins="instr({}, %s) = 1",
    part="{}",
    beginning="{}",
    table_rows="0",
    has_parts=False,
)


def dialect() -> Dialect:
    return POSTGRES if _is_postgres(connection) else SQLITE


class KeepSearchIndexes(Operation):
    """Migration operation: what a database has beside the indexes that the models name."""

    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if _is_postgres(schema_editor.connection):
            for statement in _INDEXES:
                schema_editor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if _is_postgres(schema_editor.connection):
            schema_editor.execute("DROP INDEX IF EXISTS articles_by_parts")

    def describe(self) -> str:
        return "Index the parts of words"


def _is_postgres(connection: Any) -> bool:
    return bool(connection.vendor == "postgresql")
