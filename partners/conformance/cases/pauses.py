"""The answerer has paused: what works on, and what is 403 (protocol §4)."""

from uuid import UUID, uuid4

from partners.conformance.answers import Answer, Broken, NotApplicable
from partners.conformance.cases.connection import pairing_request
from partners.conformance.checks import Group, case
from partners.conformance.peer import HARMLESS, NOTICE, Peer
from partners.protocol.wire import ProblemCode

GROUP = Group.PAUSED


def _paused(answer: Answer) -> None:
    answer.problem(ProblemCode.PAUSED, 403)


@case("paused.connection", "GET /connection works and says paused_by us", "§2, §4", GROUP)
def connection(peer: Peer) -> None:
    if "us" not in peer.document().paused_by:
        raise Broken(f"{peer.seen}: paused_by does not hold us")


@case("paused.notice", "Notices work", "§4", GROUP)
def notice(peer: Peer) -> None:
    peer.post(NOTICE, HARMLESS).signed(204)


@case("paused.keys", "GET /keys works", "§4", GROUP)
def keys(peer: Peer) -> None:
    peer.offered("keys", peer.get("/keys")).signed(200)


@case("paused.orders", "Orders can be read", "§4", GROUP)
def orders(peer: Peer) -> None:
    peer.get("/orders").signed(200)


@case("paused.order-events", "Order events are looked at: an unknown order is 404, a broken document 422", "§4", GROUP)
def order_events(peer: Peer) -> None:
    peer.post("/order-events", {"event": "seen", "order": {}}).problem(ProblemCode.INVALID, 422)


@case("paused.catalogue", "Articles and categories are 403 paused", "§4", GROUP)
def catalogue(peer: Peer) -> None:
    for path in ("/articles", "/articles/1", "/categories"):
        _paused(peer.get(path))


@case("paused.availability", "Availability is 403 paused", "§4", GROUP)
def availability(peer: Peer) -> None:
    _paused(peer.offered("availability", peer.post("/availability", {})))


@case("paused.new-orders", "A new order is 403 paused, before its JSON is looked at", "§3, §4", GROUP)
def new_orders(peer: Peer) -> None:
    _paused(peer.post("/orders", body=b"{"))


@case("paused.commands", "A command is 403 paused", "§4", GROUP)
def commands(peer: Peer) -> None:
    _paused(peer.post(f"/orders/{uuid4()}/commands", {"command": "withdraw", "expected_version": 1}))


@case("paused.pairing", "POST /pairing is 403 paused", "§4", GROUP)
def pairing(peer: Peer) -> None:
    _paused(peer.post("/pairing", pairing_request(peer)))


@case("paused.repeat", "A repeated key still gets its stored answer: that comes before the state", "§3", GROUP)
def repeat(peer: Peer) -> None:
    accepted = peer.identity.accepted
    if not accepted:
        raise NotApplicable("no order was placed before the pause")
    answer = peer.post("/orders", body=accepted["body"].encode(), key=UUID(accepted["key"])).signed(201)
    if answer.header("Idempotent-Replayed").lower() != "true":
        raise Broken(f"{answer}: Idempotent-Replayed is missing")
