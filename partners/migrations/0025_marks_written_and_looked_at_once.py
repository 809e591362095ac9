"""A filter that marks 100,000 articles writes one index less and asks for a number once in 1,000 marks; what it wrote is
merged with the articles instead of looked up one by one, and not looked at where marks only change to their opposite.

Who deletes an article looks for its mark at each partner, by the index that remains.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from eventworx.databases import OnPostgreSQL

checked = import_module("partners.migrations.0022_marks_checked_together")
changed = import_module("partners.migrations.0024_marks_changed_together")

NUMBERS = "ALTER SEQUENCE partners_release_id_seq CACHE {many}"

# Of few marks each article is looked up; many are merged with all articles of their tenant in the order of the ids: by a
# hash it takes twice as long, and of a tenant that came a minute ago PostgreSQL expects one article and would compare
# each mark with all. Planned anew each time.
WRITTEN = """
CREATE OR REPLACE FUNCTION "partners_release_own"() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_nestloop = off AS $$
DECLARE
    writer record;
    strays boolean;
BEGIN
    {ahead}
    IF TG_OP = 'UPDATE' THEN
        IF current_setting('partners_release.moves', TRUE) IS DISTINCT FROM 'on' THEN
            RETURN NULL;
        END IF;
        PERFORM set_config('partners_release.moves', 'off', TRUE);
    END IF;
    FOR writer IN SELECT tenant_id, connection_id, count(article_id) AS articles FROM written GROUP BY 1, 2 LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('partners_release', writer.tenant_id));
        EXECUTE 'SELECT NOT EXISTS (SELECT FROM partners_partnerconnection WHERE tenant_id = $1 AND id = $2)
            OR EXISTS (SELECT FROM written WHERE tenant_id = $1 AND connection_id = $2 AND {category})
            OR EXISTS (' || CASE WHEN writer.articles < {many}
                THEN 'SELECT FROM written WHERE tenant_id = $1 AND connection_id = $2 AND {article}'
                ELSE 'SELECT FROM (
                    SELECT article_id AS id FROM written
                    WHERE tenant_id = $1 AND connection_id = $2 AND article_id IS NOT NULL
                ) marked LEFT JOIN (
                    SELECT tenant_id, id FROM inventory_article WHERE tenant_id = $1
                ) own USING (id) WHERE own.tenant_id IS NULL'
            END || ')' INTO strays USING writer.tenant_id, writer.connection_id;
        IF strays THEN
            RAISE foreign_key_violation USING TABLE = 'partners_release',
                MESSAGE = 'partners_release names a row that is not there, or of another tenant';
        END IF;
    END LOOP;
    RETURN NULL;
END $$
""".format(
    ahead=checked.AHEAD, category=changed.stray("category_id"), article=changed.stray("article_id"), many=1_000
)

# A trigger that sees all rows of a statement cannot name the columns for which it is meant; this one can, and comes
# before. One for the statement would not be asked where two updates stand in one.
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


def left() -> str:
    """What looks for marks of an article that goes, as 0022 made it, without its triggers, which stay."""
    function, _triggers = checked.LEFT.split("CREATE CONSTRAINT TRIGGER", 1)
    function = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return function.format(column="article_id", target="inventory_article", ahead=checked.AHEAD)


class Migration(migrations.Migration):
    dependencies = [("partners", "0024_marks_changed_together")]

    operations = [
        OnPostgreSQL(
            [NUMBERS.format(many=1_000), WRITTEN, MOVES, left().replace(ALL_MARKS, MARKS_OF_EACH)],
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
