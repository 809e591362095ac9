"""What an exchange with a partner tells beside its content: how it went, and with which key he signs.

Nothing comes back three times in a row: he is left in peace for a minute, then for two, four, up to a quarter of an
hour, so that nobody waits for him and no worker is kept busy. After that one call tries him; whatever answer proves
that he is there again. All of it stands in his row, so it holds for all processes and is shown as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from eventworx.audit import record
from partners.client.problems import LOCAL, NETWORK, PartnerDown, PartnerUnreachable, Reason
from partners.models import KeySide, KeyState, PartnerConnection
from partners.models.journal import Deed, partner_actor

RESTS_AFTER = 3  # failures in a row
SHORTEST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=15)
PROBE_TAKES = timedelta(seconds=30)  # longer than any deadline: a killed probe is followed by the next


def rest_after(failures: int) -> timedelta | None:
    """How long a partner is left in peace after so many failures in a row; None: not at all."""
    if failures < RESTS_AFTER:
        return None
    return min(SHORTEST_REST * 2 ** min(failures - RESTS_AFTER, 10), LONGEST_REST)


@contextmanager
def noting(connection: PartnerConnection, *, insist: bool) -> Iterator[None]:
    """Around a call: remember how it went. Raises PartnerDown where he rests, unless somebody insists."""
    is_probe = _may_ask(connection, insist, timezone.now())
    try:
        yield
    except PartnerUnreachable as problem:
        _note_problem(connection, problem.reason, is_probe, timezone.now())
        raise
    note_answered(connection)


def _may_ask(connection: PartnerConnection, insist: bool, now: datetime) -> bool:
    """Whether this call is the one that tries a resting partner."""
    if connection.retry_at is None:
        return False
    if insist:
        return True
    if not connection.rests(now) and connection.claim_probe(until=now + PROBE_TAKES):
        return True
    if connection.still_rests():
        raise PartnerDown(connection)
    return False


@transaction.atomic
def _note_problem(connection: PartnerConnection, reason: str, is_probe: bool, now: datetime) -> None:
    if reason in LOCAL:
        return
    row = connection.locked()
    row.last_problem, row.last_problem_at = reason, now
    if reason not in NETWORK:  # something answered
        _wake(row)
    elif is_probe or row.retry_at is None:  # what began before the rest does not prolong it
        row.failures += 1
        row.failing_since = row.failing_since or now
        rest = rest_after(row.failures)
        row.retry_at = now + rest if rest else None
    row.save(update_fields=_NOTED)


_NOTED = ["last_problem", "last_problem_at", "failures", "failing_since", "retry_at"]


def _wake(row: PartnerConnection, failures: int = 0) -> None:
    row.failures, row.failing_since, row.retry_at = failures, None, None


def note_answered(connection: PartnerConnection) -> None:
    """A call was answered, signed: all is well between the servers."""
    if connection.last_problem or connection.failures:
        _wake(connection)
        connection.last_problem, connection.last_problem_at = "", None
        connection.save(update_fields=_NOTED)


def note_sign_of_life(connection: PartnerConnection, now: datetime) -> bool:
    """He asked us something, signed: he lives, so he may be asked again; whether anything was kept from him before.

    That we reach him it does not prove: the next failure lets him rest again, and a minute lies between two such
    tries, however often he asks.
    """
    said_closed = connection.last_problem == Reason.CLOSED
    rested = connection.retry_at is not None and now - (connection.last_problem_at or now) >= SHORTEST_REST
    if not said_closed and not rested:
        return False
    _wake(connection, failures=RESTS_AFTER - 1 if rested else 0)
    connection.last_problem, connection.last_problem_at = "", None
    connection.save(update_fields=_NOTED)
    return rested


@transaction.atomic
def take_up_peer_key(*, connection: PartnerConnection, keyid: str, now: datetime) -> None:
    """The partner signs with the key he announced: it is his from now on, its predecessor runs out (protocol §4)."""
    connection = connection.locked()
    keys = {key.state: key for key in connection.keys.filter(side=KeySide.PEER).order_by("since")}
    new, old = keys.get(KeyState.STAGED), keys.get(KeyState.ACTIVE)
    if connection.closed_at or new is None or new.keyid != keyid:
        return
    if old:
        old.become(KeyState.RETIRING, now)
    new.become(KeyState.ACTIVE, now)
    record(
        tenant=connection.tenant,
        actor=partner_actor(connection),
        action=Deed.PEER_KEY_CHANGED,
        target=connection,
        keyid=keyid,
    )
