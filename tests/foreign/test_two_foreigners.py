"""Two companies of the other vendor among themselves: the model works before it meets the product."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.foreign import codes
from tests.foreign.client import Client, Failed, NotBelieved
from tests.foreign.faults import FAULTS
from tests.foreign.server import ForeignServer
from tests.foreign.store import Company

PERIOD = {"start": "2030-05-01T08:00:00Z", "end": "2030-05-04T08:00:00Z", "zone": "Europe/Berlin"}


def order(**lines: int) -> dict[str, Any]:
    """An order for articles by id."""
    items = [{"id": str(uuid.uuid4()), "article": name, "quantity": number} for name, number in lines.items()]
    return {
        "id": str(uuid.uuid4()),
        "intent": "order",
        "buyer": {"name": "Hirer Ltd"},
        "planning_period": PERIOD,
        "usage_period": PERIOD,
        "currency": "EUR",
        "lines": items,
    }


@dataclass
class Pair:
    """Both companies; `buyer` speaks for the one that hires from `lender`."""

    hirer: ForeignServer
    lender: ForeignServer

    @property
    def buyer(self) -> Client:
        return self.hirer.client()


def connect(one: ForeignServer, other: ForeignServer) -> Pair:
    ours, theirs = one.make_code(), other.make_code()
    one.enter_code(theirs)
    other.enter_code(ours)
    one.handshake()
    return Pair(one, other)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ForeignServer(company=Company(tenant="hirer")) as hirer, ForeignServer() as lender:
        yield connect(hirer, lender)


def test_pairing_ends_in_the_same_safety_number(pair: Pair) -> None:
    ours, theirs = (server.connection() for server in (pair.hirer, pair.lender))
    assert ours.safety_number == theirs.safety_number
    assert ours.state == theirs.state == "connected"
    assert pair.buyer.test()["tenant"] == "foreign"


def test_pairing_waits_for_the_other_code() -> None:
    with ForeignServer() as one, ForeignServer() as other:
        ours, theirs = one.make_code(), other.make_code()
        one.enter_code(theirs)
        for expected in [409] * 10 + [429]:
            with pytest.raises(Failed) as failure:
                one.handshake()
            assert failure.value.received.status == expected
        other.enter_code(ours)
        assert other.handshake()["state"] == "connected"


def test_reading_by_pages_with_dated_stock(pair: Pair) -> None:
    found = list(pair.buyer.articles(limit="3", start=PERIOD["start"], end=PERIOD["end"]))
    assert len(found) == 11
    assert {one["id"]: one["stock"] for one in found}["a2"] == {"mode": "exact", "owned": 8, "free": 8}
    assert [one["id"] for one in pair.buyer.articles(q="ÖKOLUX beamer")] == ["a2"]
    assert pair.buyer.availability(PERIOD, {"a1": 1, "a12": 1})[1]["stock"] is None


def test_an_order_is_confirmed_and_told(pair: Pair) -> None:
    sent = pair.buyer.send_order(order(a1=3, a2=1))
    assert sent["state"] == "requested"
    assert sent["net"] == "220.00"  # 4 pieces x 25.00 x (2 for three days + 0.2 for the fourth)
    pair.lender.confirm(sent["id"])
    assert pair.lender.deliver() == [True]
    assert [copy["state"] for copy in pair.hirer.copies()] == ["confirmed"]
    assert pair.buyer.article("a1", start=PERIOD["start"], end=PERIOD["end"])["stock"]["free"] == 1
    assert pair.buyer.command(sent["id"], "request_cancel")["state"] == "cancel_requested"


def test_keys_rotate(pair: Pair) -> None:
    first, second = pair.buyer.list_keys()[0]["keyid"], pair.buyer.rotate()
    assert {key["keyid"]: key["state"] for key in pair.buyer.list_keys()} == {first: "retiring", second: "active"}
    pair.buyer.delete_key(first)
    assert [key["keyid"] for key in pair.buyer.list_keys()] == [second]


def test_pause_level_and_end(pair: Pair) -> None:
    assert refused(pair) == ""
    pair.lender.set_level(0)
    assert refused(pair) == "403 level"
    pair.lender.pause()
    assert refused(pair) == "403 paused"
    pair.lender.close()
    assert refused(pair) == "410 closed"


def refused(pair: Pair) -> str:
    """Status and problem of a search; empty if it succeeds."""
    received = pair.buyer.call("GET", "/articles")
    return f"{received.status} {received.problem}" if received.status >= 400 else ""


@pytest.mark.parametrize("fault", ["unsigned-answers", "signs-wrong-request", "signs-with-another-key", "signs-stale"])
def test_the_client_believes_no_answer_that_is_signed_wrongly(fault: str) -> None:
    with ForeignServer() as one, ForeignServer(faults={fault}) as other, pytest.raises(NotBelieved):
        connect(one, other)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_fault_breaks_the_server(fault: str) -> None:
    """A server with any one fault still starts; an unknown name is a mistake of whoever asked for it."""
    with ForeignServer(faults={fault}) as server:
        assert codes.decode(server.make_code(), 0)
    with pytest.raises(ValueError, match="no such fault"):
        ForeignServer(faults={"no-such-thing"})
