from django.db import migrations, models

from eventworx.databases import OnPostgreSQL

# Both extensions are trusted: the owner of a database may create them.
INDEXES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "CREATE INDEX IF NOT EXISTS articles_by_parts ON inventory_article USING gin (tenant_id, search_key gin_trgm_ops)",
)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_search_keys_anew")]

    operations = [
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                fields=["tenant", "shuffle", "id", "search_key"],
                condition=models.Q(archived_at__isnull=True),
                name="articles_shuffled",
            ),
        ),
        OnPostgreSQL(INDEXES, ["DROP INDEX IF EXISTS articles_by_parts"]),
    ]
