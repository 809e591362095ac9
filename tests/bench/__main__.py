"""`./dev bench [figure …]`: takes the figures on each installation in turn and prints them."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from tests.bench.installations import INSTALLATIONS, Environment
from tests.source import ROOT

FIGURES = ("signed_search", "searching", "refused", "flat_history", "reserving", "article_import")


def main() -> None:
    options = read_options()
    found = {}
    for name, installation in INSTALLATIONS.items():
        if options.on and options.on.lower() not in name.lower():
            continue
        print(f"measuring on {name} …", file=sys.stderr, flush=True)
        with installation() as environment:
            found[name] = taken(environment, options)
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else as_tables(found))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("figures", nargs="*", metavar="figure", help=f"of {', '.join(FIGURES)}; all without")
    parser.add_argument("--on", default="", help="only on installations with this in their name")
    parser.add_argument("--articles", type=int, default=10_000, help="size of the catalogue")
    parser.add_argument("--rounds", type=int, default=36, help="how often all variants take their turn")
    parser.add_argument("--runs", type=int, default=5, help="how often each of them runs in its turn")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the work, to see that it works")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    options.figures = options.figures or list(FIGURES)
    if unknown := set(options.figures) - set(FIGURES):
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    return options


def taken(environment: Environment, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="eventworx-bench-") as home:
        own = {"EWX_DATA_DIR": home, "EWX_ORIGIN": "http://127.0.0.1:9", "EWX_LOG_LEVEL": "ERROR"}
        numbers = {"articles": options.articles, "rounds": options.rounds, "runs": options.runs}
        command = [sys.executable, "-m", "tests.bench.inside", *options.figures]
        command += [f"--{name}={number}" for name, number in numbers.items()]
        command += ["--quick"] * options.quick
        settings = {"DJANGO_SETTINGS_MODULE": "eventworx.settings"}
        ran = subprocess.run(
            command, cwd=ROOT, env=os.environ | environment | own | settings, stdout=subprocess.PIPE, check=True
        )
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


def as_tables(found: dict[str, dict[str, Any]]) -> str:
    lines = []
    for installation, figures in found.items():
        for figure in figures.values():
            lines += ["", f"{figure['title']} · {installation}"]
            lines += [as_line(row) for row in figure["rows"]]
            lines += [f"  {note}" for note in figure.get("notes", [])]
    return "\n".join(lines)


# How the cells of a row are written; each row has some of them.
CELLS = {
    "wall_us": "{:>10,.0f} µs wall",
    "wall_share": "{:>7.1%}",
    "wall_ratio": "{:>7.2f} ×",
    "cpu_us": "{:>10,.0f} µs CPU",
    "cpu_share": "{:>7.1%}",
    "cpu_ratio": "{:>7.2f} ×",
    "per_second": "{:>10,.0f} /s",
    "ratio": "{:>7.2f} ×",
}


def as_line(row: dict[str, Any]) -> str:
    return f"  {row['what']:<44}" + "".join(form.format(row[name]) for name, form in CELLS.items() if name in row)


if __name__ == "__main__":
    main()
