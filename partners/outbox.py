"""What a partner must learn (mission O6): written with the deed, delivered until he has it or says no.

The row is the truth; Celery only rings the doorbell. Locks are taken in one order, connection before delivery,
and none is held while we wait for the partner.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from random import SystemRandom
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from eventworx.celery import app
from eventworx.installation import in_quarantine
from eventworx.rounds import go_round
from partners import client
from partners.client import (
    Answer,
    PartnerDown,
    PartnerPaused,
    PartnerProblem,
    PartnerRefused,
    PartnerUnreachable,
    Reason,
    SignedRequest,
)
from partners.models import Delivery, DeliveryState, PartnerConnection, PartnerOrder
from partners.protocol import retry
from partners.protocol.signing import LIFETIME
from partners.protocol.wire import ProblemCode

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
DEADLINE_SECONDS = 10.0
DOORBELL = "partners.tasks.deliver_one"
PAUSED_HERE = "paused-here"
CLOSED = "closed"
TOO_LATE = "too-late"
GIVEN_UP = "given-up"
SUPERSEDED = "superseded"


class DeliveryKind(models.TextChoices):
    PAIRING = "pairing", _("Handshake")
    NOTICE = "notice", _("Notice")
    KEYS = "keys", _("Change of our key")
    ORDER = "order", _("Sub-rental order")
    COMMAND = "command", _("Answer to a sub-rental order")
    EVENT = "event", _("News on an order")
    FAREWELL = "farewell", _("Farewell")


# What concerns the connection itself is delivered while we have paused it.
_DELIVERED_WHILE_PAUSED = frozenset(
    {DeliveryKind.PAIRING, DeliveryKind.NOTICE, DeliveryKind.KEYS, DeliveryKind.FAREWELL}
)
# What a paused partner would refuse; once one of them is taken, he has resumed.
_PROVES_NOT_PAUSED = frozenset({DeliveryKind.ORDER, DeliveryKind.COMMAND})


class Outcome(Enum):
    NOT_DUE = "not due"
    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"
    PARKED = "parked"
    FAILED = "failed"


def _ignore(*_args: Any) -> None:
    pass


@dataclass(frozen=True, slots=True)
class DeliveryHandlers:
    """What a kind of delivery means to whoever sent it; each is called in the transaction of the outcome.

    `unreachable` is called at the first failure only, `given_up` (with the last problem, '' for none; the delivery
    says "too-late", "given-up" or "closed" by then) when a person has to take over, `late` once, when it is still not
    delivered after 15 minutes (orders only).
    """

    delivered: Callable[[Delivery, Answer, datetime], None] = _ignore
    unreachable: Callable[[Delivery, PartnerUnreachable, datetime], None] = _ignore
    refused: Callable[[Delivery, PartnerRefused, datetime], None] = _ignore
    given_up: Callable[[Delivery, str, datetime], None] = _ignore
    late: Callable[[Delivery], None] = _ignore


Handlers = Mapping[str, DeliveryHandlers]


def enqueue_delivery(
    *,
    connection: PartnerConnection,
    kind: DeliveryKind,
    path: str,
    body: dict[str, Any],
    order: PartnerOrder | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Delivery:
    """Write down what the partner must learn, in the caller's transaction; the doorbell rings on commit.

    `path` lies below /api/partner/v1. Until `not_before` it stays here, after `not_after` it waits for a person. While
    we have paused the connection it is parked.
    """
    is_parked = bool(connection.paused_at) and kind not in _DELIVERED_WHILE_PAUSED
    delivery = connection.deliveries.create(
        tenant_id=connection.tenant_id,
        kind=kind.value,
        path=path,
        body=body,
        order=order,
        not_after=not_after,
        next_attempt_at=not_before or timezone.now(),
        state=DeliveryState.PARKED if is_parked else DeliveryState.QUEUED,
        last_problem=PAUSED_HERE if is_parked else "",
    )
    transaction.on_commit(partial(_ring, delivery.pk))
    return delivery


def _ring(delivery_id: int) -> None:
    """Wake a worker. Without a broker, or with a dead one, the sweep finds the row a moment later."""
    if not settings.CELERY_BROKER_URL:
        return
    try:
        app.send_task(DOORBELL, args=[delivery_id], retry=False)
    except OperationalError:
        logger.warning("no broker: delivery %s waits for the sweep", delivery_id)


def enqueue_notice(*, connection: PartnerConnection, notice: str) -> None:
    """Tell the partner about the connection itself; what is older and not told yet is dropped."""
    waiting = connection.deliveries.unfinished().filter(kind=DeliveryKind.NOTICE)
    waiting.update(state=DeliveryState.FAILED, last_problem=SUPERSEDED)
    enqueue_delivery(
        connection=connection, kind=DeliveryKind.NOTICE, path="/connection/notice", body={"notice": notice}
    )


def enqueue_farewell(*, connection: PartnerConnection, signed: SignedRequest, now: datetime) -> None:
    """The last word of an ended connection: tried once, while its signature is good."""
    delivery = connection.deliveries.create(
        tenant_id=connection.tenant_id,
        kind=DeliveryKind.FAREWELL,
        path=signed.target,
        body=asdict(signed),
        not_after=now + timedelta(seconds=LIFETIME),
        next_attempt_at=now,
    )
    transaction.on_commit(partial(_ring, delivery.pk))


def park_deliveries(*, connection: PartnerConnection) -> None:
    """We paused: what waits stays where it is."""
    waiting = connection.deliveries.unfinished().exclude(kind__in=_DELIVERED_WHILE_PAUSED)
    waiting.update(state=DeliveryState.PARKED, last_problem=PAUSED_HERE)


def unpark_deliveries(*, connection: PartnerConnection, now: datetime) -> None:
    """We or the partner resumed, or he gave a sign of life: what is parked goes out at once."""
    parked = connection.deliveries.filter(state=DeliveryState.PARKED)
    parked.update(state=DeliveryState.QUEUED, next_attempt_at=now)


def end_deliveries(*, connection: PartnerConnection, now: datetime) -> None:
    """The connection is over: nothing of it is tried again. What somebody has sent is ended by the worker, who tells
    him so."""
    waiting = connection.deliveries.unfinished()
    waiting.filter(order__isnull=False).update(next_attempt_at=now)
    waiting.filter(order__isnull=True).update(state=DeliveryState.FAILED, last_problem=CLOSED)


def refused_pairing(*, connection: PartnerConnection) -> str:
    """The reason for which the partner refused the handshake for good; '' if he did not."""
    ended = connection.deliveries.filter(kind=DeliveryKind.PAIRING, state=DeliveryState.FAILED)
    last = ended.exclude(last_problem__in=[TOO_LATE, CLOSED]).newest_first().first()
    return last.last_problem if last else ""


def hurry_pairing(*, connection: PartnerConnection, now: datetime) -> None:
    """The partner has entered our code: the handshake need not wait for its next turn."""
    connection.deliveries.unfinished().filter(kind=DeliveryKind.PAIRING).update(next_attempt_at=now)


def hurry_deliveries(*, connection: PartnerConnection, now: datetime) -> None:
    """A partner who did not answer lives: what waited for him goes out at once."""
    kept_back = connection.deliveries.filter(
        state=DeliveryState.QUEUED, last_problem__in=[*client.NETWORK, Reason.DOWN]
    )
    kept_back.filter(next_attempt_at__gt=now).update(next_attempt_at=now)


def attempt(*, delivery_id: int, now: datetime, handlers: Handlers) -> Outcome:
    """Try one delivery if it is due; raises RuntimeError inside a transaction.

    A worker that dies on the way leaves a claim that ends by itself; delivering twice is harmless. A copy of an
    installation leaves everything as it is (security.md §2).
    """
    claimed = None if in_quarantine() else _claim(delivery_id, now)
    if claimed is None:
        return Outcome.NOT_DUE
    delivery, obstacle = claimed
    of_kind = handlers.get(delivery.kind, DeliveryHandlers())
    if obstacle:
        return _record(delivery, obstacle, of_kind, now)
    if delivery.kind == DeliveryKind.FAREWELL:
        return _say_farewell(delivery)
    return _record(delivery, _result(delivery), of_kind, timezone.now())


@transaction.atomic
def _claim(delivery_id: int, now: datetime) -> tuple[Delivery, str] | None:
    """Take the row for a while, so that whatever goes wrong with it keeps nobody else waiting; with its obstacle."""
    delivery = Delivery.locked_if_due(delivery_id, now)
    if delivery is None:
        return None
    obstacle = _obstacle(delivery, now)
    delivery.attempts += 0 if obstacle else 1
    delivery.claimed_until = now + LEASE
    delivery.save(update_fields=["attempts", "claimed_until"])
    return delivery, obstacle


def _say_farewell(delivery: Delivery) -> Outcome:
    """One try, whatever comes of it; the signed words are forgotten then."""
    signed = SignedRequest(**delivery.body)
    delivery.body = {}
    try:
        client.send_ahead(request=signed, partner=str(delivery.connection), deadline=DEADLINE_SECONDS)
    except PartnerUnreachable as problem:
        _save(delivery, DeliveryState.FAILED, problem.reason)
        return Outcome.FAILED
    delivery.delivered_at = timezone.now()
    _save(delivery, DeliveryState.DELIVERED, "")
    return Outcome.DELIVERED


def _obstacle(delivery: Delivery, now: datetime) -> str:
    """Why it must not go out now, read in the transaction of the claim."""
    if delivery.connection.closed_at and delivery.kind != DeliveryKind.FAREWELL:
        return CLOSED
    if delivery.not_after and now >= delivery.not_after:
        return TOO_LATE
    if delivery.kind != DeliveryKind.PAIRING and retry.has_given_up(delivery.created_at, now):
        return GIVEN_UP
    if delivery.connection.paused_at and delivery.kind not in _DELIVERED_WHILE_PAUSED:
        return PAUSED_HERE
    return ""


def _stop(delivery: Delivery, obstacle: str, of_kind: DeliveryHandlers, now: datetime) -> Outcome:
    if obstacle == PAUSED_HERE:
        _save(delivery, DeliveryState.PARKED, obstacle, now + retry.PARKED_FOR)
        return Outcome.PARKED
    last_problem = delivery.last_problem
    _save(delivery, DeliveryState.FAILED, obstacle)
    of_kind.given_up(delivery, last_problem, now)
    return Outcome.FAILED


def _result(delivery: Delivery) -> Answer | PartnerProblem:
    """What the partner says, or why he did not. No transaction is open here."""
    try:
        return client.call(
            connection=delivery.connection,
            method="POST",
            path=delivery.path,
            body=delivery.body,
            idempotency_key=delivery.idempotency_key,
            deadline=DEADLINE_SECONDS,
            with_new_key=delivery.kind == DeliveryKind.KEYS,
        )
    except PartnerProblem as problem:
        return problem


@transaction.atomic
def _record(
    claimed: Delivery, result: Answer | PartnerProblem | str, of_kind: DeliveryHandlers, now: datetime
) -> Outcome:
    """Write down the outcome, unless the delivery was ended meanwhile or somebody else took it up.

    A text as `result` is the obstacle that kept the delivery back.
    """
    connection = claimed.connection.locked()
    delivery = Delivery.locked(claimed.pk)
    is_ours = delivery.claimed_until == claimed.claimed_until
    if not is_ours or delivery.state not in {DeliveryState.QUEUED, DeliveryState.PARKED}:
        return Outcome.NOT_DUE
    delivery.connection = connection
    if connection.closed_at and not isinstance(result, Answer):
        result = CLOSED  # over while it was under way: whatever kept it back, nothing will come of it
    if isinstance(result, str):
        return _stop(delivery, result, of_kind, now)
    if isinstance(result, Answer):
        return _delivered(delivery, result, of_kind, now)
    if isinstance(result, PartnerPaused):
        return _parked(delivery, now)
    if isinstance(result, PartnerRefused):
        _save(delivery, DeliveryState.FAILED, result.reason)
        of_kind.refused(delivery, result, now)
        return Outcome.FAILED
    return _unreachable(delivery, result, of_kind, now)


def _delivered(delivery: Delivery, answer: Answer, of_kind: DeliveryHandlers, now: datetime) -> Outcome:
    delivery.delivered_at = now
    _save(delivery, DeliveryState.DELIVERED, "")
    if delivery.connection.peer_paused_at and delivery.kind in _PROVES_NOT_PAUSED:
        delivery.connection.peer_paused_at = None
        delivery.connection.save(update_fields=["peer_paused_at"])
    of_kind.delivered(delivery, answer, now)
    return Outcome.DELIVERED


def _parked(delivery: Delivery, now: datetime) -> Outcome:
    _save(delivery, DeliveryState.PARKED, ProblemCode.PAUSED, now + retry.PARKED_FOR)
    if not delivery.connection.peer_paused_at:
        delivery.connection.peer_paused_at = now
        delivery.connection.save(update_fields=["peer_paused_at"])
    return Outcome.PARKED


def _unreachable(delivery: Delivery, problem: PartnerProblem, of_kind: DeliveryHandlers, now: datetime) -> Outcome:
    is_first = delivery.last_problem in {"", PAUSED_HERE, ProblemCode.PAUSED}
    if isinstance(problem, PartnerDown):
        delivery.attempts -= 1  # he was not asked
        next_at = problem.next_at
    else:
        retry_after = problem.retry_after if isinstance(problem, PartnerUnreachable) else None
        next_at = retry.next_attempt(delivery.attempts, now, SystemRandom(), retry_after)
    _save(delivery, DeliveryState.QUEUED, problem.reason, next_at)
    if is_first and isinstance(problem, PartnerUnreachable):
        of_kind.unreachable(delivery, problem, now)
    return Outcome.UNREACHABLE


def _save(delivery: Delivery, state: DeliveryState, problem: str, next_at: datetime | None = None) -> None:
    delivery.state, delivery.last_problem, delivery.claimed_until = state, str(problem), None
    # Never later than its end, so that the person who has to take over learns in time.
    next_at = next_at or delivery.next_attempt_at
    delivery.next_attempt_at = min(next_at, delivery.not_after or next_at)
    changed = ["state", "attempts", "last_problem", "claimed_until", "next_attempt_at", "delivered_at", "body"]
    delivery.save(update_fields=changed)


def tell_late(*, now: datetime, handlers: Handlers) -> int:
    """Tell the senders of orders that are still under way after 15 minutes, once each; how many (protocol §6).

    Trouble with one of them is raised after the others' turn.
    """
    if in_quarantine():
        return 0
    queued_before = now - retry.ALERT_AFTER
    late = Delivery.late_ids(DeliveryKind.ORDER, queued_before)
    return sum(go_round(late, lambda pk: _tell_late(pk, queued_before, handlers, now)))


@transaction.atomic
def _tell_late(delivery_id: int, queued_before: datetime, handlers: Handlers, now: datetime) -> bool:
    delivery = Delivery.locked_if_late(delivery_id, DeliveryKind.ORDER, queued_before)
    if delivery is None:
        return False
    delivery.alarmed_at = now
    delivery.save(update_fields=["alarmed_at"])
    handlers.get(delivery.kind, DeliveryHandlers()).late(delivery)
    return True


def deliver_due(*, now: datetime, handlers: Handlers, limit: int = 50) -> int:
    """Try what is due; the number of attempts. A partner who is down costs one attempt a round, not one per row."""
    tried: set[int] = set()
    down: set[UUID] = set()
    while len(tried) < limit and not in_quarantine():
        delivery = Delivery.next_due(now, tried=tried, down=down)
        if delivery is None:
            break
        tried.add(delivery.pk)
        if attempt(delivery_id=delivery.pk, now=now, handlers=handlers) is Outcome.UNREACHABLE:
            down.add(delivery.connection_id)
    return len(tried)
