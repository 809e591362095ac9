from django.db import migrations

from eventworx.databases import OnPostgreSQL

# The words of an article: what follows a FROM with a comma.
SPELT = """
    unnest(string_to_array(split_part({written}.search_key, '|', 1), ' ')) AS spelt (word)
    WHERE length(spelt.word) BETWEEN 4 AND 60 AND spelt.word !~ '[0-9]'
"""

# Statement by statement, so that an import pays once. Nothing is locked or unique: two who write the same new word at
# the same time do not wait for each other, and it stands there twice.
NOTE_WORDS = """
    INSERT INTO inventory_catalogueword (tenant_id, word)
    SELECT DISTINCT written.tenant_id, spelt.word
    FROM {written}, {spelt} AND NOT EXISTS (
        SELECT 1 FROM inventory_catalogueword known
        WHERE known.tenant_id = written.tenant_id AND known.word = spelt.word
    )
""".replace("{spelt}", SPELT.format(written="written"))
CHANGED = "written JOIN former ON former.id = written.id AND former.search_key <> written.search_key"
TRIGGER = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {note_words}; RETURN NULL; END $$;
    CREATE TRIGGER {name} AFTER {event} FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""
WORDS = (
    NOTE_WORDS.format(written="inventory_article written"),
    TRIGGER.format(
        name="words_of_new_articles",
        note_words=NOTE_WORDS.format(written="written"),
        event="INSERT ON inventory_article REFERENCING NEW TABLE AS written",
    ),
    TRIGGER.format(
        name="words_of_changed_articles",
        note_words=NOTE_WORDS.format(written=CHANGED),
        event="UPDATE ON inventory_article REFERENCING OLD TABLE AS former NEW TABLE AS written",
    ),
    "CREATE INDEX catalogue_words_by_parts ON inventory_catalogueword USING gin (tenant_id, word gin_trgm_ops)",
)
NO_WORDS = (
    "DROP INDEX catalogue_words_by_parts",
    "DROP FUNCTION words_of_changed_articles() CASCADE",
    "DROP FUNCTION words_of_new_articles() CASCADE",
)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_catalogue_words")]

    operations = [OnPostgreSQL(WORDS, NO_WORDS)]
