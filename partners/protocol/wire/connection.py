"""What two sides say about their connection (protocol §2, §4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from partners.protocol.wire import fields
from partners.protocol.wire.fields import Node
from partners.protocol.wire.strict_json import Json

_MAX_LEVEL = 99  # later versions may add levels: shown, never acted on


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


def parse_pairing_request(value: Json) -> PairingRequest:
    return fields.parse(value, _pairing_request)


def parse_notice(value: Json) -> Notice:
    return fields.parse(value, lambda node: Notice(notice=node.required("notice", fields.word)))


def parse_connection(value: Json) -> ConnectionDocument:
    return fields.parse(value, _connection)


def _pairing_request(node: Node) -> PairingRequest:
    return PairingRequest(
        connection=node.required("connection", fields.uuid),
        partner_connection=node.required("partner_connection", fields.uuid),
    )


def _connection(node: Node) -> ConnectionDocument:
    return ConnectionDocument(
        connection=node.required("connection", fields.uuid),
        tenant=node.required("tenant", fields.identifier),
        display_name=node.required("display_name", fields.name),
        state=node.required("state", fields.word),
        paused_by=node.items("paused_by", fields.word),
        verified=node.optional("verified", fields.flag) or False,
        protocol=node.optional("protocol", _protocol_range),
        capabilities=node.items("capabilities", fields.word),
        level_granted_to_you=node.optional("level_granted_to_you", fields.whole(0, _MAX_LEVEL)) or 0,
        time=node.optional("time", fields.instant),
    )


def _protocol_range(node: Node) -> ProtocolRange:
    return ProtocolRange(min=node.required("min", fields.word), max=node.required("max", fields.word))
