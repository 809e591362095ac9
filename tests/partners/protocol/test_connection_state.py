"""The shown state follows from facts (protocol §2)."""

from datetime import UTC, datetime

import pytest

from partners.protocol.connection_state import (
    ConnectionFacts,
    ConnectionState,
    connection_state,
    paused_by,
)

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def facts(*names: str) -> ConnectionFacts:
    return ConnectionFacts(**dict.fromkeys(names, AT))


@pytest.mark.parametrize(
    ("known", "state"),
    [
        (facts(), ConnectionState.DRAFT),
        (facts("peer_key_at"), ConnectionState.DRAFT),
        (facts("code_sent_at"), ConnectionState.CODE_SENT),
        (facts("code_sent_at", "peer_key_at"), ConnectionState.WAITING_FOR_PARTNER),
        (facts("code_sent_at", "peer_key_at", "connected_at"), ConnectionState.CONNECTED),
        (facts("peer_key_at", "connected_at"), ConnectionState.CONNECTED),
        (facts("code_sent_at", "connected_at"), ConnectionState.CODE_SENT),
        (facts("code_sent_at", "peer_key_at", "connected_at", "closed_at"), ConnectionState.CLOSED),
        (facts("closed_at"), ConnectionState.CLOSED),
    ],
)
def test_the_shown_state(known: ConnectionFacts, state: ConnectionState):
    assert connection_state(known) is state


def test_pauses_stand_beside_the_state():
    connected = ("code_sent_at", "peer_key_at", "connected_at")
    assert paused_by(facts(*connected)) == ()
    assert paused_by(facts("paused_at")) == ("us",)
    assert paused_by(facts("peer_paused_at")) == ("them",)
    assert paused_by(facts("paused_at", "peer_paused_at")) == ("us", "them")
    assert connection_state(facts(*connected, "paused_at")) is ConnectionState.CONNECTED
