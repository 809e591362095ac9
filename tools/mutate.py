"""Each defence switched off in turn: its test must turn red, or it proves nothing. Standard library only.

A defence is a passage of the product and what stands there instead while it is off (`tests/attacks/table.py`). That
happens in copies of the tree, never in the tree itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from tests import services
from tests.attacks.table import ATTACKS, DEFENCES, Defence
from tools.environment import PYTHON, ROOT, Failed

FAILED, PASSED = 1, 0  # pytest's exit codes; any other means that the tests did not run at all
SECONDS = 900
TAIL = 60  # lines of what pytest says in the end


class Verdict(NamedTuple):
    defence: Defence
    word: str
    seconds: float

    @property
    def is_good(self) -> bool:
        return self.word == "red"


class Workshop(NamedTuple):
    """A copy of the tree with a database server of its own name space."""

    folder: Path
    database: str

    def tested(self, tests: tuple[str, ...], *, on_postgres: bool) -> subprocess.CompletedProcess[str]:
        """pytest's exit code for these tests, as the tree stands now, and what it says."""
        if on_postgres:
            marker, environment = "not sqlite and not browser", os.environ | {"DATABASE_URL": self.database}
        else:
            marker, environment = "not postgres", {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
        command: list[Any] = [PYTHON, "-m", "pytest", "-x", "-q", "-m", marker, *tests]
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }
        return subprocess.run(command, cwd=self.folder, env=environment, check=False, timeout=SECONDS, **streams)

    @contextlib.contextmanager
    def without(self, defence: Defence) -> Iterator[None]:
        """The tree while the defence is off."""
        path = self.folder / defence.file
        sound = path.read_text(encoding="utf-8")
        path.write_text(switched_off(sound, defence), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(sound, encoding="utf-8")


def switched_off(sound: str, defence: Defence) -> str:
    """The file without its defence. Raises Failed where the passage is not there exactly once."""
    if sound.count(defence.old) != 1:
        raise Failed(f"{defence.file} has {sound.count(defence.old)} × {defence.old!r} ({defence.name})")
    return sound.replace(defence.old, defence.new)


def run(rows: list[int]) -> int:
    """Print the table for these rows of the attack table (all without any); 0 where every test turned red."""
    chosen = [defence for defence in DEFENCES if not rows or defence.row in rows]
    with tempfile.TemporaryDirectory() as folder, services.postgres() as url:
        workshops: SimpleQueue[Workshop] = SimpleQueue()
        for number in range(os.cpu_count() or 1):
            workshops.put(_workshop(Path(folder) / str(number), url.rpartition("/")[0] + f"/mutant{number}"))
        with ThreadPoolExecutor(workshops.qsize()) as pool:
            list(pool.map(lambda defence: baseline(defence, workshops), _once(chosen)))
            verdicts = list(pool.map(lambda defence: _judge(defence, workshops), chosen))
    print(as_table(verdicts))
    return int(not all(verdict.is_good for verdict in verdicts))


def _workshop(folder: Path, database: str) -> Workshop:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    catalogues = [str(path.relative_to(ROOT)) for app in ROOT.iterdir() for path in app.glob("**/locale/**/*.mo")]
    for name in [*filter(None, names), *catalogues]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return Workshop(folder, database)


def _once(defences: list[Defence]) -> list[Defence]:
    """One defence for each set of tests."""
    return list({(defence.tests, defence.on_postgres): defence for defence in defences}.values())


def baseline(defence: Defence, workshops: SimpleQueue[Workshop]) -> None:
    """Raises Failed where the tests are red with all defences on: then red would mean nothing. It says why they are:
    what fails once in a hundred runs is not seen again soon."""
    with _taken(workshops) as workshop:
        done = workshop.tested(defence.tests, on_postgres=defence.on_postgres)
    if done.returncode != PASSED:
        why = "\n".join(done.stdout.splitlines()[-TAIL:])
        raise Failed(f"With every defence on, these are not green: {' '.join(defence.tests)}\n\n{why}")


def _judge(defence: Defence, workshops: SimpleQueue[Workshop]) -> Verdict:
    began = time.monotonic()
    with _taken(workshops) as workshop, workshop.without(defence):
        code = workshop.tested(defence.tests, on_postgres=defence.on_postgres).returncode
    word = {FAILED: "red", PASSED: "STILL GREEN"}.get(code, f"DID NOT RUN ({code})")
    print(f"{word:<12} {defence.row:>3}  {defence.name}", flush=True)
    return Verdict(defence, word, time.monotonic() - began)


@contextlib.contextmanager
def _taken(workshops: SimpleQueue[Workshop]) -> Iterator[Workshop]:
    workshop = workshops.get()
    try:
        yield workshop
    finally:
        workshops.put(workshop)


def as_table(verdicts: list[Verdict]) -> str:
    """By row of the attack table: attack, defence that was off, what its tests said."""
    lines = ["", f"{'row':>3}  {'attack or fault':<52} {'defence switched off':<62} {'its tests':<12} s"]
    for verdict in sorted(verdicts, key=lambda verdict: verdict.defence.row):
        defence = verdict.defence
        said = f"{verdict.word:<12} {verdict.seconds:.0f}"
        lines.append(f"{defence.row:>3}  {ATTACKS[defence.row]:<52} {defence.name:<62} {said}")
    good = sum(verdict.is_good for verdict in verdicts)
    return "\n".join(
        [*lines, "", f"{good} of {len(verdicts)} defences are proven by a test that turns red without them."]
    )
