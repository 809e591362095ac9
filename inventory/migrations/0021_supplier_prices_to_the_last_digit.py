import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0020_reserving_marks_where_stock_falls")]

    operations = [
        migrations.AlterField(
            model_name="articlesupplier",
            name="price",
            field=models.DecimalField(
                blank=True,
                decimal_places=6,
                max_digits=16,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="price per day",
            ),
        )
    ]
