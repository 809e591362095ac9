"""Goods leave the store for a job and come back, or are sold: hand-over and return (mission O7)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.periods import Period
from inventory import hand_overs, reservations
from inventory.models import Reservation, StockMovement
from inventory.reservations import ReservationClaim
from jobs import own_stock, turnarounds
from jobs.locks import lock_job
from jobs.models import Job, Position

# The journal's names for it.
SOLD, UNDONE, NOT_BACK = "goods_sold", "hand_out_undone", "take_back_undone"
COUNTED = "additions_counted_as_owned"


class GoodsAreOut(BusinessError):
    code = "goods-out"
    status = 409
    message = _("Material of the job %(job)s is out: %(goods)s. Take it back first.")


class GoodsAreSold(BusinessError):
    code = "goods-sold"
    status = 409
    message = _("With the job %(job)s these have been sold: %(goods)s. Undo the hand-over first.")


class NothingToHandOut(BusinessError):
    code = "nothing-to-hand-out"
    status = 409
    message = _("Nothing is reserved for the job %(job)s that could still be handed out.")


class NothingToTakeBack(BusinessError):
    code = "nothing-to-take-back"
    status = 409
    message = _("Nothing of the job %(job)s is out.")


class NothingIsBack(BusinessError):
    code = "nothing-back"
    status = 409
    message = _("Nothing of the job %(job)s has been taken back.")


class GoodsMovedOn(BusinessError):
    code = "goods-moved-on"
    status = 409
    message = _("Material of the job %(job)s has been moved since you looked. Look again before you undo it.")


class FewerNeededThanLeft(BusinessError):
    code = "fewer-needed"
    status = 409
    message = _("These had left, and their positions need fewer by now: %(goods)s. Raise the quantities first.")


@dataclass(frozen=True, slots=True)
class Goods:
    """How many positions of a job wait in store, are out, are back, and are sold for good; `due_at`: since when the
    first is overdue. `left_at`, `back_at`: when the last left that can be undone, and came back."""

    waiting: int
    out: int
    back: int
    sold: int
    due_at: datetime | None
    left_at: datetime | None
    back_at: datetime | None


def goods_of(*, job: Job, positions: Sequence[Position], now: datetime) -> Goods:
    """Of positions that are loaded with `reservation`. Pure."""
    firm = [row.reservation for row in positions if row.reservation and not row.reservation.is_hold]
    out = [reserved for reserved in firm if reserved.is_out]
    return Goods(
        waiting=sum(reserved.waits for reserved in firm) if job.uses_stock else 0,
        out=len(out),
        back=sum(reserved.returned_at is not None for reserved in firm),
        sold=sum(reserved.is_sold for reserved in firm),
        due_at=min((reserved.end for reserved in out if reserved.is_late(now)), default=None),
        left_at=max((left_at for _row, left_at in _gone(firm)), default=None),
        back_at=max((came_at for _row, came_at in _returned(firm)), default=None),
    )


@transaction.atomic
def hand_out(*, job: Job, actor: Actor, at: datetime) -> int:
    """Everything reserved for the job leaves the store; returns of how many positions.

    What leaves before its time is claimed from now on, all or nothing: raises Shortage where others have it until
    then. What is for sale is sold by it: it is owned no longer, which the journal tells. Raises NothingToHandOut,
    TooFewOwned.
    """
    job = lock_job(job)
    waiting = [row for row in _reserved(job) if row.waits]
    if not (job.uses_stock and waiting):
        raise NothingToHandOut(job=job.number)
    own_stock.lock(job=job)
    early = [row for row in waiting if at < row.start]
    if early:
        wanted = {row.position: row.quantity for row in early}
        turnarounds.make_way(job=job, wanted=wanted, again=Period(at, job.planning_end), now=at)
    claims = [_during(row, Period(at, row.end)) for row in early]
    reservations.reserve(tenant=job.tenant, claims=claims, now=at)
    sale = hand_overs.hand_over(tenant=job.tenant, reservations=waiting, at=at)
    leaving = Counter[int]()
    for row in waiting:
        leaving[row.article_id] += row.quantity
    turnarounds.leave(job=job, units=leaving, at=at)
    _tell_journal(job, actor, [row for row in waiting if row in sale.sold], sale.owned_now)
    return len(waiting)


@transaction.atomic
def take_back(*, job: Job, at: datetime) -> int:
    """Everything of the job that is out is back; returns of how many positions. Raises NothingToTakeBack, also where
    all that left is sold.

    Before the job has begun it is not over: what is back is reserved for it again and waits in store.
    """
    job = lock_job(job)
    out = [row for row in _reserved(job) if row.is_out]
    if not out:
        raise NothingToTakeBack(job=job.number)
    own_stock.lock(job=job)
    if at <= job.planning_start:
        _wait_again(job, out, at)
    else:
        hand_overs.take_back(tenant=job.tenant, reservations=out, at=at)
    return len(out)


def _wait_again(job: Job, back: Sequence[Reservation], at: datetime) -> None:
    """What is back waits for the job as it was reserved for it, with the buffers of then: reserved anew it might be
    less. Until the job begins it is turned around."""
    turnarounds.begin(job=job, back=back, at=at)
    hand_overs.undo_hand_over(tenant=job.tenant, reservations=back)
    reservations.reserve(tenant=job.tenant, claims=[_during(row, job.planning_period) for row in back], now=at)
    own_stock.move(job=job)


@transaction.atomic
def undo_hand_out(*, job: Job, actor: Actor, at: datetime, seen: datetime | None = None) -> int:
    """What was handed out last never left the store; returns of how many positions. Raises NothingToTakeBack, and
    GoodsMovedOn where it left at another time than `seen`, when it left as far as the person knew who undoes it.

    What was sold is owned and reserved again, for the job as it is by now; what was claimed because it left early is
    given back. The journal keeps what the goods themselves no longer tell.
    """
    job = lock_job(job)
    gone = _gone(_reserved(job))
    if not gone:
        raise NothingToTakeBack(job=job.number)
    last, undone = _last(job, gone, seen)
    own_stock.lock(job=job)
    hand_overs.undo_hand_over(tenant=job.tenant, reservations=undone)
    astray = [_during(row, job.planning_period) for row in undone if row.period != job.planning_period]
    reservations.reserve(tenant=job.tenant, claims=astray, now=at)
    turnarounds.stay(job=job, left_at=last)
    turnarounds.let_last(job=job, article_ids={row.article_id for row in undone}, now=at)
    detail = {"handed_out_at": last.isoformat(), "goods": _named(undone)}
    record(tenant=job.tenant, actor=actor, action=UNDONE, target=job, **detail)
    return len(undone)


@transaction.atomic
def undo_take_back(*, job: Job, actor: Actor, at: datetime, seen: datetime | None = None) -> int:
    """What was taken back last never came back; returns of how many positions.

    It is claimed again until the job's planning ends, all or nothing: raises Shortage where others have been promised
    it meanwhile. What should be back by then is overdue again. Raises NothingIsBack, FewerNeededThanLeft, and
    GoodsMovedOn as undo_hand_out does.
    """
    job = lock_job(job)
    back = _returned(_reserved(job))
    if not back:
        raise NothingIsBack(job=job.number)
    last, undone = _last(job, back, seen)
    beyond = [row for row in undone if row.position.own_quantity < row.quantity]
    if beyond:
        raise FewerNeededThanLeft(goods=", ".join(_named(beyond)))
    own_stock.lock(job=job)
    away = [_during(row, Period(min(row.start, job.planning_start), job.planning_end)) for row in undone]
    reservations.reserve(tenant=job.tenant, claims=away, now=at)
    hand_overs.undo_take_back(tenant=job.tenant, reservations=undone)
    detail = {"taken_back_at": last.isoformat(), "goods": _named(undone)}
    record(tenant=job.tenant, actor=actor, action=NOT_BACK, target=job, **detail)
    return len(undone)


def require_in_store(*, job: Job) -> None:
    """Raise GoodsAreOut or GoodsAreSold where a locked job cannot let go of its goods, because others have them."""
    refuse_gone(job, list(job.positions.gone().in_order()))


def refuse_gone(job: Job, positions: Sequence[Position]) -> None:
    """Raise GoodsAreOut or GoodsAreSold with the names of these positions, which are gone, if there are any."""
    out, sold = [row for row in positions if not row.sold_quantity], [row for row in positions if row.sold_quantity]
    for rows, refusal in ((out, GoodsAreOut), (sold, GoodsAreSold)):
        if rows:
            goods = ", ".join(f"{row.reserved_quantity} × {row.description}" for row in rows)
            raise refusal(job=job.number, goods=goods)


def _tell_journal(job: Job, actor: Actor, sold: Sequence[Reservation], owned_now: Sequence[StockMovement]) -> None:
    """What was sold, and for each article what stands among its dated changes no longer because of it."""
    if sold:
        record(tenant=job.tenant, actor=actor, action=SOLD, target=job, goods=_named(sold))
    for article, rows in groupby(owned_now, key=lambda row: row.article):
        said = [{"quantity": row.quantity, "since": row.start.isoformat(), "note": row.note} for row in rows]
        record(tenant=job.tenant, actor=actor, action=COUNTED, target=article, additions=said, job=job.number)


def _reserved(job: Job) -> list[Reservation]:
    rows = job.positions.filter(reservation__isnull=False).select_related("article", "reservation__article").in_order()
    return [row.reservation for row in rows if row.reservation]


def _gone(rows: Iterable[Reservation]) -> list[tuple[Reservation, datetime]]:
    """What has left the store and is not back, and when it left."""
    return [(row, row.left_at) for row in rows if row.left_at and (row.is_out or row.is_sold)]


def _returned(rows: Iterable[Reservation]) -> list[tuple[Reservation, datetime]]:
    """What is back, and when it came."""
    return [(row, row.returned_at) for row in rows if row.returned_at]


def _last(
    job: Job, moved: Sequence[tuple[Reservation, datetime]], seen: datetime | None
) -> tuple[datetime, list[Reservation]]:
    """When it moved last, and what of it did then."""
    last = max(moved_at for _row, moved_at in moved)
    if seen not in {None, last}:
        raise GoodsMovedOn(job=job.number)
    return last, [row for row, moved_at in moved if moved_at == last]


def _named(rows: Iterable[Reservation]) -> list[str]:
    """What they are of, for the journal."""
    return [f"{row.quantity} × {row.article}" for row in rows]


def _during(row: Reservation, period: Period) -> ReservationClaim:
    """The same reservation in another period."""
    return ReservationClaim(
        article_id=row.article_id, quantity=row.quantity, period=period, label=row.label, reservation=row
    )
