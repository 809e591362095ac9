"""The figures of `reserving` as lines of the table (F6)."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench import reserving
from tests.bench.catalogue import Market, Scale
from tests.bench.reserving import BARE, HOT, NAMES, ORDERS, SUMMED
from tests.bench.rows import Figures, Row

ONLY_ON = reserving.ONLY_ON
BESIDE = ((HOT, BARE, "≥ 0.75"), (HOT, SUMMED, "≥ 2"), (ORDERS, BARE, "≥ 0.7"))


def measure(markets: Sequence[Market], _scale: Scale, *, rounds: int, runs: int) -> Figures:
    found = reserving.measure(markets[0], rounds=rounds, runs=runs)
    rates = {row["what"]: row["per_second"] for row in found["rows"]}
    rows = [
        Row("F6", NAMES[ours], rates[NAMES[ours]], rates[NAMES[floor]], NAMES[floor], goal, "/s")
        for ours, floor, goal in BESIDE
    ]
    return Figures(rows, (found["notes"]))
