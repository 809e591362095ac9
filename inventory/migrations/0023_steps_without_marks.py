from importlib import import_module

from django.db import migrations

from eventworx.databases import OnPostgreSQL

INDEX = import_module("inventory.migrations.0019_where_stock_may_fall").INDEX


class Migration(migrations.Migration):
    dependencies = [("inventory", "0022_reserving_marks_nothing")]

    # On the way back every step is marked, as one may always be.
    operations = [
        OnPostgreSQL("DROP INDEX stock_may_fall", INDEX),
        migrations.RemoveField("stockstep", "may_fall"),
    ]
