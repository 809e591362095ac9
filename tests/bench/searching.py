"""Whole signed searches beside a floor that does nothing but their SQL (figures F1, F3, F4, F10).

The floor has no request, no proof and no rules: the statements of that very search and of its availability through
the driver alone, and what they answer written by orjson. A chosen size of the catalogue is one run (`--articles`);
growth is the 95th percentile of one run by that of another.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any
from urllib.parse import quote

import orjson
from django.core.wsgi import get_wsgi_application
from django.db import connection

from eventworx.limits import Limit
from partners.api import rates
from tests.bench.catalogue import PERIOD, QUERIES, Market
from tests.bench.side_by_side import Taken, answered, interleaved, median, ratio_row, timed
from tests.bench.signed_search import signed

TITLE = "F1, F3, F4, F10 · Signed partner searches with dated availability, and the floor under them"
# The same words with a letter missing, doubled, wrong, or in its neighbour's place; numbers as they are typed.
TYPOS = ["matrin spot", "lautsprecer", "travverse 3 m", "buehmen", "shrue 8-kanal", "nebelmaschime ip65"]
NUMBERS = ["B-000017", "b000031", "B-000005"]
KINDS = {"correct": QUERIES, "with a typo": TYPOS, "by number": NUMBERS}
FLOORS = {name: f"{name}, the floor" for name in KINDS}
Statement = tuple[str, Any]


def measure(market: Market, *, rounds: int, runs: int) -> dict[str, Any]:
    rates.PER_CONNECTION |= {name: Limit(name, 10**9, 60) for name in rates.PER_CONNECTION}
    application, signer = get_wsgi_application(), market.hirer.own_key()

    def searched(query: str) -> Taken:
        target = f"/api/partner/v1/articles?q={quote(query)}&{PERIOD}"
        return answered(application, target, signed(market.hirer, signer, target), "200 OK")

    bare = connection.copy()  # stays open between requests
    bare.ensure_connection()
    noted = {query: _statements(lambda query=query: searched(query)) for query in chain(*KINDS.values())}
    asks: dict[str, Callable[[str], Taken]] = dict.fromkeys(KINDS, searched)
    asks |= {floor: lambda query: timed(lambda: _floor(bare.connection, noted[query])) for floor in FLOORS.values()}
    kinds = KINDS | {FLOORS[name]: queries for name, queries in KINDS.items()}

    def run(name: str, number: int) -> Taken:
        return asks[name](kinds[name][number % len(kinds[name])])

    times = interleaved(dict.fromkeys(asks, ()), run, rounds=rounds, runs=runs)
    rows = []
    for name, floor in FLOORS.items():
        of = median(times[floor])
        rows += [ratio_row(f"{what}, {name}", taken, of) for what, taken in _p50_and_p95(times[name])]
        rows.append(ratio_row(floor, of, of))
    return {"title": TITLE, "rows": rows}


def _p50_and_p95(taken: list[Taken]) -> Iterable[tuple[str, Taken]]:
    slowest = Taken(*(round(_p95(clock), 1) for clock in zip(*taken, strict=True)))
    return ("p50", median(taken)), ("p95", slowest)


def _p95(values: Iterable[float]) -> float:
    found = list(values)
    return statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]


def _statements(work: Callable[[], object]) -> list[Statement]:
    """What is asked of articles and their stock meanwhile."""
    found: list[Statement] = []

    def note(execute: Callable[..., Any], text: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "inventory_" in text:
            found.append((text, params))
        return execute(text, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return found


def _floor(driver: Any, statements: list[Statement]) -> bytes:
    """As bare as it gets: the driver's cursor and orjson."""
    rows, cursor = [], driver.cursor()
    for text, params in statements:
        cursor.execute(*_for_driver(text, params))
        rows += cursor.fetchall()
    return orjson.dumps(rows, default=str)


def _for_driver(text: str, params: Any) -> Statement:
    """As Django hands it on: SQLite has other placeholders."""
    if connection.vendor == "postgresql" or not params:
        return text, params or None
    return text.replace("%s", "?").replace("%%", "%"), params
