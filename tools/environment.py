"""The virtual environment of a checkout and the children that commands start; standard library only."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests import services

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BASE, DEV = ROOT / "requirements" / "base.txt", ROOT / "requirements" / "dev.txt"
APPS = ("eventworx", "inventory", "jobs", "partners")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_TO_STOP = 10


class Failed(Exception):
    """What the reader has to know; the command ends with exit code 1."""


def set_up(*requirements: Path) -> None:
    """Virtual environment with exactly these locked packages, and compiled catalogues."""
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", ""], check=False).returncode:
        make_environment()
    stamp, wanted = VENV / "installed", "".join(sorted(_digest(file) for file in requirements))
    installed = stamp.read_text() if stamp.exists() else ""
    if any(_digest(file) not in installed for file in requirements):
        print("Installing Python packages …", flush=True)
        files = [part for file in requirements for part in ("-r", str(file))]
        pip("install", "--require-hashes", "--no-deps", *files)
        stamp.write_text(wanted)
    compile_catalogues()


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() + "\n"


def make_environment() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        services.apt_install("python3-venv")
    print(f"Making {VENV.name} with {sys.executable} …", flush=True)
    execute([sys.executable, "-m", "venv", "--clear", str(VENV)])


def pip(*arguments: str) -> None:
    execute([PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", *arguments])


def compile_catalogues() -> None:
    sources = [po for app in APPS for po in (ROOT / app).glob("**/locale/*/LC_MESSAGES/*.po")]
    compiled = [(po, po.with_suffix(".mo")) for po in sources]
    if any(not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime for po, mo in compiled):
        execute([PYTHON, "-m", "tools.catalogues", "compile"])


def execute(command: list[Any]) -> None:
    """Run to the end or raise Failed."""
    code = call(command)
    if code:
        raise Failed(f"failed ({code}): {' '.join(map(str, command))}")


def call(command: list[Any], **environment: str) -> int:
    """Exit code of a child that ends with us, whatever ends us."""
    process = start(command, os.environ | environment)
    try:
        return process.wait()
    finally:
        stop([process], signal.SIGINT)


def start(command: list[Any], environment: dict[str, str], log: Any = None) -> subprocess.Popen[bytes]:
    """A child in a session of its own: Ctrl-C reaches us alone, and we end it with all its children."""
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **streams)


def stop(processes: list[subprocess.Popen[bytes]], politely: signal.Signals = signal.SIGTERM) -> None:
    """Ask, wait, then end whatever is left of each process group; nothing interrupts this."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    for process in processes:
        process.send_signal(politely)
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for number in ENDING:
        signal.signal(number, interrupted)


def interrupted(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def captured(command: list[Any], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run to the end and keep what it says."""
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, **streams)
