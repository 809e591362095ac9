"""Questions that a partner may ask, honest and dishonest, and what a server that keeps to the page answers.

Each probe shows what one fault of `faults.py` breaks. An observation is one line: status, problem, and whether the
answer was signed. A `Stage` is the server that is asked, seen from its own people's side.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.foreign import signatures
from tests.foreign.client import PREFIX, Client, NotBelieved, Received
from tests.foreign.codes import PRIME
from tests.foreign.signatures import Components

NEUTRAL = b"\x01" + bytes(31)  # the point of order 1: with it as key and R, and S = 0, everything is signed
GENERATOR = (4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little")  # a good key; nobody has its private half
NO_ONE = "00000000-0000-4000-8000-000000000000"
PERIOD = {"start": "2030-05-01T08:00:00Z", "end": "2030-05-04T08:00:00Z", "zone": "Europe/Berlin"}


class Stage(Protocol):
    """The server under question. `client` is connected at level 2, `article` released to it, `hidden` not."""

    client: Client
    article: str
    hidden: str

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def set_level(self, level: int) -> None: ...
    def close(self) -> None: ...
    def fresh(self) -> Client:
        """Of a new connection: they have not entered our code yet."""

    def second(self) -> Client:
        """Of another connection that stands."""

    def hire(self) -> dict[str, Any]:
        """They order from us; the document of that order as we made it."""


@dataclass
class Ask:
    """One request and what is to be wrong with it; every default is honest."""

    client: Client
    method: str = "GET"
    path: str = "/connection"
    body: Any = None
    raw: bytes | None = None
    media: str = "application/json"
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    origin: str = ""
    connection: str = ""
    host: str = ""
    beside: str = ""  # label of one more signature
    lifetime: int = signatures.LIFETIME
    nonce: str = ""
    before: float = 0
    signer: Ed25519PrivateKey | None = None
    lines: Iterable[tuple[str, str]] = ()
    covered: Callable[[Components], Components] = dict
    edited: Callable[[str], str] = str
    forged: Callable[[bytes], bytes] = bytes
    also: Ed25519PrivateKey | None = None  # a new key that signs too
    sent: Callable[[bytes], bytes] = bytes
    prefix: str = PREFIX

    def received(self) -> Received:
        client, target = self.client, self.prefix + self.path
        raw = self.raw if self.raw is not None else b"" if self.body is None else json.dumps(self.body).encode()
        headers = [("Host", self.host)] if self.host else []
        headers += [("EWX-Connection", self.connection or client.partner)]
        if raw:
            headers += [("Content-Type", self.media), ("Content-Digest", signatures.digest(raw))]
        origin = self.origin or client.origin
        components = signatures.request_components(self.method, origin, target, headers, raw)
        if self.key and signatures.needs_key(self.method, target):
            headers.append(("Idempotency-Key", self.key))
            components = {**components, '"idempotency-key"': self.key}  # also where it is no UUID
        components = self.covered(components)
        keys = {"ewx": client.connection.key} | ({"ewx-new": self.also} if self.also else {})
        keys |= {self.beside: client.connection.key} if self.beside else {}
        signed = {label: self._signed(components, key) for label, key in keys.items()}
        headers += [*signatures.signature_headers(signed), *self.lines]
        return client.received(*client.exchange(self.method, target, headers, self.sent(raw)), bound=signed["ewx"][1])

    def _signed(self, components: Components, key: Ed25519PrivateKey) -> tuple[str, bytes]:
        params, _ = signatures.sign(components, key, self.client.now() - self.before, self.nonce)
        created = int(re.findall(r"created=(\d+)", params)[0])
        params = self.edited(params.replace(f"expires={created + 300}", f"expires={created + self.lifetime}"))
        return params, self.forged((self.signer or key).sign(signatures.base(components, params)))


def seen(ask: Ask) -> str:
    """The observation."""
    try:
        received = ask.received()
    except NotBelieved as reason:
        return f"success not believed: {reason}"
    told = [str(received.status), received.problem, "" if received.signed else "unsigned"]
    replayed = any(name.lower() == "idempotent-replayed" for name, _ in received.headers)
    return " ".join(filter(None, [*told, "replayed" if replayed else ""]))


def post(stage: Stage, path: str, body: Any = None, **how: Any) -> str:
    return seen(Ask(stage.client, "POST", path, body, **how))


def get(stage: Stage, path: str = "/connection", **how: Any) -> str:
    return seen(Ask(stage.client, "GET", path, **how))


def order(article: str, quantity: int = 1) -> dict[str, Any]:
    """What a buyer sends."""
    return {
        "id": str(uuid.uuid4()),
        "intent": "inquiry",
        "buyer": {"name": "Probe Ltd", "contact": {"name": "Pia", "email": "pia@probe.example", "phone": "1"}},
        "planning_period": PERIOD,
        "usage_period": PERIOD,
        "currency": "EUR",
        "lines": [{"id": str(uuid.uuid4()), "article": article, "quantity": quantity}],
    }


def notice(stage: Stage, **how: Any) -> str:
    """The most harmless request with a body."""
    return post(stage, "/connection/notice", {"notice": "probe"}, **how)


# --- probes of more than one request ---------------------------------------------------------------
def nonce_twice(stage: Stage) -> str:
    nonce = str(uuid.uuid4())
    return f"{get(stage, nonce=nonce)}, {get(stage, nonce=nonce)}"


def nonce_after_forgery(stage: Stage) -> str:
    nonce = str(uuid.uuid4())
    return f"{get(stage, nonce=nonce, signer=Ed25519PrivateKey.generate())}, {get(stage, nonce=nonce)}"


def two_401(stage: Stage) -> str:
    stale = Ask(stage.client, before=3600).received()
    forged = Ask(stage.client, signer=Ed25519PrivateKey.generate()).received()
    return "alike" if stale.content == forged.content else "different"


def repeated_order(
    stage: Stage, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None, **other: Any
) -> str:
    """The same key twice, with `other` content in the second, `before` and `after` which something is done."""
    key, content = str(uuid.uuid4()), order(stage.article)
    first = post(stage, "/orders", content, key=key)
    before()
    second = post(stage, "/orders", content | other, key=key)
    after()
    return f"{first}, {second}"


def order_again(stage: Stage, **other: Any) -> str:
    """A known id with a new key."""
    content = order(stage.article)
    return f"{post(stage, '/orders', content)}, {post(stage, '/orders', content | other)}"


def command(stage: Stage, version: int = 1, name: str = "accept") -> str:
    content = order(stage.article)
    post(stage, "/orders", content)
    return post(stage, f"/orders/{content['id']}/commands", {"command": name, "expected_version": version})


def without_level(stage: Stage, path: str, **how: Any) -> str:
    stage.set_level(0)
    observed = seen(Ask(stage.client, path=path, **how))
    stage.set_level(2)
    return observed


def while_paused(stage: Stage, path: str) -> str:
    stage.pause()
    observed = get(stage, path)
    stage.resume()
    return observed


def after_the_end(stage: Stage) -> str:
    stage.close()
    return get(stage)


def strange_order(stage: Stage) -> str:
    """Another partner's order."""
    content = order(stage.article)
    seen(Ask(stage.second(), "POST", "/orders", content))
    return get(stage, f"/orders/{content['id']}")


