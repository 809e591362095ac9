"""The smallest part of a corpus that still reaches everything the whole of it reaches.

`python -m tests.fuzz.minimise TARGET INTO FROM …`. Counted are lines following one another in the protocol
library; small inputs first. The same inputs give the same answer.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from partners import protocol
from tests.fuzz.targets import TARGETS, Target

LIBRARY = str(Path(protocol.__file__).parent)
Step = tuple[str, int, int]


def steps(target: Target, data: bytes) -> set[Step]:
    """Which line follows which while `target` reads `data`."""
    seen: set[Step] = set()
    last: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(LIBRARY):
            return None
        seen.add((name, last.get(frame, 0), frame.f_lineno))
        last[frame] = frame.f_lineno
        return trace

    sys.settrace(trace)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return seen


def minimised(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    kept: list[bytes] = []
    reached: set[Step] = set()
    for data in sorted(set(inputs), key=lambda each: (len(each), each)):
        found = steps(target, data)
        if not found <= reached:
            reached |= found
            kept.append(data)
    return kept


def main(name: str, into: str, *folders: str) -> None:
    """Replace what is in `into` by the smallest part of what is in the folders, named by content; findings stay."""
    files = [path for folder in folders for path in Path(folder).iterdir() if path.is_file()]
    kept = minimised(TARGETS[name], [path.read_bytes() for path in files])
    Path(into).mkdir(parents=True, exist_ok=True)
    for old in Path(into).iterdir():
        if not old.name.startswith("finding-"):
            old.unlink()
    for data in kept:
        (Path(into) / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    print(f"{name}: {len(files)} inputs, {len(kept)} kept, {sum(map(len, kept))} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
