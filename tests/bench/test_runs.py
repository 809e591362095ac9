"""The bench runs and says what it measured; how much that is, no test judges."""

import json
import subprocess
import sys

from tests.bench.__main__ import FIGURES
from tests.source import ROOT


def test_every_figure_is_taken() -> None:
    command = [sys.executable, "-m", "tests.bench", "--on=sqlite", "--articles=40", "--quick", "--json"]
    command += ["--rounds=1", "--runs=1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    figures = json.loads(ran.stdout)["SQLite"]
    assert [*figures, "reserving"] == sorted(FIGURES, key=lambda name: name == "reserving")
    for figure in figures.values():
        of = {kind for kind in ("share", "ratio") if f"wall_{kind}" in figure["rows"][0]}
        assert {"what", "wall_us", "cpu_us", *(f"{clock}_{kind}" for clock in ("wall", "cpu") for kind in of)} == set(
            figure["rows"][0]
        )
