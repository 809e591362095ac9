"""Goods leave the store for a job and come back: hand-over and return (mission O7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.periods import Period
from inventory import reservations
from inventory.models import Reservation
from inventory.reservations import ReservationClaim
from jobs import own_stock
from jobs.locks import lock_job
from jobs.models import Job, Position

UNDONE = "hand_out_undone"  # the journal's name for it


class GoodsAreOut(BusinessError):
    code = "goods-out"
    status = 409
    message = _("Material of the job %(job)s is out: %(goods)s. Take it back first.")


class NothingToHandOut(BusinessError):
    code = "nothing-to-hand-out"
    status = 409
    message = _("Nothing is reserved for the job %(job)s that could still be handed out.")


class NothingToTakeBack(BusinessError):
    code = "nothing-to-take-back"
    status = 409
    message = _("Nothing of the job %(job)s is out.")


@dataclass(frozen=True, slots=True)
class Goods:
    """How many positions of a job wait in store, are out, and are back; `due_at`: since when the first is overdue."""

    waiting: int
    out: int
    back: int
    due_at: datetime | None


def goods_of(*, job: Job, positions: Sequence[Position], now: datetime) -> Goods:
    """Of positions that are loaded with `reservation`. Pure."""
    firm = [row.reservation for row in positions if row.reservation and not row.reservation.is_hold]
    out = [reserved for reserved in firm if reserved.is_out]
    return Goods(
        waiting=sum(reserved.handed_over_at is None for reserved in firm) if job.uses_stock else 0,
        out=len(out),
        back=sum(reserved.returned_at is not None for reserved in firm),
        due_at=min((reserved.end for reserved in out if reserved.is_overdue(now)), default=None),
    )


@transaction.atomic
def hand_out(*, job: Job, at: datetime) -> int:
    """Everything reserved for the job leaves the store; returns of how many positions.

    What leaves before its time is claimed from now on, all or nothing: raises Shortage where others have it until
    then. Raises NothingToHandOut.
    """
    job = lock_job(job)
    waiting = [row for row in _reserved(job) if row.handed_over_at is None and not row.is_hold]
    if not (job.uses_stock and waiting):
        raise NothingToHandOut(job=job.number)
    early = [_from(row, at) for row in waiting if at < row.start]
    reservations.reserve(tenant=job.tenant, claims=early, now=at)
    reservations.hand_over(tenant=job.tenant, reservations=waiting, at=at)
    return len(waiting)


@transaction.atomic
def take_back(*, job: Job, at: datetime) -> int:
    """Everything of the job that is out is back; returns of how many positions. Raises NothingToTakeBack.

    Before the job has begun it is not over: what is back is reserved for it again and waits in store.
    """
    job = lock_job(job)
    out = [row for row in _reserved(job) if row.is_out]
    if not out:
        raise NothingToTakeBack(job=job.number)
    own_stock.lock(job=job)
    reservations.take_back(tenant=job.tenant, reservations=out, at=at)
    if at <= job.planning_start:
        own_stock.move(job=job)
    return len(out)


@transaction.atomic
def undo_hand_out(*, job: Job, actor: Actor, at: datetime) -> int:
    """What was handed out last never left the store; returns of how many positions. Raises NothingToTakeBack.

    What was claimed because it left early is given back. The journal keeps what the goods themselves no longer tell.
    """
    job = lock_job(job)
    out = [(row, row.handed_over_at) for row in _reserved(job) if row.handed_over_at and row.is_out]
    if not out:
        raise NothingToTakeBack(job=job.number)
    last = max(left_at for _row, left_at in out)
    undone = [row for row, left_at in out if left_at == last]
    reservations.undo_hand_over(tenant=job.tenant, reservations=undone)
    early = [_from(row, job.planning_start) for row in undone if row.start < job.planning_start]
    reservations.reserve(tenant=job.tenant, claims=early, now=at)
    goods = [f"{row.quantity} × {row.article}" for row in undone]
    record(tenant=job.tenant, actor=actor, action=UNDONE, target=job, handed_out_at=last.isoformat(), goods=goods)
    return len(undone)


def require_in_store(*, job: Job) -> None:
    """Raise GoodsAreOut where a locked job cannot let go of its goods, because others have them."""
    refuse_out(job, list(job.positions.out().in_order()))


def refuse_out(job: Job, positions: Sequence[Position]) -> None:
    """Raise GoodsAreOut with the names of these positions, if there are any."""
    goods = ", ".join(str(position) for position in positions)
    if goods:
        raise GoodsAreOut(job=job.number, goods=goods)


def _reserved(job: Job) -> list[Reservation]:
    rows = job.positions.filter(reservation__isnull=False).select_related("reservation__article").in_order()
    return [row.reservation for row in rows if row.reservation]


def _from(row: Reservation, start: datetime) -> ReservationClaim:
    """The same reservation with another beginning."""
    return ReservationClaim(
        article_id=row.article_id,
        quantity=row.quantity,
        period=Period(start, row.end),
        label=row.label,
        reservation=row,
    )
