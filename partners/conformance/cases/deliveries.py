"""What the server under test sends to its partner, and how it takes the answers (protocol §2, §3, §4, §6)."""

import time
from collections.abc import Callable

from partners.conformance.answers import Broken, NotApplicable
from partners.conformance.checks import Group, case
from partners.conformance.ordering import command, document_of, placed
from partners.conformance.peer import Peer
from partners.conformance.reception import ELSEWHERE, Heard, Mood
from partners.protocol.order_states import Event, Party, WrongState, next_state
from partners.protocol.signing import needs_idempotency_key
from partners.protocol.wire import AFTER_COMMAND, SEEN, Intent, OrderDocument, OrderEvent, parse_order_event

PAUSE = 0.1  # seconds between two looks
SHORTLY = 3.0  # seconds in which a redirect would be followed
REFERENCE = "KIT-ANSWER"


@case("delivery.pairing", "Once the kit's code is entered the server calls POST /pairing with both ids", "§2")
def pairing(peer: Peer) -> None:
    found = peer.heard().wait_for(lambda heard: heard.path == "/pairing", seconds=peer.options.patience)
    if found is None and not peer.is_fresh:
        raise NotApplicable("the pair stood before this run")
    if found is None:
        raise Broken("nothing came")
    _proven(found)
    expected = {"connection": str(peer.partner.connection_id), "partner_connection": str(peer.identity.connection_id)}
    said = found.document
    if not isinstance(said, dict) or not expected.items() <= said.items():
        raise Broken(f"POST /pairing with {said}")


@case("delivery.event", "After a command the server sends the event `command` with the whole document", "§4")
def event(peer: Peer) -> None:
    order, since = _withdrawn(peer)
    found = _delivered(peer, order, since)
    said = _event_of(found)
    if (said.event, said.order.state, said.order.version) != (AFTER_COMMAND, "withdrawn", order.version + 1):
        raise Broken(f"event {said.event}, state {said.order.state}, version {said.order.version}")
    peer.seen = "order-events: command, withdrawn"


@case("delivery.retry", "A delivery that got 503 is tried again: same key and body, fresh nonce", "§3, §6")
def retry(peer: Peer) -> None:
    _tried_again(peer, Mood.UNAVAILABLE)


@case("delivery.unsigned", "An unsigned 200 is not believed: the delivery is tried again", "§3")
def unsigned(peer: Peer) -> None:
    _tried_again(peer, Mood.UNSIGNED)


@case("delivery.forged", "A 200 signed with somebody else's key is not believed", "§3")
def forged(peer: Peer) -> None:
    _tried_again(peer, Mood.FORGED)


@case("delivery.unbound", "A 200 signed as the answer to another request is not believed", "§3")
def unbound(peer: Peer) -> None:
    _tried_again(peer, Mood.UNBOUND)


@case("delivery.redirect", "A redirect is not followed", "§3")
def redirect(peer: Peer) -> None:
    order, since = _withdrawn(peer, Mood.REDIRECTING)
    _delivered(peer, order, since)
    if peer.heard().wait_for(lambda heard: heard.request.target == ELSEWHERE, seconds=SHORTLY, since=since):
        raise Broken("it was followed")
    peer.seen = "not followed"


@case("delivery.profile", "Everything that the server sent so far was signed as the protocol says", "§3")
def profile(peer: Peer) -> None:
    heard = [found for found in peer.heard().heard if found.request.target != ELSEWHERE]
    if not heard:
        raise NotApplicable("nothing was heard")
    for found in heard:
        _proven(found)
    peer.seen = f"{len(heard)} requests"


@case(
    "answered.event",
    "An answer to an order reaches the buyer as an event with the whole document",
    "§4, §7",
    Group.ANSWERED,
)
def answered(peer: Peer) -> None:
    since = len(peer.heard().heard)
    order = placed(peer, buyer_reference=REFERENCE)
    found = peer.heard().wait_for(_answer_to(order), seconds=peer.options.patience, since=since)
    if found is None:
        raise Broken("no answer came")
    _proven(found)
    said = _event_of(found)
    try:
        expected = next_state(order.state, said.event, Party.SUPPLIER)
    except WrongState as wrong:
        raise Broken(f"event {said.event} on an order that was {order.state}") from wrong
    if said.order.state != expected or said.order.version <= order.version:
        raise Broken(f"{said.event}: state {said.order.state}, version {said.order.version}")
    if [line.id for line in said.order.lines] != [line.id for line in order.lines]:
        raise Broken("the lines are not those of the order")
    if document_of(peer.get(f"/orders/{order.id}").signed(200)).version < said.order.version:
        raise Broken("GET /orders/{id} is older than the event")


