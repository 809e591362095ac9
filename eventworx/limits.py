"""How often something may happen in a while, counted for all processes together (security.md §4).

One atomic step counts: in Redis where there is one, else, and whenever Redis does not answer, in a table of the
database. There is no third way: what cannot be counted is not allowed. A window begins with the first hit of a
key and ends `per` seconds later, so that a limit of 1 also says whether something was seen before. A key whose
limit is used up costs nothing more until its window ends: a flood reaches neither Redis nor the database.

Count before the transaction of the deed begins: inside of one a hit would be undone together with it, and would
keep everybody else waiting at its row.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import redis
from django.conf import settings
from django.db import connection, models
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

REDIS_SECONDS = 0.25  # a Redis that takes longer is taken for dead …
REDIS_RESTS = 5.0  # … and not asked again for so long
REMEMBERED = 10_000  # used-up keys per process

_COUNT = """
    INSERT INTO eventworx_hitcount (digest, hits, until) VALUES {rows}
    ON CONFLICT (digest) DO UPDATE SET
        hits = CASE WHEN eventworx_hitcount.until <= %s THEN 1 ELSE eventworx_hitcount.hits + 1 END,
        until = CASE WHEN eventworx_hitcount.until <= %s THEN excluded.until ELSE eventworx_hitcount.until END
    RETURNING digest, hits, until
"""


class HitCount(models.Model):
    """How often one key was hit in its window. `digest` is of name and key; `until`: unix time in milliseconds."""

    digest = models.CharField(max_length=32, primary_key=True)
    hits = models.PositiveBigIntegerField()
    until = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["until"], name="hit_counts_by_end")]

    def __str__(self) -> str:
        return f"{self.digest}: {self.hits}"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` hits of one key in `per` seconds. `name` keeps the keys of different limits apart."""

    name: str
    most: int
    per: int


Hit = tuple[Limit, str]  # and a key


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a hit was within its limit. `retry_after`: whole seconds until the next may pass, 0 if this one did."""

    is_allowed: bool
    retry_after: int = 0


def hit(name: str, key: str, *, limit: int, per: int, now: datetime) -> Verdict:
    """Count one hit of `key` and judge it. Never within a transaction (RuntimeError)."""
    return hit_all([(Limit(name, limit, per), key)], now=now)


def hit_all(hits: Sequence[Hit], *, now: datetime) -> Verdict:
    """Count one hit of each key, in one step; allowed only if each is. `hits`: at least one, none twice."""
    by_digest, at = _by_digest(hits), _milliseconds(now)
    until = _used_until(by_digest)
    return _verdict(until if until > at else max(_count(by_digest, at).values(), default=0), at)


def hit_once(once: Hit, hits: Sequence[Hit], *, now: datetime) -> Verdict | None:
    """Count a hit of `once`, of which one is allowed, and if that is the first, of the others too, in the same step;
    None if it is not. Where the limits of the others are used up, `once` is counted all the same."""
    first, by_digest, at = _by_digest([once]), _by_digest(hits), _milliseconds(now)
    if _used_until(first) > at:
        return None
    until = _used_until(by_digest)
    spent = _count(first if until > at else first | by_digest, at, is_once=True)
    return None if first.keys() & spent.keys() else _verdict(max(until, *spent.values(), 0), at)


def _verdict(until: int, at: int) -> Verdict:
    return Verdict(until <= at, retry_after=max(0, -((at - until) // 1000)))


def _count(by_digest: dict[str, Limit], at: int, *, is_once: bool = False) -> dict[str, int]:
    """Count and remember what is used up; the ends of those windows. `is_once`: the first only lets the others be
    counted if it was not hit before."""
    counts = _counted_by_redis(by_digest, at, is_once)
    if counts is None:
        counts = _counted_by_database(by_digest, at, is_once)
    spent = {digest: until for digest, (count, until) in counts.items() if count > by_digest[digest].most}
    if len(_used_up) + len(spent) > REMEMBERED:
        _used_up.clear()  # they are counted again, and refused again
    _used_up.update(spent)
    return spent


def _used_until(by_digest: Iterable[str]) -> int:
    """When the last of the windows ends whose limit is known to be used up."""
    return max((_used_up.get(digest, 0) for digest in by_digest), default=0)


def _by_digest(hits: Sequence[Hit]) -> dict[str, Limit]:
    return {_digest(limit, key): limit for limit, key in hits}


def _digest(limit: Limit, key: str) -> str:
    return hashlib.sha256(f"{limit.name}\n{key}".encode()).hexdigest()[:32]


Counts = dict[str, tuple[int, int]]  # by digest: hits in the window, and its end in unix milliseconds
_used_up: dict[str, int] = {}  # the ends of those windows that let nothing pass any more


# --- Redis -----------------------------------------------------------------------------------------
_first_use = threading.Lock()
_SCRIPT = """
    local counts = {}
    for place, name in ipairs(KEYS) do
        redis.call('SET', name, 0, 'NX', 'EX', ARGV[place])
        local hits = redis.call('INCR', name)
        counts[place] = {hits, redis.call('PTTL', name)}
        if place == 1 and ARGV[#KEYS + 1] == '1' and hits > 1 then break end
    end
    return counts
"""


class _Rest:
    """While Redis rests, nobody waits for it."""

    until: float = 0.0  # of the monotonic clock


def _redis_at(url: str) -> redis.Redis:
    """One client per process: of two, the one that nobody keeps would close connections of the other's users."""
    with _first_use:
        return _made_redis(url)


@cache
def _made_redis(url: str) -> redis.Redis:
    patience = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **patience)


