"""The option: own stock held while a quote is out, until it runs out (mission §6)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.rounds import go_round
from eventworx.tenants.models import Tenant
from jobs import own_stock
from jobs.locks import lock_job
from jobs.models import Job

USUAL = timedelta(days=14)
KEPT = timedelta(days=3)  # how long rows of a hold that ran out stay to be seen


class NothingToHold(BusinessError):
    code = "hold-not-possible"
    status = 409
    message = _("Only what is an inquiry or a quote can be held: the job %(job)s is neither.")


class HoldIsOver(BusinessError):
    code = "hold-over"
    message = _("An option has to end later than now.")
    field = "until"


class HoldOutlastsStart(BusinessError):
    code = "hold-too-long"
    message = _("An option ends at the latest when the planning period starts.")
    field = "until"


def usual_end(*, job: Job, now: datetime) -> datetime:
    """What is proposed: 14 days from now, at the latest the start of planning."""
    return min(now + USUAL, job.planning_start)


@transaction.atomic
def hold_material(*, job: Job, until: datetime, now: datetime) -> Job:
    """Hold the own parts of a job until then, as far as they are free; what is held already goes on until then.

    Others' shortages count it as use. Becoming an order makes it firm. Raises NothingToHold, HoldIsOver,
    HoldOutlastsStart.
    """
    job = lock_job(job)
    if not job.may_hold:
        raise NothingToHold(job=job.number)
    if until <= now:
        raise HoldIsOver
    if until > job.planning_start:
        raise HoldOutlastsStart
    job.held_until = until
    job.save(update_fields=["held_until", "updated_at"])
    own_stock.reserve(job=job, partial=True, now=now)
    return job


@transaction.atomic
def release_hold(*, job: Job) -> Job:
    """End the option before its time; an order keeps what it has reserved."""
    job = lock_job(job)
    if job.may_hold:
        job.held_until = None
        job.save(update_fields=["held_until", "updated_at"])
        own_stock.release(job=job)
    return job


def sweep_holds(*, tenant: Tenant, now: datetime) -> None:
    """Clear away rows of holds that ran out some days ago, job by job; what is turned around after a job whose hold has
    run out makes way for it no longer."""
    before = now - KEPT
    expired = tenant.jobs.filter(positions__reservation__expires_at__lt=before)
    turning = tenant.jobs.filter(held_until__lte=now, turnarounds__until__gt=now)
    jobs = {*expired.distinct(), *turning.distinct()}
    go_round(sorted(jobs, key=lambda job: job.pk), lambda job: _sweep_job(job, before, now))


@transaction.atomic
def _sweep_job(job: Job, before: datetime, now: datetime) -> None:
    job = lock_job(job)
    own_stock.lock(job=job)
    own_stock.forget_holds(job=job, before=before)
    own_stock.let_last(job=job, now=now)
