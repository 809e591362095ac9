"""A filter changes 100,000 marks at once: beside each is room for its next state, so that no index is written for it;
what stands there already moves the first time. Of a connection is looked once whether it is there, not for each mark.
"""

from importlib import import_module

from django.db import migrations

from eventworx.databases import OnPostgreSQL

checked = import_module("partners.migrations.0022_marks_checked_together")

ROOM = "ALTER TABLE partners_release SET (fillfactor = 50)"
LESS_ROOM = "ALTER TABLE partners_release SET (fillfactor = 60)"

# As in 0022 but for the connections.
WRITTEN = """
CREATE OR REPLACE FUNCTION "partners_release_own"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    strays boolean;
BEGIN
    {ahead}
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('partners_release', tenant_id))
    FROM (SELECT DISTINCT tenant_id FROM written) tenants;
    EXECUTE 'SELECT EXISTS (SELECT FROM written WHERE {things})
        OR EXISTS (SELECT FROM (SELECT DISTINCT tenant_id, connection_id FROM written) written WHERE {connection})'
    INTO strays;
    IF strays THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'partners_release names a row that is not there, or of another tenant', TABLE = 'partners_release';
    END IF;
    RETURN NULL;
END $$
"""


def stray(column: str) -> str:
    return checked.STRAYS.format(column=column, target=checked.NAMED[column])


def written() -> str:
    things = f"{stray('article_id')} OR {stray('category_id')}"
    return WRITTEN.format(ahead=checked.AHEAD, things=things, connection=stray("connection_id"))


def written_before() -> str:
    """The function as 0022 made it, without its triggers, which stay."""
    function, _triggers = checked.WRITTEN.split("CREATE TRIGGER", 1)
    function = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return function.format(ahead=checked.AHEAD, strays=" OR ".join(checked.for_each(checked.STRAYS)))


class Migration(migrations.Migration):
    dependencies = [("partners", "0023_what_suppliers_ended_is_over")]

    operations = [OnPostgreSQL(ROOM, LESS_ROOM), OnPostgreSQL(written(), written_before())]
