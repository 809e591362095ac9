"""Ed25519 keys (RFC 8032): making them, naming them, refusing the ones that prove nothing."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from partners.protocol.errors import ProtocolError

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


class BadKey(ProtocolError):
    """Not 32 bytes, not canonical, not on the curve, or of small order (security.md row 11)."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One side's key pair. Its repr shows the key id alone, never a secret."""

    private: Ed25519PrivateKey = field(repr=False, compare=False)
    public: bytes

    @classmethod
    def generate(cls, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Self:
        return cls.from_raw(random_bytes(KEY_BYTES))

    @classmethod
    def from_raw(cls, secret: bytes) -> Self:
        """The pair of a 32-byte secret, as `secret_bytes` gave it out; else ValueError."""
        private = Ed25519PrivateKey.from_private_bytes(secret)
        return cls(private, private.public_key().public_bytes_raw())

    @property
    def keyid(self) -> str:
        return keyid(self.public)

    def secret_bytes(self) -> bytes:
        """The 32 secret bytes, for encryption at rest and nothing else."""
        return self.private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"KeyPair({self.keyid})"

    def __reduce__(self) -> NoReturn:
        """Neither pickled nor copied, and so never in a cache, a queue or a session."""
        raise TypeError("a key pair is not copied or stored")


def keyid(public: bytes) -> str:
    """The name of a key on the wire: the first 16 hex digits of SHA-256 of the raw public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def check_public_key(raw: bytes) -> None:
    """Return if `raw` is a usable public key; raises BadKey.

    `cryptography` loads any 32 bytes. Under a key of small order anybody can forge signatures,
    so those are refused in all their encodings, as is every encoding that is not canonical.
    """
    fault = _fault(raw)
    if fault:
        raise BadKey(fault)


@lru_cache(maxsize=1024)
def _fault(raw: bytes) -> str:
    """What is wrong with a public key, '' where nothing is; a partner's key is asked for with each of his messages."""
    if len(raw) != KEY_BYTES:
        return "not 32 bytes"
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P:
        return "not canonical"
    if _has_small_order(y):
        return "of small order"
    return "" if _is_on_curve(y) else "not on the curve"


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` over `message` was made with the private half of `public`."""
    try:
        check_public_key(public)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (BadKey, InvalidSignature):
        return False
    return True


def _has_small_order(y: int) -> bool:
    """Whether y belongs to one of the eight points whose order divides 8.

    Order 1 and 2: y = ±1. Order 4: y = 0. Order 8: doubling gives y = 0, which together with the
    curve equation is d·y⁴ + 2y² − 1 = 0.
    """
    square = y * y % _P
    return y * (square - 1) * (_D * square * square + 2 * square - 1) % _P == 0


def _is_on_curve(y: int) -> bool:
    """Whether −x² + y² = 1 + d·x²·y² has a solution: x² = (y² − 1) / (d·y² + 1) is a square (Euler)."""
    square = y * y % _P
    # a/b is a square exactly where a·b is one; d·y² + 1 is never 0 because −1/d is no square.
    return pow((square - 1) * (_D * square + 1), (_P - 1) // 2, _P) == 1
