"""Who the kit is towards the server under test, and what it keeps of it: one file that nobody else may read."""

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

from partners.protocol.keys import KeyPair, keyid
from partners.protocol.pairing_code import PairingCode, decode, encode

CODE_IS_GOOD_FOR = timedelta(days=14)
TENANT, DISPLAY_NAME = "conformance-kit", "Conformance kit"


@dataclass(slots=True, kw_only=True)
class Partner:
    """The server under test as its code names it, and its keys by key id: that of the code, then rotated ones."""

    connection_id: UUID
    origin: str
    tenant_id: str
    display_name: str
    keys: dict[str, bytes]

    @classmethod
    def of(cls, code: PairingCode) -> Self:
        return cls(
            connection_id=code.connection_id,
            origin=code.origin,
            tenant_id=code.tenant_id,
            display_name=code.display_name,
            keys={keyid(code.public_key): code.public_key},
        )


@dataclass(slots=True, kw_only=True)
class Identity:
    """`key` signs; `accepted` is the last request with an effect, for whoever asks later whether it is remembered."""

    origin: str
    connection_id: UUID
    key: KeyPair
    expires_at: datetime
    partner: Partner | None = None
    accepted: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, origin: str, now: datetime) -> Self:
        return cls(
            origin=origin,
            connection_id=uuid4(),
            key=KeyPair.generate(secrets.token_bytes),
            expires_at=(now + CODE_IS_GOOD_FOR).replace(microsecond=0),
        )

    def code_text(self) -> str:
        """The kit's own partner code. Raises ValueError where the origin is none."""
        return encode(
            PairingCode(
                connection_id=self.connection_id,
                public_key=self.key.public,
                origin=self.origin,
                tenant_id=TENANT,
                display_name=DISPLAY_NAME,
                expires_at=self.expires_at,
            )
        )

    def enter(self, text: str, now: datetime) -> None:
        """Take the partner's code from a pasted text; our operator vouches for its origin. Raises CodeRefused."""
        code = decode(
            text,
            now=now,
            is_own=lambda found: found.connection_id == self.connection_id or found.public_key == self.key.public,
            is_in_use=lambda _found: False,
            allow_origin=lambda _origin: True,
        )
        self.partner = Partner.of(code)


def load(path: Path) -> Identity:
    """The identity in a file that `save` wrote."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    partner = kept["partner"]
    return Identity(
        origin=kept["origin"],
        connection_id=UUID(kept["connection_id"]),
        key=KeyPair.from_raw(base64.b64decode(kept["secret"])),
        expires_at=datetime.fromtimestamp(kept["expires_at"], UTC),
        partner=_partner(partner) if partner else None,
        accepted=kept["accepted"],
    )


def _partner(kept: dict[str, Any]) -> Partner:
    keys = (base64.b64decode(key) for key in kept["keys"])
    return Partner(
        connection_id=UUID(kept["connection_id"]),
        origin=kept["origin"],
        tenant_id=kept["tenant_id"],
        display_name=kept["display_name"],
        keys={keyid(key): key for key in keys},
    )


def save(identity: Identity, path: Path) -> None:
    """Replace the file in one step; only its owner can read it."""
    written = path.with_name(f"{path.name}.new")
    written.unlink(missing_ok=True)
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(_kept(identity), file, indent=2)
    written.replace(path)


def _kept(identity: Identity) -> dict[str, Any]:
    return {
        "origin": identity.origin,
        "connection_id": str(identity.connection_id),
        "secret": base64.b64encode(identity.key.secret_bytes()).decode(),
        "expires_at": int(identity.expires_at.timestamp()),
        "accepted": identity.accepted,
        "partner": identity.partner and _kept_partner(identity.partner),
    }


def _kept_partner(partner: Partner) -> dict[str, Any]:
    return {
        "connection_id": str(partner.connection_id),
        "origin": partner.origin,
        "tenant_id": partner.tenant_id,
        "display_name": partner.display_name,
        "keys": [base64.b64encode(key).decode() for key in partner.keys.values()],
    }
