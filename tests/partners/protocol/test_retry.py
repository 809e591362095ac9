"""The retry schedule (protocol §6)."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from partners.protocol.retry import JITTER, Verdict, has_given_up, next_attempt, verdict

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DELAYS = [0, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 21600, 21600, 21600]


@pytest.mark.parametrize("attempt", range(len(DELAYS)))
def test_the_schedule_with_jitter(attempt: int):
    seconds = [(next_attempt(attempt, NOW, Random(seed)) - NOW).total_seconds() for seed in range(200)]
    assert DELAYS[attempt] * (1 - JITTER) <= min(seconds)
    assert max(seconds) <= DELAYS[attempt] * (1 + JITTER)
    assert attempt == 0 or len(set(seconds)) > 100


def test_any_attempt_has_a_time():
    assert next_attempt(10**6, NOW, Random(1)) < NOW + timedelta(hours=8)


def test_a_partner_may_ask_for_patience_but_not_for_ever():
    assert next_attempt(1, NOW, Random(1), retry_after=600) == NOW + timedelta(seconds=600)
    assert next_attempt(8, NOW, Random(1), retry_after=1) > NOW + timedelta(hours=3)
    assert next_attempt(1, NOW, Random(1), retry_after=10**30) == NOW + timedelta(hours=6)
    assert next_attempt(0, NOW, Random(1), retry_after=-5) == NOW


def test_seven_days():
    assert not has_given_up(NOW, NOW + timedelta(days=7, seconds=-1))
    assert has_given_up(NOW, NOW + timedelta(days=7))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        *((status, "", Verdict.RETRY) for status in (408, 425, 429, 500, 502, 503, 599)),
        (409, "in-progress", Verdict.RETRY),
        (409, "pairing-incomplete", Verdict.RETRY),
        (403, "paused", Verdict.PARK),
        (403, "level", Verdict.GIVE_UP),
        (409, "state", Verdict.GIVE_UP),
        (400, "in-progress", Verdict.GIVE_UP),
        *((status, "", Verdict.GIVE_UP) for status in (302, 400, 401, 404, 409, 410, 413, 415, 422, 426, 428)),
    ],
)
def test_what_an_answer_means(status: int, code: str, expected: Verdict):
    assert verdict(status, code) is expected
