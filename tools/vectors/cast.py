"""Who appears in the vectors: keys, ids and a moment, all of them published."""

from datetime import UTC, datetime
from uuid import UUID

from partners.protocol.keys import KeyPair

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AURORA = KeyPair.from_raw(b"\x0a" * 32)
AURORA_NEW = KeyPair.from_raw(b"\x1a" * 32)
BASSLINE = KeyPair.from_raw(b"\x0b" * 32)
STRANGER = KeyPair.from_raw(b"\x0c" * 32)
AURORAS_ID = UUID("11111111-1111-4111-8111-111111111111")
BASSLINES_ID = UUID("22222222-2222-4222-8222-222222222222")
AURORAS_ORIGIN = "https://ewx.aurora.example"
BASSLINES_ORIGIN = "https://ewx.bassline.example"
NEUTRAL = b"\x01" + bytes(31)  # the neutral point: of order 1
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
