"""A run: group after group, each once the server under test is in the state that it needs."""

import time
from collections.abc import Callable, Iterable, Iterator

from partners.conformance.answers import Broken
from partners.conformance.cases.connection import pairing_request
from partners.conformance.checks import Group, Result, chosen, run_cases
from partners.conformance.peer import Peer
from partners.protocol.wire import ProblemCode

EVERY = 7.0  # seconds: fewer than ten a minute
_NOT_YET = frozenset({ProblemCode.PAIRING_INCOMPLETE, ProblemCode.RATE})
_WITHOUT_HANDSHAKE = frozenset({Group.UNPAIRED, Group.CLOSED})

# What the people of the server under test are asked to do before a group.
REQUESTS = {
    Group.UNPAIRED: "Please do not enter the kit's code yet.",
    Group.CONNECTED: "Please enter the kit's code, make it a customer at level 2 and release two articles or more.",
    Group.ANSWERED: "An order with the reference KIT-ANSWER comes in a moment. Please confirm or decline it then.",
    Group.ROTATED: "Please change your key of this connection now.",
    Group.LEVEL_1: "Please set the level of the kit to 1.",
    Group.LEVEL_0: "Please set the level of the kit to 0.",
    Group.LEVEL_3: "Please mark the safety number as compared and set the level of the kit to 3.",
    Group.PAUSED: "Please pause the connection.",
    Group.CLOSED: "Please end the connection.",
}


def run_groups(
    peer: Peer, groups: Iterable[Group], *, prefix: str, is_ready: Callable[[Group], bool], wait: float
) -> Iterator[Result]:
    """Every result as it stands. `is_ready` asks somebody for the state that a group needs; False leaves it out.

    Raises Broken or Unreachable where the handshake does not come about within `wait` seconds.
    """
    for group in groups:
        cases = chosen([group], prefix)
        if cases and is_ready(group):
            if group not in _WITHOUT_HANDSHAKE:
                shake_hands(peer, seconds=wait)
            yield from run_cases(cases, peer)


def shake_hands(peer: Peer, *, seconds: float) -> None:
    """Return as soon as the server under test has answered POST /pairing with a signed 200, or 403 paused.

    While the kit's code is not entered there, wait for it so long. Raises Broken, Unreachable.
    """
    ends_at = time.monotonic() + seconds
    while True:
        answer = peer.hear(peer.draft("POST", "/pairing", pairing_request(peer)).signed())
        if answer.code not in _NOT_YET:
            break
        peer.is_fresh = True
        if time.monotonic() + EVERY > ends_at:
            raise Broken(f"{answer}: the kit's code has not been entered there")
        time.sleep(EVERY)
    if answer.code != ProblemCode.PAUSED:
        answer.signed(200)
