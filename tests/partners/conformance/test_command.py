"""`manage.py partner_conformance` from a shell: its own process, a foreign server, and no database anywhere."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.server import ForeignServer
from tests.services import free_port
from tests.source import ROOT

pytestmark = pytest.mark.sqlite  # no database at all: once is enough

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def server() -> Iterator[ForeignServer]:
    with ForeignServer() as foreign:
        yield foreign


def kit(*arguments: str, stdin: str | int = "") -> Done:
    """`stdin` is a text, or the file of a terminal."""
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "manage.py", "partner_conformance", *arguments]
    said: dict[str, Any] = {"input": stdin} if isinstance(stdin, str) else {"stdin": stdin}
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | nowhere, capture_output=True, text=True, check=False, **said
    )


def test_a_vendor_pairs_and_runs_a_few_cases(server: ForeignServer, tmp_path: Path) -> None:
    state = tmp_path / "kit.json"
    code = kit("code", "--state", str(state), "--origin", f"http://127.0.0.1:{free_port()}")
    assert (code.returncode, code.stderr) == (0, "")
    assert state.stat().st_mode & 0o777 == 0o600
    ours = server.make_code()
    server.enter_code(code.stdout)
    done = kit("run", "--state", str(state), "--code", "-", "--only", "digest.", "--json", stdin=ours)
    results = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert {result["verdict"] for result in results} == {"held"}
    assert "digest.two" in {result["id"] for result in results}
    again = kit("run", "--state", str(state), "--only", "digest.two", "--no-listen")
    assert "held   §3           digest.two" in again.stdout


def test_a_fault_is_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    state = tmp_path / "kit.json"
    with ForeignServer(faults={"no-digest-check"}) as server:
        code = kit("code", "--state", str(state), "--origin", f"http://127.0.0.1:{free_port()}").stdout
        ours = tmp_path / "code.txt"
        ours.write_text(server.make_code())
        server.enter_code(code)
        done = kit("run", "--state", str(state), "--code", str(ours), "--only", "digest.", "--no-listen")
    assert done.returncode == 1
    assert "failed §3           digest.two" in done.stdout
    assert "204, signed instead of 401 signature" in done.stdout


def test_without_a_code_there_is_no_run(tmp_path: Path) -> None:
    state = str(tmp_path / "kit.json")
    assert kit("run", "--state", state).returncode == 2
    assert kit("code", "--state", state, "--origin", "nonsense").returncode == 2
    kit("code", "--state", state, "--origin", "http://127.0.0.1:9")
    refused = kit("run", "--state", state, "--code", "-", stdin="EWX1: nothing")
    assert (refused.returncode, "incomplete" in refused.stderr) == (2, True)


def test_every_case_is_listed() -> None:
    done = kit("list", "--group", "closed")
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["closed.gone", "closed.writes"]


def test_at_a_terminal_the_kit_asks_before_each_group(server: ForeignServer, tmp_path: Path) -> None:
    state, code = tmp_path / "kit.json", tmp_path / "code.txt"
    code.write_text(server.make_code())
    kit("code", "--state", str(state), "--origin", f"http://127.0.0.1:{free_port()}")
    run = ["run", "--state", str(state), "--code", str(code), "--no-listen"]
    operator, terminal = pty.openpty()
    with open(operator, "wb", buffering=0) as answers:
        answers.write(b"\n" + b"s\n" * 8)  # the first group, which runs before the kit's code is entered, and no other
        done = kit(*run, stdin=terminal)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert "unpaired: Please do not enter the kit's code yet." in done.stdout
    assert "closed: Please end the connection." in done.stdout
    assert "5 held, 0 failed, 0 n/a" in done.stdout
