"""One installation from within: makes its schema and its catalogue, takes the figures and prints them as JSON."""

from __future__ import annotations

import argparse
import importlib
import json

import django
from django.core.management import call_command
from django.db import connection


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("figures", nargs="+")
    for name in ("articles", "rounds", "runs"):
        options.add_argument(f"--{name}", type=int, required=True)
    options.add_argument("--quick", action="store_true")
    chosen = options.parse_args()
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only after the set-up.
    market = importlib.import_module("tests.bench.catalogue").build(chosen.articles, is_quick=chosen.quick)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in chosen.figures}
    found = {
        name: module.measure(market, rounds=chosen.rounds, runs=chosen.runs)
        for name, module in modules.items()
        if getattr(module, "ONLY_ON", connection.vendor) == connection.vendor
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
