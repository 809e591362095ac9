"""The number that two people compare by phone (protocol §1): equal on both screens, or somebody sits between."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

_SALT = b"ewx-safety-1"
_DIGITS = 15
_COST, _BLOCK, _PARALLEL = 2**15, 8, 1
_MEMORY = 64 * 1024 * 1024  # twice what the cost needs; OpenSSL's own limit is one byte short


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What identifies one side. `pairing_key` is the public key of its code, also after a rotation."""

    origin: str
    tenant_id: str
    connection_id: UUID
    pairing_key: bytes


def safety_number(one: Side, other: Side) -> str:
    """Six groups of five digits; the same whichever side comes first. Takes about 0.2 s on purpose."""
    digits = "".join(sorted((_half(one), _half(other))))
    return " ".join(digits[at : at + 5] for at in range(0, len(digits), 5))


@lru_cache(maxsize=256)
def _half(side: Side) -> str:
    """15 digits of one side: slow to compute, so that nobody searches for a key with the same ones.

    Kept for a while, because whoever saves a code has just looked at it.
    """
    parts = (side.origin.encode(), side.tenant_id.encode(), side.connection_id.bytes, side.pairing_key)
    described = b"".join(bytes([len(part)]) + part for part in parts)
    raw = hashlib.scrypt(described, salt=_SALT, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY, dklen=8)
    return f"{int.from_bytes(raw, 'big') % 10**_DIGITS:0{_DIGITS}d}"
