"""Articles from a file of 100,000 lines (figure F8), beside parsing and folding alone.

The floor reads the same file and makes the keys of every line, and does nothing else. Measured is the whole step of the
worker, from the file in the database to the commit: into the indexed table of all companies, then the same list again.
Peak memory is that of a worker of its own, for a short list and for a long one.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists import tables
from inventory.article_lists.cells import Notation
from inventory.article_lists.importing import check_list, receive_list
from inventory.article_lists.running import work_on_lists
from inventory.models import ArticleImport, ImportState, ImportStep
from inventory.spelling import KEY_TEXTS, keys_of
from tests.bench.catalogue import MAKERS, SIZES, THINGS, Market, Scale
from tests.bench.rows import Figures, Row
from tests.bench.side_by_side import interleaved, medians, timed
from tests.factories import make_tenant
from tests.source import ROOT

HEADER = ["number", "name", "category", "manufacturer", "manufacturer_part_number", "gtin", "weight_kg", "rental_price"]
HEADER += ["owned", "buffer_after_minutes"]
FLOOR, NEW, AGAIN = "parsing and folding alone", "every article new", "the same list again"
GOALS = {NEW: "≤ 5", AGAIN: "≤ 2"}
MOST_TURNS = 5
AT_ONCE = 5000


def measure(_markets: Sequence[Market], scale: Scale, *, rounds: int, runs: int) -> Figures:
    tables.MOST_BYTES = 10**9  # a million of these lines are more than a person may hand in
    path = Path(f"{os.environ['EWX_DATA_DIR']}/list.csv")
    path.write_bytes(b"".join(content(scale.lines)))
    tenants = [make_tenant("lists")]
    _imported(handed_in(tenants[0], scale.lists[0]))

    def run(name: str, _round: int) -> float:
        if name == FLOOR:
            return timed(lambda: _parse_and_fold(path))
        if name == NEW:
            tenants.append(make_tenant(f"lists-{len(tenants)}"))
        found = handed_in(tenants[-1], scale.lines)
        return timed(lambda: _imported(found))

    names, turns = dict.fromkeys((FLOOR, NEW, AGAIN), ()), min(MOST_TURNS, rounds)
    p50 = medians(interleaved(names, run, rounds=turns, runs=1, warm_up=False))
    what = f"import of {scale.lines:,} lines"
    rows = [Row("F8", f"{what}, {name}", p50[name], p50[FLOOR], FLOOR, goal) for name, goal in GOALS.items()]
    return Figures([*rows, _memory(*scale.lists)])


def _memory(short: int, long: int) -> Row:
    """Of workers that have nothing else to do."""
    few, many = (_peak(make_tenant(f"memory-{lines}"), lines) for lines in (short, long))
    return Row("F8", f"import of {long:,} lines, peak memory", many, few, f"{short:,} lines", "≤ 1.1", " MiB")


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
