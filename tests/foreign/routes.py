"""The endpoints: protocol §4. Each takes an `Asked` and gives an `Answer` or raises a `Problem`."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.foreign import orders, signatures, strict
from tests.foreign.gate import PREFIX, Answer, Gate, Problem, Request
from tests.foreign.listings import listing, stock
from tests.foreign.signatures import Signed
from tests.foreign.store import CATEGORIES, Article, Company, Connection, Order, ends
from tests.foreign.strict import Shape, is_list, is_record, is_text, is_uuid

CURSOR_SECONDS, PAGE = 3600, 50
CURSOR = re.compile(r"[A-Za-z0-9_-]{1,512}")
PERIODS = ("start", "end"), ("use_start", "use_end")


@dataclass
class Asked:
    """One authenticated request; `ids` are those of its path, `body` its JSON."""

    gate: Gate
    connection: Connection
    request: Request
    signed: Signed
    now: float
    ids: tuple[str, ...] = ()
    body: Any = None
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # what the buyer is to be told of

    @property
    def company(self) -> Company:
        return self.gate.company

    def has(self, fault: str) -> bool:
        return self.gate.has(fault)


@dataclass(frozen=True)
class Route:
    """`level` that the endpoint needs, whether it answers while paused, and what its body must look like."""

    method: str
    path: str
    endpoint: Callable[[Asked], Answer]
    level: int = 0
    while_paused: bool = False
    shape: Shape | None = None


def find(method: str, path: str, gate: Gate) -> tuple[Route, tuple[str, ...]]:
    """The route and the ids in the path; 404 or 405."""
    found = [(route, match) for route in ROUTES if (match := re.fullmatch(PREFIX + route.path, path))]
    for route, match in found:
        if route.method == method:
            return route, match.groups()
    if found and not gate.has("no-405"):
        raise Problem(405, "method")
    raise Problem(404, "not-found")


# --- the connection --------------------------------------------------------------------------------
def document(asked: Asked) -> Answer:
    """The connection document: all of it about us, who answer."""
    connection, company = asked.connection, asked.company
    if asked.has("redirects"):
        return Answer(307, headers=[("Location", f"{company.origin}{PREFIX}/elsewhere")])
    return Answer(
        200,
        {
            "connection": connection.id,
            "tenant": "another" if asked.has("wrong-tenant") else company.tenant,
            "display_name": company.name,
            "state": connection.state,
            "paused_by": ["us"] if connection.paused else [],
            "verified": connection.verified,
            "protocol": {"min": "1.0", "max": "1.0"},
            "capabilities": ["availability", "change", "keys"],
            "level_granted_to_you": connection.level,
            "time": strict.wire(asked.now),
        },
    )


def pair(asked: Asked) -> Answer:
    theirs = asked.connection.theirs
    ids = {"partner_connection": asked.connection.id} | ({"connection": str(theirs.connection)} if theirs else {})
    wrong = [name for name, known in ids.items() if asked.body[name] != known]
    if wrong and not asked.has("pairing-any-body"):
        raise Problem(422, "invalid", errors=[{"pointer": f"/{name}", "code": "invalid"} for name in wrong])
    return document(asked)


def notice(asked: Asked) -> Answer:
    asked.connection.notices.append(asked.body["notice"])
    return Answer(204)


def list_keys(asked: Asked) -> Answer:
    keys = [(keyid, key) for keyid, key in asked.connection.keys.items() if key.good(asked.now)]
    return Answer(
        200, {"items": [{"keyid": keyid, "state": key.state, "since": strict.wire(key.since)} for keyid, key in keys]}
    )


def stage_key(asked: Asked) -> Answer:
    """The gate has verified that the new key's owner signed."""
    public = asked.gate.new_key(asked.request, asked.connection)
    known = asked.connection.keys.get(signatures.keyid(public))
    if asked.connection.keys[asked.signed.values["keyid"]].state == "retiring":
        raise Problem(409, "state")
    if known is None:
        asked.connection.stage(public, asked.now, keep=asked.has("keeps-every-staged-key"))
    return Answer(201, {"keyid": signatures.keyid(public), "state": known.state if known else "staged"})


