"""Articles from a file of as many lines as the catalogue has articles (figure F8), beside parsing and folding alone.

The floor reads the same file and makes the keys of every line, and does nothing else. Measured is the whole step of the
worker, from the file in the database to the commit: into the indexed table of all companies, then the same list again.
Peak memory is that of a worker of its own, for a list of 10,000 lines and for one of ten times
the length of the catalogue.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists import tables
from inventory.article_lists.cells import Notation
from inventory.article_lists.importing import check_list, receive_list
from inventory.article_lists.running import work_on_lists
from inventory.models import ArticleImport, ImportState, ImportStep
from inventory.spelling import KEY_TEXTS, keys_of
from tests.bench.catalogue import MAKERS, SIZES, THINGS, Market
from tests.bench.side_by_side import Taken, interleaved, median, ratio_row, timed
from tests.factories import make_tenant
from tests.source import ROOT

TITLE = "F8 · Import of a list of {lines:,} articles"
HEADER = ["number", "name", "category", "manufacturer", "manufacturer_part_number", "gtin", "weight_kg", "rental_price"]
HEADER += ["owned", "buffer_after_minutes"]
FLOOR, NEW, AGAIN = "parsing and folding alone", "the import, every article new", "the same list again"
MOST_TURNS = 5
SHORT, LONG = 10_000, 10  # lines of the short list, and how many times the catalogue the long one is
AT_ONCE = 5000


def measure(market: Market, *, rounds: int, runs: int) -> dict[str, Any]:
    lines = market.lender.tenant.articles.count()
    tables.MOST_BYTES = 10**9  # a million of these lines are more than a person may hand in
    path = Path(f"{os.environ['EWX_DATA_DIR']}/list.csv")
    path.write_bytes(b"".join(content(lines)))
    tenants = [make_tenant("lists")]
    _imported(handed_in(tenants[0], lines))

    def run(name: str, _round: int) -> Taken:
        if name == FLOOR:
            return timed(lambda: _parse_and_fold(path))
        if name == NEW:
            tenants.append(make_tenant(f"lists-{len(tenants)}"))
        found = handed_in(tenants[-1], lines)
        return timed(lambda: _imported(found))

    times = interleaved(dict.fromkeys((FLOOR, NEW, AGAIN), ()), run, rounds=min(MOST_TURNS, rounds), runs=min(1, runs))
    rows = [ratio_row(name, median(some), median(times[FLOOR])) for name, some in times.items()]
    return {"title": TITLE.format(lines=lines), "rows": rows, "notes": [memory(lines)]}


def memory(lines: int) -> str:
    """Of workers that have nothing else to do."""
    sizes = [min(SHORT, lines), lines * LONG if lines >= SHORT else lines]
    peaks = [_peak(make_tenant(f"memory-{place}"), size) for place, size in enumerate(sizes)]
    taken = " and ".join(f"{peak:.1f} MiB for {size:,} lines" for peak, size in zip(peaks, sizes, strict=True))
    return f"peak memory of the worker: {taken}, {peaks[1] / peaks[0]:.2f} ×"


def _peak(tenant: Tenant, lines: int) -> float:
    found = handed_in(tenant, lines)
    _again(found)
    command = [sys.executable, "-m", "tests.bench.worker_memory"]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, check=True)
    found.refresh_from_db()
    assert (found.state, found.new_count) == (ImportState.DONE, lines)
    return float(ran.stdout)


def content(lines: int) -> Iterator[bytes]:
    """A list as another program would write it, the same for every run."""
    random = Random(7)
    yield (";".join(HEADER) + "\r\n").encode()
    for start in range(0, lines, AT_ONCE):
        block = [_line(number, random) for number in range(start, min(start + AT_ONCE, lines))]
        yield "".join(block).encode()


def _line(number: int, random: Random) -> str:
    maker, thing, size = random.choice(MAKERS), random.choice(THINGS), random.choice(SIZES)
    price, weight = random.randint(100, 50_000) / 100, random.randint(1, 90_000) / 1000
    cells = [f"L-{number:07}", f"{maker} {thing} {size} {number}", f"Bestand > {thing}", maker, f"{size}-{number}", ""]
    cells += [f"{weight:.3f}".replace(".", ","), f"{price:.2f}".replace(".", ","), str(random.randint(1, 200)), "60"]
    return ";".join(cells) + "\r\n"


def handed_in(tenant: Tenant, lines: int) -> ArticleImport:
    """The list, read and checked."""
    found = receive_list(tenant=tenant, user=None, name="list.csv", content=content(lines), now=timezone.now())
    work_on_lists(now=timezone.now())
    found.refresh_from_db()
    check_list(
        article_import=found,
        now=timezone.now(),
        mapping=found.mapping,
        notation=Notation(found.notation),
        change_existing=True,
        create_categories=True,
        skip_bad_lines=False,
    )
    tenant.article_imports.filter(pk=found.pk).update(state=ImportState.CHECKED, step=ImportStep.IMPORT)
    return found


def _again(found: ArticleImport) -> None:
    found.tenant.article_imports.filter(pk=found.pk).update(state=ImportState.BUSY, claimed_until=None)


def _imported(found: ArticleImport) -> None:
    _again(found)
    work_on_lists(now=timezone.now())
    found.refresh_from_db()
    assert found.state == ImportState.DONE, found.refusal


def _parse_and_fold(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        header = next(rows)
        places = [header.index(text) for text in KEY_TEXTS]
        for row in rows:
            keys_of([row[place] for place in places])
