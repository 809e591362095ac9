"""What one company keeps, in memory: its articles, its connections, its orders. The server's lock lies around it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.foreign import signatures
from tests.foreign.codes import Code, safety_number

RETIRING_SECONDS = 7 * 24 * 3600
Use = tuple[datetime, datetime, int]


@dataclass(frozen=True)
class Article:
    """`price` per day; `factors` are (days, factor) steps."""

    id: str
    name: str
    owned: int = 10
    category: str = "sound"
    price: Decimal = Decimal("25.00")
    discount_percent: Decimal = Decimal(0)
    factors: tuple[tuple[int, Decimal], ...] = ((1, Decimal(1)), (3, Decimal(2)), (7, Decimal(3)))
    extra_day_factor: Decimal = Decimal("0.2")
    kind: str = "rental"
    manufacturer: str | None = None
    gtin: str | None = None

    @property
    def number(self) -> str:
        return f"N-{self.id}"

    def fits(self, words: str) -> bool:
        """Whether every word stands somewhere in what identifies the article."""
        known = folded(" ".join(filter(None, [self.number, self.name, self.manufacturer, self.gtin])))
        return all(word in known for word in folded(words).split())


def folded(text: str) -> str:
    """Case and the spellings of umlauts do not matter."""
    spelt = text.casefold().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})
    return "".join(mark for mark in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(mark))


CATEGORIES: dict[str, tuple[str, str | None]] = {
    "stage": ("Stage", None),
    "sound": ("Sound", "stage"),
    "light": ("Light", "stage"),
}
NAMES = (
    "PAR 64 floor light|Beamer Ökolux|Line array, eight inch|Mixing console 32|Wireless set, four ways|Fog machine"
    "|Stage deck 2 x 1 m|Chain hoist 500 kg|Moving head spot|Kabelbrücke schwer|Handheld microphone|Dimmer rack"
).split("|")
ARTICLES = tuple(
    Article(f"a{number}", name, owned=4 * number, category="light" if number % 2 else "sound")
    for number, name in enumerate(NAMES, 1)
)


@dataclass
class Key:
    """A public key of the partner as we know it: staged, active or retiring, since when (unix seconds)."""

    public: bytes
    state: str
    since: float

    def good(self, now: float) -> bool:
        return self.state != "retiring" or now < self.since + RETIRING_SECONDS


@dataclass
class Order:
    """An order in which we lend: what was sent, and the document as it stands."""

    content: dict[str, Any]
    document: dict[str, Any]


@dataclass
class Connection:
    """Our side of one connection. `ours` is the code that we mailed, `theirs` the one that we entered."""

    key: Ed25519PrivateKey
    ours: Code
    theirs: Code | None = None
    keys: dict[str, Key] = field(default_factory=dict)
    level: int = 0
    released: set[str] = field(default_factory=set)
    connected: bool = False
    verified: bool = False
    paused: bool = False
    closed: bool = False
    nonces: dict[str, float] = field(default_factory=dict)
    refusals: list[float] = field(default_factory=list)
    stored: dict[str, tuple[bytes, Any]] = field(default_factory=dict)
    cursors: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    copies: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.ours.connection)

    @property
    def state(self) -> str:
        """As §2 derives it."""
        if self.closed:
            return "closed"
        if self.connected:
            return "connected"
        return "waiting_for_partner" if self.theirs else "code_sent"

    @property
    def safety_number(self) -> str:
        assert self.theirs, "their code is not entered yet"
        return safety_number(self.ours, self.theirs)

    def enter(self, code: Code, now: float) -> None:
        self.theirs = code
        self.keys[signatures.keyid(code.public_key)] = Key(code.public_key, "active", now)

    def stage(self, public: bytes, now: float, keep: bool = False) -> str:
        """A new key of the partner; it replaces one that waits already, unless asked to `keep` that one."""
        self.keys = {keyid: key for keyid, key in self.keys.items() if key.state != "staged" or keep}
        keyid = signatures.keyid(public)
        self.keys[keyid] = Key(public, "staged", now)
        return keyid

    def used(self, keyid: str, now: float) -> None:
        """A valid request was signed with that key."""
        self.connected = True
        self.promote(keyid, now)

    def promote(self, keyid: str, now: float) -> None:
        """The first use of a staged key, be it under an answer, retires the old one."""
        if self.keys[keyid].state == "staged":
            for key in self.keys.values():
                if key.state == "active":
                    key.state, key.since = "retiring", now
            self.keys[keyid] = Key(self.keys[keyid].public, "active", now)


@dataclass
class Company:
    """One tenant on one origin."""

    origin: str = ""
    tenant: str = "foreign"
    name: str = "Foreign Rental GmbH"
    zone: str = "Europe/Berlin"
    currency: str = "EUR"
    stock_mode: str = "exact"
    articles: dict[str, Article] = field(default_factory=lambda: {article.id: article for article in ARTICLES})
    connections: dict[str, Connection] = field(default_factory=dict)

    def new_connection(self, now: float, days: float, level: int) -> Connection:
        key = Ed25519PrivateKey.generate()
        public, expiry = key.public_key().public_bytes_raw(), int(now + days * 24 * 3600)
        code = Code(uuid4(), public, self.origin, self.tenant, self.name, expiry)
        connection = Connection(key, code, level=level, released=set(list(self.articles)[:-1]))
        self.connections[connection.id] = connection
        return connection

    def issued(self) -> list[UUID | bytes]:
        """Ids and keys of our own."""
        codes = [connection.ours for connection in self.connections.values()]
        return [part for code in codes for part in (code.connection, code.public_key)]

    def entered(self) -> list[UUID | bytes]:
        codes = [connection.theirs for connection in self.connections.values()]
        return [part for code in codes if code for part in (code.connection, code.public_key)]

    def below(self, category: str) -> set[str]:
        """A category and its descendants."""
        found, size = {category}, 0
        while len(found) > size:
            size = len(found)
            found |= {name for name, (_, parent) in CATEGORIES.items() if parent in found}
        return found

    def uses(self, article: str, reserving: Iterable[str]) -> Iterator[Use]:
        """From, until and quantity of what is promised."""
        for connection in self.connections.values():
            for order in connection.orders.values():
                document = order.document
                if document["state"] in reserving:
                    start, end = ends(document["planning_period"])
                    taken = sum(line["quantity"] for line in document["lines"] if line["article"] == article)
                    yield start, end, taken

    def free(
        self, article: str, start: datetime, end: datetime, reserving: Iterable[str]
    ) -> tuple[int, tuple[datetime, datetime] | None]:
        """Minimum over every instant of the half-open period, and when that is if anything is taken."""
        uses = [use for use in self.uses(article, reserving) if use[0] < end and start < use[1] and use[2]]
        if not uses:
            return self.articles[article].owned, None
        changes = sorted({start, end, *(moment for use in uses for moment in use[:2] if start < moment < end)})
        taken, at = max((sum(n for s, e, n in uses if s <= moment < e), -at) for at, moment in enumerate(changes[:-1]))
        return self.articles[article].owned - taken, (changes[-at], changes[-at + 1])


def ends(period: Mapping[str, str]) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(period[name]).astimezone(UTC) for name in ("start", "end"))
    return start, end
