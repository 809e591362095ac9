"""Planning a job: when, for whom, and in which state. States that use stock reserve the own parts (mission E3)."""

from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.numbers import NumberKind, next_number
from eventworx.web.templatetags.ewx import period as shown_period
from jobs import own_stock
from jobs.factors import cost_factor, sale_factor, usage_days
from jobs.goods import require_in_store
from jobs.locks import lock_job
from jobs.models import Job
from jobs.promises import require_kept
from jobs.signals import job_changed
from jobs.states import NEXT_STATES, USES_STOCK, JobState


class JobFields(TypedDict, total=False):
    """What may be said about a job besides title, customer and periods."""

    venue: str
    customer_reference: str
    tax_percent: Decimal
    note: str


class JobChanges(JobFields, total=False):
    """What may be changed of a job."""

    title: str
    customer: Contact
    planning_period: Period
    usage_period: Period


class NotACustomer(BusinessError):
    code = "not-a-customer"
    message = _("%(contact)s is not marked as a customer.")
    field = "customer"


class UsageStartsTooEarly(BusinessError):
    code = "usage-outside-planning"
    message = _("The usage cannot start before the planning period.")
    field = "usage_start"


class UsageEndsTooLate(BusinessError):
    code = "usage-outside-planning"
    message = _("The usage cannot end after the planning period.")
    field = "usage_end"


class StateNotPossible(BusinessError):
    code = "state-not-possible"
    status = 409
    message = _("A job in the state “%(now)s” cannot become “%(wanted)s”.")


class StateMovedOn(BusinessError):
    code = "state-moved-on"
    status = 409
    message = _("Meanwhile the job is “%(now)s”. Nothing has been changed: look at it once more.")


class JobMovedOn(BusinessError):
    code = "job-moved-on"
    status = 409
    message = _(
        "Meanwhile the job has been moved, and nothing has been saved. Now its planning period is %(planning)s, its "
        "usage period %(usage)s. Look at the times once more and save again."
    )

    def __init__(self, job: Job) -> None:
        planning, usage = (shown_period(found, job.tenant) for found in (job.planning_period, job.usage_period))
        super().__init__(planning=planning, usage=usage)


class OrdersAreOpen(BusinessError):
    code = "orders-open"
    status = 409
    message = _(
        "The job cannot be cancelled while sub-rental orders are open or confirmed: %(orders)s. "
        "Withdraw them first or clear them up with the supplier."
    )


def check_periods(*, planning: Period, usage: Period) -> None:
    """Raise UsageStartsTooEarly or UsageEndsTooLate unless the usage lies inside the planning period."""
    if usage.start < planning.start:
        raise UsageStartsTooEarly
    if usage.end > planning.end:
        raise UsageEndsTooLate


@transaction.atomic
def create_job(
    *,
    tenant: Tenant,
    title: str,
    customer: Contact,
    planning_period: Period,
    usage_period: Period,
    state: JobState = JobState.INQUIRY,
    is_running: bool = False,
    **fields: Unpack[JobFields],
) -> Job:
    """A new job with the next number, without positions. Raises NotACustomer, unless he was one when he asked for what
    `is_running` (mission R3), and the errors of check_periods."""
    check_periods(planning=planning_period, usage=usage_period)
    if not (customer.is_customer or is_running):
        raise NotACustomer(contact=customer)
    fields.setdefault("tax_percent", tenant.tax_percent)
    job = Job(
        tenant=tenant,
        number=next_number(tenant=tenant, kind=NumberKind.JOB),
        title=title,
        customer=customer,
        state=state,
        **fields,
    )
    _set_periods(job, planning_period, usage_period)
    job.save()
    return job


