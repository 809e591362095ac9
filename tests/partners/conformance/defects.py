"""What makes a server wrong in one thing: the pieces of which `faults` is made."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from tests.foreign import strict
from tests.foreign.gate import REQUEST_LIMIT, Answer, Problem, Request, fingerprint
from tests.foreign.routes import Asked, find
from tests.foreign.server import ForeignServer
from tests.foreign.signatures import needs_key
from tests.partners.conformance.spoilt_server import Defect, Go

Content = dict[str, Any]
Change = Callable[[Content], None]


# --- what is said ------------------------------------------------------------------------------------
def says(method: str, path: str, change: Change) -> Defect:
    """A success on a path below the prefix, changed."""

    def spoil(asked: Asked, answer: Answer) -> None:
        is_wanted = is_asked(asked.request, method, path) and answer.status < 300
        if is_wanted and isinstance(answer.content, dict):
            answer.content = json.loads(json.dumps(answer.content))
            change(answer.content)

    return Defect(says=spoil)


def is_asked(request: Request, method: str, path: str) -> bool:
    """`path` may end in *: then whatever stands there."""
    asked = request.path.removeprefix("/api/partner/v1")
    matches = asked.startswith(path[:-1]) and asked != path[:-1] if path.endswith("*") else asked == path
    return request.method == method and matches


def sets(**values: Any) -> Change:
    return lambda content: content.update(values)


def items(change: Change) -> Change:
    def each(content: Content) -> None:
        for item in content.get("items", [content]):
            change(item)

    return each


def lines(change: Change) -> Change:
    def each(content: Content) -> None:
        for line in content["lines"]:
            change(line)

    return each


def price(**values: Any) -> Change:
    return items(lambda item: item["price"].update(values))


def keeps(which: Callable[[Content, dict[str, str]], bool]) -> Defect:
    """A list of which only some items are shown; `which` sees the item and the query."""

    def spoil(asked: Asked, answer: Answer) -> None:
        if isinstance(answer.content, dict) and "items" in answer.content:
            query = dict(parse_qsl(asked.request.query))
            answer.content["items"] = [item for item in answer.content["items"] if which(item, query)]

    return Defect(says=spoil)


def refuses(method: str, path: str, status: int, kind: str, when: Callable[[Asked], bool] = lambda _: True) -> Defect:
    """A request that must be taken is refused."""

    def refuse(asked: Asked) -> Answer | None:
        if not is_asked(asked.request, method, path) or not when(asked):
            return None
        return Problem(status, kind).answer()

    return Defect(instead=refuse)


def body_of(asked: Asked) -> Any:
    return json.loads(asked.request.body or b"{}")


def turns(status: int, into: int, kind: str = "", *, method: str = "") -> Defect:
    """An answer of one status becomes another: without `kind` an empty success."""

    def spoil(asked: Asked, answer: Answer) -> None:
        if answer.status != status or method not in {"", asked.request.method}:
            return
        other = Problem(into, kind).answer() if kind else Answer(into, None if into == 204 else {})
        answer.status, answer.content, answer.media = other.status, other.content, other.media

    return Defect(says=spoil)


def answers(method: str, path: str, status: int, content: Any) -> Defect:
    """A success without looking."""

    def answer(asked: Asked) -> Answer | None:
        return Answer(status, content) if is_asked(asked.request, method, path) else None

    return Defect(instead=answer)


# --- what is read ------------------------------------------------------------------------------------
def ignores(*names: str) -> Defect:
    """Parameters of the query that nobody looks at."""

    def change(request: Request) -> Request:
        kept = [pair for pair in parse_qsl(request.query) if pair[0] not in names]
        return replace(request, target=f"{request.path}?{urlencode(kept)}") if request.query else request

    return Defect(asks=change)


def earlier(request: Request) -> Request:
    """changed_after is taken as if it were inclusive."""
    query = dict(parse_qsl(request.query))
    if "changed_after" not in query:
        return request
    moment = datetime.fromisoformat(query["changed_after"]).astimezone(UTC) - timedelta(microseconds=1)
    query["changed_after"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return replace(request, target=f"{request.path}?{urlencode(query)}")


def unquoted(request: Request) -> Request:
    """The path is decoded before the route is looked up."""
    return replace(request, target=unquote(request.target))


def any_currency(request: Request) -> Request:
    for wrong in (b'"XYW"', b'"eur"'):
        request = replace(request, body=request.body.replace(wrong, b'"EUR"'))
    return request


def reads(load: Callable[[bytes], Any]) -> Defect:
    return Defect(reads=load)


def lenient(raw: bytes) -> Any:
    """As the standard library reads: NaN, UTF-16 and all."""
    return json.loads(raw)


def first_value(raw: bytes) -> Any:
    return json.JSONDecoder().raw_decode(raw.decode())[0]


def repaired(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return json.loads((raw or b"{") + b"}")


def replaced(raw: bytes) -> Any:
    return json.loads(raw.decode("utf-8", "replace"))


def shallow(raw: bytes) -> Any:
    if raw.count(b"[") > 8:
        raise strict.Malformed("deep")
    return strict.loads(raw)


def without_nfc(raw: bytes) -> Any:
    return json.loads(raw)


def without_escapes(raw: bytes) -> Any:
    if b"\\ud" in raw:
        raise strict.Malformed("surrogate")
    return strict.loads(raw)


# --- around everything -------------------------------------------------------------------------------
def around(refuse: Callable[[ForeignServer, Request], Answer | None]) -> Defect:
    """An answer before anything is looked at, or None."""
    return Defect(around=lambda server, request, go: refuse(server, request) or go(request))


def route_first(server: ForeignServer, request: Request) -> Answer | None:
    try:
        find(request.method, request.path, server.gate)
    except Problem as unknown:
        return unknown.answer() if request.path.startswith("/api/partner/v1") else None
    return None


def small_limit(_server: ForeignServer, request: Request) -> Answer | None:
    return Problem(413, "too-large").answer() if request.size >= REQUEST_LIMIT else None


def key_everywhere(server: ForeignServer, request: Request) -> Answer | None:
    return refusal(server, request) if " " in request.line("idempotency-key") else None


def size_last(server: ForeignServer, request: Request) -> Answer | None:
    is_large = request.size > REQUEST_LIMIT
    return refusal(server, request) if is_large and not request.line("signature") else None


def refusal(server: ForeignServer, request: Request) -> Answer:
    return server.gate.refused("faulty", request, server.now())


def incomplete(when: Callable[[ForeignServer, Request], bool]) -> Defect:
    """409 pairing-incomplete for more than those whom it is meant for."""

    def refuse(server: ForeignServer, request: Request) -> Answer | None:
        return Problem(409, "pairing-incomplete").answer() if when(server, request) else None

    return around(refuse)


def is_pairing(request: Request) -> bool:
    return is_asked(request, "POST", "/pairing")


def old_signatures() -> Defect:
    """A repeated key gets the very answer of the first time, signature and all."""
    known: dict[str, Answer] = {}

    def answer(_server: ForeignServer, request: Request, go: Go) -> Answer:
        key = request.line("idempotency-key")
        return known.setdefault(key, go(request)) if key else go(request)

    return Defect(around=answer)


# --- in another order ------------------------------------------------------------------------------
def too_early(status: int, kind: str, when: Callable[[Asked], bool]) -> Defect:
    """A check that comes before others that it has to come after."""
    return Defect(instead=lambda asked: Problem(status, kind).answer() if when(asked) else None)


def has_other_type(asked: Asked) -> bool:
    return bool(asked.request.body) and asked.request.line("content-type") != "application/json"


def has_no_key(asked: Asked) -> bool:
    return needs_key(asked.request.method, asked.request.path) and not asked.request.line("idempotency-key")


def has_no_json(asked: Asked) -> bool:
    try:
        body_of(asked)
    except ValueError:
        return True
    return False


# --- a few of their own ------------------------------------------------------------------------------
def vectors() -> Defect:
    """Pictures that could carry scripts."""

    def svg(asked: Asked) -> Answer | None:
        is_picture = asked.request.path.endswith("/picture")
        return Answer(200, "<svg/>", "image/svg+xml") if is_picture else None

    return replace(says("GET", "/articles", items(sets(has_picture=True))), instead=svg)


def cookies(_asked: Asked, answer: Answer) -> None:
    answer.headers.append(("Set-Cookie", "session=1"))


def typed_emptiness(_asked: Asked, answer: Answer) -> None:
    if answer.status == 204:
        answer.headers.append(("Content-Type", "application/json"))


def stores_refusals(asked: Asked, answer: Answer) -> None:
    if answer.status == 400:
        stored = (fingerprint(asked.request), (400, json.dumps(answer.content)))
        asked.connection.stored[asked.request.line("idempotency-key")] = stored


def counting_down() -> Change:
    """Every question takes one away."""
    left = itertools.count(99, -1)
    return lambda content: lines(sets(stock={"mode": "exact", "owned": 99, "free": next(left)}))(content)


def line_by_line(content: Content) -> None:
    for at, line in enumerate(content["lines"]):
        line["stock"] = line["stock"] and line["stock"] | {"free": at}


def other_level(content: Content) -> None:
    content["level_granted_to_you"] = (content["level_granted_to_you"] + 1) % 4
