"""Idempotency: an effect happens once however often it is asked for (protocol §6)."""

from uuid import uuid4

from partners.conformance.answers import Answer, Broken
from partners.conformance.checks import case
from partners.conformance.ordering import new_order
from partners.conformance.peer import HARMLESS, NOTICE, Peer
from partners.protocol.wire import ProblemCode, dumps

TOGETHER = 6


def _is_replayed(answer: Answer) -> bool:
    return answer.header("Idempotent-Replayed").lower() == "true"


@case("repeat.replayed", "A repeated key gets the stored answer, marked Idempotent-Replayed", "§6")
def replayed(peer: Peer) -> None:
    order, key = new_order(peer), uuid4()
    first = peer.post("/orders", order, key=key).signed(201)
    again = peer.post("/orders", order, key=key).signed(201)
    if first.raw.body != again.raw.body or _is_replayed(first) or not _is_replayed(again):
        raise Broken(f"{again}: another body, or Idempotent-Replayed missing or out of place")
    peer.remember(key, dumps(order))


@case("repeat.signed-anew", "A replayed answer is signed anew, for the request that repeats", "§3")
def signed_anew(peer: Peer) -> None:
    key = uuid4()
    proofs = [peer.post(NOTICE, HARMLESS, key=key).signed(204).proof() for _ in range(2)]
    if proofs[0].nonce == proofs[1].nonce:
        raise Broken("the answer's nonce was used twice")


@case("repeat.other-body", "A used key with another body is 422 idempotency-reuse", "§6")
def other_body(peer: Peer) -> None:
    key = uuid4()
    peer.post(NOTICE, HARMLESS, key=key).signed(204)
    peer.post(NOTICE, {"notice": "another"}, key=key).problem(ProblemCode.IDEMPOTENCY_REUSE, 422)


@case("repeat.other-path", "A used key on another path is 422 idempotency-reuse", "§6")
def other_path(peer: Peer) -> None:
    key = uuid4()
    peer.post(NOTICE, HARMLESS, key=key).signed(204)
    peer.post("/orders", new_order(peer), key=key).problem(ProblemCode.IDEMPOTENCY_REUSE, 422)


@case(
    "repeat.refusal-stored", "A 422 found by the effect itself is stored: the same order is refused the same way", "§6"
)
def refusal_stored(peer: Peer) -> None:
    order, key = new_order(peer, article="never-released"), uuid4()
    first = peer.post("/orders", order, key=key)
    again = peer.post("/orders", order, key=key)
    for answer in (first, again):
        answer.problem(ProblemCode.INVALID, 422)
    if not _is_replayed(again):
        raise Broken(f"{again}: Idempotent-Replayed is missing")


@case("repeat.malformed-not-stored", "What was no JSON uses up no key", "§6")
def malformed_not_stored(peer: Peer) -> None:
    key = uuid4()
    peer.post(NOTICE, body=b"{", key=key).problem(ProblemCode.MALFORMED, 400)
    peer.post(NOTICE, HARMLESS, key=key).signed(204)


@case("repeat.together", f"{TOGETHER} requests with one key at the same time: one effect", "§6")
def together(peer: Peer) -> None:
    order, key = new_order(peer), uuid4()
    wires = [peer.draft("POST", "/orders", order, idempotency_key=key).signed() for _ in range(TOGETHER)]
    answers = peer.transmit_together(wires)
    for answer in answers:
        if answer.status == 409:
            answer.problem(ProblemCode.IN_PROGRESS, 409)
        else:
            answer.signed(201)
    first = [answer for answer in answers if answer.status == 201 and not _is_replayed(answer)]
    if len(first) != 1 or len({answer.raw.body for answer in answers if answer.status == 201}) != 1:
        raise Broken(f"{len(first)} of {TOGETHER} had an effect of their own")
