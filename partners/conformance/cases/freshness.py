"""Time and nonces: each signed request counts once and not for long (protocol §3).

The kit's clock has to be right within five seconds, and so has that of the server.
"""

from email.utils import parsedate_to_datetime

from partners.conformance.answers import Broken
from partners.conformance.cases.signatures import flipped
from partners.conformance.checks import case
from partners.conformance.drafts import Draft, Wire
from partners.conformance.forging import forged
from partners.conformance.peer import HARMLESS, NOTICE, Peer
from partners.protocol.wire import dumps

TOGETHER = 8


@case("time.clock", "The 401 has a Date from which an honest peer sees that a clock is wrong, and it is right", "§3")
def clock(peer: Peer) -> None:
    draft = peer.notice()
    draft.signer.shift(-400)
    answer = peer.send(draft)
    try:
        skew = abs((parsedate_to_datetime(answer.header("Date")) - answer.received_at).total_seconds())
    except ValueError as error:
        raise Broken(f"{answer}: Date is {answer.header('Date') or 'missing'}") from error
    if skew > 60:
        raise Broken(f"{answer}: its Date is {skew:.0f} s from the kit's clock")


@forged("time.stale", "A request signed 310 s ago is refused")
def stale(draft: Draft) -> None:
    draft.signer.shift(-310)


@forged("time.future", "A request signed 70 s ahead is refused")
def future(draft: Draft) -> None:
    draft.signer.shift(70)


@case("time.nearly-stale", "A request signed 290 s ago counts", "§3")
def nearly_stale(peer: Peer) -> None:
    _shifted(peer, -290)


@case("time.slightly-ahead", "A request signed 50 s ahead counts", "§3")
def slightly_ahead(peer: Peer) -> None:
    _shifted(peer, 50)


def _shifted(peer: Peer, seconds: int) -> None:
    draft = peer.notice()
    draft.signer.shift(seconds)
    peer.send(draft).signed(204)


@case("nonce.replayed-write", "A captured POST is refused when it is sent again", "§3")
def replayed_write(peer: Peer) -> None:
    _sent_twice(peer, peer.notice(), 204)


@case("nonce.replayed-read", "A captured GET is refused when it is sent again", "§3")
def replayed_read(peer: Peer) -> None:
    _sent_twice(peer, peer.draft("GET", "/connection"), 200)


@case(
    "nonce.before-route", "The nonce of a request that ended as 404 is used up: the nonce comes before the route", "§3"
)
def before_route(peer: Peer) -> None:
    _sent_twice(peer, peer.draft("GET", "/nowhere"), 404)


@case("nonce.other-request", "A nonce is good for one request, whatever that is", "§3")
def other_request(peer: Peer) -> None:
    first, second = peer.notice(), peer.notice()
    second.signer.set("nonce", first.signer.get("nonce"))
    peer.send(first).signed(204)
    peer.refused(peer.send(second))


@case("nonce.replayed-together", f"Of {TOGETHER} copies of one request at the same time one counts", "§3")
def replayed_together(peer: Peer) -> None:
    answers = peer.transmit_together([peer.notice().signed()] * TOGETHER)
    counted = [answer for answer in answers if answer.status == 204]
    for answer in answers:
        if answer not in counted:
            peer.refused(answer)
    if len(counted) != 1:
        raise Broken(f"{len(counted)} of {TOGETHER} copies counted")


@case("nonce.after-signature", "A forged request does not use up a nonce of the honest sender", "§3")
def after_signature(peer: Peer) -> None:
    honest = peer.notice().signed()
    forged_one = Wire(method=honest.method, target=honest.target, headers=list(honest.headers), body=honest.body)
    flipped(forged_one)
    peer.refused(peer.transmit(forged_one))
    peer.transmit(honest).signed(204)


@case("nonce.after-digest", "A request with another body does not use up a nonce of the honest sender", "§3")
def after_digest(peer: Peer) -> None:
    honest = peer.draft("POST", NOTICE, HARMLESS).signed()
    body = dumps({"notice": "conf0rmance"})
    peer.refused(
        peer.transmit(Wire(method=honest.method, target=honest.target, headers=list(honest.headers), body=body))
    )
    peer.transmit(honest).signed(204)


def _sent_twice(peer: Peer, draft: Draft, status: int) -> None:
    wire = draft.signed()
    peer.transmit(wire).signed(status)
    peer.refused(peer.transmit(wire))
