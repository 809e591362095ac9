"""Routes, and the order in which requests are judged after authentication (protocol §3)."""

from uuid import uuid4

from partners.conformance.checks import case
from partners.conformance.drafts import Draft
from partners.conformance.peer import HARMLESS, NOTICE, Peer
from partners.protocol.wire import ProblemCode

_BROKEN = b'{"notice":'


def _as_text(draft: Draft) -> Draft:
    """Another media type, covered like the right one."""
    draft.headers["Content-Type"] = "text/plain"
    return draft


@case("route.unknown", "An unknown path is 404", "§3")
def unknown(peer: Peer) -> None:
    for path in ("/nowhere", "/connection/", "/Connection", "/orders/x/y/z"):
        peer.get(path).problem(ProblemCode.NOT_FOUND, 404)


@case("route.method", "Another method on a known path is 405", "§3")
def method(peer: Peer) -> None:
    for name in ("DELETE", "PUT", "PATCH", "OPTIONS"):
        peer.send(peer.draft(name, "/connection")).problem(ProblemCode.METHOD, 405)
    peer.get(NOTICE).problem(ProblemCode.METHOD, 405)


@case("route.media-type", "A body that is not application/json is 415", "§3")
def media_type(peer: Peer) -> None:
    peer.send(_as_text(peer.notice())).problem(ProblemCode.MEDIA_TYPE, 415)


@case("route.key-required", "A route that takes an idempotency key is 428 without one", "§3")
def key_required(peer: Peer) -> None:
    peer.send(peer.draft("POST", NOTICE, HARMLESS, is_keyed=False)).problem(ProblemCode.IDEMPOTENCY_REQUIRED, 428)


@case("route.key-ignored-elsewhere", "An idempotency key is ignored where none is needed", "§3")
def key_ignored(peer: Peer) -> None:
    draft = peer.draft("GET", "/connection")
    draft.headers["Idempotency-Key"] = "not even a UUID"
    peer.send(draft).signed(200)


@case("header.key-not-uuid", "An idempotency key that is no UUID is the 401: header syntax", "§3")
def key_not_uuid(peer: Peer) -> None:
    draft = peer.notice()
    draft.headers["Idempotency-Key"] = "1234"
    peer.refused(peer.send(draft))


@case("order.route-before-media-type", "404 and 405 come before 415", "§3")
def route_before_type(peer: Peer) -> None:
    peer.send(_as_text(peer.draft("POST", "/nowhere", HARMLESS))).problem(ProblemCode.NOT_FOUND, 404)
    peer.send(_as_text(peer.draft("POST", "/connection", HARMLESS))).problem(ProblemCode.METHOD, 405)


@case("order.media-type-before-key", "415 comes before 428", "§3")
def type_before_key(peer: Peer) -> None:
    draft = peer.draft("POST", NOTICE, HARMLESS, is_keyed=False)
    peer.send(_as_text(draft)).problem(ProblemCode.MEDIA_TYPE, 415)


@case("order.key-before-json", "428 comes before 400", "§3")
def key_before_json(peer: Peer) -> None:
    draft = peer.draft("POST", NOTICE, body=_BROKEN, is_keyed=False)
    peer.send(draft).problem(ProblemCode.IDEMPOTENCY_REQUIRED, 428)


@case("order.repeat-before-json", "A key that was used is looked at before the JSON", "§3")
def repeat_before_json(peer: Peer) -> None:
    key = uuid4()
    peer.post(NOTICE, HARMLESS, key=key).signed(204)
    peer.post(NOTICE, body=_BROKEN, key=key).problem(ProblemCode.IDEMPOTENCY_REUSE, 422)
