"""Pages and cursors, and questions that cannot be (protocol §4 "Reading")."""

from collections.abc import Callable

from partners.conformance.answers import Broken
from partners.conformance.cases.catalogue import in_summer, page_of
from partners.conformance.checks import case
from partners.conformance.peer import Peer
from partners.protocol.wire import ProblemCode, instant_text

_WRONG: dict[str, tuple[str, dict[str, str | int]]] = {
    "limit-zero": ("limit 0", {"limit": 0}),
    "limit-great": ("limit 101", {"limit": 101}),
    "limit-word": ("a limit that is no number", {"limit": "many"}),
    "start-alone": ("start without end", {"start": "2027-07-01T08:00:00Z"}),
    "end-alone": ("end without start", {"end": "2027-07-01T08:00:00Z"}),
    "use-start-alone": ("use_start without use_end", {"use_start": "2027-07-01T08:00:00Z"}),
    "backwards": ("an end before the start", {"start": "2027-07-02T08:00:00Z", "end": "2027-07-01T08:00:00Z"}),
    "offset": ("an offset instead of Z", {"start": "2027-07-01T08:00:00+02:00", "end": "2027-07-02T08:00:00+02:00"}),
    "naive": ("instants without zone", {"start": "2027-07-01T08:00:00", "end": "2027-07-02T08:00:00"}),
    "zone": ("a zone that does not exist", {"zone": "Europe/Atlantis"}),
    "words-long": ("a search text of 201 characters", {"q": "q" * 201}),
}


def _enter_each() -> None:
    for name, (what, query) in _WRONG.items():
        case(f"articles.question.{name}", f"GET /articles with {what} is 422", "§4")(_wrong(query))


def _wrong(query: dict[str, str | int]) -> Callable[[Peer], None]:
    def check(peer: Peer) -> None:
        peer.get("/articles", **query).problem(ProblemCode.INVALID, 422)

    return check


_enter_each()


@case("paging.limit", "limit is kept, and next leads on", "§4")
def limit(peer: Peer) -> None:
    peer.listings(least=2)
    page = page_of(peer.get("/articles", limit=1))
    if len(page.items) != 1 or not page.next:
        raise Broken(f"{peer.seen}: {len(page.items)} items, next {page.next or None!r}")


@case("paging.all", "Following next to its end shows every article once", "§4")
def every(peer: Peer) -> None:
    expected = [listing.id for listing in peer.listings(least=2)]
    found: list[str] = []
    query: dict[str, str | int] = {"limit": 1}
    for _page in range(len(expected)):
        page = page_of(peer.get("/articles", **query))
        found += [listing.id for listing in page.items]
        query["cursor"] = page.next
        if not page.next:
            break
    if sorted(found) != sorted(expected) and len(expected) < 100:
        raise Broken(f"{len(found)} articles one by one, {len(expected)} at once")


@case("cursor.other-limit", "The size of a page may change on the way", "§4")
def other_limit(peer: Peer) -> None:
    total = len(peer.listings(least=2))
    rest = page_of(peer.get("/articles", cursor=_next(peer), limit=100))
    if total < 100 and len(rest.items) != total - 1:
        raise Broken(f"{peer.seen}: {len(rest.items)} after the first of {total}")


@case("cursor.other-query", "A cursor is bound to its query: with other words it is 422 cursor", "§4")
def other_query(peer: Peer) -> None:
    name = peer.listings(least=2)[0].name
    peer.get("/articles", q=name, limit=1, cursor=_next(peer)).problem(ProblemCode.CURSOR, 422)


@case("cursor.other-period", "A cursor is bound to its query: with a period it is 422 cursor", "§4")
def other_period(peer: Peer) -> None:
    peer.listings(least=2)
    start, end = map(instant_text, in_summer())
    peer.get("/articles", limit=1, cursor=_next(peer), start=start, end=end).problem(ProblemCode.CURSOR, 422)


@case("cursor.tampered", "A cursor of which one character was changed is 422 cursor", "§4")
def tampered(peer: Peer) -> None:
    peer.listings(least=2)
    cursor = _next(peer)
    for at in (0, len(cursor) // 2):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        peer.get("/articles", limit=1, cursor=changed).problem(ProblemCode.CURSOR, 422)


@case("cursor.not-ours", "A cursor that is none of the server's is 422 cursor", "§4")
def not_ours(peer: Peer) -> None:
    peer.get("/articles", cursor="bm9uc2Vuc2U").problem(ProblemCode.CURSOR, 422)


@case("cursor.alphabet", "A cursor with characters that no cursor has is 422", "§4")
def alphabet(peer: Peer) -> None:
    for cursor in ("a.b", "a b", "x" * 513):
        answer = peer.get("/articles", cursor=cursor)
        answer.problem(ProblemCode.CURSOR if answer.code == ProblemCode.CURSOR else ProblemCode.INVALID, 422)


def _next(peer: Peer) -> str:
    """The cursor behind the first article."""
    return page_of(peer.get("/articles", limit=1)).next
