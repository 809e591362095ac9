from importlib import import_module

from django.db import migrations

from eventworx.databases import OnPostgreSQL

MARKING = import_module("inventory.migrations.0020_reserving_marks_where_stock_falls").RESERVE
PLAIN = import_module("inventory.migrations.0017_reserving_what_is_sold").RESERVE


class Migration(migrations.Migration):
    dependencies = [("inventory", "0021_supplier_prices_to_the_last_digit")]

    operations = [OnPostgreSQL(PLAIN, MARKING)]
