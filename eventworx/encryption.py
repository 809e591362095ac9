"""Encryption at rest: AES-256-GCM, each value bound to the row that it belongs to.

Sealed text is `v1.<key id>.<nonce>.<ciphertext>` (base64url, security.md §1). The associated
data names table, row, field and tenant, so a value moved to another row no longer opens.
The ring of master keys is a file outside database and backups: the first key seals, all open.
"""

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_BYTES = 32
NONCE_BYTES = 12


class CannotOpen(Exception):
    """The sealed value is damaged, belongs to another row, or its master key is gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies: it opens only there."""

    table: str
    row: str
    field: str
    tenant: int

    def associated_data(self) -> bytes:
        return "\x1f".join((self.table, self.row, self.field, str(self.tenant))).encode()


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One 256-bit key of the ring, named by the start of its hash."""

    secret: bytes

    @property
    def id(self) -> str:
        return hashlib.sha256(b"ewx-master-key" + self.secret).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def create_key_file(path: Path) -> None:
    """Write a ring with one fresh key, readable by its owner alone; keeps a file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(_encode(secrets.token_bytes(KEY_BYTES)) + "\n")


@cache
def _ring(path: Path) -> tuple[MasterKey, ...]:
    create_key_file(path)
    keys = tuple(MasterKey(_decode(line.strip())) for line in path.read_text().splitlines() if line.strip())
    if not keys or any(len(key.secret) != KEY_BYTES for key in keys):
        raise CannotOpen(f"the key file {path} holds no usable key")
    return keys


def seal(plain: bytes, place: Place) -> str:
    """`plain` encrypted for `place` with the first key of the ring."""
    key = _ring(settings.EWX_KEY_FILE)[0]
    nonce = secrets.token_bytes(NONCE_BYTES)
    ciphertext = AESGCM(key.secret).encrypt(nonce, plain, place.associated_data())
    return f"v1.{key.id}.{_encode(nonce)}.{_encode(ciphertext)}"


def open_sealed(sealed: str, place: Place) -> bytes:
    """What `seal` encrypted for this very place; raises CannotOpen for anything else."""
    try:
        version, key_id, nonce, ciphertext = sealed.split(".")
        key = {key.id: key for key in _ring(settings.EWX_KEY_FILE)}[key_id]
        if version != "v1":
            raise CannotOpen("unknown format")
        return AESGCM(key.secret).decrypt(_decode(nonce), _decode(ciphertext), place.associated_data())
    except (ValueError, KeyError, InvalidTag) as error:
        raise CannotOpen("the sealed value does not open here") from error
