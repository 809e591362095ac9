"""What a buyer may ask of his order (protocol §4, §7)."""

from partners.conformance.answers import Answer, Broken
from partners.conformance.checks import case
from partners.conformance.ordering import command, document_of, placed
from partners.conformance.peer import Peer
from partners.protocol.wire import ProblemCode, parse_order


@case("command.withdraw", "withdraw takes a requested order back: state withdrawn, version one higher", "§7")
def withdraw(peer: Peer) -> None:
    order = placed(peer)
    answer = command(peer, order, "withdraw", reason="no longer needed").signed(200)
    after = document_of(answer)
    if (after.state, after.version) != ("withdrawn", order.version + 1):
        raise Broken(f"{answer}: {after.state}, version {order.version} became {after.version}")


@case("command.version-conflict", "A command at another version is 409 version-conflict with the document", "§4")
def version_conflict(peer: Peer) -> None:
    order = placed(peer)
    for version in (order.version + 1, order.version + 7):
        answer = command(peer, order, "withdraw", expected_version=version)
        _check_current(answer, ProblemCode.VERSION_CONFLICT, "requested")


@case("command.state", "A command that does not fit the state is 409 state with the document", "§4, §7")
def state(peer: Peer) -> None:
    order = placed(peer)
    for name in ("accept", "refuse", "request_cancel", "request_change"):
        _check_current(command(peer, order, name), ProblemCode.STATE, "requested")


@case("command.again", "What was withdrawn cannot be withdrawn again", "§7")
def again(peer: Peer) -> None:
    withdrawn = document_of(command(peer, placed(peer), "withdraw").signed(200))
    _check_current(command(peer, withdrawn, "withdraw"), ProblemCode.STATE, "withdrawn")


@case("command.superseded", "A command at the version before is refused, and changes nothing", "§4, §7")
def superseded(peer: Peer) -> None:
    order = placed(peer)
    command(peer, order, "withdraw").signed(200)
    _check_current(command(peer, order, "withdraw"), ProblemCode.VERSION_CONFLICT, "withdrawn")


@case("command.suppliers", "What only the supplier may do is refused to the buyer", "§7")
def suppliers(peer: Peer) -> None:
    order = placed(peer)
    for name in ("confirm", "decline", "cancel"):
        _check_not_done(peer, command(peer, order, name), str(order.id))


@case("command.unknown", "A command that nobody knows is refused and changes nothing", "§4")
def unknown(peer: Peer) -> None:
    order = placed(peer)
    _check_not_done(peer, command(peer, order, "teleport"), str(order.id))


@case("command.fields", "A command without expected_version is 422", "§4")
def fields(peer: Peer) -> None:
    order = placed(peer)
    answer = peer.post(f"/orders/{order.id}/commands", {"command": "withdraw"})
    answer.problem(ProblemCode.INVALID, 422)


def _check_current(answer: Answer, code: ProblemCode, state: str) -> None:
    problem = answer.problem(code, 409)
    if problem.current is None or parse_order(problem.current).state != state:
        raise Broken(f"{answer}: without the current document, or not in state {state}")


def _check_not_done(peer: Peer, answer: Answer, order_id: str) -> None:
    peer.never_served(answer)
    answer.proof()
    seen = peer.seen
    state = document_of(peer.get(f"/orders/{order_id}").signed(200)).state
    if state != "requested":
        raise Broken(f"{answer}, but the order is {state}")
    peer.seen = seen
