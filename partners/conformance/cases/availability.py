"""What is free of which article in a period: level 2 (protocol §4 "Availability")."""

from partners.conformance.answers import Answer, Broken
from partners.conformance.cases.catalogue import in_summer
from partners.conformance.checks import case
from partners.conformance.ordering import Document, period
from partners.conformance.peer import Peer
from partners.protocol.wire import Availability, Json, ProblemCode, parse_availability


def ask(peer: Peer, *lines: Json, **changes: Json) -> Answer:
    asked: Document = {"period": period(*in_summer()), "lines": list(lines)}
    return peer.offered("availability", peer.post("/availability", asked | changes))


def line(article: str, quantity: Json = 1) -> Document:
    return {"article": article, "quantity": quantity}


def _answered(answer: Answer) -> Availability:
    return parse_availability(answer.signed(200).document)


@case("availability.order", "Lines are answered one by one, in their order", "§4")
def order(peer: Peer) -> None:
    ids = [listing.id for listing in peer.listings(least=2)][:20]
    asked = [*reversed(ids), "never-released", ids[0]]
    answer = _answered(ask(peer, *(line(article) for article in asked)))
    if [found.article for found in answer.lines] != asked or answer.as_of is None:
        raise Broken(f"{peer.seen}: {len(answer.lines)} lines for {len(asked)}, or in another order, or no as_of")


@case("availability.stock", "A released article has stock at level 2", "§4")
def stock(peer: Peer) -> None:
    answer = _answered(ask(peer, line(peer.listings()[0].id)))
    if answer.lines[0].stock is None:
        raise Broken(f"{peer.seen}: stock is null")


@case("availability.unknown", "An unknown or unreleased article has stock null, and stops nothing", "§4")
def unknown(peer: Peer) -> None:
    hidden = [peer.options.unreleased] if peer.options.unreleased else []
    for article in ("never-released", *hidden):
        answer = _answered(ask(peer, line(article), line(peer.listings()[0].id)))
        if answer.lines[0].stock is not None or answer.lines[0].bottleneck is not None:
            raise Broken(f"{peer.seen}: {article} has {answer.lines[0].stock}")


@case(
    "availability.sum", "An article that stands on several lines counts in sum: each of them says the same of it", "§4"
)
def in_sum(peer: Peer) -> None:
    article = peer.listings()[0].id
    first, second, other = _answered(ask(peer, line(article, 2), line(article, 3), line(article, 1))).lines
    if not first.stock == second.stock == other.stock or not first.bottleneck == second.bottleneck == other.bottleneck:
        raise Broken(f"{peer.seen}: {first.stock}, {second.stock}, {other.stock}")


@case("availability.read-only", "Asking changes nothing: the same question has the same answer", "§4")
def read_only(peer: Peer) -> None:
    article = peer.listings()[0].id
    first, second = (_answered(ask(peer, line(article, 999_999))) for _ in range(2))
    if first.lines != second.lines:
        raise Broken(f"{peer.seen}: {first.lines[0].stock} became {second.lines[0].stock}")


@case("availability.keyless", "No idempotency key is needed, and one that is sent is ignored", "§3")
def keyless(peer: Peer) -> None:
    draft = peer.draft("POST", "/availability", {"period": period(*in_summer()), "lines": [line("never-released")]})
    draft.headers["Idempotency-Key"] = "not even a UUID"
    peer.offered("availability", peer.send(draft)).signed(200)


@case("availability.lines", "No line and more than 100 lines are 422", "§4")
def lines(peer: Peer) -> None:
    ask(peer).problem(ProblemCode.INVALID, 422)
    ask(peer, *([line("a")] * 101)).problem(ProblemCode.INVALID, 422)


@case("availability.fields", "A quantity or period that cannot be is 422", "§4")
def fields(peer: Peer) -> None:
    start, end = in_summer()
    for wrong in (0, 1_000_000, "1", 1.5, True):
        ask(peer, line("a", wrong)).problem(ProblemCode.INVALID, 422)
    impossibles: list[Json] = [period(end, start), period(start, start), None, {"start": "now"}]
    for impossible in impossibles:
        ask(peer, line("a"), period=impossible).problem(ProblemCode.INVALID, 422)
