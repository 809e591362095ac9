"""Limits hold for all processes together, with Redis and without, and nothing that fails makes them generous."""

import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from eventworx import limits
from eventworx.limits import HitCount, Limit, Verdict, hit, hit_all, hit_once
from tests import services
from tests.crowd import at_once

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
THREADS, HITS, MOST = 8, 10, 33


@pytest.fixture
def real_redis(settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(limits._Rest, "until", 0.0)
    return redis_url


@pytest.fixture
def dead_redis(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{services.free_port()}/0"
    monkeypatch.setattr(limits._Rest, "until", 0.0)


def knock(key: str = "a", *, name: str = "door", limit: int = 2, now: datetime = NOON) -> Verdict:
    return hit(name, key, limit=limit, per=60, now=now)


def in_parallel(knock: Callable[[], Verdict]) -> Counter[bool]:
    """How many of THREADS × HITS were allowed and refused."""

    def knock_often() -> list[bool]:
        return [knock().is_allowed for _ in range(HITS)]

    return Counter(chain.from_iterable(at_once(*[knock_often] * THREADS)))


@pytest.mark.django_db
def test_so_many_pass_and_no_more_until_the_window_ends() -> None:
    assert [knock(now=NOON + n * SECOND).is_allowed for n in range(4)] == [True, True, False, False]
    assert knock(now=NOON + 42 * SECOND) == Verdict(is_allowed=False, retry_after=18)
    assert knock(now=NOON + 59.5 * SECOND) == Verdict(is_allowed=False, retry_after=1)
    assert knock(now=NOON + 60 * SECOND) == Verdict(is_allowed=True)
    assert HitCount.objects.count() == 1


@pytest.mark.django_db
def test_names_and_keys_are_counted_apart() -> None:
    assert not [knock("a", limit=1), knock("a", limit=1)][1].is_allowed
    assert knock("b", limit=1).is_allowed
    assert knock("a", name="gate", limit=1).is_allowed


@pytest.mark.django_db
def test_what_belongs_to_several_limits_needs_all_of_them() -> None:
    wide, narrow = (Limit("wide", 5, 60), "a"), (Limit("narrow", 1, 90), "a")
    assert hit_all([wide, narrow], now=NOON) == Verdict(is_allowed=True)
    assert hit_all([narrow, wide], now=NOON) == Verdict(is_allowed=False, retry_after=90)
    assert hit_all([wide], now=NOON) == Verdict(is_allowed=True)


@pytest.mark.django_db
def test_what_is_used_up_costs_nothing_more(django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _turn in range(3):
        knock()
    with django_assert_num_queries(0):
        assert knock(now=NOON + SECOND) == Verdict(is_allowed=False, retry_after=59)
        assert not hit_all([(Limit("other", 9, 60), "a"), (Limit("door", 2, 60), "a")], now=NOON).is_allowed
    monkeypatch.setattr(limits, "REMEMBERED", 1)  # forgotten, but still counted
    for _turn in range(3):
        knock("b")
    assert len(limits._used_up) == 1
    assert not knock("a").is_allowed


def ask_once(key: str, now: datetime) -> list[bool | None]:
    """Three turns with one key and three with others, beside a limit of two; what nobody remembers."""
    found: list[bool | None] = []
    for once in (key, key, key, f"{key}2", f"{key}3", f"{key}3"):
        limits._used_up.clear()
        verdict = hit_once((Limit("once", 1, 900), once), [(Limit("door", 2, 60), key)], now=now)
        found.append(verdict and verdict.is_allowed)
    return found


# The repeated ones are not counted; the last new one is over the limit, and its repetition seen all the same.
ASKED_ONCE = [True, None, None, True, False, None]


@pytest.mark.django_db
def test_what_was_seen_before_is_not_counted_in_the_database() -> None:
    assert ask_once("a", NOON) == ASKED_ONCE


@pytest.mark.redis
def test_what_was_seen_before_is_not_counted_in_redis(real_redis: str) -> None:
    assert ask_once(str(uuid4()), timezone.now()) == ASKED_ONCE


@pytest.mark.django_db
def test_over_a_limit_that_is_used_up_it_is_still_seen_that_something_comes_twice() -> None:
    door, once = [(Limit("door", 1, 60), "a")], (Limit("once", 1, 900), "x")
    assert [hit_all(door, now=NOON).is_allowed for _turn in range(2)] == [True, False]
    assert hit_once(once, door, now=NOON) == Verdict(is_allowed=False, retry_after=60)
    assert hit_once(once, door, now=NOON) is None


@pytest.mark.django_db
def test_any_text_is_a_key() -> None:
    for key in ("", "\x00", "ä" * 5000, "a\nb", "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")):
        assert knock(key, limit=1).is_allowed
        assert not knock(key, limit=1).is_allowed


@pytest.mark.django_db(transaction=True)
def test_a_hit_is_never_undone_with_a_deed() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        knock()


@pytest.mark.django_db
def test_what_has_ended_may_be_forgotten() -> None:
    knock("early")
    knock("late", limit=1, now=NOON + SECOND)
    limits.ended(now=NOON + 60 * SECOND).delete()
    assert HitCount.objects.count() == 1
    assert not knock("late", limit=1, now=NOON + 60 * SECOND).is_allowed


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_the_limit_passes_in_the_database() -> None:
    assert in_parallel(lambda: knock(limit=MOST)) == {True: MOST, False: THREADS * HITS - MOST}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_that_hit_the_same_keys_in_another_order_do_not_lock_each_other() -> None:
    keys = [(Limit("door", MOST, 60), str(number)) for number in range(5)]
    turns = iter([keys, keys[::-1]] * THREADS * HITS)
    passed = in_parallel(lambda: hit_all(next(turns), now=NOON))
    assert passed == {True: MOST, False: THREADS * HITS - MOST}


@pytest.mark.redis
def test_of_many_at_once_exactly_the_limit_passes_in_redis(real_redis: str) -> None:
    """Without a database: whoever asked it would fail here."""
    key = str(uuid4())
    passed = in_parallel(lambda: hit("door", key, limit=MOST, per=60, now=timezone.now()))
    assert passed == {True: MOST, False: THREADS * HITS - MOST}
    refused = hit("door", key, limit=MOST, per=60, now=timezone.now())
    assert 1 <= refused.retry_after <= 60


@pytest.mark.redis
def test_threads_that_ask_for_the_first_time_share_one_client(real_redis: str) -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            limits._made_redis.cache_clear()
            with ThreadPoolExecutor(THREADS) as pool:
                found = set(pool.map(limits._redis_at, [real_redis] * THREADS))
            assert len(found) == 1
    finally:
        sys.setswitchinterval(usual)


@pytest.mark.redis
def test_redis_forgets_a_key_with_its_window(real_redis: str) -> None:
    hit_all([(Limit("door", 1, 60), "x"), (Limit("gate", 1, 90), "y")], now=timezone.now())
    with redis.Redis.from_url(real_redis) as client:
        lives = sorted(int(client.ttl(name)) for name in client.scan_iter("limit:eventworx:*"))
        assert lives[-1] > 60 >= lives[0] > 0
        client.flushdb()


@pytest.mark.django_db
def test_without_an_answer_of_redis_the_database_counts(dead_redis: None, caplog: pytest.LogCaptureFixture) -> None:
    assert [knock().is_allowed for _ in range(4)] == [True, True, False, False]
    assert HitCount.objects.count() == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # it is not asked each time


@pytest.mark.redis
@pytest.mark.django_db
def test_a_redis_that_refuses_to_write_is_no_permission(real_redis: str) -> None:
    with redis.Redis.from_url(real_redis) as client:
        client.config_set("maxmemory", 1)
        try:
            assert [knock().is_allowed for _ in range(3)] == [True, True, False]
        finally:
            client.config_set("maxmemory", 0)
