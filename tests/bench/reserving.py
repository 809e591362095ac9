"""Reservations by eight writers at once, each commit durable (figure F6), and that nothing is overbooked.

Side by side, in turns of some seconds: bare commits of one row; our reservations on one hot article; the same by
locking the article with SELECT FOR UPDATE and adding up what overlaps; our orders of ten lines on articles spread wide.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Sum

from eventworx.tenants.models import Tenant
from inventory.courses import check_courses
from tests.bench.catalogue import Market
from tests.factories import make_article, make_tenant
from tests.source import ROOT

ONLY_ON = "postgresql"  # SQLite lets writers in one by one
TITLE = "F6 · Eight writers, durable commits"
WRITERS, SPREAD = 8, 2_000
OWNED, SUPPLY = 10**6, 200
BARE, SUMMED, HOT, ORDERS = "bare", "summed", "hot", "orders"
NAMES = {
    BARE: "bare commits of one row",
    HOT: "reservations on one hot article",
    SUMMED: "the same, SELECT FOR UPDATE and a sum",
    ORDERS: "orders of ten lines on spread articles",
}


SCARCE = "scarce"  # one period for all, until nothing is left


def measure(_market: Market, *, rounds: int, runs: int) -> dict[str, Any]:
    tenant = make_tenant("writers")
    for name, owned in ((HOT, OWNED), (SUMMED, OWNED), (SCARCE, SUPPLY)):
        make_article(tenant, name, owned=owned, number=name)
    for number in range(SPREAD):
        make_article(tenant, f"spread {number}", owned=OWNED)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare_commit (id bigserial PRIMARY KEY, note text)")
    turns, seconds = max(rounds // 7, 1), 0.2 * runs
    rates: dict[str, list[float]] = {kind: [] for kind in NAMES}
    random = Random(7)
    with Writers(tenant) as writers:
        writers.work(SCARCE, seconds=0)
        for _turn in range(turns):
            for kind in random.sample(list(NAMES), len(NAMES)):
                rates[kind].append(writers.work(kind, seconds=seconds) / seconds)
    medians = {kind: statistics.median(some) for kind, some in rates.items()}
    rows = [
        {"what": name, "per_second": round(medians[kind]), "ratio": round(medians[kind] / medians[BARE], 3)}
        for kind, name in NAMES.items()
    ]
    return {"title": TITLE, "rows": rows, "notes": [_against_the_sum(medians), _overbooked(tenant)]}


def _against_the_sum(medians: dict[str, float]) -> str:
    return f"on a hot article {medians[HOT] / medians[SUMMED]:.2f} times as many as by SELECT FOR UPDATE and a sum"


def _overbooked(tenant: Tenant) -> str:
    ours = list(tenant.articles.exclude(number=SUMMED).values_list("pk", flat=True))
    wrong = len(check_courses(tenant=tenant, article_ids=ours))
    promised = tenant.reservations.filter(article__number=SCARCE).aggregate(all=Sum("quantity"))["all"]
    return f"of {SUPPLY} units that all wanted at once {promised} were promised; {wrong} articles have wrong steps"


class Writers:
    """Eight processes that do one kind of work at a time, as they are told."""

    def __init__(self, tenant: Tenant) -> None:
        command = [sys.executable, "-m", "tests.bench.writer", tenant.slug]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.processes = [
            subprocess.Popen([*command, str(seed)], cwd=ROOT, env=os.environ, **pipes) for seed in range(WRITERS)
        ]

    def __enter__(self) -> Writers:
        self._answers()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self.processes:
            process.communicate()

    def work(self, kind: str, *, seconds: float) -> int:
        """How much all of them did in that time together; without time, until nothing is left to do."""
        for process in self.processes:
            print(kind, seconds, file=process.stdin, flush=True)
        return sum(self._answers())

    def _answers(self) -> list[int]:
        return [int(process.stdout.readline()) for process in self.processes if process.stdout]
