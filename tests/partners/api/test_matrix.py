"""Every route of the partner API × every kind of caller × foreign things: one table, walked as the resolver knows it.

Two companies are partners of one lender, whose API is asked. What stands in `ROUTES` is the protocol's (§3, §4).
"""

import base64
import contextlib
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.views import APIView

from partners.api.urls import urlpatterns
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signing import fresh_nonce, needs_idempotency_key, sign_request
from partners.transport import RawAnswer
from tests.fakes import deliver
from tests.world import OURS, THEIRS, World, two_worlds, undone

V1 = "/api/partner/v1"
VERBS = ("get", "post", "put", "patch", "delete")
pytestmark = pytest.mark.django_db

Body = Callable[[World], Any]


@dataclass(frozen=True)
class Route:
    """`level`: the least that answers, None where none is asked. `named`: things of the caller in the path."""

    method: str
    path: str
    status: int
    body: Body | None = None
    level: int | None = None
    works_while_paused: bool = False
    named: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}"

    def target(self, world: World) -> str:
        path = self.path
        for name, of in self.named.items():
            path = path.replace(f"{{{name}}}", str(thing(world, of)))
        return V1 + path


def thing(world: World, of: str) -> Any:
    """What a partner of the lender knows by name."""
    things: dict[str, Callable[[], Any]] = {
        "order": lambda: world.order.partner_order.order_id,
        "article": lambda: world.linked,
        "own_article": lambda: world.article.pk,
        "keyid": lambda: world.theirs.keys.get(side="peer").keyid,
    }
    return things[of]()


def order(world: World) -> dict[str, Any]:
    document = dict(world.order.partner_order.document)
    return document | {"id": str(uuid.uuid4())}


def event(world: World) -> dict[str, Any]:
    """News on what the lender hired from the company."""
    document = dict(world.inquiry.partner_order.document)
    return {"event": "seen", "order": document | {"version": document["version"] + 1}}


def availability(world: World) -> dict[str, Any]:
    start = timezone.now().replace(microsecond=0) + timedelta(days=3)
    period = {"start": _z(start), "end": _z(start + timedelta(days=1)), "zone": "Europe/Berlin"}
    return {"period": period, "lines": [{"article": str(world.linked), "quantity": 1}]}


def _z(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


ROUTES = (
    Route(
        "POST", "/pairing", 200, lambda w: {"connection": str(w.connection.pk), "partner_connection": str(w.theirs.pk)}
    ),
    Route("GET", "/connection", 200, works_while_paused=True),
    Route("POST", "/connection/notice", 204, lambda _w: {"notice": "resumed"}, works_while_paused=True),
    Route("GET", "/keys", 200, works_while_paused=True),
    Route("POST", "/keys", 201, works_while_paused=True),
    Route("DELETE", "/keys/{keyid}", 409, works_while_paused=True, named={"keyid": "keyid"}),
    Route("GET", "/articles", 200, level=1),
    Route("GET", "/articles/{article_id}", 200, level=1, named={"article_id": "article"}),
    Route("GET", "/articles/{article_id}/picture", 200, level=1, named={"article_id": "article"}),
    Route("GET", "/categories", 200, level=1),
    Route("POST", "/availability", 200, availability, level=2),
    Route("GET", "/orders", 200, works_while_paused=True),
    Route("POST", "/orders", 201, order, level=1),
    Route("GET", "/orders/{order_id}", 200, works_while_paused=True, named={"order_id": "order"}),
    Route(
        "POST",
        "/orders/{order_id}/commands",
        200,
        lambda _w: {"command": "withdraw", "expected_version": 1},
        named={"order_id": "order"},
    ),
    Route("POST", "/order-events", 200, event, works_while_paused=True),
)
EVERY = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.id)


@dataclass
class Caller:
    """A company that asks the lender; with `key` and `connection_id` as it claims them."""

    world: World
    key: KeyPair
    connection_id: uuid.UUID

    @classmethod
    def honest(cls, world: World) -> "Caller":
        return cls(world, world.connection.own_key(), world.theirs.pk)

    def ask(self, route: Route, named: World | None = None) -> RawAnswer:
        """The route with things of `named`, else of the caller."""
        target, new = route.target(named or self.world), None
        content = b""
        if route.path == "/keys" and route.method == "POST":
            new = KeyPair.generate()
            content = json.dumps({"public_key": _base64(new.public)}).encode()
        elif route.body:
            content = json.dumps(route.body(named or self.world)).encode()
        headers = sign_request(
            method=route.method,
            origin=self.world.connection.peer_origin,
            target=target,
            connection_id=self.connection_id,
            key=self.key,
            now=timezone.now(),
            nonce=fresh_nonce(),
            body=content,
            idempotency_key=uuid.uuid4() if needs_idempotency_key(route.method, target) else None,
            new_key=(new, fresh_nonce()) if new else None,
        )
        with undone():
            return deliver(route.method, target, headers, content)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    with two_worlds(django_db_blocker) as both:
        yield both


@pytest.fixture
def us(worlds: tuple[World, World]) -> World:
    return worlds[0]


@pytest.fixture
def them(worlds: tuple[World, World]) -> World:
    return worlds[1]


