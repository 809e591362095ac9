import django.db.models.deletion
from django.db import migrations, models

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("jobs", "0013_turnarounds_last_as_they_bar")]

    operations = [
        migrations.AlterField(
            "turnaround",
            "article",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="turnarounds", to="inventory.article"
            ),
        ),
        migrations.AlterField("turnaround", "quantity", models.PositiveIntegerField()),
        migrations.AlterField("turnaround", "until", models.DateTimeField()),
        KeepBorders(),
    ]
