"""Every fault breaks exactly the promise that it is named after; without faults every promise is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.foreign.client import Client
from tests.foreign.faults import FAULTS
from tests.foreign.probes import order
from tests.foreign.promises import PROMISES
from tests.foreign.server import ForeignServer
from tests.foreign.store import Connection


@dataclass
class ForeignStage:
    """`server` is asked by `us`, both of the other vendor."""

    server: ForeignServer
    us: ForeignServer
    client: Client
    theirs: Connection
    article: str = "a1"
    hidden: str = "a12"

    def pause(self) -> None:
        self.server.pause(self.theirs)

    def resume(self) -> None:
        self.server.resume(self.theirs)

    def set_level(self, level: int) -> None:
        self.server.set_level(level, self.theirs)

    def close(self) -> None:
        self.server.close(self.theirs)

    def fresh(self) -> Client:
        ours, theirs = self.us.make_code(), self.server.make_code()
        assert ours
        self.us.enter_code(theirs)
        return self.us.client()

    def second(self) -> Client:
        return connect(self.server, self.us)[0]

    def hire(self) -> dict[str, Any]:
        return dict(self.server.client(self.theirs).send_order(order("a1")))


def connect(server: ForeignServer, us: ForeignServer) -> tuple[Client, Connection]:
    ours, theirs = us.make_code(), server.make_code()
    us.enter_code(theirs)
    known = server.enter_code(ours)
    us.handshake()
    return us.client(), known


@pytest.fixture
def stage() -> Iterator[ForeignStage]:
    with ForeignServer() as server, ForeignServer() as us:
        yield ForeignStage(server, us, *connect(server, us))


def test_every_fault_has_its_promise() -> None:
    assert list(PROMISES) == list(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_promise_is_kept(stage: ForeignStage, fault: str) -> None:
    probe, expected = PROMISES[fault]
    assert probe(stage) == expected


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_its_promise(stage: ForeignStage, fault: str) -> None:
    probe, expected = PROMISES[fault]
    stage.server.gate.faults = frozenset({fault})
    assert probe(stage) != expected
