from django.db import migrations, models

STATES = [
    ("requested", "requested"),
    ("confirmed", "confirmed"),
    ("declined", "declined"),
    ("withdrawn", "withdrawn"),
    ("expired", "expired"),
    ("cancelled", "cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("jobs", "0014_turnarounds_say_how_long")]

    operations = [
        migrations.AlterField(
            name,
            "state",
            models.CharField(choices=STATES, default="requested", max_length=20, verbose_name="state"),
        )
        for name in ("inquiry", "subrentalorder")
    ]
