from collections import defaultdict
from typing import Any

from django.db import migrations
from django.db.models import F
from django.utils import timezone

from eventworx.periods import LATEST, Period
from inventory.steps import Change, changed, span_of, Step

BATCH = 1000


def block_for_good(apps: Any, schema_editor: Any) -> None:
    """What is reserved or held of things sold, from now on or later, and has not left: until the end of time, also
    where more has been promised by that than there is, which shows as a shortage. What is over stays as it was."""
    reservations = apps.get_model("inventory", "Reservation").objects
    waiting = reservations.filter(article__kind="sale", handed_over_at__isnull=True, sold_at=None, blocked_until__gt=timezone.now())
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in waiting.filter(expires_at__isnull=True).iterator(BATCH):
        beyond = span_of(Period(row.blocked_until, LATEST))
        changes[row.article_id].append(Change(beyond, reserved=row.quantity))
    for article_id, some in changes.items():
        _write(apps.get_model("inventory", "StockStep").objects, article_id, some)
    waiting.update(blocked_until=LATEST)


def sell_what_is_out(apps: Any, schema_editor: Any) -> None:
    """What has left and is not back is sold: owned no longer, unless somebody has lowered that figure already, of which
    fewer being owned than have left is the sign; and it takes nothing any more."""
    reservations = apps.get_model("inventory", "Reservation").objects
    gone = reservations.filter(article__kind="sale", handed_over_at__isnull=False, returned_at__isnull=True)
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in gone.select_related("article").order_by("pk"):
        changes[row.article_id].append(Change(span_of(Period(row.blocked_from, row.blocked_until)), reserved=-row.quantity))
        owned = apps.get_model("inventory", "Article").objects.filter(pk=row.article_id, owned__gte=row.quantity)
        owned.update(owned=F("owned") - row.quantity)
    for article_id, some in changes.items():
        _write(apps.get_model("inventory", "StockStep").objects, article_id, some)
    gone.update(sold_at=F("handed_over_at"), handed_over_at=None, blocked_until=LATEST)


def _write(steps: Any, article_id: int, changes: list[Change]) -> None:
    rows = steps.filter(article_id=article_id)
    columns = "instant", "added", "out_of_service", "reserved"
    course = changed([Step(*row) for row in rows.order_by("instant").values_list(*columns)], changes)
    rows.delete()
    new = [steps.model(article_id=article_id, **step._asdict()) for step in course]
    steps.bulk_create(new, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0017_reserving_what_is_sold")]

    # There is no way back: what is sold would wait in store again.
    operations = [migrations.RunPython(sell_what_is_out), migrations.RunPython(block_for_good)]
