"""Keeps the reservations of positions in step with their job. Callers hold the job's lock (`jobs.locks`)."""

from collections.abc import Iterable, Mapping

from inventory import reservations
from inventory.reservations import ReservationClaim
from jobs.models import Job, Position


def reserve(*, job: Job, partial: bool) -> None:
    """Reserve what the own parts of a job still lack.

    With `partial` as far as it is free; without, everything, or Shortage with the exact shortfall and no change.
    """
    lacking = {row: row.own_quantity for row in _own_parts(job) if row.reserved_quantity < row.own_quantity}
    _hold(job, lacking, partial=partial)


def move(*, job: Job) -> None:
    """Take everything that is reserved to the job's new period, all or nothing (Shortage); then fill up."""
    if job.uses_stock:
        parts = _own_parts(job)
        reservations.lock_articles(tenant=job.tenant, article_ids=[row.article_id for row in parts if row.article_id])
        _hold(job, {row: row.reserved_quantity for row in parts if row.reservation}, partial=False)
        reserve(job=job, partial=True)


def release(*, job: Job) -> None:
    """Give everything back."""
    _give_back(job, _own_parts(job))


def keep(*, position: Position) -> None:
    """Bring one position in step: less is given back, more is reserved as far as it is free."""
    if not (position.job.uses_stock and position.article_id):
        return
    if position.own_quantity:
        _hold(position.job, {position: position.own_quantity}, partial=True)
    else:
        give_back(position=position)


def give_back(*, position: Position) -> None:
    """Release what one position holds."""
    _give_back(position.job, [position])


def _own_parts(job: Job) -> list[Position]:
    rows = job.positions.filter(article__isnull=False).select_related("article", "reservation").in_order()
    return [row for row in rows if row.own_quantity or row.reservation]


def _hold(job: Job, wanted: Mapping[Position, int], *, partial: bool) -> None:
    """Let each position hold what is wanted, instead of what it holds now."""
    claims = [
        ReservationClaim(
            article_id=row.article.pk,
            quantity=quantity,
            period=job.planning_period,
            label=str(job)[:200],
            reservation=row.reservation,
        )
        for row, quantity in wanted.items()
        if row.article
    ]
    held = reservations.reserve(tenant=job.tenant, claims=claims, partial=partial)
    for row, reservation in zip(wanted, held, strict=True):
        row.reservation = reservation
    job.positions.bulk_update(wanted, ["reservation"])


def _give_back(job: Job, positions: Iterable[Position]) -> None:
    held = [(row, row.reservation) for row in positions if row.reservation]
    reservations.release(tenant=job.tenant, reservations=[reservation for _, reservation in held])
    for row, _ in held:
        row.reservation = None
