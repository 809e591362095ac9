"""Limits at the door (security.md §4): a flood is answered cheaply, and locks no partner out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from eventworx.limits import HitCount, Limit
from partners.api import rates
from partners.api.rates import network_of
from partners.models import SeenNonce
from partners.protocol.signing import fresh_nonce
from partners.transport import RawAnswer
from tests.amounts import amount
from tests.fakes import deliver
from tests.partners.questions import V1, Pair, Question, is_signed, notice, problem

FORGED = {"Signature": "ewx=:" + "A" * 86 + "==:"}


def statuses(answers: Iterator[RawAnswer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def forged(pair: Pair, **where: str) -> RawAnswer:
    """A request in aurora's name that somebody else made up."""
    return Question(pair[0]).ask(**where, **FORGED)


def limited(answer: RawAnswer) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.body)
    assert (answer.status, problem(answer)) == (429, "rate")
    assert ("Retry-After", str(document["retry_after"])) in answer.headers
    assert 1 <= document["retry_after"] <= 60
    return document


def test_the_limits_are_those_of_the_contract() -> None:
    per_minute = {name: (limit.most, limit.per) for name, limit in rates.PER_CONNECTION.items()}
    assert per_minute == {"signed": (600, 60), "search": (240, 60), "orders": (60, 60)}
    assert (rates.FAILED_FROM_ADDRESS.most, rates.FAILED_FROM_ADDRESS.per) == (30, 60)
    assert (rates.FAILED_FOR_CONNECTION.most, rates.FAILED_FOR_CONNECTION.per) == (120, 60)
    assert (rates.PAIRING_INCOMPLETE.most, rates.PAIRING_INCOMPLETE.per) == (10, 60)


# --- what proves nothing ----------------------------------------------------------------------------
def test_a_flood_from_one_address_is_told_to_wait(pair: Pair) -> None:
    assert statuses(forged(pair) for _request in range(40)) == {401: 30, 429: 10}
    answer = forged(pair)
    limited(answer)
    assert "signature" not in {name.lower() for name, _ in answer.headers}
    assert forged(pair, address="198.51.100.9").status == 401


def test_a_flood_from_everywhere_in_the_name_of_one_connection_is_told_to_wait(pair: Pair) -> None:
    addresses = [f"198.51.100.{number}" for number in range(130)]
    found = statuses(forged(pair, address=address) for address in addresses)
    assert found[429] >= 10  # and a few more where addresses share a counter
    assert found.keys() == {401, 429}


@pytest.mark.parametrize("address", ["127.0.0.1", "198.51.100.9"])
def test_no_flood_locks_the_honest_partner_out(pair: Pair, address: str) -> None:
    """Not even from behind the address that the flood comes from."""
    for _request in range(130):
        forged(pair)
    assert Question(pair[0]).ask(address=address).status == 200
    assert notice(pair[0]).ask(address=address).status == 204


def test_whether_a_connection_exists_makes_no_difference(pair: Pair) -> None:
    answers = [
        [Question(pair[0]).ask(EWX_Connection=str(connection), **FORGED) for _request in range(32)]
        for connection in (pair[1].pk, uuid4())
    ]
    assert [answer.status for answer in answers[0]] == [401] * 30 + [429] * 2
    assert {answer.status for answer in answers[1]} == {429}  # the address has used up its share


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2a01:4f8:1:2:aaaa::1", "2a01:4f8:1:2::/64"),
        ("2a01:4f8:1:2::", "2a01:4f8:1:2::/64"),
        ("", ""),
    ],
)
def test_ipv6_is_counted_by_line_not_by_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_bad_requests_leave_no_nonce_and_few_counters(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 15. From everywhere, in the name of nobody, of a partner, and out of shape."""
    monkeypatch.setattr(rates, "COUNTERS", 8)
    headers = Question(pair[0]).signed() | FORGED
    for number in range(amount("EWX_FLOOD_REQUESTS", 3_000) // 3):  # the row's own million takes an hour
        address = str(ip_address("10.0.0.0") + number)
        for claim in ({"EWX-Connection": str(uuid4())}, {}, {"Signature-Input": f"ewx=({number})"}):
            deliver("GET", f"{V1}/connection", headers | claim, b"", address)
    assert SeenNonce.objects.count() == 0
    assert HitCount.objects.count() <= 2 * 8 + 1


def test_a_flood_that_is_over_its_limit_costs_no_writes(pair: Pair, django_assert_num_queries: Any) -> None:
    for _request in range(31):
        forged(pair)
    question = Question(pair[0])
    headers = question.signed() | FORGED
    with django_assert_num_queries(1):  # the connection with its keys, else no honest request could be told apart
        assert deliver("GET", question.target, headers, b"").status == 429


# --- the partner himself ----------------------------------------------------------------------------
@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the limit of that name 2 requests per minute."""

    def make(name: str) -> None:
        monkeypatch.setitem(rates.PER_CONNECTION, name, Limit(f"test-{name}", 2, 60))

    return make


def order(pair: Pair) -> RawAnswer:
    return Question(pair[0], "POST", f"{V1}/orders", b"{}", uuid4()).ask()


def command(pair: Pair) -> RawAnswer:
    return Question(pair[0], "POST", f"{V1}/orders/{uuid4()}/commands", b"{}", uuid4()).ask()


def search(pair: Pair) -> RawAnswer:
    return Question(pair[0], target=f"{V1}/articles?q=par").ask()


def availability(pair: Pair) -> RawAnswer:
    return Question(pair[0], "POST", f"{V1}/availability", b"{}").ask()


def anything(pair: Pair) -> RawAnswer:
    return Question(pair[0], target=f"{V1}/nowhere").ask()


@pytest.mark.parametrize(
    ("name", "ask"),
    [("signed", anything), ("search", search), ("search", availability), ("orders", order), ("orders", command)],
)
def test_the_partner_is_told_signed_when_to_come_again(
    pair: Pair, narrow: Callable[[str], None], name: str, ask: Callable[[Pair], RawAnswer]
) -> None:
    narrow(name)
    assert 429 not in [ask(pair).status for _request in range(2)]
    limited(ask(pair))
    question = Question(pair[0], target=f"{V1}/connection")
    headers = question.signed()
    answer = deliver("GET", question.target, headers, b"")
    assert answer.status == (429 if name == "signed" else 200)  # narrower limits leave the rest alone
    assert is_signed(question, answer, headers["Signature"])


def test_each_connection_has_its_own_limits(pair: Pair, narrow: Callable[[str], None]) -> None:
    narrow("signed")
    assert [anything(pair).status for _request in range(3)] == [404, 404, 429]
    assert anything((pair[1], pair[0])).status == 404


def test_replaying_a_request_uses_nothing_up(pair: Pair, narrow: Callable[[str], None]) -> None:
    narrow("signed")
    question = Question(pair[0])
    headers = question.signed()
    assert [deliver("GET", question.target, headers, b"").status for _replay in range(9)] == [200, *[401] * 8]
    question.nonce = fresh_nonce()
    assert question.ask().status == 200


def test_pairing_is_answered_ten_times_a_minute(pair: Pair) -> None:
    pair[1].keys.filter(side="peer").delete()
    body = json.dumps({"connection": str(pair[0].pk), "partner_connection": str(pair[1].pk)}).encode()
    ask = lambda: Question(pair[0], "POST", f"{V1}/pairing", body, uuid4()).ask()  # noqa: E731
    assert statuses(ask() for _request in range(12)) == {409: 10, 429: 2}
    limited(ask())
    assert rates.count_pairing_incomplete(connection=pair[0], now=timezone.now()).is_allowed
