"""One writer of `reserving`: reads "KIND [ARTICLE] SECONDS" from its standard input, works, prints how much it did."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import django
from django.db import connection, transaction

from eventworx.periods import Period

SEASON, DAYS = datetime(2027, 1, 1, tzinfo=UTC), 365
ALWAYS = Period(SEASON, SEASON + timedelta(days=1))


class Writer:
    def __init__(self, slug: str, seed: int) -> None:
        # Models can be imported only after the set-up.
        self.reservations = importlib.import_module("inventory.reservations")
        tenants = importlib.import_module("eventworx.tenants.models")
        self.tenant: Any = tenants.Tenant.objects.get(slug=slug)
        self.random = Random(seed)
        self.articles = dict(self.tenant.articles.values_list("name", "pk"))
        self.spread = [pk for name, pk in self.articles.items() if name.startswith("spread")]

    def work(self, kind: str, seconds: float) -> int:
        way, _, article = kind.partition(" ")
        do: Callable[[], bool] = getattr(self, way)
        if article:
            do = partial(do, self.articles[kind])
        until, done = time.monotonic() + (seconds or 60), 0
        while time.monotonic() < until and do():
            done += 1
        return done

    def bare(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare_commit (note) VALUES ('one row')")
        return True

    def hot(self, article: int) -> bool:
        return self._reserve([article], self._period())

    def orders(self) -> bool:
        return self._reserve(self.random.sample(self.spread, 10), self._period())

    def scarce(self, article: int) -> bool:
        try:
            return self._reserve([article], ALWAYS)
        except self.reservations.Shortage:
            return False

    def summed(self, article: int) -> bool:
        period = self._period()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT owned FROM inventory_article WHERE id = %s FOR UPDATE", [article])
            (owned,) = cursor.fetchone()
            cursor.execute(
                "SELECT COALESCE(SUM(quantity), 0) FROM inventory_reservation"
                " WHERE article_id = %s AND blocked_from < %s AND blocked_until > %s",
                [article, period.end, period.start],
            )
            (taken,) = cursor.fetchone()
            if taken < owned:
                bounds = [period.start, period.end, period.start, period.end]
                cursor.execute(
                    'INSERT INTO inventory_reservation (tenant_id, article_id, quantity, start, "end", blocked_from,'
                    " blocked_until, label, created_at) VALUES (%s, %s, 1, %s, %s, %s, %s, '', now())",
                    [self.tenant.pk, article, *bounds],
                )
        return True

    def _reserve(self, articles: list[int], period: Period) -> bool:
        claims = [self.reservations.ReservationClaim(article, 1, period) for article in articles]
        self.reservations.reserve(tenant=self.tenant, claims=claims)
        return True

    def _period(self) -> Period:
        start = SEASON + timedelta(minutes=self.random.randrange(DAYS * 24 * 60))
        return Period(start, start + timedelta(days=2))


def main() -> None:
    django.setup()
    slug, seed = sys.argv[1:]
    writer = Writer(slug, int(seed))
    print(0, flush=True)
    for line in sys.stdin:
        kind, _, seconds = line.rpartition(" ")
        print(writer.work(kind, float(seconds)), flush=True)


if __name__ == "__main__":
    main()
