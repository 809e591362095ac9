"""Names become addresses, within a time and in a number that hostile names cannot exceed."""

import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from threading import RLock
from typing import Any

from partners.transport.faults import Fault, Unreachable

THREADS = 8
LOOKUPS = 32  # under way or waiting for a thread, all names together

Resolve = Callable[[str, int, float], list[str]]
"""All addresses of a host and port, within so many seconds."""


class Resolver:
    """The system's resolver knows no deadline, so it waits in threads of its own. A name is asked once at a time:
    whoever asks meanwhile gets the same answer, so that a name that hangs holds one thread and no more."""

    def __init__(self, look_up: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolver")
        self._lock = RLock()
        self._under_way: dict[tuple[str, int], Future[list[Any]]] = {}

    def __call__(self, host: str, port: int, seconds: float) -> list[str]:
        try:
            found = self._asked(host, port).result(seconds)
        except FutureTimeout as error:
            raise Unreachable(Fault.TIMEOUT) from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(Fault.NAME) from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _asked(self, host: str, port: int) -> "Future[list[Any]]":
        name = (host, port)
        with self._lock:
            if name in self._under_way:
                return self._under_way[name]
            if len(self._under_way) >= LOOKUPS:
                raise Unreachable(Fault.TIMEOUT)
            lookup = self._threads.submit(self._look_up, host, port, type=socket.SOCK_STREAM)
            self._under_way[name] = lookup
            lookup.add_done_callback(lambda _done: self._forget(name))
            return lookup

    def _forget(self, name: tuple[str, int]) -> None:
        with self._lock:
            self._under_way.pop(name, None)
