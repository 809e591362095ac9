"""Several people who do something at the same moment, each in a thread of his own, as requests are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection, connections

from eventworx.errors import BusinessError


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each of the deeds gave or was refused with, all started together."""

    def run(deed: Callable[[], Any]) -> Any:
        start.wait(10)
        try:
            return deed()
        except BusinessError as refusal:
            return refusal
        finally:
            connections.close_all()

    start = Barrier(len(deeds))
    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def somebody_waits(many: int = 1) -> bool:
    """Whether so many stand at locks of PostgreSQL at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(DISTINCT pid) >= %s FROM pg_locks WHERE NOT granted", [many])
        return bool(cursor.fetchone()[0])
