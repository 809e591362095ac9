"""Calls to a partner's server: signed, answered in time, the answer proven (protocol §3, §5).

    PartnerProblem           what a user can be told, with who can mend it
    ├── PartnerUnreachable   nothing that proves to be the partner's answer, or not now: try again
    ├── PartnerPaused        the partner has paused the connection: park it
    └── PartnerRefused       the partner says no, signed: give up and say why

One table makes sentences of reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from partners import transport
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signing import API_ROOT, SKEW, SignatureRefused, fresh_nonce, sign_request, verify_response
from partners.protocol.signing import Reason as SignatureReason
from partners.protocol.wire import (
    FieldErrors,
    Json,
    Malformed,
    Problem,
    ProblemCode,
    dumps,
    loads_strict,
    parse_problem,
)
from partners.transport import Fault, RawAnswer, Unreachable


class Reason(StrEnum):
    """What keeps us from the partner's answer; stored with a delivery, shown as a sentence."""

    NAME = Fault.NAME.value
    REFUSED = Fault.REFUSED.value
    CERTIFICATE = Fault.CERTIFICATE.value
    TIMEOUT = Fault.TIMEOUT.value
    BROKEN = Fault.BROKEN.value
    ANSWER_TOO_LARGE = Fault.TOO_LARGE.value
    NOT_ALLOWED = Fault.NOT_ALLOWED.value
    CODE_MISSING = "code-missing"
    NOT_ENTERED_THERE = "not-entered-there"
    KEY = "key"
    CLOCK = "clock"
    WRONG_SIGNATURE = "wrong-signature"
    RUBBISH = "rubbish"
    SERVER_ERROR = "server-error"
    CLOSED = "closed"
    BUSY = "busy"
    VERSION = "version"


SENTENCES: Mapping[str, str | Promise] = {
    Reason.NAME: _(
        "The server of %(partner)s is not found: there is no such name. Please ask %(partner)s whether the "
        "address of their server has changed."
    ),
    Reason.REFUSED: _(
        "The server of %(partner)s cannot be reached. Whoever runs that server can mend it; we keep trying."
    ),
    Reason.CERTIFICATE: _(
        "The certificate of the server of %(partner)s is not valid. Whoever runs that server has to renew it."
    ),
    Reason.TIMEOUT: _(
        "The server of %(partner)s did not answer in time. Please try again later; if it stays that way, "
        "whoever runs that server can mend it."
    ),
    Reason.BROKEN: _(
        "The server of %(partner)s broke off the connection. Please try again; if it stays that way, whoever "
        "runs that server can mend it."
    ),
    Reason.ANSWER_TOO_LARGE: _(
        "The server of %(partner)s sent more than was asked for. Whoever runs that server can mend it."
    ),
    Reason.NOT_ALLOWED: _(
        "The server of %(partner)s lies at an address that we do not connect to. Whoever runs our own "
        "installation can allow it."
    ),
    Reason.CODE_MISSING: _("The code of %(partner)s has not been entered here yet. An admin here can do that."),
    Reason.NOT_ENTERED_THERE: _(
        "%(partner)s has not entered our code yet. An admin there has to enter it in the tab “Partner”."
    ),
    Reason.KEY: _(
        "%(partner)s does not accept our key any more. Please connect again: “Connect with the partner” here and there."
    ),
    Reason.CLOCK: _(
        "The clocks of the two servers differ by more than a minute. Whoever runs the server with the wrong "
        "time has to set it right."
    ),
    Reason.WRONG_SIGNATURE: _(
        "The answer was not signed by %(partner)s, so it was thrown away. If it stays that way, please "
        "connect again and compare the safety number by phone."
    ),
    Reason.RUBBISH: _(
        "What answers at the address of %(partner)s is not their Eventworx. Whoever runs that server can mend it."
    ),
    Reason.SERVER_ERROR: _(
        "The server of %(partner)s reports an error of its own. Please try again later; whoever runs that "
        "server can mend it."
    ),
    Reason.CLOSED: _("The server of %(partner)s says that this connection was ended there. An admin there knows why."),
    Reason.BUSY: _("The server of %(partner)s is busy just now. Please try again in a moment."),
    Reason.VERSION: _(
        "The server of %(partner)s speaks another version of the partner protocol. One of the two "
        "installations has to be updated."
    ),
    ProblemCode.PAUSED: _("%(partner)s has paused the connection. An admin there can switch it on again."),
    ProblemCode.LEVEL: _("%(partner)s does not offer you this at present. An admin there can change the level."),
    ProblemCode.NOT_FOUND: _("%(partner)s does not know this, or has not released it for you any more."),
    ProblemCode.STATE: _("The order has moved on at %(partner)s in the meantime."),
    ProblemCode.VERSION_CONFLICT: _("The order has moved on at %(partner)s in the meantime."),
    ProblemCode.ORDER_EXISTS: _("%(partner)s already has an order with this number and other content."),
    ProblemCode.CURSOR: _("This list is out of date. Please search again."),
    ProblemCode.INVALID: _("%(partner)s cannot take this as it is."),
}
_REFUSED_OTHERWISE = _("%(partner)s refused this.")

# Answers that need no signature: they may delay, they never change a state (protocol §3).
_UNSIGNED = {410: Reason.CLOSED, 413: Reason.RUBBISH, 426: Reason.VERSION, 429: Reason.BUSY, 503: Reason.BUSY}
_RETRIED_CODES = frozenset({ProblemCode.IN_PROGRESS, ProblemCode.PAIRING_INCOMPLETE})
_RETRIED_STATUS = frozenset({408, 425, 429})


