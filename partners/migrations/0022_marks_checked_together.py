"""The marks that a filter makes are checked together: a key looked at 100,000 of them one by one, at 4 µs each.

Triggers stand in the place of the keys that keep a mark inside its tenant (security.md row 30). They refuse what the
keys refused, an insert and an update at once instead of at the end of the transaction. Whoever writes tells by an
advisory lock, shared by all who do; whoever takes away what may be named waits for them, and looks at the end of the
transaction, as a key does.
"""

from django.db import migrations

from eventworx.databases import OnPostgreSQL

NAMED = {
    "article_id": "inventory_article",
    "category_id": "inventory_category",
    "connection_id": "partners_partnerconnection",
}

NO_KEY = 'ALTER TABLE partners_release DROP CONSTRAINT "partners_release_{column}_own"'
KEY = """
ALTER TABLE partners_release ADD CONSTRAINT "partners_release_{column}_own" FOREIGN KEY (tenant_id, "{column}")
    REFERENCES "{target}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
"""

# A statement of a stricter transaction would not see what others have committed since it began.
AHEAD = """
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE feature_not_supported USING MESSAGE = 'borders are kept in transactions that read what is committed';
    END IF;
"""

# Planned anew each time, for one row or for 100,000; by OFFSET always an index asked for each row, because PostgreSQL,
# unaware of articles that came a minute ago, would compare each row with every article.
WRITTEN = """
CREATE FUNCTION "partners_release_own"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    strays boolean;
BEGIN
    {ahead}
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('partners_release', tenant_id))
    FROM (SELECT DISTINCT tenant_id FROM written) tenants;
    EXECUTE 'SELECT EXISTS (SELECT FROM written WHERE {strays})' INTO strays;
    IF strays THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'partners_release names a row that is not there, or of another tenant', TABLE = 'partners_release';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "partners_release_own_inserted" AFTER INSERT ON "partners_release"
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION "partners_release_own"();
CREATE TRIGGER "partners_release_own_updated" AFTER UPDATE ON "partners_release"
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION "partners_release_own"();
"""
STRAYS = """("{column}" IS NOT NULL AND NOT EXISTS (
        SELECT FROM "{target}" target WHERE target.tenant_id = written.tenant_id AND target.id = written."{column}"
        OFFSET 0))"""

LEFT = """
CREATE FUNCTION "partners_release_{column}_own"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dangles boolean;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        dangles := EXISTS (SELECT FROM "partners_release" WHERE "{column}" IS NOT NULL);
    ELSE
        {ahead}
        PERFORM pg_advisory_xact_lock(hashtextextended('partners_release', OLD.tenant_id));
        dangles := EXISTS (SELECT FROM "partners_release" WHERE tenant_id = OLD.tenant_id AND "{column}" = OLD.id)
            AND NOT EXISTS (SELECT FROM "{target}" WHERE tenant_id = OLD.tenant_id AND id = OLD.id);
    END IF;
    IF dangles THEN
        RAISE foreign_key_violation USING
            MESSAGE = '{target} is still named by partners_release', TABLE = 'partners_release';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER "partners_release_{column}_own" AFTER DELETE ON "{target}"
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "partners_release_{column}_own"();
CREATE CONSTRAINT TRIGGER "partners_release_{column}_own_moved" AFTER UPDATE OF tenant_id, id ON "{target}"
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.tenant_id, OLD.id) IS DISTINCT FROM (NEW.tenant_id, NEW.id))
    EXECUTE FUNCTION "partners_release_{column}_own"();
CREATE TRIGGER "partners_release_{column}_own_emptied" AFTER TRUNCATE ON "{target}"
    FOR EACH STATEMENT EXECUTE FUNCTION "partners_release_{column}_own"();
"""
NOTHING_LEFT = 'DROP FUNCTION "partners_release_{column}_own" CASCADE'


def for_each(*statements: str) -> list[str]:
    return [
        statement.format(column=column, target=target, ahead=AHEAD)
        for column, target in NAMED.items()
        for statement in statements
    ]


class Migration(migrations.Migration):
    dependencies = [("partners", "0021_marks_checked_once")]

    operations = [
        OnPostgreSQL(
            [*for_each(NO_KEY, LEFT), WRITTEN.format(ahead=AHEAD, strays=" OR ".join(for_each(STRAYS)))],
            ["DROP FUNCTION partners_release_own CASCADE", *for_each(NOTHING_LEFT, KEY)],
        )
    ]
