"""Who calls: the part of protocol §3 up to the nonce. Every failure is the same unsigned 401."""

import logging
import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, UnreadablePostError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from eventworx.databases import asked_first
from eventworx.encryption import CannotOpen
from eventworx.limits import Verdict
from partners.api import rates
from partners.api.errors import problem_of
from partners.api.rates import Rate
from partners.models import ConnectionKey, KeySide, PartnerConnection, proving, public_halves, signing
from partners.protocol.keys import KeyPair
from partners.protocol.signing import (
    ClaimedRequest,
    Proof,
    Reason,
    SignatureRefused,
    UnreadBody,
    parse_request,
    verify_new_key,
    verify_request,
)
from partners.protocol.sizes import MAX_REQUEST_BYTES
from partners.protocol.wire import FieldErrors, Malformed, Problem, ProblemCode, loads_strict, parse_new_key

logger = logging.getLogger(__name__)

PAIRING_TARGET = "/api/partner/v1/pairing"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_/-]+")


class NotAuthenticated(Exception):
    """The request gets an unsigned problem. `reason`: why, for our own eyes; the connection that it names, if there
    is one, and how it names it."""

    def __init__(
        self, problem: Problem, *, reason: str = "", connection: PartnerConnection | None = None, claimed: str = ""
    ) -> None:
        super().__init__(problem.code)
        self.problem, self.reason = problem, reason or problem.code
        self.connection, self.claimed = connection, claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCall:
    """A request that is proven to come from the partner of `connection`, who signed it with `peer_key`."""

    connection: PartnerConnection
    peer_key: ConnectionKey
    own_key: KeyPair = field(repr=False)
    proof: Proof
    method: str
    target: str
    content_type: str
    body: bytes = field(repr=False)
    idempotency_key: UUID | None
    request_signature: str = field(repr=False)
    verdict: Verdict | None  # on a question: whether it keeps within its limits; what changes something counts later
    now: datetime


def call_of(request: HttpRequest | Request) -> PartnerCall | None:
    """The proven call that the gateway laid beside the request."""
    return getattr(request, "partner_call", None)


class IsAuthenticatedPartner(BasePermission):
    """Nothing below the API answers to a request that did not come through the gateway."""

    def has_permission(self, request: Request, view: object) -> bool:
        return call_of(request) is not None


def authenticate(request: HttpRequest, *, rate: Rate | None, now: datetime) -> PartnerCall:
    """The proven call behind a request; raises NotAuthenticated. Its nonce is used up then, and a question counted
    against its limits; `rate`: which besides that of all requests.

    The checks stand in the order of protocol §3. Whatever is wrong up to the nonce looks the same from outside
    and takes the same steps: a connection that does not exist has no keys, and the signature is tried all the same.
    """
    claimed: ClaimedRequest | None = None
    connection: PartnerConnection | None = None
    keys: list[ConnectionKey] = []
    verdict: Verdict | None = None
    try:
        length = _announced_length(request)
        if length > MAX_REQUEST_BYTES:
            raise NotAuthenticated(problem_of(ProblemCode.TOO_LARGE), connection=_named(request))
        target = raw_target(request)
        claimed = _claimed(request, target, UnreadBody(lambda: _body(request)) if length else b"")
        named = claimed.connection_id
        connection, keys = asked_first(lambda: PartnerConnection.for_wire_id(named))
        proof, peer_key = _proof(claimed, connection, proving(keys, now), target, now)
        connection = _existing(connection)
        if request.method == "GET":
            verdict = _count_question(proof.nonce, connection, rate, now)
        else:
            _use_nonce(proof.nonce, connection, now)
        if claimed.new_key_signature:
            _prove_new_key(claimed, connection, now)
    except SignatureRefused as refused:
        reason = Reason.CONNECTION if claimed and not connection else refused.reason
        raise NotAuthenticated(
            problem_of(ProblemCode.SIGNATURE),
            reason=reason,
            connection=connection if claimed else _named(request),
            claimed=request.headers.get("EWX-Connection", ""),
        ) from refused
    return PartnerCall(
        connection=connection,
        peer_key=peer_key,
        own_key=_own_key(connection, None if claimed.body else keys),
        proof=proof,
        method=request.method or "",
        target=target,
        content_type=request.headers.get("Content-Type", ""),
        body=claimed.body,
        idempotency_key=claimed.idempotency_key,
        request_signature=request.headers["Signature"],
        verdict=verdict,
        now=now,
    )


def _named(request: HttpRequest) -> PartnerConnection | None:
    """The connection whose admin is to learn of a request that was not read far enough to look for it."""
    name = request.headers.get("EWX-Connection", "")
    return PartnerConnection.for_wire_id(UUID(name))[0] if _UUID.fullmatch(name) else None