@transaction.atomic
def update_job(*, job: Job, seen: tuple[Period, Period] | None = None, **changes: Unpack[JobChanges]) -> Job:
    """Change a job; what is not named stays as it is now, whatever `job` says.

    What is reserved moves with it, all or nothing: otherwise Shortage, and nothing is changed. An option ends at
    the latest when the job starts. Day factors of prices and costs follow the days of the new usage period.
    `job_changed` is sent after commit if a period moved.
    Raises JobIsPromised where it would leave the period of an inquiry that was confirmed, and JobMovedOn where its two
    periods, planning and usage, are no longer those that the person had `seen` who moves it.
    """
    job = lock_job(job)
    before, called, customer = (job.planning_period, job.usage_period), str(job), job.customer
    planning, usage = changes.pop("planning_period", before[0]), changes.pop("usage_period", before[1])
    if seen not in {None, before} and before != (planning, usage):
        raise JobMovedOn(job)
    check_periods(planning=planning, usage=usage)
    for name, value in changes.items():
        setattr(job, name, value)
    if job.customer != customer and not job.customer.is_customer:
        raise NotACustomer(contact=job.customer)
    _set_periods(job, planning, usage)
    if job.held_until:
        job.held_until = min(job.held_until, job.planning_start)
    job.save()
    if before != (job.planning_period, job.usage_period):
        require_kept(job)
        own_stock.move(job=job)
        _follow_usage(job, before[1])
        _announce(job)
    elif called != str(job):
        own_stock.rename(job=job)
    return job


@transaction.atomic
def set_state(*, job: Job, state: JobState, seen: str = "") -> Job:
    """Take a job to another state (`jobs.states.NEXT_STATES`), from the one that was `seen` where a person does it.

    Becoming an order reserves what is free of the own parts, and what is held becomes firm; what is missing shows as
    shortage. Leaving it releases. Raises StateNotPossible, OrdersAreOpen for a cancellation while suppliers still
    count on us, JobIsPromised while a customer counts on a confirmed inquiry, GoodsAreOut and GoodsAreSold, and
    StateMovedOn.
    """
    job = lock_job(job)
    if seen and seen != job.state:
        raise StateMovedOn(now=job.get_state_display())
    if state not in NEXT_STATES[JobState(job.state)]:
        raise StateNotPossible(now=job.get_state_display(), wanted=JobState(state).label)
    if state == JobState.CANCELLED:
        _refuse_open_orders(job)
    if not USES_STOCK[state]:
        require_in_store(job=job)
    enter_state(job=job, state=state, partial=True)
    require_kept(job)
    return job


def enter_state(*, job: Job, state: JobState, partial: bool) -> None:
    """Write the state of a locked job and bring its reservations in line.

    With `partial` what is free is reserved, without it everything or Shortage. An option goes on only among states
    that may have one.
    """
    job.state = state
    if not job.may_hold:
        job.held_until = None
    job.save(update_fields=["state", "held_until", "updated_at"])
    if job.uses_stock:
        own_stock.reserve(job=job, partial=partial)
    elif job.held_until is None:
        own_stock.release(job=job)
    _announce(job)


def _set_periods(job: Job, planning: Period, usage: Period) -> None:
    job.planning_start, job.planning_end = planning.start, planning.end
    job.usage_start, job.usage_end = usage.start, usage.end


def _follow_usage(job: Job, before: Period) -> None:
    """Recompute the day factors of every position where the usage takes other days than `before`: as long as it does
    not, what was agreed stands, whatever the scales say by now and in whichever zone days were counted."""
    days = usage_days(tenant=job.tenant, usage_period=job.usage_period)
    if days == usage_days(tenant=job.tenant, usage_period=before):
        return
    positions = list(job.positions.select_related("article__factor_scale"))
    for position in positions:
        position.factor = sale_factor(article=position.article, days=days)
        position.cost_factor = cost_factor(cost_scale=position.cost_scale, days=days)
    job.positions.bulk_update(positions, ["factor", "cost_factor"])


def _refuse_open_orders(job: Job) -> None:
    numbers = job.sub_rental_orders.standing().order_by("number").values_list("number", flat=True)
    if numbers:
        raise OrdersAreOpen(orders=", ".join(numbers))


def _announce(job: Job) -> None:
    transaction.on_commit(lambda: job_changed.send(sender=Job, job=job))
