"""When a delivery is tried again (protocol §6)."""

from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
THEN_EVERY = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=7)  # counted from when the delivery was queued
ALERT_AFTER = timedelta(minutes=15)  # an undelivered order alerts its sender
PARKED_FOR = timedelta(hours=6)  # a delivery to a paused partner, unless he resumes before
JITTER = 0.2  # of the delay, either way: so that partners do not come back in step


def next_attempt(attempt: int, now: datetime, rng: Random, retry_after: int | None = None) -> datetime:
    """When to try for the `attempt`-th time (0: the first try, at once).

    `retry_after` are the seconds that the other side asked for: never earlier than that, but no
    answer, which may be unsigned, holds a delivery up for longer than THEN_EVERY.
    """
    delay = SCHEDULE[attempt] if attempt < len(SCHEDULE) else THEN_EVERY
    jittered = delay * rng.uniform(1 - JITTER, 1 + JITTER)
    asked = min(timedelta(seconds=min(max(retry_after or 0, 0), 86_400)), THEN_EVERY)
    return now + max(jittered, asked)


def has_given_up(queued_at: datetime, now: datetime) -> bool:
    """Whether a delivery queued then waits for a person now."""
    return now - queued_at >= GIVE_UP_AFTER


class Verdict(StrEnum):
    """What is done after an answer other than 2xx."""

    RETRY = "retry"
    PARK = "park"
    GIVE_UP = "give_up"


_RETRIED_STATUS = frozenset({408, 425, 429})
_RETRIED_CODES = frozenset({"in-progress", "pairing-incomplete"})


def verdict(status: int, code: str = "") -> Verdict:
    """What a proven answer other than 2xx means for whoever asked; `code` is that of its problem (protocol §5)."""
    if status in _RETRIED_STATUS or 500 <= status <= 599:
        return Verdict.RETRY
    if status == 409 and code in _RETRIED_CODES:
        return Verdict.RETRY
    return Verdict.PARK if (status, code) == (403, "paused") else Verdict.GIVE_UP