def _counted_by_redis(by_digest: dict[str, Limit], at: int, is_once: bool) -> Counts | None:
    """The counts after these hits; None where no Redis answers. It goes by its own clock."""
    if not settings.REDIS_URL or time.monotonic() < _Rest.until:
        return None
    names = [f"limit:{settings.EWX_INSTANCE}:{digest}" for digest in by_digest]
    numbers = [limit.per for limit in by_digest.values()]
    try:
        answers = _redis_at(settings.REDIS_URL).eval(_SCRIPT, len(names), *names, *numbers, int(is_once))
    except redis.RedisError as error:
        logger.warning("limits are counted in the database: Redis does not answer (%s)", type(error).__name__)
        _Rest.until = time.monotonic() + REDIS_RESTS
        return None
    return {digest: (hits, at + lasts) for digest, (hits, lasts) in zip(by_digest, answers, strict=False)}


# --- database --------------------------------------------------------------------------------------
def _counted_by_database(by_digest: dict[str, Limit], at: int, is_once: bool) -> Counts:
    """The same in the table. In one order, so that two that hit the same keys never wait for each other."""
    if is_once and len(by_digest) > 1:
        once, *others = by_digest
        counts = _counted_by_database({once: by_digest[once]}, at, is_once)
        is_first = counts[once][0] == 1
        return counts | (_counted_by_database({one: by_digest[one] for one in others}, at, False) if is_first else {})
    rows = [(digest, at + by_digest[digest].per * 1000) for digest in sorted(by_digest)]
    statement = _COUNT.format(rows=", ".join(["(%s, 1, %s)"] * len(rows)))
    _refuse_transactions()
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(value for row in rows for value in row), at, at])
        return {digest: (count, until) for digest, count, until in cursor.fetchall()}


def _refuse_transactions() -> None:
    """What atomic(durable=True) says, without its two statements around our one."""
    if connection.in_atomic_block and not connection.atomic_blocks[-1]._from_testcase:  # type: ignore[attr-defined]
        raise RuntimeError("count before the transaction of the deed begins")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def ended(*, now: datetime) -> models.QuerySet[HitCount]:
    """The windows that may be forgotten."""
    return HitCount.objects.filter(until__lte=_milliseconds(now))
