"""The fuzzer finds what is planted, and what it grew is cut down to what counts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import documents
from tests.fuzz.minimise import minimised
from tests.fuzz.targets import TARGETS
from tests.source import ROOT
from tools import fuzz
from tools.environment import Failed

PLANTED = """
import runpy

import atheris
from tests.fuzz import targets

@atheris.instrument_func
def fragile(data):
    if data[:1] == b"E":
        if data[1:2] == b"W":
            if data[2:3] == b"X":
                raise RuntimeError("planted")

targets.TARGETS = {"fragile": fragile}
runpy.run_module("tests.fuzz.run", run_name="__main__")
"""


def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    options = ["-max_total_time=60", "-seed=1", f"-artifact_prefix={tmp_path}/finding-"]
    command = [sys.executable, "-c", PLANTED, "fragile", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode, done.stderr
    assert "RuntimeError: planted" in done.stdout + done.stderr
    assert next(tmp_path.glob("finding-*")).read_bytes().startswith(b"EWX")


def test_the_smallest_inputs_that_reach_everything_are_kept() -> None:
    once, twice, other = b'{"notice":"paused"}', b'{"notice":"paused","more":1}', b"[]"
    assert minimised(TARGETS["notice"], [twice, once, other, once]) == [other, once]


def test_documents_are_changed_as_documents() -> None:
    before = b'{"command":"accept","expected_version":3,"lines":["x"]}'
    changed = {documents.mutated(before, seed) for seed in range(200)}
    assert len(changed) > 100
    assert None not in changed
    assert documents.mutated(b"{", 1) is None
    assert documents.mutated(b"[" * 5_000 + b"]" * 5_000, 1) is None


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(Failed, match=r"No such target: nothing\. There are: .*quoted_mail"):
        fuzz.fuzz(["nothing"], seconds=1, keep=False)
