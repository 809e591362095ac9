"""The life of a partner connection (mission P1, P2, P5-P9): on and off, the test, what is heard of it, its end."""

from partners.connections.checking import NothingToCompare, OtherSafetyNumber, learn, test_connection, verify
from partners.connections.ending import ConnectionEnded, close, end
from partners.connections.hearing import describe_connection, note_heard, receive_notice
from partners.connections.refusing import UNPROVEN, RefusalSummary, note_refused, refusals_of
from partners.connections.rotating import (
    KEY_HANDLERS,
    KeyFileUnusable,
    KeyInUse,
    KeyLost,
    NoKeysThere,
    NotConnectedYet,
    RetiringKey,
    UnknownKey,
    add_key,
    list_peer_keys,
    rotate_key,
    stage_peer_key,
    withdraw_peer_key,
)
from partners.connections.switching import (
    LevelNeeded,
    LevelNotOffered,
    open_connection,
    set_contact_roles,
    set_level,
    succeed,
    switch_off,
    switch_on,
)
from partners.models.journal import Deed, entries_about, partner_actor

__all__ = [
    "KEY_HANDLERS",
    "UNPROVEN",
    "ConnectionEnded",
    "Deed",
    "KeyFileUnusable",
    "KeyInUse",
    "KeyLost",
    "LevelNeeded",
    "LevelNotOffered",
    "NoKeysThere",
    "NotConnectedYet",
    "NothingToCompare",
    "OtherSafetyNumber",
    "RefusalSummary",
    "RetiringKey",
    "UnknownKey",
    "add_key",
    "close",
    "describe_connection",
    "end",
    "entries_about",
    "learn",
    "list_peer_keys",
    "note_heard",
    "note_refused",
    "open_connection",
    "partner_actor",
    "receive_notice",
    "refusals_of",
    "rotate_key",
    "set_contact_roles",
    "set_level",
    "stage_peer_key",
    "succeed",
    "switch_off",
    "switch_on",
    "test_connection",
    "verify",
    "withdraw_peer_key",
]
