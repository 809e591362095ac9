import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0021_supplier_prices_to_the_last_digit"),
        ("jobs", "0011_turnarounds_leave_positions"),
    ]

    operations = [
        migrations.AddField(
            "turnaround",
            "article",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="turnarounds",
                to="inventory.article",
            ),
        ),
        migrations.AddField("turnaround", "quantity", models.PositiveIntegerField(null=True)),
        migrations.AddField("turnaround", "until", models.DateTimeField(null=True)),
        migrations.AddField("turnaround", "left_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "turnaround",
            "reservation",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="turnaround",
                to="inventory.reservation",
            ),
        ),
    ]
