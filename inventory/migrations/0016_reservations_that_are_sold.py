from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0015_reserving_in_one_statement")]

    operations = [
        migrations.AddField(
            model_name="reservation",
            name="sold_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sold"),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sold_at__isnull", True),
                    models.Q(("expires_at__isnull", True), ("handed_over_at__isnull", True)),
                    _connector="OR",
                ),
                name="reservation_sold_or_lent",
            ),
        ),
    ]
