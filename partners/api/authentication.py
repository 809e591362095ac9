"""Who calls: the part of protocol §3 up to the nonce. Every failure is the same unsigned 401."""

import logging
import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from eventworx.encryption import CannotOpen
from partners.api.errors import problem_of
from partners.connections import note_refused
from partners.models import ConnectionKey, KeySide, PartnerConnection, public_halves
from partners.protocol.keys import KeyPair
from partners.protocol.signing import (
    ClaimedRequest,
    Proof,
    Reason,
    SignatureRefused,
    parse_request,
    verify_new_key,
    verify_request,
)
from partners.protocol.wire import FieldErrors, Malformed, Problem, ProblemCode, loads_strict, parse_new_key

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 256 * 1024
NONCE_SECONDS = 900
PAIRING_ANSWERS_PER_MINUTE = 10
PAIRING_TARGET = "/api/partner/v1/pairing"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_/-]+")


class NotAuthenticated(Exception):
    """The request proves nothing; it gets an unsigned problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


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
    now: datetime


def call_of(request: HttpRequest | Request) -> PartnerCall | None:
    """The proven call that the gateway laid beside the request."""
    return getattr(request, "partner_call", None)


class IsAuthenticatedPartner(BasePermission):
    """Nothing below the API answers to a request that did not come through the gateway."""

    def has_permission(self, request: Request, view: object) -> bool:
        return call_of(request) is not None


def authenticate(request: HttpRequest, *, now: datetime) -> PartnerCall:
    """The proven call behind a request; raises NotAuthenticated. Its nonce is used up then."""
    if _content_length(request) > MAX_REQUEST_BYTES:
        raise NotAuthenticated(problem_of(ProblemCode.TOO_LARGE))
    connection: PartnerConnection | None = None
    try:
        target = raw_target(request)
        claimed = _claimed(request, target)
        connection = _claimed_connection(claimed)
        proof, peer_key = _proof(claimed, connection, target, now)
    except SignatureRefused as refused:
        _note(connection, refused.reason.value, now)
        raise NotAuthenticated(problem_of(ProblemCode.SIGNATURE)) from refused
    return PartnerCall(
        connection=connection,
        peer_key=peer_key,
        own_key=_own_key(connection),
        proof=proof,
        method=request.method or "",
        target=target,
        content_type=request.headers.get("Content-Type", ""),
        body=claimed.body,
        idempotency_key=claimed.idempotency_key,
        request_signature=request.headers["Signature"],
        now=now,
    )


def _note(connection: PartnerConnection | None, reason: str, now: datetime) -> None:
    """The reason, for our own eyes."""
    logger.warning("partner request refused: %s (connection %s)", reason, connection and connection.pk)
    if connection and connection.peer_key_at:
        note_refused(connection=connection, reason=reason, now=now)


def _own_key(connection: PartnerConnection) -> KeyPair:
    """What the answer is signed with. It is gone after the end, even if that came while we were waiting.

    Where it cannot be opened, we cannot answer as ourselves: unsigned, which may delay and changes nothing.
    """
    try:
        return connection.own_key()
    except ConnectionKey.DoesNotExist as error:
        raise NotAuthenticated(problem_of(ProblemCode.CLOSED)) from error
    except CannotOpen as error:
        logger.exception("our key of connection %s cannot be opened", connection.pk)
        raise NotAuthenticated(problem_of(ProblemCode.MAINTENANCE)) from error


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


def _content_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdecimal() else 0


def _claimed(request: HttpRequest, target: str) -> ClaimedRequest:
    return parse_request(
        method=request.method or "",
        origin=settings.EWX_ORIGIN,
        target=target,
        headers=[(name, value) for name, value in request.headers.items() if value],
        body=request.body,
    )


def _claimed_connection(claimed: ClaimedRequest) -> PartnerConnection:
    connection = PartnerConnection.for_wire_id(claimed.connection_id)
    if connection is None:
        raise SignatureRefused(Reason.CONNECTION)
    return connection


def _proof(
    claimed: ClaimedRequest, connection: PartnerConnection, target: str, now: datetime
) -> tuple[Proof, ConnectionKey]:
    keys = connection.peer_keys(now)
    if not keys and connection.closed_at:
        raise NotAuthenticated(problem_of(ProblemCode.CLOSED))
    if not keys and target == PAIRING_TARGET:
        raise NotAuthenticated(_pairing_incomplete(connection))
    proof = verify_request(claimed, keys=public_halves(keys), now=now)
    _use_nonce(connection, proof.nonce, is_durable=bool(claimed.body), now=now)
    if claimed.new_key_signature:
        _prove_new_key(claimed, connection, now)
    return proof, keys[proof.keyid]


def _prove_new_key(claimed: ClaimedRequest, connection: PartnerConnection, now: datetime) -> None:
    """The caller of POST /keys holds the key that he announces, and it is nobody else's."""
    try:
        public_key = parse_new_key(loads_strict(claimed.body)).public_key
    except (Malformed, FieldErrors) as error:
        raise SignatureRefused(Reason.KEY) from error
    proof = verify_new_key(claimed, public_key=public_key, now=now)
    _use_nonce(connection, proof.nonce, is_durable=True, now=now)
    if connection.tenant.connection_keys.filter(side=KeySide.OWN, public_key=public_key).exists():
        raise SignatureRefused(Reason.KEY)
    if ConnectionKey.is_peers(public_key, besides=connection.pk):
        raise SignatureRefused(Reason.KEY)


def _pairing_incomplete(connection: PartnerConnection) -> Problem:
    """The one thing said to somebody who cannot be checked: wait until our admin entered your code."""
    counter = f"pairing-incomplete:{connection.pk}"
    cache.add(counter, 0, 60)
    if cache.incr(counter) > PAIRING_ANSWERS_PER_MINUTE:
        return problem_of(ProblemCode.RATE, retry_after=60)
    return problem_of(ProblemCode.PAIRING_INCOMPLETE, "The admin of this side has not entered your code yet.")


def _use_nonce(connection: PartnerConnection, nonce: str, *, is_durable: bool, now: datetime) -> None:
    """Let each nonce pass once (security.md row 7); reads need no durable memory (protocol §3)."""
    if not is_durable:
        if not cache.add(f"nonce:{connection.pk}:{nonce}", True, NONCE_SECONDS):
            raise SignatureRefused(Reason.NONCE)
        return
    try:
        with transaction.atomic():
            connection.seen_nonces.create(nonce=nonce, seen_at=now)
    except IntegrityError as error:
        raise SignatureRefused(Reason.NONCE) from error
