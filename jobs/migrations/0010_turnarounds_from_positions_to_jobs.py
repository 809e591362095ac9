from typing import Any

from django.db import migrations

BATCH = 1000


def hand_to_jobs(apps: Any, schema_editor: Any) -> None:
    """What is turned around after a position is so after its job, whichever of its positions needs it."""
    turnarounds = apps.get_model("jobs", "Turnaround")
    positions = apps.get_model("jobs", "Position").objects.filter(turning__isnull=False)
    columns = positions.values_list("tenant_id", "job_id", "turning_id")
    rows = [turnarounds(tenant_id=tenant, job_id=job, reservation_id=turning) for tenant, job, turning in columns]
    turnarounds.objects.bulk_create(rows, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0009_turnarounds_of_jobs")]

    operations = [migrations.RunPython(hand_to_jobs, migrations.RunPython.noop)]
