"""The few threads that ask partners at the same time: whoever is slow keeps only his own busy."""

import logging
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from partners.search.callers import Callers, wait_for

SLOW, QUICK = uuid4(), uuid4()


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What the slow partner's calls wait for."""
    event = threading.Event()
    yield event
    event.set()


def test_a_slow_partner_keeps_his_own_threads_and_no_others(released: threading.Event) -> None:
    callers, began = Callers(threads=4, per_partner=3), []

    def slow() -> None:
        began.append(threading.current_thread().name)
        released.wait(10)

    calls = [callers.ask(SLOW, slow) for _ in range(50)]
    started = time.monotonic()
    for _ in range(20):
        assert callers.ask(QUICK, lambda: None).wait(2)
    assert time.monotonic() - started < 2
    assert len(began) == 3
    released.set()
    wait_for(calls, seconds=5)
    assert (len(began), all(call.is_set() for call in calls)) == (50, True)
    assert callers.ask(SLOW, lambda: None).wait(2)


def test_calls_to_one_partner_are_made_in_turn(released: threading.Event) -> None:
    callers, made = Callers(threads=4, per_partner=1), []
    callers.ask(SLOW, lambda: released.wait(10) and None)
    calls = [callers.ask(SLOW, lambda number=number: made.append(number)) for number in range(10)]  # type: ignore[misc]
    assert made == []
    released.set()
    wait_for(calls, seconds=5)
    assert made == list(range(10))


def test_a_call_that_fails_here_is_logged_and_the_next_is_made(caplog: pytest.LogCaptureFixture) -> None:
    callers = Callers(threads=1, per_partner=1)

    def broken() -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, logger="partners.search.callers"):
        calls = [callers.ask(QUICK, broken), callers.ask(QUICK, lambda: None)]
        wait_for(calls, seconds=5)
        assert all(call.is_set() for call in calls)
        for _ in range(50):
            if caplog.records:
                break
            time.sleep(0.02)
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


def test_nobody_waits_longer_than_he_wants(released: threading.Event) -> None:
    callers, started = Callers(), time.monotonic()
    wait_for([callers.ask(SLOW, lambda: released.wait(10) and None) for _ in range(5)], seconds=0.2)
    assert 0.2 <= time.monotonic() - started < 1
