"""The border between tenants, kept by the database itself (security.md row 30).

Every query starts at a tenant, so a row never names a row of another one. On PostgreSQL the database refuses it even
so: each foreign key between rows of tenants is accompanied by one over (tenant, id). SQLite, the embedded default,
cannot add constraints to a table that exists; there the application alone keeps the border.

Where 100,000 rows are written at once triggers stand in the place of those keys (releases, migrations 0022 to
0025 of partners).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from eventworx.databases import is_postgresql


class Border(NamedTuple):
    """A column that names a row of the same tenant in another table."""

    table: str
    column: str
    target: str

    @property
    def name(self) -> str:
        """Of the constraint; short enough for PostgreSQL, and told apart by the column."""
        return f"{self.table[:30]}_{self.column[:24]}_own"

    @property
    def key(self) -> str:
        """The foreign key that keeps it."""
        return (
            f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.name}" FOREIGN KEY (tenant_id, "{self.column}") '
            f'REFERENCES "{self.target}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED'
        )

    @property
    def no_key(self) -> str:
        return f'ALTER TABLE "{self.table}" DROP CONSTRAINT IF EXISTS "{self.name}"'


class KeepBorders(Operation):
    """Migration operation: borders for every foreign key of the app's models as they stand at this point."""

    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if not is_postgresql(schema_editor.connection):
            return
        present = set(constraints(schema_editor.connection))
        for border in borders_of(to_state.apps, app_label):
            if border.name not in present:
                schema_editor.execute(_unique(border))
                schema_editor.execute(border.key)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if not is_postgresql(schema_editor.connection):
            return
        for border in borders_of(from_state.apps, app_label):
            schema_editor.execute(border.no_key)

    def describe(self) -> str:
        return "Let the database refuse rows that name rows of another tenant"


def borders_of(apps: Apps, app_label: str) -> Iterator[Border]:
    """Every foreign key from a tenant's rows to a tenant's rows, of one app."""
    for model in filter(_is_owned, apps.get_app_config(app_label).get_models()):
        for field in model._meta.local_fields:
            target = field.related_model
            if field.name != "tenant" and isinstance(target, type) and _is_owned(target):
                yield Border(model._meta.db_table, str(field.column), target._meta.db_table)


def _is_owned(model: type[models.Model]) -> bool:
    """Whether its rows belong to a tenant."""
    return any(field.name == "tenant" and field.column == "tenant_id" for field in model._meta.local_fields)


def constraints(connection: Any) -> Iterator[str]:
    """Names of the borders that the database keeps, by a key or by triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype IN ('f', 't') AND conname LIKE '%%\\_own'")
        yield from (name for (name,) in cursor.fetchall())


def _unique(border: Border) -> str:
    return f'CREATE UNIQUE INDEX IF NOT EXISTS "{border.target}_tenant_row" ON "{border.target}" (tenant_id, id)'
