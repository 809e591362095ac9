"""Variants of one thing measured in turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

import pytest
from django.test import RequestFactory

Variant = TypeVar("Variant", bound=Hashable)


class Replacement(NamedTuple):
    """What stands in the place of a function of the product while a variant runs."""

    module: Any
    name: str
    by: Callable[..., Any]


@contextlib.contextmanager
def replaced(*replacements: Replacement) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, by in replacements:
            patch.setattr(module, name, by)
        yield


def interleaved(
    variants: Mapping[Variant, Sequence[Replacement]],
    run: Callable[[Variant, int], float],
    *,
    rounds: int,
    runs: int,
    warm_up: bool = True,
) -> dict[Variant, list[float]]:
    """For each variant the median milliseconds of `runs` runs in each of `rounds` rounds; in a new order each round.

    `run` is told the number of the round, for which all variants do the same.
    """
    random = Random(7)
    found: dict[Variant, list[float]] = {name: [] for name in variants}
    for number in range(rounds):
        for name in random.sample(list(variants), len(variants)):
            with replaced(*variants[name]):
                if warm_up:
                    run(name, number)
                found[name].append(statistics.median(run(name, number) for _run in range(runs)))
    return found


def medians(times: Mapping[Variant, Sequence[float]]) -> dict[Variant, float]:
    return {name: statistics.median(some) for name, some in times.items()}


def p95(values: Iterable[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds by the clock on the wall: waiting for the database counts, and whatever else the machine does."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


class Answer(NamedTuple):
    milliseconds: float
    body: bytes


def answered(application: Any, target: str, headers: Mapping[str, str], status: str = "200 OK") -> Answer:
    """From the request at the door of a WSGI application to the last byte of the answer, which has that status."""
    environ = RequestFactory().get(target, headers=headers, SERVER_NAME="127.0.0.1").environ
    statuses: list[str] = []
    begun = time.perf_counter()
    answer = application(environ, lambda said, _headers: statuses.append(said))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    taken = (time.perf_counter() - begun) * 1e3
    assert statuses == [status], (statuses, body)
    return Answer(taken, body)
