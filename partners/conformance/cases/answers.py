"""How answers are signed, and what the refusals look like (protocol §3, §5)."""

from partners.conformance.answers import Answer, Broken
from partners.conformance.cases.signatures import flipped
from partners.conformance.checks import case
from partners.conformance.drafts import Draft
from partners.conformance.peer import Peer
from partners.protocol.wire import ProblemCode

_NOT_OURS = ("Content-Encoding", "Set-Cookie", "Location")


@case("answer.signed", "An answer is signed, bound to its request, over its body", "§3")
def signed(peer: Peer) -> None:
    peer.get("/connection").signed(200)


@case("answer.without-content", "An answer without content is signed over status and request alone", "§3")
def without_content(peer: Peer) -> None:
    answer = peer.send(peer.notice()).signed(204)
    if answer.raw.body or answer.header("Content-Type"):
        raise Broken(f"{answer}: a 204 with content")


@case("answer.problem-signed", "A refusal after authentication is signed and in its media type", "§3, §5")
def problem_signed(peer: Peer) -> None:
    answer = peer.get("/nowhere")
    problem = answer.problem(ProblemCode.NOT_FOUND, 404)
    if problem.status != answer.status or not problem.title or not problem.instance:
        raise Broken(f"{answer}: status, title or instance is missing")


@case("answer.own-nonce", "Each answer has a nonce and a time of its own", "§3")
def own_nonce(peer: Peer) -> None:
    answers = [peer.get("/connection").signed(200) for _ in range(3)]
    if len({answer.proof().nonce for answer in answers}) != len(answers):
        raise Broken("two answers with the same nonce")
    if any(abs((answer.proof().created - answer.received_at).total_seconds()) > 60 for answer in answers):
        raise Broken("signed at another time than now")


@case("answer.plain", "No compression, no cookies, no redirects, whatever the caller would take", "§3")
def plain(peer: Peer) -> None:
    draft = peer.draft("GET", "/connection")
    draft.headers |= {"Accept-Encoding": "gzip, br", "Cookie": "session=1"}
    answer = peer.send(draft).signed(200)
    if found := [name for name in _NOT_OURS if answer.header(name)]:
        raise Broken(f"{answer}, with {', '.join(found)}")


@case("refusal.identical", "Every 401 is the same, byte for byte, whatever was wrong", "§3")
def identical(peer: Peer) -> None:
    wrong_connection, stale, forged = peer.notice(), peer.notice(), peer.notice()
    wrong_connection.headers["EWX-Connection"] = str(peer.identity.connection_id)
    stale.signer.shift(-1000)
    forged.spoilers.append(flipped)
    replayed = peer.notice().signed()
    peer.transmit(replayed).signed(204)
    for answer in (*map(peer.send, (wrong_connection, stale, forged)), peer.transmit(replayed)):
        peer.refused(answer)


@case("refusal.silent", "The 401 says no more than its type: no instance, no reason", "§3")
def silent(peer: Peer) -> None:
    answers = [_refused(peer, "GET"), _refused(peer, "DELETE")]
    for answer in answers:
        more = answer.object.keys() - {"type", "title", "status", "detail"}
        if answer.status != 401 or more:
            raise Broken(f"{answer}, with {', '.join(sorted(more)) or 'another status'}")


@case("refusal.before-route", "Who proves nothing learns nothing about routes: 401 comes before 404 and 405", "§3")
def before_route(peer: Peer) -> None:
    for method, path in (("GET", "/nowhere"), ("DELETE", "/connection"), ("GET", "/orders/x/commands")):
        draft = peer.draft(method, path)
        _break(draft)
        peer.refused(peer.send(draft))


def _refused(peer: Peer, method: str) -> Answer:
    draft = peer.draft(method, "/connection")
    _break(draft)
    return peer.send(draft)


def _break(draft: Draft) -> None:
    draft.spoilers.append(lambda wire: wire.drop("Signature"))
