"""Sealed values: AES-256-GCM, each bound to the row that it belongs to (security.md §1).

Sealed text is `v1.<key id>.<nonce>.<ciphertext>` (base64url). The associated data names table, row, field and
tenant, so a value moved to another row no longer opens.
"""

import base64
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventworx.encryption.ring import CannotOpen, current_ring, master_key

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies: it opens only there. `tenant` is 0 for what belongs to a person, not a company."""

    table: str
    row: str
    field: str
    tenant: int

    def associated_data(self) -> bytes:
        return "\x1f".join((self.table, self.row, self.field, str(self.tenant))).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def seal(plain: bytes, place: Place) -> str:
    """`plain` encrypted for `place` with the first key of the ring. Raises RingUnusable."""
    key = current_ring()[0]
    nonce = secrets.token_bytes(NONCE_BYTES)
    ciphertext = AESGCM(key.secret).encrypt(nonce, plain, place.associated_data())
    return f"v1.{key.id}.{_encode(nonce)}.{_encode(ciphertext)}"


def open_sealed(sealed: str, place: Place) -> bytes:
    """What `seal` encrypted for this very place; raises CannotOpen for anything else."""
    try:
        version, key_id, nonce, ciphertext = sealed.split(".")
        if version != "v1":
            raise CannotOpen("unknown format")
        cipher = AESGCM(master_key(key_id).secret)
        return cipher.decrypt(_decode(nonce), _decode(ciphertext), place.associated_data())
    except (ValueError, InvalidTag):
        raise CannotOpen("the sealed value does not open here") from None


def key_id_of(sealed: str) -> str:
    """The master key that a value was sealed with."""
    return sealed.split(".")[1] if sealed.count(".") == 3 else ""
