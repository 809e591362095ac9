"""What we announce is there, and what a partner does not announce is never asked of him (protocol §8)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import Resolver404, resolve
from django.utils import timezone

from eventworx import installation
from eventworx.audit import Actor
from partners import client, connections
from partners.client import PartnerRefused, PartnerUnreachable
from partners.models import PartnerConnection
from partners.orders import confirm_order
from partners.protocol import versions
from partners.protocol.versions import OURS, Capability, Offer, Version
from partners.protocol.wire import ConnectionDocument, ProtocolRange
from partners.tasks import ask_strangers
from partners.transport import Fault
from tests.fakes import InProcess, NeverLooksAgain
from tests.partners.trade import Trade

Pair = tuple[PartnerConnection, PartnerConnection]
EXAMPLES = {
    Capability.AVAILABILITY: ["/availability"],
    Capability.KEYS: ["/keys", "/keys/0123456789abcdef"],
    Capability.PICTURES: ["/articles/17/picture"],
}


def exists(path: str) -> bool:
    try:
        resolve(path, urlconf="partners.api.urls")
    except Resolver404:
        return False
    return True


@pytest.mark.parametrize("capability", EXAMPLES, ids=str)
def test_a_capability_is_announced_exactly_where_its_routes_are(capability: Capability) -> None:
    assert [exists(path) for path in EXAMPLES[capability]] == [capability in OURS.capabilities] * len(
        EXAMPLES[capability]
    )


def test_every_route_that_needs_a_capability_has_an_example() -> None:
    assert set(EXAMPLES) == set(versions.PATHS) == set(Capability) - {Capability.CHANGE}
    assert all(versions.needed_for(path) is name for name, paths in EXAMPLES.items() for path in paths)


def document(connection: PartnerConnection, **said: object) -> ConnectionDocument:
    described = connections.describe_connection(connection=connection, now=timezone.now())
    return ConnectionDocument(**({name: getattr(described, name) for name in described.__slots__} | said))


def learn(pair: Pair, **said: object) -> PartnerConnection:
    """Ours, after the partner's document said this."""
    ours, theirs = pair
    connections.learn(connection=ours, document=document(theirs, **said), now=timezone.now())
    ours.refresh_from_db()
    return ours


def test_we_say_what_we_speak(pair: Pair) -> None:
    said = document(pair[0])
    assert said.protocol == ProtocolRange(min="1.0", max="1.0")
    assert set(said.capabilities) == OURS.capabilities


def test_what_the_partner_says_is_kept(pair: Pair) -> None:
    ours = learn(pair, protocol=ProtocolRange(min="1.0", max="1.7"), capabilities=("keys", "of tomorrow", "keys"))
    assert (ours.peer_protocol_min, ours.peer_protocol_max) == ("1.0", "1.7")
    assert ours.peer_capabilities == ["keys", "of tomorrow"]
    assert ours.agreement().version == Version(1, 0)
    assert learn(pair, protocol=None, capabilities=()).agreement().version == Version(1, 0)


def forget(pair: Pair) -> None:
    """As it is after an update from a version that asked nobody what he speaks."""
    PartnerConnection.objects.filter(pk=pair[0].pk).update(peer_capabilities=[], peer_protocol_min="")


def test_who_was_connected_before_there_were_capabilities_is_asked_for_them(pair: Pair, network: InProcess) -> None:
    forget(pair)
    ask_strangers()
    pair[0].refresh_from_db()
    assert pair[0].shared_capabilities == OURS.capabilities
    later = timezone.now() + timedelta(days=1)
    assert connections.ask_strangers(now=later) == 0
    assert [sent.target for sent in network.sent] == ["/api/partner/v1/connection"]


def test_a_stranger_who_does_not_answer_is_asked_once_an_hour(pair: Pair, network: InProcess) -> None:
    forget(pair)
    network.fault = Fault.TIMEOUT
    hours = [timezone.now() + timedelta(minutes=minutes) for minutes in (0, 30, 61)]
    assert [connections.ask_strangers(now=hour) for hour in hours] == [1, 0, 1]


def test_a_copy_asks_no_strangers(pair: Pair, network: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    forget(pair)
    monkeypatch.setattr(installation, "watch", NeverLooksAgain(installation.Standing.OTHER_ID))
    assert connections.ask_strangers(now=timezone.now()) == 0
    assert network.sent == []


@pytest.mark.parametrize(("low", "high"), [("2.0", "2.1"), ("1.3", "1.4"), ("one", "1.0"), ("1.0", "x")])
def test_a_partner_of_another_version_is_told_apart_and_offers_nothing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, low: str, high: str
) -> None:
    everything = Offer(min=versions.FIRST, max=versions.FIRST, capabilities=frozenset(Capability))
    monkeypatch.setattr("partners.models.connections.OURS", everything)
    ours = learn(pair, protocol=ProtocolRange(min=low, max=high), capabilities=tuple(Capability))
    assert ours.shared_capabilities == frozenset()
    speaks_other = Offer(min=Version(2, 0), max=Version(2, 1))
    monkeypatch.setattr("partners.connections.hearing.OURS", speaks_other)
    with pytest.raises(PartnerUnreachable) as caught:
        connections.test_connection(connection=ours, actor=Actor(label="Ada"))
    assert caught.value.reason == "version"


@pytest.mark.parametrize("capability", EXAMPLES, ids=str)
def test_a_partner_is_never_asked_for_what_he_does_not_announce(
    pair: Pair, network: InProcess, monkeypatch: pytest.MonkeyPatch, capability: Capability
) -> None:
    everything = Offer(min=versions.FIRST, max=versions.FIRST, capabilities=frozenset(Capability))
    monkeypatch.setattr("partners.models.connections.OURS", everything)
    ours = learn(pair, capabilities=tuple(set(Capability) - {capability}))
    for path in EXAMPLES[capability]:
        with pytest.raises(PartnerUnreachable) as caught:
            client.call(connection=ours, method="GET", path=path)
        assert caught.value.reason == "capability"
    assert network.sent == []
    assert capability in learn(pair, capabilities=(capability,)).shared_capabilities


def test_we_do_not_use_what_we_do_not_offer_ourselves(pair: Pair) -> None:
    ours = learn(pair, capabilities=tuple(Capability))
    assert ours.shared_capabilities == OURS.capabilities


def test_changes_are_announced_exactly_where_a_buyer_may_ask_for_one(trade: Trade, work: Callable[..., Any]) -> None:
    trade.add_position()
    trade.send()
    work()
    confirm_order(order=trade.incoming(), actor=trade.seller_actor, now=timezone.now())
    asks = {"command": "request_change", "expected_version": trade.incoming().version}
    path = f"/orders/{trade.incoming().order_id}/commands"
    try:
        client.call(connection=trade.ours, method="POST", path=path, body=asks, idempotency_key=uuid4())
    except PartnerRefused as refused:
        is_taken = refused.reason != "state"
    else:
        is_taken = True
    assert is_taken is (Capability.CHANGE in OURS.capabilities)