def _own_key(connection: PartnerConnection, keys: list[ConnectionKey] | None) -> KeyPair:
    """What the answer is signed with; read anew without `keys`: it is gone after the end, even if that came while we
    were waiting for a body.

    Where it cannot be opened, we cannot answer as ourselves: unsigned, which may delay and changes nothing.
    """
    try:
        return connection.own_key() if keys is None else signing(keys)
    except ConnectionKey.DoesNotExist as error:
        raise NotAuthenticated(problem_of(ProblemCode.CLOSED), connection=connection) from error
    except CannotOpen as error:
        logger.exception("our key of connection %s cannot be opened", connection.pk)
        raise NotAuthenticated(problem_of(ProblemCode.MAINTENANCE), connection=connection) from error


def raw_target(request: HttpRequest) -> str:
    """The request target as it was received, which is what the signature covers.

    WSGI (and granian with it) hands the path on decoded and the query raw. No path of ours needs an escape,
    so a plain path is its own raw form and everything else is refused; a path sent with escapes therefore
    does not verify.
    """
    path, query = request.META.get("PATH_INFO", ""), request.META.get("QUERY_STRING", "")
    if not _PLAIN_PATH.fullmatch(path):
        raise SignatureRefused(Reason.HEADERS)
    return f"{path}?{query}" if query else path


def _announced_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal()):
        raise SignatureRefused(Reason.HEADERS)
    return int(length)


def _body(request: HttpRequest) -> bytes:
    """As many bytes as were announced, or fewer, which no digest fits."""
    try:
        return request.body
    except UnreadablePostError as error:
        raise SignatureRefused(Reason.DIGEST) from error


def _claimed(request: HttpRequest, target: str, body: bytes | UnreadBody) -> ClaimedRequest:
    return parse_request(
        method=request.method or "",
        origin=settings.EWX_ORIGIN,
        target=target,
        headers=[(name, value) for name, value in request.headers.items() if value],
        body=body,
    )


def _proof(
    claimed: ClaimedRequest,
    connection: PartnerConnection | None,
    keys: dict[str, ConnectionKey],
    target: str,
    now: datetime,
) -> tuple[Proof, ConnectionKey]:
    if connection and not keys:
        _refuse_without_keys(connection, target, now)
    proof = verify_request(claimed, keys=public_halves(keys), now=now)
    return proof, keys[proof.keyid]


def _existing(connection: PartnerConnection | None) -> PartnerConnection:
    """Nobody signs in the name of a connection that does not exist; should he ever, he gets no further."""
    if connection is None:
        raise SignatureRefused(Reason.CONNECTION)
    return connection


def _refuse_without_keys(connection: PartnerConnection, target: str, now: datetime) -> None:
    """What is said to somebody who cannot be checked: it is over, or wait until our admin entered your code."""
    if connection.closed_at:
        raise NotAuthenticated(problem_of(ProblemCode.CLOSED), connection=connection)
    if target != PAIRING_TARGET:
        return
    verdict = rates.count_pairing_incomplete(connection=connection, now=now)
    if not verdict.is_allowed:
        raise NotAuthenticated(problem_of(ProblemCode.RATE, retry_after=verdict.retry_after), connection=connection)
    detail = "The admin of this side has not entered your code yet."
    raise NotAuthenticated(problem_of(ProblemCode.PAIRING_INCOMPLETE, detail), connection=connection)


def _prove_new_key(claimed: ClaimedRequest, connection: PartnerConnection, now: datetime) -> None:
    """The caller of POST /keys holds the key that he announces, and it is nobody else's."""
    try:
        public_key = parse_new_key(loads_strict(claimed.body)).public_key
    except (Malformed, FieldErrors) as error:
        raise SignatureRefused(Reason.KEY) from error
    proof = verify_new_key(claimed, public_key=public_key, now=now)
    _use_nonce(proof.nonce, connection, now)
    if connection.tenant.connection_keys.filter(side=KeySide.OWN, public_key=public_key).exists():
        raise SignatureRefused(Reason.KEY)
    if ConnectionKey.is_peers(public_key, besides=connection.pk):
        raise SignatureRefused(Reason.KEY)


def _count_question(nonce: str, connection: PartnerConnection, rate: Rate | None, now: datetime) -> Verdict:
    """Let the nonce of a GET pass once, no longer than Redis lives (protocol §3), and count the request with it."""
    verdict = rates.count_question(connection=connection, nonce=nonce, rate=rate, now=now)
    if verdict is None:
        raise SignatureRefused(Reason.NONCE)
    return verdict


def _use_nonce(nonce: str, connection: PartnerConnection, now: datetime) -> None:
    """Let each nonce of what changes something pass once, for good (security.md row 7)."""
    try:
        with transaction.atomic():
            connection.seen_nonces.create(nonce=nonce, seen_at=now)
    except IntegrityError as error:
        raise SignatureRefused(Reason.NONCE) from error
