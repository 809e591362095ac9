"""How large requests and answers may be (protocol §3)."""

from collections.abc import Sequence
from itertools import accumulate

import orjson

from partners.protocol.wire.strict_json import Json

MAX_REQUEST_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
_MOST_BYTES = MAX_ANSWER_BYTES - 4096  # of items; cursor and time stand beside them


def how_many_fit(items: Sequence[Json], most: int = _MOST_BYTES) -> int:
    """How many of the first of them go into so many bytes, at least one; into one answer, if nothing else is said: a
    hundred with long texts may be 3 MB."""
    if len(orjson.dumps(items)) <= most:
        return len(items)
    ends = accumulate(len(orjson.dumps(item)) + 1 for item in items)
    return max(1, sum(end < most for end in ends))