def stolen_connection(stage: Stage) -> str:
    """Our key, another connection's id."""
    return get(stage, connection=stage.second().partner)


def unentered(stage: Stage, times: int) -> str:
    client = stage.fresh()
    body = {"connection": client.connection.id, "partner_connection": client.partner}
    return [seen(Ask(client, "POST", "/pairing", body)) for _ in range(times)][-1]


def foreign_cursor(stage: Stage) -> str:
    page = Ask(stage.client, path="/articles?limit=1&q=a").received().content
    return get(stage, f"/articles?limit=1&q=e&cursor={page['next']}")


def stock_at_level_1(stage: Stage) -> str:
    stage.set_level(1)
    listing = Ask(stage.client, path=f"/articles/{stage.article}").received().content
    stage.set_level(2)
    return str(listing["stock"])


def event(stage: Stage, **changes: Any) -> str:
    """News of an order in which they hire; the version is that which they know unless changed."""
    document = stage.hire()
    received = Ask(stage.client, "POST", "/order-events", {"event": "seen", "order": document | changes}).received()
    return f"{received.status} {received.problem or received.content}"


def strange_lines(stage: Stage) -> str:
    document = stage.hire()
    lines = [*document["lines"], document["lines"][0] | {"id": str(uuid.uuid4())}]
    return post(stage, "/order-events", {"event": "seen", "order": document | {"version": 9, "lines": lines}})


def key_body(public: bytes) -> dict[str, str]:
    return {"public_key": base64.b64encode(public).decode()}


def small_order_key(stage: Stage) -> str:
    """Signed by nobody, and under this key that is good enough for whoever does not look at keys."""
    new = Ed25519PrivateKey.generate()
    keyid = signatures.keyid(new.public_key().public_bytes_raw())
    ask = Ask(stage.client, "POST", "/keys", key_body(NEUTRAL), also=new)
    ask.edited = lambda params: params.replace(keyid, signatures.keyid(NEUTRAL))
    ours = iter([bytes, lambda _: NEUTRAL + bytes(32)])
    ask.forged = lambda raw: next(ours)(raw)
    return seen(ask)


def old_key_after_rotation(stage: Stage) -> str:
    connection = stage.client.connection
    old = connection.key
    stage.client.rotate()
    stage.client.test()
    new, connection.key = connection.key, old
    observed = get(stage)
    connection.key = new
    return observed


def replaced_staged_key(stage: Stage) -> str:
    connection = stage.client.connection
    old = connection.key
    stage.client.rotate()
    first, connection.key = connection.key, old
    stage.client.rotate()
    second, connection.key = connection.key, first
    observed = get(stage)
    connection.key = second
    return observed


def own_key_deleted(stage: Stage) -> str:
    public = stage.client.connection.key.public_key().public_bytes_raw()
    return seen(Ask(stage.client, "DELETE", f"/keys/{signatures.keyid(public)}"))


def without(*names: str) -> Callable[[Components], Components]:
    return lambda components: {name: value for name, value in components.items() if name not in names}


def chunked(raw: bytes) -> bytes:
    return f"{len(raw):x}\r\n".encode() + raw + b"\r\n0\r\n\r\n"


def tenant(stage: Stage) -> str:
    theirs = stage.client.connection.theirs
    document = Ask(stage.client).received().content
    return "as in the code" if theirs and document["tenant"] == theirs.tenant else "another"


def well_known(stage: Stage) -> str:
    """What strangers are told."""
    _, _, raw = stage.client.exchange("GET", "/.well-known/ewx-partner", [], b"")
    return ", ".join(json.loads(raw))


def media_of_problems(stage: Stage) -> str:
    headers = Ask(stage.client, path="/nonsense").received().headers
    return next(value for name, value in headers if name.lower() == "content-type")
