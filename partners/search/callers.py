"""The few threads that ask partners at the same time (mission J2)."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic
from uuid import UUID

from django.db import connections
from django.utils import translation

logger = logging.getLogger(__name__)

THREADS = 16  # per process; each holds a database connection while it asks
PER_PARTNER = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    partner: UUID
    make: Callable[[], None]
    language: str | None  # of who asks: a thread has none
    done: Event = field(default_factory=Event)


class Callers:
    """Calls that wait for nobody but their own partner.

    A partner who takes his time keeps `per_partner` threads and no more, however many people ask him; further calls
    to him wait their turn, those to others go on. What a call raises is logged: nobody waits for its result.
    """

    def __init__(self, threads: int = THREADS, per_partner: int = PER_PARTNER) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="callers")
        self._per_partner = per_partner
        self._lock = Lock()
        self._busy: Counter[UUID] = Counter()
        self._waiting: dict[UUID, deque[_Call]] = {}

    def ask(self, partner: UUID, make: Callable[[], None]) -> Event:
        """Make this call as soon as its turn comes; the event is set when it is over."""
        call = _Call(partner, make, translation.get_language())
        with self._lock:
            has_turn = self._busy[partner] < self._per_partner
            if has_turn:
                self._busy[partner] += 1
            else:
                self._waiting.setdefault(partner, deque()).append(call)
        if has_turn:
            self._start(call)
        return call.done

    def _start(self, call: _Call) -> None:
        self._threads.submit(self._work, call).add_done_callback(_tell)

    def _work(self, call: _Call) -> None:
        try:
            with translation.override(call.language):
                call.make()
        finally:
            connections.close_all()
            call.done.set()
            self._next(call.partner)

    def _next(self, partner: UUID) -> None:
        """The turn goes to the next who waits for this partner."""
        with self._lock:
            queue = self._waiting.get(partner)
            call = queue.popleft() if queue else None
            if call is None:
                self._waiting.pop(partner, None)
                self._busy[partner] -= 1
                if not self._busy[partner]:
                    del self._busy[partner]
        if call:
            self._start(call)


def _tell(over: "Future[None]") -> None:
    error = over.exception()
    if error:
        logger.error("a call to a partner failed here", exc_info=error)


def wait_for(calls: Iterable[Event], *, seconds: float) -> None:
    """Until all of them are over, but no longer than that."""
    end = monotonic() + seconds
    for done in calls:
        done.wait(max(0.0, end - monotonic()))


current = Callers()
