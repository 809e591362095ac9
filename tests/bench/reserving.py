"""Reservations by eight writers at once, each commit durable (figure F6), and that nothing is overbooked.

Side by side, in turns of some seconds: bare commits of one row; our reservations on one hot article; the same by
locking the article with SELECT FOR UPDATE and adding up what overlaps, in SQL alone; our orders of ten lines on
articles spread wide. The hot article is taken twice: as new, and with the history of ten years (as in `flat_history`),
in whose midst the season lies: adding up gets slower with history, steps do not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from random import Random
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import Sum

from eventworx.tenants.models import Tenant
from inventory.courses import check_courses
from tests.bench.catalogue import Market, Scale
from tests.bench.copying import tidy
from tests.bench.flat_history import fill
from tests.bench.rows import Figures, Row
from tests.factories import make_article, make_tenant
from tests.source import ROOT

ONLY_ON = "postgresql"  # SQLite lets writers in one by one
SPREAD = 2_000
OWNED, SUPPLY = 10**6, 200
BARE = "bare"
NAMES = {
    BARE: "commits of one row",
    "hot new": "reservations on one hot article",
    "summed new": "SELECT FOR UPDATE and a sum",
    "hot old": "the same, {:,} reservations before",
    "summed old": "SELECT FOR UPDATE and a sum",
    "orders": "orders of ten lines on spread articles",
}
BESIDE = (
    ("hot new", BARE, "≥ 0.75"),
    ("hot new", "summed new", "≥ 2"),
    ("hot old", BARE, "≥ 0.75"),
    ("hot old", "summed old", "≥ 2"),
    ("orders", BARE, "≥ 0.7"),
)
SCARCE = "scarce one"  # one period for all, until nothing is left


def measure(_markets: Sequence[Market], scale: Scale, *, rounds: int, runs: int) -> Figures:
    history = scale.histories[-1]
    tenant, random = _company(history), Random(7)
    turns, seconds = max(rounds // 7, 1), max(0.2 * runs, 1.0)
    rates: dict[str, list[float]] = {kind: [] for kind in NAMES}
    with Writers(tenant, scale.writers) as writers:
        writers.work(SCARCE, seconds=0)
        for _turn in range(turns):
            for kind in random.sample(list(NAMES), len(NAMES)):
                rates[kind].append(writers.work(kind, seconds=seconds) / seconds)
    medians = {kind: round(median(some)) for kind, some in rates.items()}
    rows = [
        Row("F6", NAMES[ours].format(history), medians[ours], medians[floor], NAMES[floor], goal, "/s")
        for ours, floor, goal in BESIDE
    ]
    return Figures(rows, [_overbooked(tenant)])


def _company(history: int) -> Tenant:
    tenant = make_tenant("writers")
    articles = {kind: make_article(tenant, kind, owned=OWNED, number=kind) for kind in NAMES if " " in kind}
    make_article(tenant, SCARCE, owned=SUPPLY, number=SCARCE)
    for number in range(SPREAD):
        make_article(tenant, f"spread {number}", owned=OWNED)
    fill([articles["hot old"], articles["summed old"]], history)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare_commit (id bigserial PRIMARY KEY, note text)")
    tidy()
    return tenant


def _overbooked(tenant: Tenant) -> str:
    ours = list(tenant.articles.exclude(number__startswith="summed").values_list("pk", flat=True))
    wrong = len(check_courses(tenant=tenant, article_ids=ours))
    promised = tenant.reservations.filter(article__number=SCARCE).aggregate(all=Sum("quantity"))["all"]
    return f"of {SUPPLY} units that all wanted at once {promised} were promised; {wrong} articles have wrong steps"


class Writers:
    """Processes that do one kind of work at a time, as they are told."""

    def __init__(self, tenant: Tenant, count: int) -> None:
        command = [sys.executable, "-m", "tests.bench.writer", tenant.slug]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.processes = [
            subprocess.Popen([*command, str(seed)], cwd=ROOT, env=os.environ, **pipes) for seed in range(count)
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
