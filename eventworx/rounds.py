"""A round over many, in which the trouble of one does not hold up the others."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TypeVar

One = TypeVar("One")
Done = TypeVar("Done")


def go_round(many: Iterable[One], do: Callable[[One], Done]) -> list[Done]:
    """What `do` gives for each in turn, which it is done to also after one with whom it failed. Nothing is swallowed:
    at the end the last error is raised, with those before it as its context, so that the worker's boundary logs them
    all."""
    done: list[Done] = []
    with ExitStack() as turns:
        for one in reversed([*many]):  # what is stacked last has the first turn
            turns.callback(lambda one: done.append(do(one)), one)
    return done
