"""Signed requests out, proven answers back (protocol §3, §5)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection as database
from django.utils import timezone

from eventworx import installation
from eventworx.encryption import CannotOpen
from partners import transport
from partners.client.contact import noting, take_up_peer_key
from partners.client.problems import PartnerPaused, PartnerProblem, PartnerRefused, PartnerUnreachable, Reason
from partners.models import ConnectionKey, KeyState, PartnerConnection, public_halves
from partners.protocol import retry
from partners.protocol.keys import KeyPair
from partners.protocol.signing import API_ROOT, SKEW, SignatureRefused, fresh_nonce, sign_request, verify_response
from partners.protocol.signing import Reason as SignatureReason
from partners.protocol.versions import needed_for
from partners.protocol.wire import (
    FieldErrors,
    Json,
    Malformed,
    dumps,
    loads_strict,
    parse_problem,
)
from partners.transport import RawAnswer, Unreachable

# Answers that need no signature: they may delay, they never change a state (protocol §3).
_UNSIGNED = {410: Reason.CLOSED, 413: Reason.RUBBISH, 426: Reason.VERSION, 429: Reason.BUSY, 503: Reason.BUSY}


@dataclass(frozen=True, slots=True)
class Answer:
    """A proven 2xx; `document` is its JSON, None without content, `received_at` in UTC."""

    status: int
    document: Json
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A copy of what it takes to talk to a partner; good beyond the end of the connection (mission P8).

    `new_key`: our next key, which signs POST /keys too. `staged`: the partner's key that he has not used yet.
    """

    origin: str
    connection_id: UUID
    key: KeyPair = field(repr=False)
    new_key: KeyPair | None = field(default=None, repr=False)
    peer_keys: Mapping[str, bytes] = field(repr=False)
    staged: frozenset[str] = frozenset()
    partner: str
    is_connected: bool
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request that was signed before its key was destroyed; good for five minutes (protocol §3)."""

    origin: str
    target: str
    headers: dict[str, str]
    body: str


def sign_ahead(*, line: Line, path: str, body: Json, now: datetime) -> SignedRequest:
    """A POST to be sent later, once, when there is no key any more."""
    content = dumps(body)
    headers = _signed(line, "POST", API_ROOT + path, content, uuid4(), now)
    return SignedRequest(origin=line.origin, target=API_ROOT + path, headers=headers, body=content.decode())


def send_ahead(*, request: SignedRequest, partner: str, deadline: float) -> None:
    """Send what was signed ahead; whatever is answered cannot be proven any more. Raises PartnerUnreachable."""
    _exchange(
        partner,
        method="POST",
        origin=request.origin,
        target=request.target,
        headers=request.headers,
        body=request.body.encode(),
        deadline=deadline,
    )


def line_of(connection: PartnerConnection, *, with_new_key: bool = False) -> Line:
    """The line of a connection whose partner's code is entered.

    Raises PartnerUnreachable (code-missing, ended, own-key).
    """
    keys = connection.peer_keys(timezone.now())
    if connection.peer_connection_id is None or not keys:
        raise PartnerUnreachable(Reason.CODE_MISSING, partner=str(connection))
    return Line(
        origin=connection.peer_origin,
        connection_id=connection.peer_connection_id,
        key=_own_key(connection, KeyState.ACTIVE),
        new_key=_own_key(connection, KeyState.STAGED) if with_new_key else None,
        peer_keys=public_halves(keys),
        staged=frozenset(keyid for keyid, key in keys.items() if key.state == KeyState.STAGED),
        partner=str(connection),
        is_connected=connection.connected_at is not None,
        capabilities=connection.shared_capabilities,
    )


def _own_key(connection: PartnerConnection, state: KeyState) -> KeyPair:
    try:
        return connection.own_key(state)
    except ConnectionKey.DoesNotExist as error:
        raise PartnerUnreachable(Reason.ENDED, partner=str(connection)) from error
    except CannotOpen as error:
        raise PartnerUnreachable(Reason.OWN_KEY, partner=str(connection)) from error


def call(
    *,
    connection: PartnerConnection,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    body: Json = None,
    idempotency_key: UUID | None = None,
    deadline: float | None = None,
    with_new_key: bool = False,
    insist: bool = False,
) -> Answer:
    """Ask the partner; `path` lies below /api/partner/v1, `deadline` in seconds bounds the whole exchange.

    `with_new_key`: our staged key signs too (POST /keys). `insist`: also while he is left in peace. Raises
    PartnerUnreachable (of these PartnerDown at once, unasked), PartnerPaused or PartnerRefused; RuntimeError inside a
    transaction.
    """
    line = line_of(connection, with_new_key=with_new_key)
    with noting(connection, insist=insist):
        raw = _ask(connection, line, method, path, query, body, idempotency_key, deadline)
    return _read(line, raw)


def fetch(
    *, connection: PartnerConnection, path: str, media_types: Collection[str], deadline: float | None = None
) -> bytes:
    """What lies at `path`, in one of `media_types`; not empty, at most 1 MiB. Raises what `call` raises."""
    line = line_of(connection)
    with noting(connection, insist=False):
        raw = _ask(connection, line, "GET", path, deadline=deadline)
    if not _is_success(raw):
        raise _no(line, raw)
    if not raw.body or _header(raw, "content-type") not in media_types:
        raise PartnerUnreachable(Reason.RUBBISH, partner=line.partner)
    return raw.body


def _ask(
    connection: PartnerConnection,
    line: Line,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    body: Json = None,
    idempotency_key: UUID | None = None,
    deadline: float | None = None,
) -> RawAnswer:
    """One signed request, and what came back if it proves to be the partner's answer to it.

    What the partner has not announced is never asked of him: reason `capability` (protocol §8).
    """
    needed = needed_for(path)
    if needed and needed not in line.capabilities:
        raise PartnerUnreachable(Reason.CAPABILITY, partner=line.partner)
    target = API_ROOT + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    content = b"" if body is None else dumps(body)
    headers = _signed(line, method, target, content, idempotency_key, timezone.now())
    raw = _exchange(
        line.partner,
        method=method,
        origin=line.origin,
        target=target,
        headers=headers,
        body=content,
        deadline=deadline or settings.EWX_PARTNER_DEADLINE_SECONDS,
    )
    _require_proof(connection, line, raw, headers["Signature"])
    return raw


def _signed(
    line: Line, method: str, target: str, content: bytes, idempotency_key: UUID | None, now: datetime
) -> dict[str, str]:
    return sign_request(
        method=method,
        origin=line.origin,
        target=target,
        connection_id=line.connection_id,
        key=line.key,
        now=now,
        nonce=fresh_nonce(),
        body=content,
        idempotency_key=idempotency_key,
        new_key=(line.new_key, fresh_nonce()) if line.new_key else None,
    )


def _exchange(partner: str, **request: Any) -> RawAnswer:
    """The one place where requests leave: not inside a transaction, and not from a copy (security.md §2)."""
    _refuse_in_transaction()
    if installation.in_quarantine():
        raise PartnerUnreachable(Reason.QUARANTINE, partner=partner)
    try:
        return transport.current.send(**request)
    except Unreachable as error:
        raise PartnerUnreachable(error.reason.value, partner=partner) from error


def _refuse_in_transaction() -> None:
    """A slow partner must never hold our locks. The transaction around a test is not ours."""
    if any(not getattr(block, "_from_testcase", False) for block in database.atomic_blocks):
        raise RuntimeError("no call to a partner inside a transaction")


def _require_proof(connection: PartnerConnection, line: Line, raw: RawAnswer, request_signature: str) -> None:
    """The answer is the partner's. He may have changed keys while we waited: an unknown one is looked for once more."""
    now = timezone.now()
    try:
        keyid = _prove(line, raw, request_signature, now)
    except PartnerUnreachable as problem:
        if not _is_unknown_key(problem):
            raise
        line = line_of(connection)
        keyid = _prove(line, raw, request_signature, now)
    if keyid in line.staged:
        take_up_peer_key(connection=connection, keyid=keyid, now=now)


