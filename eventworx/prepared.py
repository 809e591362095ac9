"""Statements whose plan costs more than what they find and is the same whatever they look for: PostgreSQL makes it once
per connection and minute (docs/decisions/0025).
"""

import re
import time
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from eventworx.databases import is_postgresql, marks

KEPT = 60.0  # seconds: where a list was imported a moment ago, a plan for an empty table is a bad one
MOST = 20  # statements per connection, each of which takes memory of the server; others are planned every time
_MARK = re.compile("%%|%s")

# By connection of the driver, so that a new one begins anew: until when the plan of each statement is kept there; `inf`
# where it failed once and is planned every time.
_kept: MutableMapping[Any, dict[str, float]] = WeakKeyDictionary()


def read(text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that changes nothing, in one journey there and back, the first time too.

    Of what type a value is, the text must tell.
    """
    with connection.cursor() as cursor:
        if not _is_executed_by_name(cursor, text, values):
            cursor.execute(text, values)
        return cursor.fetchall()


def _is_executed_by_name(cursor: CursorWrapper, text: str, values: Sequence[Any]) -> bool:
    """Where it is not, it can be executed as it stands: what the name was to blame for goes well then (the server lost
    it, it reads other columns since a migration), everything else is said again."""
    if not values or settings.EWX_DATABASE_POOLED or not is_postgresql(connection):
        return False
    kept, now = _kept.setdefault(connection.connection, {}), time.monotonic()
    until = kept.get(text, -inf if len(kept) < MOST else inf)
    if until == inf:
        return False
    kept[text] = inf
    try:
        cursor.execute(spoken(text, is_known=until > -inf, is_old=until < now), values)
    except DatabaseError:
        if connection.in_atomic_block:
            raise
        return False
    kept[text] = until if until > now else now + KEPT
    return True


@lru_cache(10 * MOST)
def spoken(text: str, *, is_known: bool, is_old: bool) -> str:
    """A text as the server is told it. The name is the same wherever the text is: should others use the connection, by
    that name they execute nothing else."""
    name, places = f"ewx_{blake2b(text.encode(), digest_size=16).hexdigest()}", count(1)
    numbered = _MARK.sub(lambda mark: "%%" if mark[0] == "%%" else f"${next(places)}", text)
    forget, prepare = f"DEALLOCATE {name};" * is_known, f"PREPARE {name} AS {numbered};"
    return f"{f'{forget}{prepare}' * is_old}EXECUTE {name} ({marks(range(next(places) - 1))})"
