"""Keeps the reservations of positions in step with their job. Callers hold the job's lock (`jobs.locks`).

An order reserves firmly; a job that is held ("Option") does so until the hold runs out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from eventworx.periods import Period
from inventory import hand_overs, reservations
from inventory.courses import lock_articles
from inventory.models import Reservation
from inventory.reservations import ReservationClaim
from jobs import turnarounds
from jobs.models import Job, Position


def reserve(*, job: Job, partial: bool, now: datetime | None = None) -> None:
    """Reserve what the own parts of a job still lack, and make of each what the job's are: firm, or held until then.

    With `partial` as far as it is free; without, everything, or Shortage with the exact shortfall and no change.
    """
    expires_at = _expiry(job)
    lacking = {row: row.own_quantity for row in _own_parts(job) if _lacks(row, expires_at)}
    _hold(job, lacking, partial=partial, now=now or timezone.now())


def move(*, job: Job) -> None:
    """Take everything that is reserved to the job's new period, all or nothing (Shortage); then fill up.

    Where the option has run out with the move, what it held is given back. What was out and is back belongs to the
    time before: a job that begins after it needs its goods anew, which only others do not get while they are turned
    around.
    """
    now = timezone.now()
    if not job.takes_stock(now):
        release(job=job)
        return
    lock(job=job)
    over = job.positions.filter(reservation__returned_at__isnull=False, reservation__end__lte=job.planning_start)
    _part_with(job, [row.reservation for row in over.select_related("reservation") if row.reservation], now)
    _hold(job, _standing(job, now), partial=False, now=now)
    reserve(job=job, partial=True, now=now)


def rename(*, job: Job) -> None:
    """Let what is held say for whom, now that the job is called otherwise."""
    now = timezone.now()
    _hold(job, _standing(job, now), partial=False, now=now)


def lock(*, job: Job) -> None:
    """Lock all articles of a job, for whoever reserves or gives back more than once."""
    articles = job.positions.filter(article__isnull=False).values_list("article_id", flat=True)
    lock_articles(tenant=job.tenant, article_ids=articles)


def release(*, job: Job) -> None:
    """Give everything back, and part with what was out and is back: should the job be an order again, it reserves
    anew."""
    lock(job=job)
    _give_back(job, job.positions.filter(reservation__isnull=False).select_related("reservation"))


def keep(*, position: Position) -> None:
    """Bring one position in step: less is given back, more is reserved as far as it is free."""
    now = timezone.now()
    if not (position.article_id and position.job.takes_stock(now)) or position.is_over:
        return
    if position.own_quantity:
        _hold(position.job, {position: position.own_quantity}, partial=True, now=now)
    else:
        give_back(position=position)


def give_back(*, position: Position) -> None:
    """Release what one position holds."""
    _give_back(position.job, [position])


def pass_on(*, job: Job, article_id: int | None) -> None:
    """What a position has given back is there for others of its job first, as far as they lack it and nothing of theirs
    has left: nobody would hand out the rest. All articles of the job are locked."""
    now, expires_at = timezone.now(), _expiry(job)
    waiting = [row for row in _own_parts(job) if row.article_id == article_id and not row.is_gone]
    rows = [row for row in waiting if _lacks(row, expires_at)]
    if rows and job.takes_stock(now):
        _hold(job, {row: row.own_quantity for row in rows}, partial=True, now=now)


def forget_holds(*, job: Job, before: datetime) -> None:
    """Clear away the rows of holds that ran out before then; they have counted for nothing since."""
    expired = job.positions.filter(reservation__expires_at__lt=before)
    _give_back(job, expired.select_related("reservation"))


def let_last(*, job: Job, now: datetime) -> None:
    """What was cut short for a hold that has run out is turned around to its end."""
    lock(job=job)
    articles = job.positions.filter(article__isnull=False).values_list("article_id", flat=True)
    turnarounds.let_last(job=job, article_ids=set(articles), now=now)


def _own_parts(job: Job) -> list[Position]:
    """What reserves, or did; but not what was out and is back, or is sold: that is over."""
    rows = job.positions.filter(article__isnull=False).select_related("article", "reservation").in_order()
    return [row for row in rows if (row.own_quantity or row.reservation) and not row.is_over]


def _standing(job: Job, now: datetime) -> dict[Position, int]:
    """What each own part has at this moment."""
    rows = [row for row in _own_parts(job) if row.reservation and row.reservation.counts(now)]
    return {row: row.reserved_quantity for row in rows}


def _expiry(job: Job) -> datetime | None:
    return None if job.uses_stock else job.held_until


def _lacks(row: Position, expires_at: datetime | None) -> bool:
    """Whether it has less than its own part, or on other terms."""
    if row.own_quantity == 0:
        return False
    reserved = row.reservation
    return reserved is None or reserved.quantity < row.own_quantity or reserved.expires_at != expires_at


def _hold(job: Job, wanted: Mapping[Position, int], *, partial: bool, now: datetime) -> None:
    """Let each position hold what is wanted, instead of what it holds now."""
    claims = [
        ReservationClaim(
            article_id=row.article.pk,
            quantity=quantity,
            period=_away(row, job.planning_period),
            label=str(job)[:200],
            reservation=row.reservation,
            expires_at=_expiry(job),
        )
        for row, quantity in wanted.items()
        if row.article
    ]
    before = {row: row.reserved_quantity for row in wanted}
    turned = job.turnarounds.exists()
    if turned:
        lock(job=job)
        turnarounds.make_way(job=job, wanted=wanted, again=job.planning_period, now=now)
    held = reservations.reserve(tenant=job.tenant, claims=claims, partial=partial, now=now)
    for row, reservation in zip(wanted, held, strict=True):
        row.reservation = reservation
    job.positions.bulk_update(wanted, ["reservation"])
    if turned:
        _more_is_out(job, before)
        turnarounds.let_last(job=job, article_ids={claim.article_id for claim in claims}, now=now)


def _more_is_out(job: Job, before: Mapping[Position, int]) -> None:
    """What is reserved in addition to goods that are out has left with them."""
    for row, quantity in before.items():
        if row.reservation and row.reservation.is_out and row.reservation.handed_over_at:
            more = {row.reservation.article_id: row.reserved_quantity - quantity}
            turnarounds.leave(job=job, units=more, at=row.reservation.handed_over_at)


def _away(row: Position, planning: Period) -> Period:
    """What has left the store is away since then, whenever the job is to begin."""
    if row.reservation and row.reservation.is_out:
        return Period(min(row.reservation.start, planning.start), planning.end)
    return planning


def _give_back(job: Job, positions: Iterable[Position]) -> None:
    held = [(row, row.reservation) for row in positions if row.reservation]
    back = [reservation for _, reservation in held if reservation.returned_at]
    reservations.release(tenant=job.tenant, reservations={reservation for _, reservation in held} - {*back})
    now = timezone.now()
    if back:
        _part_with(job, back, now)
    for row, _ in held:
        row.reservation = None
    turnarounds.let_last(job=job, article_ids={reservation.article_id for _, reservation in held}, now=now)


def _part_with(job: Job, back: Sequence[Reservation], now: datetime) -> None:
    job.positions.filter(reservation__in=back).update(reservation=None)
    turnarounds.keep(job=job, turning=hand_overs.part_with(tenant=job.tenant, reservations=back, now=now))
