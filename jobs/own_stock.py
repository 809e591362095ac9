"""Keeps the reservations of positions in step with their job. Callers hold the job's lock (`jobs.locks`)."""

from collections.abc import Mapping

from inventory.reservations import Claim

from inventory import reservations
from jobs.models import Job, Position


def reserve(*, job: Job, partial: bool) -> None:
    """Reserve what the own parts of a job still lack.

    With `partial` as far as it is free; without, everything, or Shortage with the exact shortfall and no change.
    """
    wanted = {row: row.own_quantity for row in _own_parts(job) if row.reserved_quantity < row.own_quantity}
    _renew(job, wanted, partial=partial)


def move(*, job: Job) -> None:
    """Take everything that is reserved to the job's new period, all or nothing (Shortage); then fill up."""
    if job.uses_stock:
        _renew(job, {row: row.reserved_quantity for row in _own_parts(job) if row.reservation}, partial=False)
        reserve(job=job, partial=True)


def release(*, job: Job) -> None:
    """Give everything back."""
    _give_back(job, [row for row in _own_parts(job) if row.reservation])


def keep(*, position: Position) -> None:
    """Bring one position in step: less is given back, more is reserved as far as it is free."""
    job = position.job
    if not (job.uses_stock and position.article) or position.reserved_quantity == position.own_quantity:
        return
    if position.own_quantity:
        _renew(job, {position: position.own_quantity}, partial=True)
    else:
        give_back(position=position)


def give_back(*, position: Position) -> None:
    """Release what one position holds."""
    _give_back(position.job, [position] if position.reservation else [])


def _own_parts(job: Job) -> list[Position]:
    rows = job.positions.filter(article__isnull=False).select_related("article", "reservation").in_order()
    return [row for row in rows if row.own_quantity or row.reservation]


def _renew(job: Job, wanted: Mapping[Position, int], *, partial: bool) -> None:
    """Replace what positions hold by `wanted`; nobody sees the gap, since the transaction is one."""
    _give_back(job, [row for row in wanted if row.reservation])
    claims = [
        Claim(article=row.article, period=job.planning_period, quantity=quantity, label=str(job)[:200])
        for row, quantity in wanted.items()
        if row.article
    ]
    made = reservations.reserve(tenant=job.tenant, claims=claims, partial=partial)
    for row, reservation in zip(wanted, made, strict=True):
        row.reservation = reservation
    job.positions.bulk_update(wanted, ["reservation"])


def _give_back(job: Job, positions: list[Position]) -> None:
    held = [row.reservation for row in positions if row.reservation]
    for row in positions:
        row.reservation = None
    job.positions.bulk_update(positions, ["reservation"])
    reservations.release(tenant=job.tenant, reservations=held)
