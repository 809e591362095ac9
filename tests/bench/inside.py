"""One installation from within: makes its schema and its catalogue, takes the figures and prints them as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time

import django
from django.core.management import call_command
from django.db import connection

ROUNDS, RUNS = 36, 5  # how often all variants take their turn, and how often each of them runs in it


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("figures", nargs="+")
    options.add_argument("--quick", action="store_true")
    chosen = options.parse_args()
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only after the set-up.
    catalogue = importlib.import_module("tests.bench.catalogue")
    scale = catalogue.QUICK if chosen.quick else catalogue.FULL
    rounds, runs = (2, 1) if chosen.quick else (ROUNDS, RUNS)
    say(f"{sum(scale.articles):,} articles and {scale.reservations:,} reservations are made")
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in chosen.figures}
    markets = catalogue.build(scale)
    found = []
    for name, module in modules.items():
        if getattr(module, "ONLY_ON", connection.vendor) == connection.vendor:
            say(name)
            found.append(module.measure(markets, scale, rounds=rounds, runs=runs))
    rows = sorted((row for figures in found for row in figures.rows), key=lambda row: int(row.figure[1:] or 0))
    notes = [note for figures in found for note in figures.notes]
    print(json.dumps({"rows": [row.document for row in rows], "notes": notes}))


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
