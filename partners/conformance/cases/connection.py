"""The connection itself: its document, the handshake of a pair that stands, notices (protocol §2, §4)."""

from uuid import uuid4

from partners.conformance.answers import Answer, Broken
from partners.conformance.checks import case
from partners.conformance.ordering import Document
from partners.conformance.peer import HARMLESS, NOTICE, Peer
from partners.protocol.wire import parse_connection

STATES = frozenset({"draft", "code_sent", "waiting_for_partner", "connected", "closed"})
LEVELS = range(4)


@case("connection.document", "GET /connection says who the answerer is, as in his code", "§4")
def document(peer: Peer) -> None:
    _check_document(peer, peer.get("/connection").signed(200))


@case("connection.state", "Connected on both sides, and paused by nobody", "§2")
def state(peer: Peer) -> None:
    said = peer.document()
    if said.state != "connected" or "us" in said.paused_by:
        raise Broken(f"{peer.seen}: {said.state}, paused by {', '.join(said.paused_by) or 'nobody'}")


@case("connection.time", "The document says what time it is at the answerer, within a minute of the kit's", "§4")
def time(peer: Peer) -> None:
    answer = peer.get("/connection").signed(200)
    said = parse_connection(answer.document).time
    if said is None or abs((said - answer.received_at).total_seconds()) > 60:
        raise Broken(f"{answer}: time is {said}")


@case("pairing.repeated", "POST /pairing on a pair that stands is 200 with the connection document", "§2")
def repeated(peer: Peer) -> None:
    _check_document(peer, peer.post("/pairing", pairing_request(peer)).signed(200))


@case("pairing.other-ids", "POST /pairing with ids of somebody else is refused", "§2, §4")
def other_ids(peer: Peer) -> None:
    for name in ("connection", "partner_connection"):
        answer = peer.post("/pairing", pairing_request(peer) | {name: str(uuid4())})
        peer.never_served(answer)
        answer.proof()


@case("notice.unknown", "A notice that nobody knows is 204", "§4")
def unknown_notice(peer: Peer) -> None:
    peer.post(NOTICE, HARMLESS).signed(204)


@case("notice.known", "The notices level_changed, paused and resumed are 204", "§4")
def known_notices(peer: Peer) -> None:
    for notice in ("level_changed", "paused", "resumed"):
        peer.post(NOTICE, {"notice": notice}).signed(204)


def pairing_request(peer: Peer) -> Document:
    return {
        "connection": str(peer.identity.connection_id),
        "partner_connection": str(peer.partner.connection_id),
    }


def _check_document(peer: Peer, answer: Answer) -> None:
    said, partner = parse_connection(answer.document), peer.partner
    expected = (partner.connection_id, partner.tenant_id, partner.display_name)
    if (said.connection, said.tenant, said.display_name) != expected:
        raise Broken(f"{answer}: connection, tenant or display_name are not those of the code")
    spoken = said.protocol
    if spoken is None or not (spoken.min.startswith("1.") and spoken.max.partition(".")[0].isdecimal()):
        raise Broken(f"{answer}: protocol is {spoken}")
    if said.state not in STATES or said.level_granted_to_you not in LEVELS:
        raise Broken(f"{answer}: state {said.state}, level {said.level_granted_to_you}")
    if not set(said.paused_by) <= {"us", "them"}:
        raise Broken(f"{answer}: paused by {', '.join(said.paused_by)}")
