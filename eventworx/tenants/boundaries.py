"""The border between tenants, kept by the database itself (security.md row 30).

Every query starts at a tenant, so a row never names a row of another one. On PostgreSQL the database refuses it even
so: each foreign key between rows of tenants is accompanied by one over (tenant, id). SQLite, the embedded default,
cannot add constraints to a table that exists; there the application alone keeps the border.

Where 100,000 rows are written at once triggers stand in the place of those keys (`KeepBordersByStatement`).
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


class KeepBordersByStatement(Operation):
    """Migration operation: triggers in the place of the keys that keep the borders of one model, for rows that are
    written by the hundred thousand: a key looks at row by row, these at all rows of a statement together.

    They refuse what the keys refused, an insert and an update at once instead of at the end of the transaction. Whoever
    writes tells by an advisory lock, shared by all who do; whoever takes away what may be named waits for them, and
    looks at the end of the transaction, as a key does.
    """

    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if not is_postgresql(schema_editor.connection):
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        borders = list(borders_of_model(model))
        for border in borders:
            schema_editor.execute(border.no_key)
            schema_editor.execute(_LEFT.format(**border._asdict(), name=border.name, ahead=_AHEAD))
        strays = " OR ".join(_STRAYS.format(**border._asdict()) for border in borders)
        schema_editor.execute(_WRITTEN.format(table=model._meta.db_table, strays=strays, ahead=_AHEAD))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if not is_postgresql(schema_editor.connection):
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(f'DROP FUNCTION "{model._meta.db_table}_own" CASCADE')
        for border in borders_of_model(model):
            schema_editor.execute(f'DROP FUNCTION "{border.name}" CASCADE')
            schema_editor.execute(border.key)

    def describe(self) -> str:
        return f"Let the database look at the borders of each {self.model_name} once a statement"


# A statement of a stricter transaction would not see what others have committed since it began.
_AHEAD = """
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE feature_not_supported USING MESSAGE = 'borders are kept in transactions that read what is committed';
    END IF;
"""

# Planned anew each time, for one row or for 100,000; by OFFSET always an index asked for each row, because PostgreSQL,
# unaware of articles that came a minute ago, would compare each row with every article.
_WRITTEN = """
CREATE FUNCTION "{table}_own"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    strays boolean;
BEGIN
    {ahead}
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('{table}', tenant_id))
    FROM (SELECT DISTINCT tenant_id FROM written) tenants;
    EXECUTE 'SELECT EXISTS (SELECT FROM written WHERE {strays})' INTO strays;
    IF strays THEN
        RAISE foreign_key_violation USING
            MESSAGE = '{table} names a row that is not there, or of another tenant', TABLE = '{table}';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "{table}_own_inserted" AFTER INSERT ON "{table}"
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION "{table}_own"();
CREATE TRIGGER "{table}_own_updated" AFTER UPDATE ON "{table}"
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION "{table}_own"();
"""
_STRAYS = """("{column}" IS NOT NULL AND NOT EXISTS (
        SELECT FROM "{target}" target WHERE target.tenant_id = written.tenant_id AND target.id = written."{column}"
        OFFSET 0))"""

_LEFT = """
CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dangles boolean;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        dangles := EXISTS (SELECT FROM "{table}" WHERE "{column}" IS NOT NULL);
    ELSE
        {ahead}
        PERFORM pg_advisory_xact_lock(hashtextextended('{table}', OLD.tenant_id));
        dangles := EXISTS (SELECT FROM "{table}" WHERE tenant_id = OLD.tenant_id AND "{column}" = OLD.id)
            AND NOT EXISTS (SELECT FROM "{target}" WHERE tenant_id = OLD.tenant_id AND id = OLD.id);
    END IF;
    IF dangles THEN
        RAISE foreign_key_violation USING MESSAGE = '{target} is still named by {table}', TABLE = '{table}';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER "{name}" AFTER DELETE ON "{target}"
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "{name}"();
CREATE CONSTRAINT TRIGGER "{name}_moved" AFTER UPDATE OF tenant_id, id ON "{target}"
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.tenant_id, OLD.id) IS DISTINCT FROM (NEW.tenant_id, NEW.id)) EXECUTE FUNCTION "{name}"();
CREATE TRIGGER "{name}_emptied" AFTER TRUNCATE ON "{target}" FOR EACH STATEMENT EXECUTE FUNCTION "{name}"();
"""


def borders_of(apps: Apps, app_label: str) -> Iterator[Border]:
    """Every foreign key from a tenant's rows to a tenant's rows, of one app."""
    for model in apps.get_app_config(app_label).get_models():
        yield from borders_of_model(model)


def borders_of_model(model: type[models.Model]) -> Iterator[Border]:
    for field in model._meta.local_fields:
        target = field.related_model
        if field.name != "tenant" and _is_owned(model) and isinstance(target, type) and _is_owned(target):
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
