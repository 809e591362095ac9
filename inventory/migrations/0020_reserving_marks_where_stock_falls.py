from importlib import import_module

from django.db import migrations

from eventworx.databases import OnPostgreSQL

BEFORE = import_module("inventory.migrations.0017_reserving_what_is_sold").RESERVE
# The function of 0017, which also marks where stock falls: at the start of what it reserves. Where something ends
# nothing falls for it; what stands at an instant that is there already may stay marked.
INSERTED = """
        INSERT INTO inventory_stockstep (article_id, instant, added, out_of_service, reserved)
        SELECT claim.article, edge,
            COALESCE(step.added, 0), COALESCE(step.out_of_service, 0), COALESCE(step.reserved, 0)
"""
UNMARKED = """
        INSERT INTO inventory_stockstep (article_id, instant, added, out_of_service, reserved, may_fall)
        SELECT claim.article, edge,
            COALESCE(step.added, 0), COALESCE(step.out_of_service, 0), COALESCE(step.reserved, 0), FALSE
"""
TAKEN = "SET reserved = reserved + claim.quantity\n"
MARKED = "SET reserved = reserved + claim.quantity, may_fall = may_fall OR instant = first\n"
RESERVE = BEFORE.replace(INSERTED, UNMARKED).replace(TAKEN, MARKED)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0019_where_stock_may_fall")]

    operations = [OnPostgreSQL(RESERVE, BEFORE)]
