"""What a case is, and how one is run and judged."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from partners.conformance.answers import Broken, NotApplicable
from partners.conformance.peer import Busy, Peer
from partners.protocol.errors import ProtocolError
from partners.transport import Unreachable

ATTEMPTS = 4  # of a case that the server's limits interrupt
LONGEST_WAIT = 90  # seconds that we wait for such a limit


class Group(StrEnum):
    """What has to be true of the connection at the server under test while these cases run, in the order of a run."""

    UNPAIRED = "unpaired"
    CONNECTED = "connected"
    ANSWERED = "answered"
    ROTATED = "rotated"
    LEVEL_1 = "level-1"
    LEVEL_0 = "level-0"
    LEVEL_3 = "level-3"
    PAUSED = "paused"
    CLOSED = "closed"


class Verdict(StrEnum):
    HELD = "held"
    FAILED = "failed"
    NOT_APPLICABLE = "n/a"


Check = Callable[[Peer], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One demand of the protocol. `check` raises Broken, NotApplicable or what the protocol library refuses with."""

    id: str
    title: str
    paragraph: str
    group: Group
    check: Check


@dataclass(frozen=True, slots=True)
class Result:
    """`seen` is what the server did, or why the case says nothing about it."""

    case: Case
    verdict: Verdict
    seen: str


CASES: dict[str, Case] = {}


def case(name: str, title: str, paragraph: str, group: Group = Group.CONNECTED) -> Callable[[Check], Check]:
    """Enter `check(peer)` into the list of cases; `name` is its id, unique, `paragraph` is that of docs/protocol.md."""

    def enter(check: Check) -> Check:
        if name in CASES:
            raise ValueError(f"two cases named {name}")
        CASES[name] = Case(id=name, title=title, paragraph=paragraph, group=group, check=check)
        return check

    return enter


def chosen(groups: Iterable[Group], prefix: str = "") -> list[Case]:
    """The cases of these groups in the order of the groups, within one as they stand in the files."""
    return [
        found for group in groups for found in CASES.values() if found.group is group and found.id.startswith(prefix)
    ]


def run_cases(cases: Iterable[Case], peer: Peer) -> Iterator[Result]:
    """The result of each case as soon as it stands."""
    for found in cases:
        yield run_case(found, peer)


def run_case(found: Case, peer: Peer) -> Result:
    """Run one case; where the server's limits interrupt it, wait and begin it anew."""
    for _attempt in range(ATTEMPTS):
        try:
            return _judged(found, peer)
        except Busy as busy:
            time.sleep(min(busy.seconds, LONGEST_WAIT))
    return Result(found, Verdict.FAILED, f"429 again and again, for {ATTEMPTS} attempts")


def _judged(found: Case, peer: Peer) -> Result:
    peer.seen = ""
    try:
        found.check(peer)
    except NotApplicable as reason:
        return Result(found, Verdict.NOT_APPLICABLE, str(reason))
    except Unreachable as fault:
        return Result(found, Verdict.FAILED, f"no answer: {fault}")
    except (Broken, ProtocolError) as broken:
        return Result(found, Verdict.FAILED, str(broken) or type(broken).__name__)
    return Result(found, Verdict.HELD, peer.seen)
