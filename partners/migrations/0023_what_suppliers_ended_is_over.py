from typing import Any

from django.db import migrations

# What may become of an order of ours that stands so (protocol §7).
ENDS = {"requested": ("expired", "cancelled"), "confirmed": ("cancelled",)}


def end(apps: Any, schema_editor: Any) -> None:
    """Orders that a supplier let expire or cancelled: the document said so, our own record of it did not."""
    mirrors = apps.get_model("partners", "PartnerOrder").objects.filter(direction="outgoing")
    for state, ends in ENDS.items():
        over = mirrors.filter(state__in=ends, sub_rental_order__state=state).select_related("sub_rental_order")
        for mirror in over:
            order = mirror.sub_rental_order
            order.state, order.reason = mirror.state, mirror.document.get("reason") or ""
            order.answered_at = order.answered_at or mirror.updated_at
            order.save(update_fields=["state", "reason", "answered_at"])


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0022_marks_checked_together"),
        ("jobs", "0015_orders_that_expire_or_are_cancelled"),
    ]

    operations = [migrations.RunPython(end, migrations.RunPython.noop)]
