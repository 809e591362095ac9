"""Refused requests in words, for our own admin: the partner himself learns no reason (protocol §3, security.md §4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.client import Reason, sentence
from partners.connections import UNPROVEN, UNREADABLE_LISTING, RefusalSummary
from partners.models import PartnerConnection
from partners.protocol.signing import Reason as SignatureReason
from partners.protocol.wire import ProblemCode

WARNED_FOR = timedelta(days=1)

_NOT_READABLE = gettext_lazy("The request could not be read")
_MOVED_ON = gettext_lazy("The order had moved on in the meantime")
_OTHERWISE = gettext_lazy("Refused for another reason")
WORDS: Mapping[str, str | Promise] = {
    SignatureReason.UNSIGNED: gettext_lazy("The request was not signed"),
    SignatureReason.HEADERS: gettext_lazy("The request was not built as the protocol demands"),
    SignatureReason.CONNECTION: gettext_lazy("The request named a connection that does not exist here"),
    SignatureReason.KEY: gettext_lazy("Signed with a key that is not the partner's"),
    SignatureReason.COVERAGE: gettext_lazy("The signature covered too little or too much"),
    SignatureReason.SIGNATURE: gettext_lazy("The signature was wrong"),
    SignatureReason.DIGEST: gettext_lazy("The content was changed on its way"),
    SignatureReason.TIME: gettext_lazy("The clocks differ, or the request was held back"),
    SignatureReason.NONCE: gettext_lazy("The same request arrived a second time"),
    ProblemCode.TOO_LARGE: gettext_lazy("The request was too large"),
    ProblemCode.PAIRING_INCOMPLETE: gettext_lazy("The partner asked before their code was entered here"),
    ProblemCode.CLOSED: gettext_lazy("The connection had ended"),
    ProblemCode.RATE: gettext_lazy("Too many requests in one minute"),
    ProblemCode.PAUSED: gettext_lazy("The connection was paused by us"),
    ProblemCode.LEVEL: gettext_lazy("The kind of partner connection does not allow it"),
    ProblemCode.NOT_FOUND: gettext_lazy("Asked for what does not exist or is not released"),
    ProblemCode.METHOD: _NOT_READABLE,
    ProblemCode.MEDIA_TYPE: _NOT_READABLE,
    ProblemCode.MALFORMED: _NOT_READABLE,
    ProblemCode.IDEMPOTENCY_REQUIRED: _NOT_READABLE,
    ProblemCode.IDEMPOTENCY_REUSE: _NOT_READABLE,
    ProblemCode.INVALID: gettext_lazy("Something in the request was missing or not valid"),
    ProblemCode.CURSOR: gettext_lazy("A list was out of date"),
    ProblemCode.VERSION_CONFLICT: _MOVED_ON,
    ProblemCode.STATE: _MOVED_ON,
    ProblemCode.MAINTENANCE: gettext_lazy("We could not answer: our own key cannot be opened"),
    UNREADABLE_LISTING: gettext_lazy("An article in the partner's answer could not be read and was left out"),
}


def in_words(found: Sequence[RefusalSummary]) -> list[dict[str, Any]]:
    """The lines of the table."""
    return [
        {
            "reason": WORDS.get(summary.reason, _OTHERWISE),
            "code": summary.reason,
            "is_unproven": summary.reason in UNPROVEN,
            "count": summary.count,
            "last_at": summary.last_at,
            "last_address": summary.last_address,
        }
        for summary in found
    ]


def warning(
    connection: PartnerConnection, found: Sequence[RefusalSummary], now: datetime
) -> dict[str, str | datetime] | None:
    """What stands above the table where, in the last day, somebody in the partner's name proved nothing."""
    if connection.closed_at or not connection.peer_key_at:
        return None
    unproven = (last for last in found if last.reason in UNPROVEN and now - last.last_at < WARNED_FOR)
    last = next(unproven, None)
    return {"text": _sentence(last.reason, str(connection)), "at": last.last_at} if last else None


def _sentence(reason: str, partner: str) -> str:
    if reason == SignatureReason.TIME:
        return sentence(Reason.CLOCK, partner)
    return _(
        "A request in the name of %(partner)s was refused: its signature was not right. Where %(partner)s has no "
        "trouble, somebody else tried."
    ) % {"partner": partner}
