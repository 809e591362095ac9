"""Variants of one thing measured in turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory


class Replacement(NamedTuple):
    """What stands in the place of a function of the product while a variant runs."""

    module: Any
    name: str
    by: Callable[..., Any]


class Taken(NamedTuple):
    """Microseconds of one run: by the clock on the wall, and of our own thread at work.

    The wall has everything, waiting for the database too, but also whatever else the machine does.
    """

    wall: float
    cpu: float


Run = Callable[[str, int], Taken]  # of a variant, in a round


@contextlib.contextmanager
def replaced(*replacements: Replacement) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, by in replacements:
            patch.setattr(module, name, by)
        yield


def interleaved(
    variants: Mapping[str, Sequence[Replacement]], run: Run, *, rounds: int, runs: int
) -> dict[str, list[Taken]]:
    """For each variant the median of `runs` runs in each of `rounds` rounds; in a new order each round."""
    random = Random(7)
    found: dict[str, list[Taken]] = {name: [] for name in variants}
    for number in range(rounds):
        for name in random.sample(list(variants), len(variants)):
            with replaced(*variants[name]):
                run(name, number)
                found[name].append(median(run(name, number) for _run in range(runs)))
    return found


def median(taken: Iterable[Taken]) -> Taken:
    """Of each clock by itself."""
    return Taken(*(round(statistics.median(values), 1) for values in zip(*taken, strict=True)))


def differences(more: Sequence[Taken], less: Sequence[Taken]) -> list[Taken]:
    """Round by round, what one takes longer than the other."""
    return [Taken(a.wall - b.wall, a.cpu - b.cpu) for a, b in zip(more, less, strict=True)]


def row(what: str, taken: Taken, of: Taken) -> dict[str, Any]:
    """A line of a table; the shares are those of `of`."""
    shares = {"wall_share": taken.wall / of.wall, "cpu_share": taken.cpu / of.cpu}
    return {"what": what, "wall_us": taken.wall, "cpu_us": taken.cpu} | {k: round(v, 3) for k, v in shares.items()}


def ratio_row(what: str, taken: Taken, of: Taken) -> dict[str, Any]:
    """A line of a table of multiples: how many times `of` it takes."""
    ratios = {"wall_ratio": taken.wall / of.wall, "cpu_ratio": taken.cpu / of.cpu}
    return {"what": what, "wall_us": taken.wall, "cpu_us": taken.cpu} | {k: round(v, 3) for k, v in ratios.items()}


def timed(work: Callable[[], object]) -> Taken:
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    return Taken((time.perf_counter() - wall) * 1e6, (time.thread_time() - cpu) * 1e6)


def answered(application: WSGIHandler, target: str, headers: dict[str, str], status: str) -> Taken:
    """From the request at the door to the last byte of the answer, which has to have that status."""
    environ = RequestFactory().get(target, headers=headers).environ
    statuses: list[str] = []
    wall, cpu = time.perf_counter(), time.thread_time()
    answer = application(environ, lambda said, _headers: statuses.append(said))
    b"".join(answer)
    answer.close()
    taken = Taken((time.perf_counter() - wall) * 1e6, (time.thread_time() - cpu) * 1e6)
    assert statuses == [status], statuses
    return taken
