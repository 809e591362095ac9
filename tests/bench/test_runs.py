"""The bench runs and says what it measured; how much that is, no test judges."""

import json
import subprocess
import sys

from tests.bench.__main__ import FIGURES
from tests.bench.rows import Row, as_table
from tests.source import ROOT


def test_every_figure_is_taken() -> None:
    command = [sys.executable, "-m", "tests.bench", *FIGURES, "--quick", "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout)["postgresql-redis"]
    assert {row["figure"] for row in found["rows"]} == {"", "F1", "F3", "F4", "F5", "F6", "F8", "F10"}
    # What a part costs is a difference: taken once or twice it may be nothing, or less.
    untaken = [row for row in found["rows"] if row["floor"] <= 0 or (row["figure"] and row["ours"] <= 0)]
    assert untaken == []
    assert [note.split()[0] for note in found["notes"]] == ["of", "F2", "F9"]
    overbooked = "of 200 units that all wanted at once 200 were promised; 0 articles have wrong steps"
    assert found["notes"][0] == overbooked


def test_the_table_says_which_goals_are_met() -> None:
    rows = [Row("F1", "search", 3.0, 2.0, "SQL", "≤ 1.7"), Row("F6", "orders", 300, 1200, "commits", "≥ 0.7", "/s")]
    lines = as_table([row.document for row in rows], ["a note"]).splitlines()
    assert lines[1].split() == ["F1", "search", "3", "ms", "2", "ms", "SQL", "1.50", "≤", "1.7", "yes"]
    assert lines[2].split()[-4:] == ["0.25", "≥", "0.7", "NO"]
    assert lines[3] == "a note"
