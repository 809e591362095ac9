"""Own stock that is free again after all: the job says so, and one click takes it over (mission J6)."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.messaging.inbox import notify
from eventworx.rounds import go_round
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Permission
from jobs import own_stock
from jobs.locks import lock_job
from jobs.models import Job, Position
from jobs.positions import fresh, open_job
from jobs.shortages import known_of, needs_of, shortages_of


class NothingFreeAnyMore(BusinessError):
    code = "nothing-free"
    status = 409
    message = _("Nothing of the own stock is free for “%(position)s” any more.")


@transaction.atomic
def take_over(*, position: Position) -> int:
    """Let our own stock stand in for what a position lacks or was to hire and has not ordered; returns how many.

    Raises NothingFreeAnyMore, JobIsClosed, PositionIsGone.
    """
    job = open_job(position.job)
    position = fresh(position)
    own_stock.lock(job=job)
    need = shortages_of(job=job)[position.pk]
    if not need.takeable:
        raise NothingFreeAnyMore(position=position.description)
    hired = position.sub_rented_quantity
    position.sub_rented_quantity = hired - max(need.takeable - need.shortage, 0)
    own_stock.keep(position=position)
    # With longer buffers than it was reserved with, less of it may be free than where it is counted apart.
    taken = position.reserved_quantity - need.reserved if job.uses_stock else need.takeable
    if taken < 1:
        raise NothingFreeAnyMore(position=position.description)
    position.sub_rented_quantity = hired - max(taken - need.shortage, 0)
    position.save(update_fields=["sub_rented_quantity"])
    return taken


def tell_free(*, tenant: Tenant, now: datetime) -> None:
    """A message to sales for each order whose positions can have own stock again: once per position, and once more
    only where it had gone in between."""
    related = "job__tenant", "article", "reservation"
    rows = list(tenant.positions.wanting_stock(now).select_related(*related).order_by("job", "sequence", "pk"))
    needs = needs_of(positions=rows, known=known_of(tenant=tenant, positions=rows, now=now))
    free = [row for row in rows if needs[row.pk].takeable]
    tenant.positions.filter(told_free_at__isnull=False).exclude(pk__in=[row.pk for row in free]).update(
        told_free_at=None
    )
    untold = [row for row in free if row.told_free_at is None]
    by_job = {job: [(row, needs[row.pk].takeable) for row in found] for job, found in groupby(untold, _job_of)}
    go_round(by_job, lambda job: _tell(job, by_job[job], now))


def _job_of(row: Position) -> Job:
    return row.job


@transaction.atomic
def _tell(job: Job, found: Iterable[tuple[Position, int]], now: datetime) -> None:
    """Under the lock of the job: of two workers one tells."""
    untold = lock_job(job).positions.filter(told_free_at__isnull=True)
    fresh = [f"{n} × {row.description}" for row, n in found if untold.filter(pk=row.pk).update(told_free_at=now)]
    if fresh:
        notify(
            tenant=job.tenant,
            permission=Permission.EDIT_JOBS,
            subject=format_lazy(_("Own stock is free again: {job}"), job=str(job)),
            body=format_lazy(_("These can be taken over instead of hiring them: {goods}."), goods=", ".join(fresh)),
            link=job.get_absolute_url(),
        )
