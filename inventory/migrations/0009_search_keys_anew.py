from typing import Any

from django.db import migrations

from inventory.spelling import KEY_TEXTS, keys_of

BATCH = 1000
KEYS = ["search_key", "sort_key", "shuffle"]


def fill_keys(apps: Any, schema_editor: Any) -> None:
    articles = apps.get_model("inventory", "Article").objects
    rows = []
    for article in articles.only("pk", *KEY_TEXTS).iterator(BATCH):
        for name, key in keys_of([getattr(article, text) for text in KEY_TEXTS]).items():
            setattr(article, name, key)
        rows.append(article)
        if len(rows) == BATCH:
            articles.bulk_update(rows, KEYS)
            rows = []
    articles.bulk_update(rows, KEYS)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_shuffled_articles")]

    operations = [migrations.RunPython(fill_keys, migrations.RunPython.noop, elidable=True)]
