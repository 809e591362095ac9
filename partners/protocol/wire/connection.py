"""What two sides say about their connection (protocol §2, §4)."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from partners.protocol.connection_state import ConnectionState
from partners.protocol.keys import BadKey, check_public_key
from partners.protocol.versions import Capability
from partners.protocol.wire import fields
from partners.protocol.wire.fields import Node, Wrong
from partners.protocol.wire.strict_json import Json

_MAX_LEVEL = 99  # later versions may add levels: shown, never acted on
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")  # of 32 bytes
_KEYID = re.compile(r"[0-9a-f]{16}")


class NoticeKind(StrEnum):
    PAUSED = "paused"
    RESUMED = "resumed"
    LEVEL_CHANGED = "level_changed"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingRequest:
    """POST /pairing: the caller's own connection id and the receiver's."""

    connection: UUID
    partner_connection: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """POST /connection/notice; compare `notice` with NoticeKind, unknown ones are answered 204."""

    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolRange:
    min: str
    max: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDocument:
    """GET /connection and the answer to POST /pairing; everything is the answerer's."""

    connection: UUID
    tenant: str
    display_name: str
    state: str
    paused_by: tuple[str, ...] = ()
    verified: bool = False
    protocol: ProtocolRange | None = None
    capabilities: tuple[str, ...] = ()
    level_granted_to_you: int = 0
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """POST /keys: the caller's next public key, usable (protocol §1, `bad-key`)."""

    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key of the caller as it is stored at the answerer; `since` when it is in its state."""

    keyid: str
    state: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """GET /keys: the caller's keys."""

    items: tuple[StoredKey, ...]


def new_key_to_wire(public_key: bytes) -> dict[str, Json]:
    """The body of POST /keys."""
    return {"public_key": base64.b64encode(public_key).decode()}


def _pairing_request(node: Node) -> PairingRequest:
    return PairingRequest(
        connection=node.required("connection", fields.uuid),
        partner_connection=node.required("partner_connection", fields.uuid),
    )


def _notice(node: Node) -> Notice:
    return Notice(notice=node.required("notice", fields.required_term(NoticeKind)))


def _connection(node: Node) -> ConnectionDocument:
    return ConnectionDocument(
        connection=node.required("connection", fields.uuid),
        tenant=node.required("tenant", fields.identifier),
        display_name=node.required("display_name", fields.name),
        state=node.required("state", fields.required_term(ConnectionState)),
        paused_by=node.items("paused_by", fields.required_term(("us", "them"))),
        verified=node.optional("verified", fields.flag) or False,
        protocol=node.optional("protocol", _protocol_range),
        capabilities=node.items("capabilities", fields.required_term(Capability)),
        level_granted_to_you=node.optional("level_granted_to_you", fields.whole(0, _MAX_LEVEL)) or 0,
        time=node.optional("time", fields.instant),
    )


def _protocol_range(node: Node) -> ProtocolRange:
    return ProtocolRange(min=node.required("min", fields.word), max=node.required("max", fields.word))


def _new_key(node: Node) -> NewKey:
    return NewKey(public_key=node.required("public_key", _public_key))


def _checked_key(node: Node) -> bytes:
    """32 bytes in base64, in its one spelling."""
    text = fields.matching(node, _BASE64)
    raw = base64.b64decode(text)
    if base64.b64encode(raw).decode() != text:
        raise Wrong("format")
    try:
        check_public_key(raw)
    except BadKey as error:
        raise Wrong("key") from error
    return raw


def _stored_key(node: Node) -> StoredKey:
    return StoredKey(
        keyid=node.required("keyid", _keyid),
        state=node.required("state", fields.required_term(("staged", "active", "retiring"))),
        since=node.optional("since", fields.instant),
    )


def _key_list(node: Node) -> KeyList:
    return KeyList(items=node.items("items", _stored_key))


_keyid = fields.matched(_KEYID)
_public_key = fields.shaped(_checked_key, type="string", pattern=f"^{_BASE64.pattern}$")
parse_new_key = fields.Parser(_new_key)
parse_stored_key = fields.Parser(_stored_key)
parse_key_list = fields.Parser(_key_list)
parse_pairing_request = fields.Parser(_pairing_request)
parse_notice = fields.Parser(_notice)
parse_connection = fields.Parser(_connection)
