"""The demo: two rental companies on this machine, each with its own server, database and worker."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, NoReturn

from tests import services
from tools.environment import PYTHON, ROOT, VENV, Failed, captured, start, stop

DEMO = ROOT / "var" / "demo"
COMPANIES = [("aurora", "Aurora Veranstaltungstechnik"), ("bassline", "Bassline Rental")]
# As in the Dockerfile: HTTP/1 alone; who has not sent his headers after 10 seconds is disconnected, and so is whoever
# keeps a line open without asking; headers fit into 64 KiB.
GUARDED = ["--http", "1", "--no-ws", "--http1-header-read-timeout", "10000", "--http1-buffer-size", "65536"]
GRANIAN = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "8", *GUARDED]
SECONDS_TO_START = 60


class Company(NamedTuple):
    """One of the two demo installations."""

    name: str
    title: str
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        return DEMO / self.name

    def environment(self, companies: Iterable[Company]) -> dict[str, str]:
        return os.environ | {
            "EWX_INSTANCE": self.name,
            "EWX_ORIGIN": self.origin,
            "EWX_DATA_DIR": str(self.home),
            "EWX_MAIL_DIR": str(DEMO / "mail"),
            "EWX_DEMO": "1",
            "EWX_ALLOWED_PARTNER_ORIGINS": ",".join(other.origin for other in companies if other is not self),
            "DATABASE_URL": f"sqlite:///{self.home / 'eventworx.sqlite3'}",
            "PYTHONUNBUFFERED": "1",
        }


class Child(NamedTuple):
    name: str
    process: subprocess.Popen[bytes]
    log: Path


def run(*, ports: list[int], fresh: bool) -> NoReturn:
    """Start both and watch over them until somebody ends it."""
    began = time.monotonic()
    companies = [Company(*names, port) for names, port in zip(COMPANIES, ports, strict=True)]
    for company in companies:
        refuse_taken_port(company)
    if fresh:
        shutil.rmtree(DEMO, ignore_errors=True)
    with ThreadPoolExecutor() as pool:
        logins = list(pool.map(lambda company: prepare(company, companies), companies))
    with running(companies) as children:
        for company in companies:
            wait_until_answering(company, children)
        print(f"\nReady, started in {time.monotonic() - began:.1f} s.\n")
        introduce(companies, logins)
        while True:
            refuse_dead(children)
            time.sleep(0.5)


def refuse_taken_port(company: Company) -> None:
    if services.listens(company.port):
        hint = "Is ./dev run running already? Other ports:  ./dev run --ports 8901 8902"
        raise Failed(f"Port {company.port} is taken, {company.title} cannot start there. {hint}")


def prepare(company: Company, companies: list[Company]) -> str:
    """Bring the database to today's schema and fill it if it is new; returns the lines with its logins."""
    for folder in (company.home / "log", DEMO / "mail"):
        folder.mkdir(parents=True, exist_ok=True)
    environment = company.environment(companies)
    manage(["migrate", "--verbosity=0"], environment)
    return manage(["load_demo", company.name], environment)


def manage(arguments: list[str], environment: dict[str, str]) -> str:
    done = captured([PYTHON, "manage.py", *arguments], environment)
    if done.returncode:
        instance = environment["EWX_INSTANCE"]
        raise Failed(f"manage.py {' '.join(arguments)} failed for {instance}:\n{done.stderr[-3000:]}")
    return done.stdout


@contextlib.contextmanager
def running(companies: list[Company]) -> Iterator[list[Child]]:
    """Server and worker of every company; all of them end with the block."""
    children: list[Child] = []
    try:
        for company in companies:
            where = ["--host", "127.0.0.1", "--port", str(company.port)]
            server = [VENV / "bin" / "granian", *GRANIAN, *where, "eventworx.wsgi:application"]
            for name, command in {"web": server, "worker": [PYTHON, "manage.py", "worker"]}.items():
                log = company.home / "log" / f"{name}.log"
                with log.open("wb") as output:
                    process = start(command, company.environment(companies), output)
                children.append(Child(f"{name} of {company.title}", process, log))
        yield children
    finally:
        stop([child.process for child in children])


def wait_until_answering(company: Company, children: list[Child]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers(company):
        refuse_dead(children)
        if time.monotonic() > deadline:
            raise Failed(f"{company.title} does not answer at {company.origin}; see {company.home / 'log'}")
        time.sleep(0.1)


def answers(company: Company) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", company.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def refuse_dead(children: list[Child]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise Failed(f"The {child.name} ended ({code}):\n{child.log.read_text(errors='replace')[-3000:]}")


def introduce(companies: list[Company], logins: list[str]) -> None:
    for company, lines in zip(companies, logins, strict=True):
        print(f"  {company.title:<30} {company.origin}/")
        print("".join(f"      {line}\n" for line in lines.strip().splitlines()))
    print(f"  Every mail of both             {companies[0].origin}/demo/mailbox/\n")
    print("Ctrl-C ends it; the data stays for the next time. To start over:  ./dev run --fresh", flush=True)
