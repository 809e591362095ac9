"""Two real installations for a journey: own database, own server process, own worker, real SMTP between them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from tests import services
from tools.two_companies import GRANIAN

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 60
SECONDS_TO_STOP = 10


@dataclass
class Instance:
    """One company's installation. `people` are the demo logins by role; `name` is also the tenant's short name."""

    name: str
    port: int
    home: Path
    database_url: str
    mail_url: str
    partner_origin: str
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, path: str = "") -> str:
        """A page of the tenant: `url("jobs/")`."""
        return f"{self.origin}/{self.name}/{path}"

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "eventworx.settings",
            "EWX_INSTANCE": self.name,
            "EWX_ORIGIN": self.origin,
            "EWX_DATA_DIR": str(self.home),
            "EWX_ALLOWED_PARTNER_ORIGINS": self.partner_origin,
            "EWX_MAIL_FROM": f"noreply@{self.name}.example",
            "EWX_DEMO": "",
            "EWX_MAIL_DIR": "",
            "EMAIL_URL": self.mail_url,
            "DATABASE_URL": self.database_url,
            "PYTHONUNBUFFERED": "1",
        }

    def manage(self, *arguments: str, typed: str = "", code: int = 0) -> str:
        """What a command prints; `typed` is its standard input, `code` the exit code that it must end with."""
        command = [sys.executable, "manage.py", *arguments]
        streams: dict[str, Any] = {"input": typed, "capture_output": True, "text": True}
        done = subprocess.run(command, cwd=ROOT, env=self.environment(), check=False, timeout=180, **streams)
        assert done.returncode == code, f"{self.name}: {' '.join(arguments)}\n{done.stderr[-3000:]}"
        return done.stdout

    def prepare(self) -> None:
        """Schema and demo data."""
        self.home.mkdir(parents=True)
        self.manage("migrate", "--verbosity=0")
        logins = json.loads(self.manage("load_demo", self.name, "--json"))
        self.people = {login["role"]: login for login in logins["logins"] if login["tenant"] == self.name}
        strangers = [login for login in logins["logins"] if login["email"].startswith("admin@cymbal")]
        self.people |= dict(zip(["stranger"], strangers, strict=False))

    def begin(self) -> None:
        self.prepare()
        self.start()

    def start(self, *parts: str) -> None:
        """Start `web`, `worker`, or both; returns once the server answers."""
        granian = [str(Path(sys.executable).parent / "granian"), *GRANIAN]
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        commands: dict[str, list[str]] = {
            "web": [*granian, *where, "eventworx.wsgi:application"],
            "worker": [sys.executable, "manage.py", "worker"],
        }
        for part in parts or ("web", "worker"):
            with (self.home / f"{part}.log").open("ab") as log:
                streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
                self.processes[part] = subprocess.Popen(
                    commands[part], cwd=ROOT, env=self.environment(), start_new_session=True, **streams
                )
        if "web" in (parts or ("web",)):
            self._wait_until_answering()

    def stop(self, *parts: str) -> None:
        """End `web`, `worker`, or both: what the partner then sees is a dead server."""
        for part in parts or tuple(self.processes):
            process = self.processes.pop(part, None)
            if process is None:
                continue
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_STOP)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, part: str) -> str:
        return (self.home / f"{part}.log").read_text(errors="replace")

    def _wait_until_answering(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            assert self.processes["web"].poll() is None, self.log("web")[-3000:]
            assert time.monotonic() < deadline, f"{self.name} does not answer"
            time.sleep(0.1)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of what a stranger gets. Raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get("/healthz")[0] == 200
        return False


@contextlib.contextmanager
def two_instances(directory: Path, mail_url: str) -> Iterator[tuple[Instance, Instance]]:
    """Aurora on SQLite and Bassline on PostgreSQL, loaded with the demo, both running."""
    ports = services.free_port(), services.free_port()
    origins = [f"http://127.0.0.1:{port}" for port in ports]
    with services.postgres() as server:
        aurora = Instance(
            "aurora", ports[0], directory / "aurora", f"sqlite:///{directory}/aurora.sqlite3", mail_url, origins[1]
        )
        bassline = Instance("bassline", ports[1], directory / "bassline", _new_database(server), mail_url, origins[0])
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(Instance.begin, (aurora, bassline)))
            yield aurora, bassline
        finally:
            for instance in (aurora, bassline):
                instance.stop()


def _new_database(server_url: str) -> str:
    """An empty database on that server; dropped and made anew if a run before left it."""
    name = f"ewx_journey_{os.getpid()}"
    connection = psycopg2.connect(server_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
