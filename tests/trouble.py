"""Trouble with the database that hits some rows and no others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from django.db.models import Model
from django.db.models.signals import ModelSignal


@contextmanager
def trouble(signal: ModelSignal, sender: type[Model], *, where: Callable[[Any], bool]) -> Iterator[None]:
    """Meanwhile the database fails wherever such a row is written or deleted."""

    def fail(instance: Any, **_said: Any) -> None:
        if where(instance):
            raise OperationalError(str(instance))

    signal.connect(fail, sender)
    try:
        yield
    finally:
        signal.disconnect(fail, sender)
