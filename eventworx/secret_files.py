"""Files for their owner's eyes alone (0600): the key ring, the secret of the sessions, the instance id.

A file is there whole or not at all, whoever is killed at whatever moment: it is written beside its place, forced
to the disk and put in place by one rename, under a lock on its folder.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else writes secret files in `folder` meanwhile; the lock ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create_once(path: Path, make: Callable[[], str]) -> None:
    """Write what `make` gives unless the file is there; of several processes at their first start one writes."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.parent):
        if not path.exists():
            write(path, make())


def write(path: Path, text: str) -> None:
    """Replace the file, keeping its owner; the caller holds the lock on its folder. Raises OSError."""
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.new")  # what a killed process left of it is overwritten
    with os.fdopen(_opened(fresh), "w") as file:
        _keep_owner(file.fileno(), target)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
    _force_folder(target.parent)


def _opened(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def _keep_owner(descriptor: int, target: Path) -> None:
    """Root, who runs commands, must not lock out the servers: the file is theirs, a new one its folder's."""
    owner = (target if target.exists() else target.parent).stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _force_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
