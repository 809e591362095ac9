"""A filter that marks 100,000 articles writes one index less and asks for a number once in 1,000 marks; what it wrote is
merged with the articles instead of looked up one by one, and not looked at where marks only change to their opposite.

Who deletes an article looks for its mark at each partner, by the index that remains; of a partner who is deleted along
with it the trigger of his own tells at the end of the transaction. Django and SQLite would read all marks, but nothing
in the product deletes articles: they are archived.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from eventworx.databases import OnPostgreSQL

checked = import_module("partners.migrations.0022_marks_checked_together")
changed = import_module("partners.migrations.0024_marks_changed_together")

NUMBERS = "ALTER SEQUENCE partners_release_id_seq CACHE {many}"

# Of few marks each article is looked up; many are merged with the articles of their tenant in the order of the ids: by a
# hash it takes twice as long, and of a tenant that came a minute ago PostgreSQL expects one article and would compare
# each mark with all. Planned anew each time.
WRITTEN = """
CREATE OR REPLACE FUNCTION "partners_release_own"() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_nestloop = off AS $$
DECLARE
    writer record;
    strays boolean := FALSE;
    stray boolean;
BEGIN
    {ahead}
    IF TG_OP = 'UPDATE' THEN
        IF current_setting('partners_release.moves', TRUE) IS DISTINCT FROM 'on' THEN
            RETURN NULL;
        END IF;
        PERFORM set_config('partners_release.moves', 'off', TRUE);
    END IF;
    FOR writer IN SELECT DISTINCT tenant_id, connection_id FROM written LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('partners_release', writer.tenant_id));
        strays := strays OR NOT EXISTS (
            SELECT FROM partners_partnerconnection
            WHERE tenant_id = writer.tenant_id AND id = writer.connection_id
        );
    END LOOP;
    IF (SELECT count(article_id) < {many} FROM written) THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM written WHERE {article} OR {category})' INTO stray;
        strays := strays OR stray;
    ELSE
        EXECUTE 'SELECT EXISTS (SELECT FROM written WHERE {category})' INTO stray;
        strays := strays OR stray;
        FOR writer IN
            SELECT tenant_id, min(article_id) AS lowest, max(article_id) AS highest FROM written GROUP BY tenant_id
        LOOP
            EXECUTE 'SELECT EXISTS (
                SELECT FROM (
                    SELECT article_id AS id FROM written WHERE tenant_id = $1 AND article_id IS NOT NULL
                ) marked LEFT JOIN (
                    SELECT tenant_id, id FROM inventory_article WHERE tenant_id = $1 AND id BETWEEN $2 AND $3
                ) own USING (id) WHERE own.tenant_id IS NULL
            )' INTO stray USING writer.tenant_id, writer.lowest, writer.highest;
            strays := strays OR stray;
        END LOOP;
    END IF;
    IF strays THEN
        RAISE foreign_key_violation USING TABLE = 'partners_release',
            MESSAGE = 'partners_release names a row that is not there, or of another tenant';
    END IF;
    RETURN NULL;
END $$
"""
MANY = 10_000

# A trigger that sees all rows of a statement cannot name the columns for which it is meant; this one can, and its rows
# come before that one. A trigger for the statement would be asked once where two updates stand in one.
MOVES = """
CREATE FUNCTION "partners_release_moves"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('partners_release.moves', 'on', TRUE);
    RETURN NULL;
END $$;
CREATE TRIGGER "partners_release_moves" AFTER UPDATE OF tenant_id, connection_id, article_id, category_id
    ON "partners_release" FOR EACH ROW EXECUTE FUNCTION "partners_release_moves"()
"""
NO_MOVES = 'DROP FUNCTION "partners_release_moves" CASCADE'

ALL_MARKS = 'FROM "partners_release" WHERE tenant_id = OLD.tenant_id AND "article_id" = OLD.id'
MARKS_OF_EACH = """FROM "partners_release" mark JOIN "partners_partnerconnection" connection
            ON connection.id = mark.connection_id AND connection.tenant_id = OLD.tenant_id
            WHERE mark.article_id = OLD.id"""


def written() -> str:
    category, article = changed.stray("category_id"), changed.stray("article_id")
    return WRITTEN.format(ahead=checked.AHEAD, category=category, article=article, many=MANY)


def left() -> str:
    """What looks for marks of an article that goes, as 0022 made it, without its triggers, which stay."""
    function, _triggers = checked.LEFT.split("CREATE CONSTRAINT TRIGGER", 1)
    function = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return function.format(column="article_id", target="inventory_article", ahead=checked.AHEAD)


class Migration(migrations.Migration):
    dependencies = [("partners", "0024_marks_changed_together")]

    operations = [
        OnPostgreSQL(
            [NUMBERS.format(many=1_000), written(), MOVES, left().replace(ALL_MARKS, MARKS_OF_EACH)],
            [left(), NO_MOVES, changed.written(), NUMBERS.format(many=1)],
        ),
        migrations.AlterField(
            model_name="release",
            name="article",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="releases",
                to="inventory.article",
            ),
        ),
    ]
