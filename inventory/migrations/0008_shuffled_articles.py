from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_fill_stock_steps")]

    operations = [
        migrations.AddField(
            model_name="article",
            name="shuffle",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
