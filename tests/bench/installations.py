"""What a figure is taken on: whole installations, each with a database of its own that commits durably."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from tests import services

Environment = dict[str, str]


@contextlib.contextmanager
def postgres_and_redis() -> Iterator[Environment]:
    """Production."""
    with services.postgres(durable=True) as url, services.redis() as redis_url:
        yield {"DATABASE_URL": url, "EWX_REDIS_URL": redis_url}


@contextlib.contextmanager
def postgres() -> Iterator[Environment]:
    with services.postgres(durable=True) as url:
        yield {"DATABASE_URL": url, "EWX_REDIS_URL": ""}


@contextlib.contextmanager
def sqlite() -> Iterator[Environment]:
    """The embedded default."""
    with tempfile.TemporaryDirectory(prefix="eventworx-bench-") as folder:
        yield {"DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "EWX_REDIS_URL": ""}


INSTALLATIONS: dict[str, Callable[[], AbstractContextManager[Environment]]] = {
    "postgresql-redis": postgres_and_redis,
    "postgresql": postgres,
    "sqlite": sqlite,
}
