from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_tenant_borders")]

    operations = [
        migrations.AddField(
            model_name="reservation",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="held until"),
        ),
        migrations.AddField(
            model_name="reservation",
            name="handed_over_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="handed over"),
        ),
        migrations.AddField(
            model_name="reservation",
            name="returned_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="returned"),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(
                condition=models.Q(
                    ("expires_at__isnull", False),
                    models.Q(("handed_over_at__isnull", False), ("returned_at__isnull", True)),
                    _connector="OR",
                ),
                fields=["article"],
                name="reservations_moving_with_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__isnull", True), ("handed_over_at__isnull", True), _connector="OR"),
                name="reservation_held_or_handed_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("returned_at__isnull", True), ("returned_at__gte", models.F("handed_over_at")), _connector="OR"
                ),
                name="reservation_returned_after_hand_over",
            ),
        ),
    ]
