from django.db import migrations, models

from eventworx.databases import OnPostgreSQL

# Of every step that is there: whether there is less of anything than just before.
MARK = """
UPDATE inventory_stockstep SET may_fall = FALSE WHERE (article_id, instant) IN (
    SELECT article_id, instant FROM (
        SELECT article_id, instant,
            added - LAG(added) OVER course AS more,
            out_of_service - LAG(out_of_service) OVER course AS more_out_of_service,
            reserved - LAG(reserved) OVER course AS more_reserved
        FROM inventory_stockstep
        WINDOW course AS (PARTITION BY article_id ORDER BY instant)
    ) step
    WHERE more >= 0 AND more_out_of_service <= 0 AND more >= more_out_of_service + more_reserved
)
"""
# What is lowest in a period is found among these alone, and read from here; what holds at its start, by the key.
INDEX = """
CREATE INDEX stock_may_fall ON inventory_stockstep (article_id, instant) INCLUDE (added, out_of_service, reserved)
WHERE may_fall
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0018_what_is_sold_does_not_come_back")]

    operations = [
        migrations.AddField("stockstep", "may_fall", models.BooleanField(default=True, db_default=True)),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        OnPostgreSQL(INDEX, "DROP INDEX stock_may_fall"),
    ]
