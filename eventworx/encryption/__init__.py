"""Encryption at rest (security.md §1): values sealed for their row, with a ring of master keys in a file.

Whoever stores a secret seals it for its `Place` and registers the column, so that a rotation finds it.
"""

from eventworx.encryption.columns import SealedColumn, register_sealed_column
from eventworx.encryption.ring import CannotOpen, RingUnusable, create_ring
from eventworx.encryption.sealing import Place, open_sealed, seal

__all__ = [
    "CannotOpen",
    "Place",
    "RingUnusable",
    "SealedColumn",
    "create_ring",
    "open_sealed",
    "register_sealed_column",
    "seal",
]
