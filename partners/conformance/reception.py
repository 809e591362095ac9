"""The kit as a server: what the server under test sends to its partner, judged and answered (protocol §2-§4).

It receives the handshake, notices, order events and rotated keys. As a supplier it has nothing to offer: 403 `level`.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from threading import Condition

from partners.conformance.identity import CODE_IS_GOOD_FOR, DISPLAY_NAME, TENANT, Identity
from partners.protocol.errors import ProtocolError
from partners.protocol.keys import KeyPair, keyid
from partners.protocol.signing import (
    API_ROOT,
    ClaimedRequest,
    Reason,
    SignatureRefused,
    fresh_nonce,
    parse_request,
    sign_response,
    verify_new_key,
    verify_request,
)
from partners.protocol.wire import (
    CONTENT_TYPE,
    STATUS,
    ConnectionDocument,
    Json,
    Malformed,
    Problem,
    ProblemCode,
    ProtocolRange,
    dumps,
    instant_text,
    loads_strict,
    problem_to_wire,
    to_wire,
)
from partners.transport import RawAnswer
from partners.transport.listening import HeardRequest

WELL_KNOWN = "/.well-known/ewx-partner"
ELSEWHERE = "/elsewhere"


class Mood(Enum):
    """How the kit answers one request."""

    HONEST = "as the protocol says"
    UNAVAILABLE = "503, unsigned"
    UNSIGNED = "200, unsigned"
    FORGED = "200, signed with a key of somebody else"
    UNBOUND = "200, signed as the answer to another request"
    REDIRECTING = "307 to another path"


@dataclass(frozen=True, slots=True)
class Heard:
    """One request of the server under test. `refused` is '' where it is proven."""

    request: HeardRequest
    at: datetime
    claimed: ClaimedRequest | None
    refused: str

    @property
    def path(self) -> str:
        return self.request.target.removeprefix(API_ROOT)

    @property
    def nonce(self) -> str:
        return self.claimed.signature.nonce if self.claimed else ""

    @property
    def document(self) -> Json:
        """The JSON of the body; None where it is none."""
        try:
            return loads_strict(self.request.body)
        except Malformed:
            return None


Wanted = Callable[[Heard], bool]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    document: Json = None
    content_type: str = "application/json"

    @classmethod
    def problem(cls, code: ProblemCode) -> "Reply":
        said = Problem(type=f"urn:ewx:problem/{code}", title=code.value, status=STATUS[code])
        return cls(said.status, problem_to_wire(said), CONTENT_TYPE)

    @property
    def body(self) -> bytes:
        return b"" if self.document is None else dumps(self.document)

    @property
    def unsigned(self) -> RawAnswer:
        return RawAnswer(self.status, (("Content-Type", self.content_type),), self.body)


@dataclass
class Reception:
    """`heard` is everything in the order in which it came; `save` keeps the identity after it has changed."""

    identity: Identity
    save: Callable[[], None] = lambda: None
    heard: list[Heard] = field(default_factory=list)
    _moods: list[tuple[Wanted, Mood]] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)
    _news: Condition = field(default_factory=Condition)

    def answer(self, request: HeardRequest) -> RawAnswer:
        """Judge, remember and answer one request; called from several threads."""
        if request.target == WELL_KNOWN:
            return Reply(200, {"protocols": ["1.0"]}).unsigned
        with self._news:
            heard = self._judged(request)
            self.heard.append(heard)
            mood = self._mood(heard)
            self._news.notify_all()
            if heard.claimed is None or heard.refused:
                return Reply.problem(ProblemCode.SIGNATURE).unsigned
            return self._in_mood(mood, heard, self._reply(heard, heard.claimed))

    def plan(self, wanted: Wanted, *moods: Mood) -> None:
        """Answer the next proven requests that are `wanted` in these moods, then honestly again."""
        with self._news:
            self._moods = [(wanted, mood) for mood in moods]

    def wait_for(self, wanted: Wanted, *, seconds: float, since: int = 0) -> Heard | None:
        """The first request after the `since`-th that is `wanted`, now or within so many seconds."""

        def found() -> Heard | None:
            return next((heard for heard in self.heard[since:] if wanted(heard)), None)

        with self._news:
            return self._news.wait_for(found, seconds)

    # Judging

    def _judged(self, request: HeardRequest) -> Heard:
        now = datetime.now(UTC)
        claimed = None
        try:
            claimed = parse_request(
                method=request.method,
                origin=self.identity.origin,
                target=request.target,
                headers=request.headers,
                body=request.body,
            )
            self._prove(claimed, now)
        except SignatureRefused as refused:
            return Heard(request, now, claimed, refused.reason.value)
        return Heard(request, now, claimed, "")

    def _prove(self, claimed: ClaimedRequest, now: datetime) -> None:
        if claimed.connection_id != self.identity.connection_id:
            raise SignatureRefused(Reason.CONNECTION)
        proof = verify_request(claimed, keys=self._keys, now=now)
        if proof.nonce in self._nonces:
            raise SignatureRefused(Reason.NONCE)
        self._nonces.add(proof.nonce)

    @property
    def _keys(self) -> dict[str, bytes]:
        return self.identity.partner.keys if self.identity.partner else {}

    # Answering

    def _mood(self, heard: Heard) -> Mood:
        if not heard.refused and self._moods and self._moods[0][0](heard):
            return self._moods.pop(0)[1]
        return Mood.HONEST

    def _in_mood(self, mood: Mood, heard: Heard, reply: Reply) -> RawAnswer:
        if mood is Mood.UNAVAILABLE:
            return Reply.problem(ProblemCode.MAINTENANCE).unsigned
        if mood is Mood.REDIRECTING:
            return RawAnswer(307, (("Location", self.identity.origin + ELSEWHERE),), b"")
        if mood is Mood.UNSIGNED:
            return reply.unsigned
        signature = next(value for name, value in heard.request.headers if name.lower() == "signature")
        if mood is Mood.UNBOUND:
            signature = f"ewx=:{base64.b64encode(bytes(64)).decode()}:"
        return self._signed(reply, signature, KeyPair.generate() if mood is Mood.FORGED else self.identity.key)

    def _signed(self, reply: Reply, request_signature: str, key: KeyPair) -> RawAnswer:
        headers = sign_response(
            status=reply.status,
            request_signature=request_signature,
            key=key,
            now=datetime.now(UTC),
            nonce=fresh_nonce(),
            body=reply.body,
            content_type=reply.content_type,
        )
        return RawAnswer(reply.status, tuple(headers.items()), reply.body)

    def _reply(self, heard: Heard, claimed: ClaimedRequest) -> Reply:
        route = (heard.request.method, heard.path.partition("?")[0])
        if route in {("POST", "/pairing"), ("GET", "/connection")}:
            return Reply(200, to_wire(self._document()))
        if route == ("POST", "/connection/notice"):
            return Reply(204)
        if route == ("POST", "/order-events"):
            return Reply(200, {"applied": True})
        if route[1].startswith("/keys"):
            return self._about_keys(heard, claimed)
        return Reply.problem(ProblemCode.LEVEL)

    def _document(self) -> ConnectionDocument:
        return ConnectionDocument(
            connection=self.identity.connection_id,
            tenant=TENANT,
            display_name=DISPLAY_NAME,
            state="connected",
            protocol=ProtocolRange(min="1.0", max="1.0"),
            capabilities=("keys",),
            time=datetime.now(UTC),
        )

    def _about_keys(self, heard: Heard, claimed: ClaimedRequest) -> Reply:
        if heard.request.method == "POST":
            return self._staged(heard, claimed)
        if heard.request.method == "GET":
            return Reply(200, {"items": [self._listed(name, claimed.keyid) for name in self._keys]})
        name = heard.path.rpartition("/")[2]
        if name == claimed.keyid:
            return Reply.problem(ProblemCode.KEY_IN_USE)
        if self._keys.pop(name, None) is None:
            return Reply.problem(ProblemCode.NOT_FOUND)
        self.save()
        return Reply(204)

    def _listed(self, name: str, signing: str) -> Json:
        since = self.identity.expires_at - CODE_IS_GOOD_FOR
        return {"keyid": name, "state": "active" if name == signing else "staged", "since": instant_text(since)}

    def _staged(self, heard: Heard, claimed: ClaimedRequest) -> Reply:
        """A key that the server under test rotates to."""
        said = heard.document
        try:
            public = base64.b64decode(str(said.get("public_key")) if isinstance(said, dict) else "", validate=True)
            verify_new_key(claimed, public_key=public, now=heard.at)
        except (ProtocolError, binascii.Error):
            return Reply.problem(ProblemCode.SIGNATURE)
        self._keys[keyid(public)] = public
        self.save()
        return Reply(201, {"keyid": keyid(public), "state": "staged"})