@case("level-3.event", "An order confirmed on arrival is told by the event `confirm`, too", "§4", Group.LEVEL_3)
def confirmed_at_once(peer: Peer) -> None:
    since = len(peer.heard().heard)
    order = placed(peer, intent=Intent.ORDER)
    said = _event_of(_delivered(peer, order, since))
    if (said.event, said.order.state, said.order.version) != (Event.CONFIRM, "confirmed", order.version):
        raise Broken(f"event {said.event}, state {said.order.state}, version {said.order.version}")


@case(
    "rotated.key",
    "A key that the server rotates to comes by POST /keys, signed by both, and signs from then on",
    "§4",
    Group.ROTATED,
)
def rotated(peer: Peer) -> None:
    found = peer.heard().wait_for(_is_new_key, seconds=peer.options.patience)
    if found is None:
        raise Broken("no POST /keys came")
    _proven(found)
    former = found.claimed.keyid if found.claimed else ""
    # It switches once it has read our 201 and written that down.
    until = time.monotonic() + peer.options.patience
    while (signing := peer.get("/connection").signed(200).proof().keyid) == former and time.monotonic() < until:
        time.sleep(PAUSE)
    if signing == former or signing not in peer.partner.keys:
        raise Broken(f"{peer.seen}: still signed with the key before")


def _is_new_key(heard: Heard) -> bool:
    return (heard.request.method, heard.path) == ("POST", "/keys")


def _withdrawn(peer: Peer, *moods: Mood) -> tuple[OrderDocument, int]:
    """An order of which the server owes an event, to be answered in these moods; how much was heard before it."""
    reception = peer.heard()
    order, since = placed(peer), len(reception.heard)
    reception.plan(_about(order), *moods)
    command(peer, order, "withdraw").signed(200)
    return order, since


def _tried_again(peer: Peer, mood: Mood) -> None:
    order, since = _withdrawn(peer, mood)
    first = _delivered(peer, order, since)
    again = _delivered(peer, order, peer.heard().heard.index(first) + 1, "it was not tried again")
    if first.nonce == again.nonce:
        raise Broken("the nonce was used twice")
    if first.request.body != again.request.body or _key(first) != _key(again):
        raise Broken("another body or another idempotency key")
    peer.seen = f"tried again after {(again.at - first.at).total_seconds():.1f} s"


def _delivered(peer: Peer, order: OrderDocument, since: int, otherwise: str = "no event came") -> Heard:
    """The next event about an order; Broken says `otherwise`."""
    found = peer.heard().wait_for(_about(order), seconds=peer.options.patience, since=since)
    if found is None:
        raise Broken(f"{otherwise} within {peer.options.patience:.0f} s")
    _proven(found)
    return found


def _about(order: OrderDocument) -> Callable[[Heard], bool]:
    return lambda heard: heard.path == "/order-events" and str(order.id).encode() in heard.request.body


def _answer_to(order: OrderDocument) -> Callable[[Heard], bool]:
    is_about = _about(order)
    return lambda heard: is_about(heard) and _event_of(heard).event != SEEN


def _event_of(heard: Heard) -> OrderEvent:
    return parse_order_event(heard.document)


def _key(heard: Heard) -> object:
    return heard.claimed and heard.claimed.idempotency_key


def _proven(heard: Heard) -> None:
    request = heard.request
    if heard.refused:
        raise Broken(f"{request.method} {heard.path} is not signed as it must be: {heard.refused}")
    if needs_idempotency_key(request.method, request.target) and _key(heard) is None:
        raise Broken(f"{request.method} {heard.path} without idempotency key")
    names = {name.lower() for name, _ in request.headers}
    if unwanted := names & {"cookie", "content-encoding", "transfer-encoding"}:
        raise Broken(f"{request.method} {heard.path} with {', '.join(sorted(unwanted))}")
