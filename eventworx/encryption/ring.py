"""The ring of master keys: a file outside database and backups; the first key seals, all open (security.md §1).

One key a line, 32 bytes in base64 (either alphabet). Running processes notice a changed file by themselves. What is
wrong with a ring is said in a sentence for operators, without a byte of what stands in it.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from django.conf import settings

from eventworx import secret_files

KEY_BYTES = 32
_MAX_FILE_BYTES = 65_536


class CannotOpen(Exception):
    """The sealed value is damaged, belongs to another row, or its master key is gone."""


class RingUnusable(CannotOpen):
    """The key file is missing, unreadable or damaged; the text says so to an operator."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One 256-bit key of the ring, named by the start of its hash."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "MasterKey":
        return cls(secrets.token_bytes(KEY_BYTES))

    @property
    def id(self) -> str:
        return hashlib.sha256(b"ewx-master-key" + self.secret).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a master key is not copied or stored")


Ring = tuple[MasterKey, ...]
_Version = tuple[int, int, int]

_seen: dict[Path, tuple[_Version, Ring]] = {}


def current_ring() -> Ring:
    """The ring as the file is now, the key that seals first. Made at the first start if nobody named a file.

    Raises RingUnusable.
    """
    path = settings.EWX_KEY_FILE
    if settings.EWX_KEY_FILE_IS_DEFAULT:
        create_ring(path)
    version = _version(path)
    known = _seen.get(path)
    if known is None or known[0] != version:
        known = _seen[path] = (version, read_ring(path))
    return known[1]


def master_key(key_id: str) -> MasterKey:
    """The key of that name; the file is read again before it counts as gone. Raises CannotOpen."""
    for _again in range(2):
        for key in current_ring():
            if key.id == key_id:
                return key
        _seen.pop(settings.EWX_KEY_FILE, None)
    raise CannotOpen(f"the master key {key_id[:8]} is not in the ring")


def create_ring(path: Path) -> None:
    """Write a ring with one fresh key, readable by its owner alone; keeps a file that is there."""
    try:
        secret_files.create_once(path, lambda: as_text((MasterKey.generate(),)))
    except OSError as error:
        raise RingUnusable(f"The key file {path} cannot be written: {error.strerror}") from None


def read_ring(path: Path) -> Ring:
    """The keys of the file. Raises RingUnusable with the line, never with what stands there."""
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_FILE_BYTES).splitlines()
    except OSError as error:
        raise RingUnusable(f"The key file {path} cannot be read: {error.strerror}") from None
    ring = tuple(_key(path, number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip())
    if not ring:
        raise RingUnusable(f"The key file {path} is empty")
    if len(set(ring)) != len(ring):
        raise RingUnusable(f"The key file {path} holds the same key twice")
    return ring


def write_ring(path: Path, ring: Ring) -> None:
    """Replace the file at once; the caller holds the lock on its folder. Raises RingUnusable."""
    try:
        secret_files.write(path, as_text(ring))
    except OSError as error:
        raise RingUnusable(f"The key file {path} cannot be written: {error.strerror}") from None


def as_text(ring: Ring) -> str:
    return "".join(f"{base64.urlsafe_b64encode(key.secret).decode()}\n" for key in ring)


def _key(path: Path, number: int, line: bytes) -> MasterKey:
    try:
        secret = base64.b64decode(line + b"=" * (-len(line) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise RingUnusable(f"Line {number} of the key file {path} is no key in base64") from None
    if len(secret) != KEY_BYTES:
        raise RingUnusable(f"Line {number} of the key file {path} has {len(secret)} bytes instead of {KEY_BYTES}")
    return MasterKey(secret)


def _version(path: Path) -> _Version:
    try:
        found = path.stat()
    except OSError as error:
        raise RingUnusable(f"The key file {path} cannot be read: {error.strerror}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino
