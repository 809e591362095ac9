"""The worker without a broker: the schedule's own functions, each in time, none stopped by another."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from eventworx.management.commands.worker import RESTING, Job, jobs_of, run_due
from eventworx.messaging.mail import queue_mail
from eventworx.tenants.models import Tenant
from tests.mailserver import MailServer
from tests.source import ROOT

MAILS = {"mails": {"task": "eventworx.messaging.tasks.send_due_mails", "schedule": 1.0}}


@pytest.mark.django_db(transaction=True)
def test_once_runs_the_schedule(aurora: Tenant, smtp: MailServer, settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = MAILS
    queue_mail(tenant=aurora, to="a@b.example", topic="test", template="test", context={}, language="de")
    call_command("worker", "--once")
    assert len(smtp.messages) == 1


def test_wrong_name_in_the_schedule_stops_the_start() -> None:
    with pytest.raises(ImportError):
        jobs_of({"typo": {"task": "eventworx.messaging.tasks.send_nothing", "schedule": 1.0}})


def test_failing_job_is_logged_and_stops_no_other(db: None, caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []
    jobs = [Job("broken", lambda: 1 / 0, 60), Job("sound", lambda: ran.append("sound"), 60)]
    with caplog.at_level(logging.ERROR):
        run_due(jobs)
    assert ran == ["sound"]
    (entry,) = caplog.records
    assert entry.getMessage() == "broken failed"
    assert entry.exc_info is not None


def test_each_at_its_own_interval(db: None) -> None:
    ran: list[str] = []
    jobs = [Job("often", lambda: ran.append("often"), 0.0), Job("rarely", lambda: ran.append("rarely"), 60)]
    waits = [run_due(jobs) for _ in range(3)]
    assert ran == ["often", "rarely", "often", "often"]
    assert waits == [0.0, 0.0, 0.0]
    assert 59 < run_due(jobs[1:]) <= 60


def test_a_long_job_keeps_nobody_waiting_and_runs_once_at_a_time(db: None) -> None:
    started: list[str] = []
    ended = threading.Event()

    def work() -> None:
        started.append("long")
        ended.wait(30)

    jobs = [Job("work-on-article-lists", work, 0.0), Job("mails", lambda: started.append("mails"), 0.0)]
    for _turn in range(3):
        run_due(jobs)
    ended.set()
    assert jobs[0].beside is not None
    jobs[0].beside.join(30)
    assert sorted(started) == ["long", "mails", "mails", "mails"]
    assert run_due(jobs[:1]) <= RESTING
    jobs[0].beside.join(30)
    assert started.count("long") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    environment = os.environ | {"EWX_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/db.sqlite3"
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = [sys.executable, "manage.py", "worker"]
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    deadline = time.monotonic() + 30
    while b"worker runs" not in log.read_bytes() and worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.send_signal(number)
    assert worker.wait(10) == 0, log.read_text()
    assert "worker ends" in log.read_text()
