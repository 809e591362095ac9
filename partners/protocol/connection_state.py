"""The shown state of a connection, derived from facts and never stored (protocol §2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConnectionState(StrEnum):
    DRAFT = "draft"
    CODE_SENT = "code_sent"
    WAITING_FOR_PARTNER = "waiting_for_partner"
    CONNECTED = "connected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """When each thing happened; None: not, or not any more.

    `peer_key_at`: the other's code was entered here. `connected_at`: the handshake's 200 was
    answered or received, or any later valid signed request came in.
    """

    code_sent_at: datetime | None = None
    peer_key_at: datetime | None = None
    connected_at: datetime | None = None
    paused_at: datetime | None = None
    peer_paused_at: datetime | None = None
    closed_at: datetime | None = None


def connection_state(facts: ConnectionFacts) -> ConnectionState:
    """One word for where a connection stands.

    A side that entered the other's code but has not sent its own is still a draft: it has to act.
    """
    if facts.closed_at:
        return ConnectionState.CLOSED
    if facts.peer_key_at and facts.connected_at:
        return ConnectionState.CONNECTED
    if not facts.code_sent_at:
        return ConnectionState.DRAFT
    return ConnectionState.WAITING_FOR_PARTNER if facts.peer_key_at else ConnectionState.CODE_SENT


def paused_by(facts: ConnectionFacts) -> tuple[str, ...]:
    """Who has paused, seen from the side that asks: `us`, `them`, both or nobody."""
    sides = (("us", facts.paused_at), ("them", facts.peer_paused_at))
    return tuple(side for side, since in sides if since is not None)
