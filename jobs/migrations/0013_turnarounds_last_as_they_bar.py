from typing import Any

from django.db import migrations

BATCH = 1000


def copy_what_bars(apps: Any, schema_editor: Any) -> None:
    """What was cut short before nobody knows any more: a turnaround lasts as long as its reservation bars others."""
    turnarounds = apps.get_model("jobs", "Turnaround").objects
    rows = list(turnarounds.filter(article__isnull=True).select_related("reservation"))
    for row in rows:
        row.article_id, row.quantity = row.reservation.article_id, row.reservation.quantity
        row.until = row.reservation.blocked_until
    turnarounds.bulk_update(rows, ["article", "quantity", "until"], batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0012_how_long_turnarounds_last")]

    operations = [migrations.RunPython(copy_what_bars, migrations.RunPython.noop)]