@contextlib.contextmanager
def changed(connection: PartnerConnection, **facts: Any) -> Iterator[None]:
    """The lender's side of a connection, or its contact, otherwise for a while."""
    with undone():
        of_contact = {name: facts.pop(name) for name in ("is_customer", "is_supplier") if name in facts}
        type(connection).objects.filter(pk=connection.pk).update(**facts)
        if of_contact:
            type(connection.contact).objects.filter(pk=connection.contact_id).update(**of_contact)
        yield


def code(answer: RawAnswer) -> str:
    return str(json.loads(answer.body)["type"].rpartition("/")[2]) if answer.status >= 400 else ""


def is_signed(answer: RawAnswer) -> bool:
    return "signature" in {name.lower() for name, _value in answer.headers}


# --- the table and the resolver ---------------------------------------------------------------------
def methods_of(view: type[APIView]) -> set[str]:
    return {verb.upper() for verb in VERBS if hasattr(view, verb)}


def test_every_route_of_the_resolver_stands_in_the_table() -> None:
    found = set()
    for pattern in urlpatterns:
        path = "/" + str(pattern.pattern)
        for converter in ("slug", "uuid"):
            path = path.replace(f"<{converter}:", "{").replace(">", "}")
        found |= {f"{method} {path}" for method in methods_of(pattern.callback.view_class)}
    assert found == {route.id for route in ROUTES}


# --- who asks ---------------------------------------------------------------------------------------
@EVERY
def test_the_partner_gets_what_is_his(us: World, route: Route) -> None:
    answer = Caller.honest(us).ask(route)
    assert answer.status == route.status, answer.body
    assert is_signed(answer)
    assert THEIRS.encode() not in answer.body


@EVERY
def test_nobody_else_gets_anything(us: World, them: World, route: Route) -> None:
    """Unsigned; a key of nobody; another partner's key in our name; our key in another partner's name."""
    plain = deliver(route.method, route.target(us), {}, b"")
    callers = [
        Caller(us, KeyPair.generate(), us.theirs.pk),
        Caller(us, them.connection.own_key(), us.theirs.pk),
        Caller(us, us.connection.own_key(), them.theirs.pk),
        Caller(us, us.connection.own_key(), us.connection.pk),
        Caller(us, us.connection.own_key(), uuid.uuid4()),
    ]
    for answer in [plain, *(caller.ask(route) for caller in callers)]:
        assert (answer.status, answer.body, is_signed(answer)) == (401, plain.body, False)


@EVERY
def test_things_of_another_partner_do_not_exist(us: World, them: World, route: Route) -> None:
    """His orders, named in the path or in the body; articles are the lender's and everybody's who sees them."""
    answer = Caller.honest(them).ask(route, named=us)
    assert OURS.encode() not in answer.body or route.id == "POST /orders"  # there the caller said it himself
    foreign_orders = {"/orders/{order_id}", "/orders/{order_id}/commands", "/order-events"}
    if route.path in foreign_orders:
        assert (answer.status, code(answer)) == (404, "not-found")
    elif route.path == "/pairing":
        assert (answer.status, code(answer)) == (422, "invalid")
    elif route.path == "/keys/{keyid}":
        assert (answer.status, code(answer)) == (404, "not-found")


@EVERY
def test_articles_of_another_company_do_not_exist(us: World, them: World, route: Route) -> None:
    """Ids count up over all companies of an installation: those of another tenant are 404, or not free."""
    strange = replace(route, named={name: "own_article" for name in route.named if name == "article_id"} or route.named)
    answer = Caller.honest(us).ask(strange)
    if "article_id" in route.named:
        assert (answer.status, code(answer)) == (404, "not-found")
    assert OURS.encode() not in answer.body or "order" in route.path


# --- what the lender allows -------------------------------------------------------------------------
@EVERY
def test_levels(us: World, route: Route) -> None:
    for level, is_customer in itertools.product((0, 1, 2, 3), (True, False)):
        with changed(us.theirs, level=level, is_customer=is_customer, is_supplier=True):
            answer = Caller.honest(us).ask(route)
        allowed = route.level is None or (is_customer and level >= route.level)
        assert (answer.status, code(answer)) == ((route.status, code(answer)) if allowed else (403, "level")), (
            level,
            is_customer,
        )
        assert is_signed(answer)


@EVERY
def test_pause(us: World, route: Route) -> None:
    with changed(us.theirs, paused_at=timezone.now()):
        answer = Caller.honest(us).ask(route)
    assert is_signed(answer)
    if route.works_while_paused:
        assert answer.status == route.status
    else:
        assert (answer.status, code(answer)) == (403, "paused")


@EVERY
def test_the_end(us: World, route: Route) -> None:
    with changed(us.theirs, closed_at=timezone.now()):
        answer = Caller.honest(us).ask(route)
    assert (answer.status, code(answer), is_signed(answer)) == (410, "closed", False)


@EVERY
def test_other_methods(us: World, route: Route) -> None:
    known = {other.method for other in ROUTES if other.path == route.path}
    for method in {"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE"} - known:
        answer = Caller.honest(us).ask(replace(route, method=method, body=None))
        assert (answer.status, "problem+json" in str(answer.headers)) == (405, True), method