def sentence(reason: str, partner: str) -> str:
    """What a user reads about a reason or a problem code: what is wrong and who can mend it."""
    return str(SENTENCES.get(reason, _REFUSED_OTHERWISE)) % {"partner": partner}


class PartnerProblem(BusinessError):
    """No useful answer from a partner; `reason` is stable, the text is for users."""

    code = "partner"
    status = 502

    def __init__(self, reason: str, *, partner: str) -> None:
        super().__init__()
        self.reason = reason
        self.partner = partner

    def __str__(self) -> str:
        return sentence(self.reason, self.partner)


class PartnerUnreachable(PartnerProblem):
    """Try again; `retry_after` are the seconds that the other side asked for."""

    code = "partner-unreachable"

    def __init__(self, reason: str, *, partner: str, retry_after: int | None = None) -> None:
        super().__init__(reason, partner=partner)
        self.retry_after = retry_after


class PartnerPaused(PartnerProblem):
    """The partner said, signed, that he paused the connection."""

    code = "partner-paused"
    status = 409

    def __init__(self, *, partner: str) -> None:
        super().__init__(ProblemCode.PAUSED, partner=partner)


class PartnerRefused(PartnerProblem):
    """The partner said no, signed. `problem.code` tells why, `problem.current` the document as it stands."""

    code = "partner-refused"
    status = 409

    def __init__(self, problem: Problem, *, partner: str) -> None:
        super().__init__(problem.code, partner=partner)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Answer:
    """A proven 2xx; `document` is its JSON, None without content, `received_at` in UTC."""

    status: int
    document: Json
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A copy of what it takes to talk to a partner; good beyond the end of the connection (mission P8)."""

    origin: str
    connection_id: UUID
    key: KeyPair = field(repr=False)
    peer_keys: Mapping[str, bytes] = field(repr=False)
    partner: str
    is_connected: bool


def line_of(connection: PartnerConnection) -> Line:
    """The line of a connection whose partner's code is entered; raises PartnerUnreachable (code-missing)."""
    keys = connection.peer_keys()
    if connection.peer_connection_id is None or not keys:
        raise PartnerUnreachable(Reason.CODE_MISSING, partner=str(connection))
    return Line(
        origin=connection.peer_origin,
        connection_id=connection.peer_connection_id,
        key=connection.own_key(),
        peer_keys=keys,
        partner=str(connection),
        is_connected=connection.connected_at is not None,
    )


def call(
    *,
    connection: PartnerConnection,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    body: Json = None,
    idempotency_key: UUID | None = None,
    deadline: float | None = None,
) -> Answer:
    """Ask the partner; `path` lies below /api/partner/v1, `deadline` in seconds bounds the whole exchange.

    Raises PartnerUnreachable, PartnerPaused or PartnerRefused; RuntimeError inside a transaction.
    """
    return talk(
        line=line_of(connection),
        method=method,
        path=path,
        query=query,
        body=body,
        idempotency_key=idempotency_key,
        deadline=deadline,
    )


def talk(
    *,
    line: Line,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    body: Json = None,
    idempotency_key: UUID | None = None,
    deadline: float | None = None,
) -> Answer:
    """`call` over a line that was copied before."""
    _refuse_in_transaction()
    target = API_ROOT + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    content = b"" if body is None else dumps(body)
    headers = sign_request(
        method=method,
        origin=line.origin,
        target=target,
        connection_id=line.connection_id,
        key=line.key,
        now=timezone.now(),
        nonce=fresh_nonce(),
        body=content,
        idempotency_key=idempotency_key,
    )
    try:
        raw = transport.current.send(
            method=method,
            origin=line.origin,
            target=target,
            headers=headers,
            body=content,
            deadline=deadline or settings.EWX_PARTNER_DEADLINE_SECONDS,
        )
    except Unreachable as error:
        raise PartnerUnreachable(error.reason.value, partner=line.partner) from error
    return _proven(line, raw, headers["Signature"], timezone.now())


def _refuse_in_transaction() -> None:
    """A slow partner must never hold our locks. The transaction around a test is not ours."""
    if any(not getattr(block, "_from_testcase", False) for block in database.atomic_blocks):
        raise RuntimeError("no call to a partner inside a transaction")


def _proven(line: Line, raw: RawAnswer, request_signature: str, now: datetime) -> Answer:
    try:
        verify_response(
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
    return _read(line, raw, now)


def _read(line: Line, raw: RawAnswer, now: datetime) -> Answer:
    try:
        document = loads_strict(raw.body) if raw.body else None
        if 200 <= raw.status < 300:
            return Answer(raw.status, document, now)
        problem = parse_problem(document)
    except (Malformed, FieldErrors) as error:
        raise PartnerUnreachable(Reason.RUBBISH, partner=line.partner) from error
    raise _no(line, raw.status, problem)


def _no(line: Line, status: int, problem: Problem) -> PartnerProblem:
    """What a signed answer other than 2xx means (protocol §5)."""
    if problem.code == ProblemCode.PAUSED:
        return PartnerPaused(partner=line.partner)
    if problem.code in _RETRIED_CODES or status in _RETRIED_STATUS or status >= 500:
        reason = Reason.SERVER_ERROR if status == 500 else Reason.BUSY
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
