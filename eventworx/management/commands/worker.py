"""The embedded default's worker: what Celery's beat and worker do in production, without a broker."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


# Lines of the schedule that may take minutes: each runs beside the others, so that mails and orders do not wait for it.
LONG = frozenset({"work-on-article-lists"})
RESTING = 1.0  # seconds, while there is nothing but long ones


@dataclass(slots=True)
class Job:
    """A line of CELERY_BEAT_SCHEDULE: a task function, its interval in seconds, and when it is due (monotonic).

    `beside` is where a long one runs at the moment.
    """

    name: str
    run: Callable[[], object]
    every: float
    due: float = 0.0
    beside: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return self.beside is not None and self.beside.is_alive()


def jobs_of(schedule: dict[str, dict[str, Any]]) -> list[Job]:
    """The schedule with its functions; a wrong name stops the worker at its start, not at the first run."""
    return [Job(name, import_string(line["task"]), float(line["schedule"])) for name, line in schedule.items()]


def run_due(jobs: list[Job]) -> float:
    """Run what is due; returns the seconds until something is due again."""
    for job in jobs:
        if job.due <= time.monotonic() and not job.is_running:
            start(job)
            job.due = time.monotonic() + job.every
    coming = [job.due for job in jobs if not job.is_running]
    return max(0.0, min(coming) - time.monotonic()) if coming else RESTING


def start(job: Job) -> None:
    """A long one ends with the worker at the latest: what it has not committed then has not happened."""
    if job.name not in LONG:
        run_safely(job)
        return
    job.beside = threading.Thread(target=run_safely, args=[job], name=job.name, daemon=True)
    job.beside.start()


def run_safely(job: Job) -> None:
    """The one boundary of this loop: whatever fails is logged whole, and the next job runs."""
    close_old_connections()
    try:
        job.run()
    except Exception:
        logger.exception("%s failed", job.name)
    finally:
        close_old_connections()


class Command(BaseCommand):
    help = "Send mails and deliveries as they fall due, without a broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run every job once and end")

    def handle(self, *, once: bool, **_options: Any) -> None:
        jobs = jobs_of(settings.CELERY_BEAT_SCHEDULE)
        if once:
            run_due(jobs)
            for job in jobs:
                if job.beside:
                    job.beside.join()
            return
        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        logger.info("worker runs %s", ", ".join(job.name for job in jobs))
        while not ending.wait(run_due(jobs)):
            pass
        logger.info("worker ends")
