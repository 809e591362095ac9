"""Asking the partner who he is, and comparing the safety number (mission P6, protocol §1)."""

import contextlib
import math
import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.installation import in_quarantine
from eventworx.limits import Limit, hit_all
from partners import client, outbox
from partners.access import AccessLevel
from partners.client import PartnerPaused, PartnerProblem, PartnerUnreachable, Reason
from partners.connections.ending import ConnectionEnded
from partners.models import PartnerConnection
from partners.models.journal import Deed, partner_actor
from partners.protocol.signing import SKEW
from partners.protocol.versions import NoCommonVersion
from partners.protocol.wire import ConnectionDocument, FieldErrors, NoticeKind, parse_connection

TESTS = Limit("connection-test", most=10, per=3600)
INTRODUCTIONS = Limit("connection-introduction", most=1, per=3600)
STRANGERS_AT_ONCE = 5


class NothingToCompare(BusinessError):
    code = "nothing-to-compare"
    status = 409
    message = _("There is no safety number yet: the partner's code has to be entered first.")


class OtherSafetyNumber(BusinessError):
    code = "other-safety-number"
    status = 409
    message = _("The safety number has changed since this page was opened. Please compare the new one.")


class TooManyTests(BusinessError):
    code = "tested-too-often"
    status = 429
    message = ngettext_lazy(
        "The connection was tested %(most)s times within an hour. Please try again in %(minutes)s minute.",
        "The connection was tested %(most)s times within an hour. Please try again in %(minutes)s minutes.",
        "minutes",
    )


def test_connection(*, connection: PartnerConnection, actor: Actor) -> None:
    """Ask the partner's server who it is ("Verbindung testen", mission P6). Returns where all is well.

    Ten times an hour with one contact, whatever is paired anew in between: whoever enters codes of his own making
    finds out little about other people's servers (security.md row 20). Raises TooManyTests, and PartnerUnreachable,
    PartnerPaused or PartnerRefused with a sentence that says who can mend it.
    """
    verdict = hit_all([(TESTS, str(connection.contact_id))], now=timezone.now())
    if not verdict.is_allowed:
        raise TooManyTests(most=TESTS.most, minutes=math.ceil(verdict.retry_after / 60))
    outcome = "crashed"  # where neither the partner nor the way to him is to blame
    try:
        with _as_slow_as_silence():
            _ask(connection)
        outcome = "ok"
    except PartnerProblem as problem:
        outcome = str(problem.reason)
        raise
    finally:
        record(tenant=connection.tenant, actor=actor, action=Deed.TESTED, target=connection, outcome=outcome)


@contextlib.contextmanager
def _as_slow_as_silence() -> Iterator[None]:
    """A closed port says no at once, a filtered one by saying nothing until the deadline: both take that long here,
    else the wait would tell them apart (security.md row 20)."""
    began = time.monotonic()
    try:
        yield
    except PartnerUnreachable as problem:
        if problem.reason == Reason.REFUSED:
            time.sleep(max(began + settings.EWX_PARTNER_DEADLINE_SECONDS - time.monotonic(), 0))
        raise


def ask_strangers(*, now: datetime) -> int:
    """Ask who he is whoever is connected and has never told us what he speaks; how many were asked.

    So he was connected before anybody was asked for it: what both sides offer beyond the core would stay unused
    until somebody thinks of the connection test (protocol §8). Each is asked once an hour, a few at a time.
    """
    asked = 0
    if in_quarantine():
        return asked
    for connection in PartnerConnection.strangers():
        if asked < STRANGERS_AT_ONCE and hit_all([(INTRODUCTIONS, str(connection.pk))], now=now).is_allowed:
            asked += 1
            with contextlib.suppress(PartnerProblem):  # noted in his row
                _ask(connection, insist=False)
    return asked


def _ask(connection: PartnerConnection, *, insist: bool = True) -> None:
    answer = client.call(connection=connection, method="GET", path="/connection", insist=insist)
    try:
        document = parse_connection(answer.document)
    except FieldErrors as error:
        raise PartnerUnreachable(Reason.RUBBISH, partner=str(connection)) from error
    try:
        learn(connection=connection, document=document, now=answer.received_at).agreement()
    except NoCommonVersion as error:
        raise PartnerUnreachable(Reason.VERSION, partner=str(connection)) from error
    if document.time and abs((document.time - answer.received_at).total_seconds()) > SKEW:
        raise PartnerUnreachable(Reason.CLOCK, partner=str(connection))
    if "us" in document.paused_by:
        raise PartnerPaused(partner=str(connection))


@transaction.atomic
def learn(*, connection: PartnerConnection, document: ConnectionDocument, now: datetime) -> PartnerConnection:
    """Take over what the partner's connection document says about his side; it was signed."""
    connection = connection.locked()
    if connection.closed_at:
        return connection
    is_new = connection.connected_at is None
    _take_over(connection, document, now)
    if is_new:
        record(tenant=connection.tenant, actor=partner_actor(connection), action=Deed.CONNECTED, target=connection)
    if not connection.peer_paused_at and not connection.paused_at:
        outbox.unpark_deliveries(connection=connection, now=now)
    return connection


def _take_over(connection: PartnerConnection, document: ConnectionDocument, now: datetime) -> None:
    versions = document.protocol
    facts = {
        "connected_at": connection.connected_at or now,
        "last_heard_at": now,
        "peer_level": document.level_granted_to_you,
        "peer_paused_at": (connection.peer_paused_at or now) if "us" in document.paused_by else None,
        "peer_protocol_min": versions.min if versions else "",
        "peer_protocol_max": versions.max if versions else "",
        "peer_capabilities": sorted(set(document.capabilities)),
    }
    for name, value in facts.items():
        setattr(connection, name, value)
    connection.save(update_fields=list(facts))


@transaction.atomic
def verify(*, connection: PartnerConnection, safety_number: str, actor: Actor, now: datetime) -> PartnerConnection:
    """Two people compared the safety number by phone and it was the same (protocol §1).

    `safety_number` is the one they saw: after a new pairing an old page still shows the former one. Raises
    ConnectionEnded, NothingToCompare before the partner's code is entered, OtherSafetyNumber.
    """
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    if connection.peer_key_at is None:
        raise NothingToCompare
    if safety_number != connection.safety_number:
        raise OtherSafetyNumber
    if not connection.verified_at:
        connection.verified_at = now
        connection.save(update_fields=["verified_at"])
        record(tenant=connection.tenant, actor=actor, action=Deed.VERIFIED, target=connection)
        if connection.level == AccessLevel.AUTOMATIC and connection.connected_at:  # what is in force has risen
            outbox.enqueue_notice(connection=connection, notice=NoticeKind.LEVEL_CHANGED)
    return connection
