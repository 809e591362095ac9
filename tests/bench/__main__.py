"""`./dev bench [figure …]`: builds the catalogue on an installation, takes the figures there, prints one table."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from tests.bench.installations import INSTALLATIONS, Environment
from tests.bench.rows import as_table
from tests.source import ROOT

TABLE = ("searching", "flat_history", "reserving", "article_import", "marking")
FIGURES = (*TABLE, "signed_search", "refused")
INSTALLING = ("peers",)  # what others made, by the hundred megabytes
NOTES = (
    "F2 and what F5 is beside pretix: ./dev bench peers, which installs Tryton and pretix for it.",
    "F9 lies between two installations: ./dev bench searching, and the same with --on sqlite.",
)


def main() -> None:
    options = read_options()
    with INSTALLATIONS[options.on]() as environment:
        found = taken(environment, options)
    found["notes"] += NOTES if "searching" in options.figures else ()
    text = json.dumps({options.on: found}, indent=2, ensure_ascii=False) if options.json else as_table(**found)
    print(text)


def read_options() -> argparse.Namespace:
    known = (*FIGURES, *INSTALLING)
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("figures", nargs="*", metavar="figure", help=f"of {', '.join(known)}; the table without")
    parser.add_argument("--on", choices=INSTALLATIONS, default=next(iter(INSTALLATIONS)), help="the installation")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything, to see that it works")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    options.figures = options.figures or list(TABLE)
    if unknown := set(options.figures) - set(known):
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    return options


def taken(environment: Environment, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="eventworx-bench-") as home:
        own = {"EWX_DATA_DIR": home, "EWX_ORIGIN": "http://127.0.0.1:9", "EWX_LOG_LEVEL": "ERROR"}
        own["DJANGO_SETTINGS_MODULE"] = "eventworx.settings"
        command = [sys.executable, "-m", "tests.bench.inside", *options.figures, *["--quick"] * options.quick]
        ran = subprocess.run(command, cwd=ROOT, env=os.environ | environment | own, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


if __name__ == "__main__":
    main()
