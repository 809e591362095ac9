"""Run by a Python that has pretix: fills quotas with orders, then takes for each line the time of counting the rest.

in_pretix.py DATABASE_URL FOLDER "QUOTAS ORDERS", the orders of each.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django.utils.timezone import now
from django_scopes import scopes_disabled

LEFT = 100  # of each quota
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'"
_ORDERS = {"code": "LEFT(t.code, 6) || n", "internal_secret": "NULL"}
_PLACES = {"order_id": "o.id", "secret": "md5(o.id::text)", "pseudonymization_id": "'P' || o.id"}


def main(url: str, folder: str, told: str) -> None:
    set_up(url, folder)
    with scopes_disabled():
        quotas = filled(*map(int, told.split()))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        for _question in sys.stdin:
            print(f"ms:{milliseconds(quotas)}", flush=True)


def set_up(url: str, folder: str) -> None:
    place = urlsplit(url)
    database = {"BACKEND": "postgresql", "NAME": place.path[1:], "USER": place.username, "PASSWORD": place.password}
    database |= {"HOST": place.hostname, "PORT": place.port}
    os.environ |= {f"PRETIX_DATABASE_{name}": str(value) for name, value in database.items()}
    os.environ |= {"PRETIX_PRETIX_DATADIR": folder, "PRETIX_PRETIX_URL": "http://127.0.0.1:9"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "pretix.settings"
    django.setup()
    call_command("migrate", verbosity=0)


def filled(quotas: int, orders: int) -> list[Any]:
    hirer = apps.get_model("pretixbase.Organizer").objects.create(name="Aurora", slug="aurora")
    event = apps.get_model("pretixbase.Event").objects.create(
        organizer=hirer,
        name="Verleih",
        slug="verleih",
        date_from=now() + timedelta(days=300),
        currency="EUR",
        live=True,
    )
    return [filled_quota(event, number, orders) for number in range(quotas)]


def filled_quota(event: Any, number: int, orders: int) -> Any:
    item = event.items.create(name=f"PAR {number}", default_price=10)
    quota = event.quotas.create(name=item.name, size=orders + LEFT)
    quota.items.add(item)
    channel = event.organizer.sales_channels.get(identifier="web")
    times = {"datetime": now(), "expires": now() + timedelta(days=9)}
    with transaction.atomic():
        order = event.orders.create(code=f"X{number:04}-", status="p", total=10, sales_channel=channel, **times)
        place = order.positions.create(item=item, price=10)
        order.create_transactions()
    copied("pretixbase_order", order.pk, f"generate_series(2, {orders}) AS n", _ORDERS)
    others = f"pretixbase_order o WHERE o.code LIKE '{order.code}_%'"
    copied("pretixbase_orderposition", place.pk, f"(SELECT id FROM {others}) AS o", _PLACES)
    return quota


def copied(table: str, key: int, by: str, changed: dict[str, str]) -> None:
    """The row once for each of `by`, but for what is changed."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [table])
        names = [f'"{name}"' for (name,) in cursor.fetchall()]
        values = [changed.get(name.strip('"'), f"t.{name}") for name in names]
        copies = f"SELECT {', '.join(values)} FROM {table} t, {by} WHERE t.id = {key}"
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {copies}")


def milliseconds(quotas: list[Any]) -> float:
    counting = import_string("pretix.base.services.quotas.QuotaAvailability")()
    begun = time.perf_counter()
    counting.queue(*quotas)
    counting.compute()
    taken = (time.perf_counter() - begun) * 1e3
    assert {left for _state, left in counting.results.values()} == {LEFT}, counting.results
    return taken


if __name__ == "__main__":
    main(*sys.argv[1:])
