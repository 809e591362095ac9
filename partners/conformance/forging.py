"""Cases that all have the same outcome: a request that is spoilt in one way gets the one 401 (protocol §3)."""

from collections.abc import Callable

from partners.conformance.checks import case
from partners.conformance.drafts import Draft, Wire
from partners.conformance.peer import Peer

Spoil = Callable[[Draft], None]
SpoilWire = Callable[[Wire], None]


def forged(name: str, title: str, paragraph: str = "§3") -> Callable[[Spoil], Spoil]:
    """Enter a case: a correct request with a body, changed before it is signed, is refused."""

    def enter(spoil: Spoil) -> Spoil:
        def check(peer: Peer) -> None:
            draft = peer.notice()
            spoil(draft)
            peer.refused(peer.send(draft))

        case(name, title, paragraph)(check)
        return spoil

    return enter


def spoilt(name: str, title: str, paragraph: str = "§3") -> Callable[[SpoilWire], SpoilWire]:
    """Enter a case: a correct request with a body, changed after it was signed, is refused."""

    def enter(spoil: SpoilWire) -> SpoilWire:
        forged(name, title, paragraph)(lambda draft: draft.spoilers.append(spoil))
        return spoil

    return enter
