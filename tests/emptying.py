"""What a test with transactions of its own leaves behind is gone before the next one.

Django empties every table and makes the content types and permissions anew: 0.2 s a test on PostgreSQL. Here only
tables are emptied in which there is something, and what Django makes of the models stays. conftest.py puts it in place.
"""

from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase

MADE_OF_THE_MODELS = {"auth_permission", "django_content_type"}
MANY = 1000  # rows; more of them Django's own way removes faster

every_table = TransactionTestCase._fixture_teardown


def empty_what_was_filled(case: TransactionTestCase) -> None:
    try:
        is_done = _emptied()
    except OperationalError:  # a thread that the test left behind still writes: it has the way free now
        is_done = False
    if not is_done:
        every_table(case)


def _emptied() -> bool:
    """Whether all tables are empty now; there may be too much in them."""
    names = set(connection.introspection.django_table_names(only_existing=True)) - MADE_OF_THE_MODELS
    tables = [connection.ops.quote_name(name) for name in sorted(names)]
    rows = f"(SELECT count(*) FROM (SELECT 1 FROM {{}} LIMIT {MANY}) AS found)"
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Whoever still writes is waited for, as by TRUNCATE.
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
        cursor.execute("SELECT " + ", ".join(rows.format(table) for table in tables))
        counts = dict(zip(tables, cursor.fetchone(), strict=True))
        if max(counts.values()) >= MANY:
            return False
        for table in (table for table, count in counts.items() if count):
            cursor.execute(f"DELETE FROM {table}")
    return True
