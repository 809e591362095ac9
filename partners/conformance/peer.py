"""The kit's end of the line: makes requests, sends them, and knows what it heard (protocol §3)."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from partners.conformance.answers import Answer, Broken, NotApplicable
from partners.conformance.drafts import Draft, Signer, Wire
from partners.conformance.identity import Identity, Partner
from partners.conformance.reception import Reception
from partners.conformance.refusals import Refusal
from partners.protocol.keys import KeyPair
from partners.protocol.signing import API_ROOT, content_digest, needs_idempotency_key
from partners.protocol.wire import (
    ConnectionDocument,
    Json,
    Listing,
    ProblemCode,
    dumps,
    parse_connection,
    parse_listing_page,
)
from partners.transport.raw import exchange

NOTICE = "/connection/notice"
HARMLESS: dict[str, Json] = {"notice": "conformance"}  # unknown notices are 204 and change nothing


class Busy(Exception):
    """The server's limits want us to come back after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`deadline` of one exchange and `patience` for what the server is to send us, in seconds; `unreleased`: the id
    of an article that exists and is not released to the kit."""

    deadline: float = 20.0
    patience: float = 60.0
    unreleased: str = ""


@dataclass(kw_only=True)
class Peer:
    """What every case gets. `reception` is None where the server cannot reach the kit; `save` keeps the identity."""

    identity: Identity
    reception: Reception | None = None
    options: Options = field(default_factory=Options)
    save: Callable[[], None] = lambda: None
    is_fresh: bool = False  # the handshake happened in this run
    seen: str = ""
    _refusal: Refusal | None = None
    _listings: tuple[Listing, ...] | None = None

    @property
    def partner(self) -> Partner:
        if self.identity.partner is None:
            raise NotApplicable("the code of the server under test has not been entered into the kit")
        return self.identity.partner

    @property
    def now(self) -> int:
        return int(datetime.now(UTC).timestamp())

    # Requests

    def draft(
        self,
        method: str,
        path: str,
        document: Json = None,
        *,
        body: bytes = b"",
        idempotency_key: UUID | None = None,
        is_keyed: bool = True,
        key: KeyPair | None = None,
    ) -> Draft:
        """A correct request for a path below /api/partner/v1 (or, where it begins with /api, for that target).

        Its body is `document` as JSON or else `body`. Routes that need an idempotency key get a fresh one unless
        one is given or `is_keyed` is False. `key` signs, by default the kit's.
        """
        target = path if path.startswith("/api") else API_ROOT + path
        content = body if document is None else dumps(document)
        headers = {"EWX-Connection": str(self.partner.connection_id)}
        if content:
            headers |= {"Content-Type": "application/json", "Content-Digest": content_digest(content)}
        if idempotency_key or (is_keyed and needs_idempotency_key(method, target)):
            headers["Idempotency-Key"] = str(idempotency_key or uuid4())
        return Draft(
            method=method,
            origin=self.partner.origin,
            target=target,
            headers=headers,
            body=content,
            covered=['"@method"', '"@target-uri"', *(f'"{name.lower()}"' for name in headers)],
            signers=[Signer.of(key or self.identity.key, self.now)],
        )

    def notice(self) -> Draft:
        """A correct request that carries everything a request can carry and changes nothing."""
        return self.draft("POST", NOTICE, HARMLESS)

    def get(self, path: str, **query: str | int) -> Answer:
        return self.send(self.draft("GET", with_query(path, query)))

    def post(self, path: str, document: Json = None, *, body: bytes = b"", key: UUID | None = None) -> Answer:
        return self.send(self.draft("POST", path, document, body=body, idempotency_key=key))

    def send(self, draft: Draft) -> Answer:
        """Sign, send, and hear; raises Busy where the answer is the server's limit."""
        return self.transmit(draft.signed())

    def transmit(self, wire: Wire) -> Answer:
        """Send these bytes; raises Busy where the answer is the server's limit."""
        answer = self.hear(wire)
        if answer.status == 429 and answer.code == ProblemCode.RATE:
            raise Busy(answer.retry_after)
        return answer

    def hear(self, wire: Wire) -> Answer:
        """Send these bytes; whatever is answered is the answer."""
        partner = self.partner
        raw = exchange(origin=partner.origin, request=wire.bytes_for(partner.origin), deadline=self.options.deadline)
        answer = Answer(raw, wire.get("Signature"), dict(partner.keys), datetime.now(UTC))
        self.seen = str(answer)
        return answer

    def transmit_together(self, wires: Iterable[Wire]) -> list[Answer]:
        """The answers to requests that are all under way at the same time."""
        waiting = list(wires)
        with ThreadPoolExecutor(len(waiting)) as pool:
            return list(pool.map(self.transmit, waiting))

    # What cases ask again and again

    def refused(self, answer: Answer) -> None:
        """The answer is the one 401, in nothing different from that to a request without any signature."""
        if self._refusal is None:
            seen = self.seen
            one, another = (self.transmit(self._unsigned()) for _ in range(2))
            self._refusal, self.seen = Refusal.of(one, another), seen
        self._refusal.check(answer)

    def never_served(self, answer: Answer) -> None:
        """Refused in whatever way: for what another piece of software in front may answer in its own words."""
        if not 400 <= answer.status < 500:
            raise Broken(f"{answer} instead of a refusal")

    def _unsigned(self) -> Wire:
        return Wire(method="GET", target=f"{API_ROOT}/connection", headers=[])

    def document(self) -> ConnectionDocument:
        return parse_connection(self.get("/connection").signed(200).document)

    def listings(self, least: int = 1) -> tuple[Listing, ...]:
        """What is released to the kit, up to 100 articles; NotApplicable where there are fewer than `least`."""
        if self._listings is None:
            page = self.get("/articles", limit=100).signed(200)
            self._listings = parse_listing_page(page.document).items
        if len(self._listings) < least:
            raise NotApplicable(f"{least} articles have to be released to the kit")
        return self._listings

    def offered(self, capability: str, answer: Answer) -> Answer:
        """`answer`, unless it is the 404 of a part that the server does not announce and need not have (§8)."""
        if answer.status == 404 and capability not in self.document().capabilities:
            raise NotApplicable(f"the server does not offer {capability}")
        return answer

    def remember(self, key: UUID, body: bytes) -> None:
        """Keep a request for an order that had its effect, to be repeated in another state of the connection."""
        self.identity.accepted = {"key": str(key), "body": body.decode()}
        self.save()

    def heard(self) -> Reception:
        """The kit's own server; NotApplicable where it does not listen."""
        if self.reception is None:
            raise NotApplicable("the kit does not listen")
        return self.reception


def with_query(path: str, query: dict[str, str | int]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path