def _is_unknown_key(problem: PartnerUnreachable) -> bool:
    return isinstance(problem.__cause__, SignatureRefused) and problem.__cause__.reason is SignatureReason.KEY


def _prove(line: Line, raw: RawAnswer, request_signature: str, now: datetime) -> str:
    """The id of the key that signed the answer."""
    try:
        proof = verify_response(
            status=raw.status,
            headers=raw.headers,
            body=raw.body,
            request_signature=request_signature,
            keys=line.peer_keys,
            now=now,
        )
    except SignatureRefused as refused:
        reason = _unproven(line, raw, refused.reason, now)
        raise PartnerUnreachable(reason, partner=line.partner, retry_after=_retry_after(raw)) from refused
    return proof.keyid


def _is_success(raw: RawAnswer) -> bool:
    return 200 <= raw.status < 300


def _read(line: Line, raw: RawAnswer) -> Answer:
    if not _is_success(raw):
        raise _no(line, raw)
    return Answer(raw.status, _document(line, raw), timezone.now())


def _document(line: Line, raw: RawAnswer) -> Json:
    try:
        return loads_strict(raw.body) if raw.body else None
    except Malformed as error:
        raise PartnerUnreachable(Reason.RUBBISH, partner=line.partner) from error


def _no(line: Line, raw: RawAnswer) -> PartnerProblem:
    """What a signed answer other than 2xx means (protocol §5)."""
    try:
        problem = parse_problem(_document(line, raw))
    except FieldErrors:
        return PartnerUnreachable(Reason.RUBBISH, partner=line.partner)
    verdict = retry.verdict(raw.status, problem.code)
    if verdict is retry.Verdict.PARK:
        return PartnerPaused(partner=line.partner)
    if verdict is retry.Verdict.RETRY:
        reason = Reason.SERVER_ERROR if raw.status == 500 else Reason.BUSY
        return PartnerUnreachable(reason, partner=line.partner, retry_after=problem.retry_after)
    return PartnerRefused(problem, partner=line.partner)


def _unproven(line: Line, raw: RawAnswer, refused: SignatureReason, now: datetime) -> Reason:
    """What an answer without a good signature tells; enough for a sentence and another try, for nothing else."""
    if refused is SignatureReason.TIME:
        return Reason.CLOCK
    if refused is not SignatureReason.UNSIGNED:
        return Reason.WRONG_SIGNATURE
    if raw.status == 401:
        if _is_skewed(raw, now):
            return Reason.CLOCK
        return Reason.KEY if line.is_connected else Reason.NOT_ENTERED_THERE
    if raw.status == 409:
        return Reason.NOT_ENTERED_THERE
    if raw.status >= 500 and raw.status not in _UNSIGNED:
        return Reason.SERVER_ERROR
    return _UNSIGNED.get(raw.status, Reason.RUBBISH)


def _header(raw: RawAnswer, wanted: str) -> str:
    return next((value for name, value in raw.headers if name.lower() == wanted), "")


def _is_skewed(raw: RawAnswer, now: datetime) -> bool:
    try:
        theirs = parsedate_to_datetime(_header(raw, "date"))
        return abs((theirs - now).total_seconds()) > SKEW
    except (TypeError, ValueError):
        return False


def _retry_after(raw: RawAnswer) -> int | None:
    value = _header(raw, "retry-after")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None
