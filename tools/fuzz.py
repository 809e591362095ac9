"""`./dev fuzz`: every parser of the protocol against a coverage-guided fuzzer, one after the other, on one core.

`--oracle N` compares our signatures with those of a general library instead, over N random messages.
What is found lies in var/fuzz/TARGET/finding-…; `--keep` takes what was grown, minimised, into tests/fuzz/corpus.
Standard library only; the fuzzer itself is started with the project's Python.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.environment import PYTHON, ROOT, Failed

CORPUS = ROOT / "tests" / "fuzz" / "corpus"
GROWN = ROOT / "var" / "fuzz"
SEED = 1  # the same run everywhere, as far as a clock can end it
SECONDS_PER_INPUT = 20  # beyond what the targets measure themselves: for what never comes back
MAX_INPUT = 8192
_COVERAGE = re.compile(r"cov: ([0-9]+) ft: ([0-9]+)")
_RUNS = re.compile(r"Done ([0-9]+) runs")


def fuzz(names: Sequence[str], *, seconds: int, keep: bool) -> int:
    """Fuzz the named targets, or all, for `seconds` altogether; exit code 1 if anything was found."""
    known = target_names()
    unknown = set(names) - set(known)
    if unknown:
        raise Failed(f"No such target: {', '.join(sorted(unknown))}. There are: {', '.join(known)}")
    chosen = list(names) or known
    sound = [_fuzz_target(name, max(1, seconds // len(chosen))) for name in chosen]
    if keep:
        for name in chosen:
            _keep(name)
    return int(not all(sound))


def compare_signatures(messages: int) -> int:
    """Our signing against the library's; exit code 1 at the first difference."""
    test = "tests/partners/protocol/test_signing_oracle.py"
    environment = os.environ | {"EWX_ORACLE_MESSAGES": str(messages)}
    return subprocess.run(
        [PYTHON, "-m", "pytest", "-q", "-rP", test], cwd=ROOT, env=environment, check=False
    ).returncode


def target_names() -> list[str]:
    code = "from tests.fuzz.targets import TARGETS; print(*TARGETS)"
    return _python(["-c", code]).stdout.split()


def _fuzz_target(name: str, seconds: int) -> bool:
    folder = GROWN / name
    folder.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-seed={SEED}",
        f"-timeout={SECONDS_PER_INPUT}",
        f"-max_len={MAX_INPUT}",
        f"-artifact_prefix={folder}/finding-",
    ]
    (folder / "corpus").mkdir(exist_ok=True)
    done = _python(["-m", "tests.fuzz.run", name, *options, str(folder / "corpus"), *_committed(name)])
    said = done.stdout + done.stderr
    runs, reached = _RUNS.search(said), _COVERAGE.findall(said)
    if done.returncode:
        print(f"FOUND  {name:<22} {folder}/finding-…\n{_what_happened(said)}", flush=True)
    else:
        edges, features = reached[-1] if reached else ("0", "0")
        print(f"ok     {name:<22} {runs[1] if runs else '?':>9} inputs, {edges} edges, {features} features", flush=True)
    return not done.returncode


def _what_happened(said: str) -> str:
    """The traceback alone, or the last words where there is none: out of time, out of memory."""
    found = re.search(r"=== Uncaught.*?(?=\nINFO:|\n==|\Z)", said, re.DOTALL)
    return found[0] if found else said[-2000:]


def _committed(name: str) -> list[str]:
    return [str(CORPUS / name)] if (CORPUS / name).is_dir() else []


def _keep(name: str) -> None:
    done = _python(
        ["-m", "tests.fuzz.minimise", name, str(CORPUS / name), *_committed(name), str(GROWN / name / "corpus")]
    )
    print(done.stdout or done.stderr, end="", flush=True)


def _python(arguments: list[str | Path]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [PYTHON, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