def delete_key(asked: Asked) -> Answer:
    (keyid,) = asked.ids
    if keyid not in asked.connection.keys or not asked.connection.keys[keyid].good(asked.now):
        raise Problem(404, "not-found")
    in_use = keyid == asked.signed.values["keyid"] or asked.connection.keys[keyid].state == "active"
    if in_use and not asked.has("deletes-key-in-use"):
        raise Problem(409, "key-in-use")
    del asked.connection.keys[keyid]
    return Answer(204)


# --- reading ---------------------------------------------------------------------------------------
def query(asked: Asked) -> dict[str, str]:
    """The parameters, each once; only `q` may be empty."""
    try:
        pairs = parse_qsl(asked.request.query, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as broken:
        raise Problem(400, "malformed") from broken
    if any("\0" in text for pair in pairs for text in pair):
        raise Problem(400, "malformed")
    if len(dict(pairs)) < len(pairs):
        raise Problem(422, "invalid", errors=[{"pointer": "/", "code": "twice"}])
    given = dict(pairs)
    if not asked.has("no-field-check"):
        _check_query(given, asked)
    return given


def _check_query(given: dict[str, str], asked: Asked) -> None:
    shapes: dict[str, Shape] = {
        "limit": strict.matches(re.compile(r"[1-9]\d?|100", re.ASCII)),
        "cursor": strict.matches(CURSOR),
        "zone": strict.is_zone,
        "changed_after": strict.is_instant,
        "role": strict.matches(re.compile("supplier|buyer")),
        "q": is_text(),
        "category": strict.is_id,
    } | {name: strict.is_instant for pair in PERIODS for name in pair}
    problems = [found for name, shape in shapes.items() if name in given for found in shape(given[name], f"/{name}")]
    for pair in PERIODS:
        present = [given[name] for name in pair if name in given]
        half = len(present) == 1 and not asked.has("no-period-check")
        if half or (len(present) == 2 and not problems and strict.instant(present[0]) >= strict.instant(present[1])):
            problems.append((f"/{pair[1]}", "invalid"))
    if problems:
        raise invalid(problems)


def invalid(problems: Iterable[tuple[str, str]]) -> Problem:
    return Problem(422, "invalid", errors=[{"pointer": at, "code": code} for at, code in problems][:100])


def page(asked: Asked, given: dict[str, str], items: dict[str, Any]) -> Answer:
    """One page of what is found, from key to item; the keys in order tell where the next one begins."""
    limit, after = int(given.get("limit", PAGE)), ""
    bound = repr(sorted((name, text) for name, text in given.items() if name not in ("cursor", "limit")))
    bound = f"{asked.request.path} {bound}"
    if cursor := given.get("cursor"):
        query_then, after, until = asked.connection.cursors.get(cursor, ("", "", 0.0))
        if asked.now > until or (query_then != bound and not asked.has("cursor-not-bound")):
            raise Problem(422, "cursor")
    rest = sorted(key for key in items if key > after)
    following = secrets.token_urlsafe(18) if len(rest) > limit else None
    if following:
        asked.connection.cursors[following] = (bound, rest[limit - 1], asked.now + CURSOR_SECONDS)
    found = [items[key] for key in rest[:limit]]
    return Answer(200, {"items": found, "next": following, "as_of": strict.wire(asked.now)})


def released(asked: Asked) -> list[Article]:
    articles = asked.company.articles.values()
    return [one for one in articles if one.id in asked.connection.released or asked.has("leaks-unreleased")]


def shown(asked: Asked, article: Article, given: dict[str, str]) -> dict[str, Any]:
    with_stock = asked.connection.level >= 2 or asked.has("leaks-stock-at-level-1")
    return listing(asked.company, article, given, with_stock=with_stock, now=asked.now)


def articles(asked: Asked) -> Answer:
    given = query(asked)
    wanted = asked.company.below(given["category"]) if "category" in given else set(CATEGORIES)
    found = [one for one in released(asked) if one.category in wanted and one.fits(given.get("q", ""))]
    return page(asked, given, {one.number: shown(asked, one, given) for one in found})


def article(asked: Asked) -> Answer:
    given = query(asked)
    for one in released(asked):
        if one.id == asked.ids[0]:
            return Answer(200, shown(asked, one, given))
    raise Problem(404, "not-found")


def picture(asked: Asked) -> Answer:
    raise Problem(404, "not-found")  # no article here has one


def categories(asked: Asked) -> Answer:
    items = [{"id": key, "name": name, "parent": parent} for key, (name, parent) in CATEGORIES.items()]
    return Answer(200, {"items": items, "as_of": strict.wire(asked.now)})


def availability(asked: Asked) -> Answer:
    """In the order of the lines; what is not released looks like what does not exist."""
    known = {one.id for one in released(asked)}
    span = ends(asked.body["period"])
    lines, wanted = [], Counter[str]()
    for line in asked.body["lines"]:
        wanted[line["article"]] += line["quantity"]
    for line in asked.body["lines"]:
        article = line["article"]
        told, worst = stock(asked.company, article, *span, wanted[article]) if article in known else (None, None)
        lines.append({"article": line["article"], "stock": told, "bottleneck": worst})
    return Answer(200, {"as_of": strict.wire(asked.now), "lines": lines})


# --- orders ----------------------------------------------------------------------------------------
def create_order(asked: Asked) -> Answer:
    content = asked.body
    known = asked.connection.orders.get(content["id"])
    if known and not asked.has("order-twice"):
        if known.content == content or asked.has("order-exists-ignored"):
            return Answer(200, known.document)
        raise Problem(409, "order-exists", current=known.document)
    _check_order(asked, content)
    document = orders.create(content, asked.company.articles, asked.now)
    free = all(_is_free(asked, document, line["article"]) for line in document["lines"])
    if asked.connection.level >= 3 and asked.connection.verified and document["intent"] == "order" and free:
        orders.settle(document, "confirm")
        document["state"] = "confirmed"
        asked.events.append(("confirm", document))
    key = content["id"] if content["id"] not in asked.connection.orders else f"{content['id']} again"
    asked.connection.orders[key] = Order(content, document)
    return Answer(201, document)


def _check_order(asked: Asked, content: dict[str, Any]) -> None:
    known = {one.id for one in released(asked)}
    problems = [
        (f"/lines/{number}/article", "not-released")
        for number, line in enumerate(content["lines"])
        if line["article"] not in known
        and not (asked.has("accepts-unreleased-order") and line["article"] in asked.company.articles)
    ]
    if len({line["id"] for line in content["lines"]}) < len(content["lines"]):
        problems.append(("/lines", "twice"))
    if content["currency"] != asked.company.currency:
        problems.append(("/currency", "invalid"))
    planning, usage = ends(content["planning_period"]), ends(content["usage_period"])
    if usage[0] < planning[0] or planning[1] < usage[1]:
        problems.append(("/usage_period", "invalid"))
    if problems:
        raise invalid(problems)


def _is_free(asked: Asked, document: dict[str, Any], article: str) -> bool:
    wanted = sum(line["quantity"] for line in document["lines"] if line["article"] == article)
    free, _worst = asked.company.free(article, *ends(document["planning_period"]), orders.RESERVING)
    return bool(free >= wanted)


def _order(asked: Asked) -> Order:
    everyone = asked.company.connections.values() if asked.has("orders-of-others") else [asked.connection]
    for connection in everyone:
        if asked.ids[0] in connection.orders:
            return connection.orders[asked.ids[0]]
    raise Problem(404, "not-found")


def read_order(asked: Asked) -> Answer:
    if asked.ids[0] in asked.connection.copies:
        return Answer(200, asked.connection.copies[asked.ids[0]])
    return Answer(200, _order(asked).document)


def list_orders(asked: Asked) -> Answer:
    given = query(asked)
    given.pop("limit", None)  # a page of orders is as long as we like
    connections = asked.company.connections.values() if asked.has("orders-of-others") else [asked.connection]
    ours = [order.document for connection in connections for order in connection.orders.values()]
    found = list(asked.connection.copies.values()) if given.get("role") == "buyer" else ours
    after = given.get("changed_after")
    later = [one for one in found if not after or strict.instant(one["updated_at"]) > strict.instant(after)]
    return page(asked, given, {f"{one['updated_at']} {one['id']}": one for one in later})


def command(asked: Asked) -> Answer:
    order, said = _order(asked), asked.body
    document, event = order.document, said["command"]
    if said["expected_version"] != document["version"] and not asked.has("stale-version-accepted"):
        raise Problem(409, "version-conflict", current=document)
    try:
        orders.may(document, event, orders.BUYER)
    except orders.WrongState as wrong:
        if not asked.has("any-state"):
            raise Problem(409, "state", current=document) from wrong
    _settle(asked, document)
    if (document["state"], event) in orders.TABLE:
        orders.move(document, event, orders.BUYER, asked.now, said.get("reason"))
    else:
        document["version"] += 1  # only with the fault
    asked.events.append(("command", document))
    return Answer(200, document)


def _settle(asked: Asked, document: dict[str, Any]) -> None:
    said = asked.body
    chosen = said.get("lines") if (said["command"], document["state"]) == ("accept", "proposed") else None
    if chosen is not None and not set(chosen) <= orders.line_ids(document):
        raise invalid([("/lines", "invalid")])
    orders.settle(document, said["command"], chosen)
    if said["command"] == "request_change":
        wanted = said.get("proposal")
        known = {one.id for one in released(asked)}
        if not wanted or not {line["article"] for line in wanted["lines"]} <= known:
            raise invalid([("/proposal", "invalid")])
        document["proposal"] = orders.proposal(document, wanted, asked.company.articles)


def order_event(asked: Asked) -> Answer:
    """What a supplier says about an order in which we hire."""
    told = asked.body["order"]
    copy = asked.connection.copies.get(told["id"])
    if copy is None:
        if asked.has("events-unknown-200"):
            return Answer(200, {"applied": True})
        raise Problem(404, "not-found")
    if told["currency"] != copy["currency"] and not asked.has("events-any-currency"):
        raise invalid([("/order/currency", "changed")])
    allowed = orders.line_ids(copy) | {line["id"] for line in (told.get("proposal") or {}).get("lines", ())}
    if not {line["id"] for line in told["lines"]} <= allowed and not asked.has("events-any-lines"):
        raise invalid([("/order/lines", "unknown")])
    applied = told["version"] > copy.get("version", 0) or asked.has("events-downgrade")
    if applied:
        asked.connection.copies[told["id"]] = told
    return Answer(200, {"applied": applied})


ID = "([A-Za-z0-9_-]{1,64})"
PAIRING = is_record({"connection": is_uuid, "partner_connection": is_uuid})
ASKING = is_record(
    {
        "period": strict.is_period,
        "lines": is_list(is_record({"article": strict.is_id, "quantity": strict.is_quantity}), 1, 100),
    }
)
ROUTES = (
    Route("POST", "/pairing", pair, shape=PAIRING),
    Route("GET", "/connection", document, while_paused=True),
    Route("POST", "/connection/notice", notice, while_paused=True, shape=is_record({"notice": orders.is_word})),
    Route("GET", "/keys", list_keys, while_paused=True),
    Route("POST", "/keys", stage_key, while_paused=True, shape=is_record({"public_key": is_text()})),
    Route("DELETE", f"/keys/{ID}", delete_key, while_paused=True),
    Route("GET", "/articles", articles, level=1),
    Route("GET", f"/articles/{ID}", article, level=1),
    Route("GET", f"/articles/{ID}/picture", picture, level=1),
    Route("GET", "/categories", categories, level=1),
    Route("POST", "/availability", availability, level=2, shape=ASKING),
    Route("POST", "/orders", create_order, level=1, shape=orders.ORDER),
    Route("GET", "/orders", list_orders, while_paused=True),
    Route("GET", f"/orders/{ID}", read_order, while_paused=True),
    Route("POST", f"/orders/{ID}/commands", command, shape=orders.COMMAND),
    Route("POST", "/order-events", order_event, while_paused=True, shape=orders.EVENT),
)
