import django.db.models.deletion
from django.db import migrations, models

from eventworx.databases import OnPostgreSQL


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_holds_and_returns")]

    operations = [
        migrations.CreateModel(
            name="StockStep",
            fields=[
                (
                    "article",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock_steps",
                        to="inventory.article",
                    ),
                ),
                ("instant", models.BigIntegerField()),
                ("added", models.IntegerField(default=0)),
                ("out_of_service", models.IntegerField(default=0)),
                ("reserved", models.IntegerField(default=0)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "article_id", "instant", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
            options={"verbose_name": "stock step"},
        ),
        migrations.AddConstraint(
            model_name="stockstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("added__gte", 0), ("out_of_service__gte", 0), ("reserved__gte", 0)),
                name="stock_step_not_negative",
            ),
        ),
        # The key carries the figures: what is free in a period is read from the index alone.
        OnPostgreSQL(
            "ALTER TABLE inventory_stockstep DROP CONSTRAINT inventory_stockstep_pkey, "
            "ADD PRIMARY KEY (article_id, instant) INCLUDE (added, out_of_service, reserved)",
            migrations.RunSQL.noop,
        ),
    ]
