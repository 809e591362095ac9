"""The one command file: what it says and how it ends. Installing and starting are seen by using it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import services
from tests.source import ROOT
from tools import environment, two_companies


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    loader = SourceFileLoader("dev", str(ROOT / "dev"))
    module = ModuleType("dev")
    module.__file__ = loader.path
    sys.modules["dev"] = module
    loader.exec_module(module)
    return module


@pytest.fixture
def companies() -> list[Any]:
    ports = [services.free_port(), services.free_port()]
    return [two_companies.Company(*names, port) for names, port in zip(two_companies.COMPANIES, ports, strict=True)]


def test_it_needs_the_standard_library_alone() -> None:
    code = "import runpy, sys; sys.argv = ['dev', 'test', '--help']; runpy.run_path('dev', run_name='__main__')"
    isolated = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (isolated.returncode, isolated.stderr) == (0, "")


def test_an_unknown_word_is_refused() -> None:
    done = subprocess.run([ROOT / "dev", "check", "--fast"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--fast" in done.stderr


def test_the_companies_share_mails_and_nothing_else(companies: list[Any]) -> None:
    first, second = (company.environment(companies) for company in companies)
    shared = {name for name in first if first[name] == second[name] and name not in os.environ}
    assert shared <= {"EWX_MAIL_DIR", "EWX_DEMO", "PYTHONUNBUFFERED"}
    assert first["EWX_ALLOWED_PARTNER_ORIGINS"] == second["EWX_ORIGIN"]


def test_a_free_port_is_one_that_nobody_gets_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", services.free_port())) as taken:
        port = taken.getsockname()[1]
        assert port in services.PORTS
        monkeypatch.setattr(services, "PORTS", [port, services.free_port()])
        assert {services.free_port() for _ in range(20)} == {services.PORTS[1]}


def test_a_taken_port_is_named(companies: list[Any]) -> None:
    company = companies[0]
    two_companies.refuse_taken_port(company)
    with (
        services.socket.create_server(("127.0.0.1", company.port)),
        pytest.raises(environment.Failed, match="is taken"),
    ):
        two_companies.refuse_taken_port(company)


def test_a_dead_child_is_named_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("no such table")
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        with pytest.raises(environment.Failed, match=r"worker of Aurora ended \(3\):\nno such table"):
            two_companies.refuse_dead([two_companies.Child("worker of Aurora", process, log)])


def test_stopping_reaches_grandchildren(tmp_path: Path) -> None:
    deaf = f"import signal, time; signal.signal({signal.SIGTERM:d}, signal.SIG_IGN); time.sleep(60)"
    command = f"subprocess.Popen([sys.executable, '-c', {deaf!r}])"
    parent = f"import subprocess, sys, time; print({command}.pid, flush=True); time.sleep(60)"
    handlers = {number: signal.getsignal(number) for number in environment.ENDING}
    with (tmp_path / "log").open("wb") as log:
        process = environment.start([sys.executable, "-c", parent], dict(os.environ), log)
    grandchild = _first_number(tmp_path / "log")
    environment.stop([process])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert process.poll() is not None
    assert _ended(grandchild)


def _first_number(log: Path) -> int:
    deadline = time.monotonic() + 10
    while not log.read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(log.read_text())


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_one_database_can_be_chosen(dev: ModuleType) -> None:
    assert dev.choose_passes(Namespace(sqlite=True, postgres=False)) == [dev.SQLITE]
    assert dev.choose_passes(Namespace(sqlite=False, postgres=True)) == [dev.POSTGRES]
    assert dev.choose_passes(Namespace(sqlite=False, postgres=False))[:2] == [dev.SQLITE, dev.POSTGRES]
