"""The real components that the tests stand on: PostgreSQL, Redis, Chromium.

Standard library only, because `./dev test` uses it before anything else is known to be installed.
Each component is looked for in the same order: an address or path in the environment, a program on this
machine, Debian's package (only as root). What is still missing is an error that names the package.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DURABLE_SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100"}
PORTS = range(20_000, 32_000)  # Linux hands out from 32,768, others from 49,152
TEST_CLUSTER_SETTINGS = DURABLE_SETTINGS | {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class MissingComponent(Exception):
    """A component that the tests need is neither on this machine nor installable by us."""


def free_port() -> int:
    """A loopback port that nobody listens on, of a range from which the kernel gives none by itself.

    A port that it gave would be given again, to any client on the machine, before whoever asked listens on it."""
    while True:
        port = secrets.choice(PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def apt_install(package: str) -> None:
    """Install a Debian package; the package lists are refreshed once if it is not known.

    Raises MissingComponent with the line to type when we are not root or it does not work."""
    line = f"apt-get install -y --no-install-recommends {package}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingComponent(f"{package} is missing. Please install it:  sudo {line}")
    print(f"Installing {package} …", flush=True)
    if not _apt(*line.split()[1:]) and not (_apt("update") and _apt(*line.split()[1:])):
        raise MissingComponent(f"{package} is missing and could not be installed by: {line}")


def _apt(*arguments: str) -> bool:
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "-qq", *arguments], env=environment, check=False, **quiet).returncode == 0


def _installed(find: Callable[[], str | None], package: str) -> str:
    found = find()
    if found is None:
        apt_install(package)
        found = find()
    if found is None:
        raise MissingComponent(f"{package} is installed, but its program was not found")
    return found


def chromium() -> str:
    """Path of the browser: CHROMIUM, then PATH, then Debian's package."""
    named = os.environ.get("CHROMIUM")
    if named and not os.access(named, os.X_OK):
        raise MissingComponent(f"CHROMIUM names {named}, which is no program")
    return named or _installed(lambda: shutil.which("chromium") or shutil.which("chromium-browser"), "chromium")


def redis_program() -> str:
    """Path of redis-server: PATH, then Debian's package."""
    return _installed(lambda: shutil.which("redis-server"), "redis-server")


def postgres_programs() -> Path:
    """Directory of the newest PostgreSQL server programs, Debian's package as the last resort."""
    return Path(_installed(_newest_postgres, "postgresql"))


def _newest_postgres() -> str | None:
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    newest = max(found, key=lambda path: int(path.parent.name), default=None)
    return str(newest) if newest else on_path and str(Path(on_path).resolve().parent)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """URL of a Redis: TEST_REDIS_URL, or an own empty server that ends with the block."""
    named = os.environ.get("TEST_REDIS_URL")
    if named:
        yield named
        return
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _server([redis_program(), *options], signal.SIGTERM) as process:
        _wait_until(lambda: listens(port), process, "Redis")
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """URL of a PostgreSQL whose user may create databases: TEST_DATABASE_URL, or a throw-away cluster.

    A `durable` one is always our own, and writes every commit to the disk, as in production."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named and not durable:
        yield named
        return
    programs, owner, port = postgres_programs(), _server_owner(), free_port()
    directory = Path(tempfile.mkdtemp(prefix="eventworx-postgres-"))
    try:
        password = _create_cluster(programs, directory, owner)
        chosen = DURABLE_SETTINGS if durable else TEST_CLUSTER_SETTINGS
        settings = [f"-c{name}={value}" for name, value in chosen.items()]
        command = [str(programs / "postgres"), "-D", str(directory / "data"), f"-cport={port}", *settings]
        with _server(command, signal.SIGINT, log=directory / "log", **owner) as process:
            _wait_until(lambda: _accepts(programs, port), process, "PostgreSQL", directory / "log")
            yield f"postgres://eventworx:{password}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _server_owner() -> dict[str, Any]:
    """As root the server refuses to run: postgres or nobody runs it then."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _create_cluster(programs: Path, directory: Path, owner: dict[str, Any]) -> str:
    """Initialise directory/data and return the password of its superuser `eventworx`."""
    password = secrets.token_hex(16)
    (directory / "password").write_text(password)
    if owner:
        for path in (directory, directory / "password"):
            os.chown(path, owner["user"], owner["group"])
    command = [str(programs / "initdb"), "-D", str(directory / "data"), "-U", "eventworx", "--no-sync"]
    options = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=password", f"--pwfile={directory / 'password'}"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, cwd="/", **owner)
    return password


@contextlib.contextmanager
def _server(command: list[str], stop: signal.Signals, log: Path | None = None, **owner: Any) -> Iterator[Any]:
    """A server process of its own session, so that Ctrl-C reaches us first; ended with the block."""
    with open(log or os.devnull, "wb") as output:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        process = subprocess.Popen(command, cwd="/", start_new_session=True, **streams, **owner)
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until(ready: Callable[[], bool], process: Any, name: str, log: Path | None = None) -> None:
    deadline = time.monotonic() + 30
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:] if log else ""
            raise MissingComponent(f"{name} did not start. {tail}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether a server answers on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _accepts(programs: Path, port: int) -> bool:
    command = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, check=False).returncode == 0
