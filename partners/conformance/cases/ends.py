"""Before the handshake, and after the end (protocol §2, §3)."""

from uuid import uuid4

from partners.conformance.cases.connection import pairing_request
from partners.conformance.checks import Group, case
from partners.conformance.drafts import Draft
from partners.conformance.peer import HARMLESS, Peer
from partners.protocol.wire import ProblemCode

PER_MINUTE = 10


@case("unpaired.pairing", "Before the kit's code is entered POST /pairing is 409, unsigned", "§2", Group.UNPAIRED)
def pairing(peer: Peer) -> None:
    answer = peer.post("/pairing", pairing_request(peer))
    answer.unsigned(ProblemCode.PAIRING_INCOMPLETE, 409)


@case("unpaired.others", "Before the kit's code is entered everything else is the 401", "§3", Group.UNPAIRED)
def others(peer: Peer) -> None:
    for draft in (peer.draft("GET", "/connection"), peer.notice(), peer.draft("GET", "/articles")):
        peer.refused(peer.send(draft))


@case("unpaired.unknown", "POST /pairing for a connection that was never issued is the 401", "§3", Group.UNPAIRED)
def unknown(peer: Peer) -> None:
    draft = _pairing(peer)
    draft.headers["EWX-Connection"] = str(uuid4())
    peer.refused(peer.send(draft))


@case("unpaired.unsigned", "POST /pairing without a signature is the 401 also then", "§3", Group.UNPAIRED)
def unsigned(peer: Peer) -> None:
    draft = _pairing(peer)
    draft.spoilers.append(lambda wire: wire.drop("Signature"))
    peer.refused(peer.send(draft))


@case("unpaired.limit", f"More than {PER_MINUTE} in a minute are 429, unsigned", "§2", Group.UNPAIRED)
def limit(peer: Peer) -> None:
    answers = [peer.hear(_pairing(peer).signed()) for _ in range(PER_MINUTE + 1)]
    for answer in answers[:-1]:
        if answer.status != 429:
            answer.unsigned(ProblemCode.PAIRING_INCOMPLETE, 409)
    answers[-1].unsigned(ProblemCode.RATE, 429)


@case("closed.gone", "After the end every request of the partner is 410 closed, unsigned", "§3", Group.CLOSED)
def gone(peer: Peer) -> None:
    for draft in (peer.draft("GET", "/connection"), peer.draft("GET", "/orders"), peer.draft("GET", "/articles")):
        peer.send(draft).unsigned(ProblemCode.CLOSED, 410)


@case("closed.writes", "After the end nothing can be written any more", "§3", Group.CLOSED)
def writes(peer: Peer) -> None:
    for draft in (peer.notice(), _pairing(peer), peer.draft("POST", "/orders", HARMLESS)):
        peer.send(draft).unsigned(ProblemCode.CLOSED, 410)


def _pairing(peer: Peer) -> Draft:
    return peer.draft("POST", "/pairing", pairing_request(peer))
