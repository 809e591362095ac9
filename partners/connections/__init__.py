"""The life of a partner connection (mission P1, P2, P5-P9): on and off, the test, what is heard of it, its end."""

from partners.connections.checking import NothingToCompare, OtherSafetyNumber, learn, test_connection, verify
from partners.connections.ending import ConnectionEnded, close, end
from partners.connections.hearing import describe_connection, last_refused, note_heard, note_refused, receive_notice
from partners.connections.journal import Deed, entries_about, partner_actor
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

__all__ = [
    "ConnectionEnded",
    "Deed",
    "LevelNeeded",
    "LevelNotOffered",
    "NothingToCompare",
    "OtherSafetyNumber",
    "close",
    "describe_connection",
    "end",
    "entries_about",
    "last_refused",
    "learn",
    "note_heard",
    "note_refused",
    "open_connection",
    "partner_actor",
    "receive_notice",
    "set_contact_roles",
    "set_level",
    "succeed",
    "switch_off",
    "switch_on",
    "test_connection",
    "verify",
]
