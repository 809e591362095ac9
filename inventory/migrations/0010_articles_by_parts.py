from django.db import migrations, models

from inventory.search.dialects import index_parts_of_words


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
        index_parts_of_words(),
    ]
