"""What others ask of us: the "Partneranfrage", from its arrival to our answer (mission O2, O9; protocol §7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.money import line_net
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.numbers import NumberKind, next_number
from inventory.models import Article
from jobs.currency import require_bookable, require_own_currency
from jobs.factors import sale_factor
from jobs.locks import lock_job
from jobs.logistics import address_of
from jobs.models import Inquiry, InquiryLine, Job, Position
from jobs.planning import check_periods, create_job, enter_state, set_state
from jobs.promises import covers_period, missing_of
from jobs.states import JobState, OrderState


@dataclass(frozen=True, slots=True)
class InquiryLineData:
    """A line as it arrived, already on one of our articles; `expected_net` is the total the customer saw."""

    wire_id: UUID
    article: Article
    quantity: int
    expected_net: Decimal | None = None
    customer_article_number: str = ""
    customer_article_name: str = ""


class InquiryIsAnswered(BusinessError):
    code = "inquiry-answered"
    status = 409
    message = _("The inquiry %(inquiry)s is %(state)s already.")


class JobLacksLines(BusinessError):
    code = "job-lacks-lines"
    status = 409
    message = _("The job %(job)s no longer holds everything that was asked for. Missing: %(missing)s.")


class JobHasMoved(BusinessError):
    code = "job-moved"
    status = 409
    message = _("The job %(job)s was moved: it no longer covers the period that was asked for.")


class JobIsGone(BusinessError):
    code = "job-cancelled"
    status = 409
    message = _("The job %(job)s is cancelled: reopen it before you confirm the inquiry.")


@transaction.atomic
def receive_inquiry(
    *,
    tenant: Tenant,
    customer: Contact,
    lines: Sequence[InquiryLineData],
    planning_period: Period,
    usage_period: Period,
    currency: str,
    customer_reference: str = "",
    customer_details: Mapping[str, Any] | None = None,
    logistics: Mapping[str, Any] | None = None,
    remark: str = "",
    zone: ZoneInfo | None = None,
) -> Inquiry:
    """Write down an inquiry on our own articles at our own prices, less the customer's discount.

    Billable days are counted in `zone`, the usage period's own (default: the tenant's); net = sum of rounded lines.
    Raises ForeignCurrency, AmountTooHigh and the errors of check_periods.
    """
    require_own_currency(tenant=tenant, currency=currency)
    check_periods(planning=planning_period, usage=usage_period)
    days = usage_period.days_touched(zone or tenant.zone)
    rows = [_line(customer, data, days, currency) for data in lines]
    net = sum((row.net for row in rows), Decimal(0))
    require_bookable(net, *(data.expected_net for data in lines if data.expected_net))
    inquiry = tenant.inquiries.create(
        number=next_number(tenant=tenant, kind=NumberKind.INQUIRY),
        customer=customer,
        customer_reference=customer_reference,
        customer_details=dict(customer_details or {}),
        planning_start=planning_period.start,
        planning_end=planning_period.end,
        usage_start=usage_period.start,
        usage_end=usage_period.end,
        logistics=dict(logistics or {}),
        remark=remark,
        currency=currency,
        net=net,
    )
    for row in rows:
        row.tenant, row.inquiry = tenant, inquiry
    inquiry.lines.bulk_create(rows)
    return inquiry


@transaction.atomic
def mark_seen(*, inquiry: Inquiry, at: datetime) -> bool:
    """Note that a person opened it. True the first time, False ever after."""
    return bool(inquiry.tenant.inquiries.filter(pk=inquiry.pk, seen_at__isnull=True).update(seen_at=at))


@transaction.atomic
def make_job(*, inquiry: Inquiry) -> Job:
    """The job of an inquiry: made at the first call, the same one ever after (mission O2: one click, no typing).

    Raises InquiryIsAnswered where there is no job and nothing left to plan.
    """
    locked = _lock(inquiry)
    if locked.job:
        return locked.job
    _require_requested(locked)
    job = create_job(
        tenant=locked.tenant,
        title=" – ".join(filter(None, [locked.customer.name, locked.customer_reference]))[:200],
        customer=locked.customer,
        planning_period=locked.planning_period,
        usage_period=locked.usage_period,
        is_running=True,
        venue=address_of(locked.logistics)[:300],
        customer_reference=locked.customer_reference,
        note=locked.remark,
    )
    _copy_lines(locked, job)
    locked.job = job
    locked.save(update_fields=["job"])
    return job


@transaction.atomic
def confirm_inquiry(*, inquiry: Inquiry, at: datetime) -> Inquiry:
    """Promise everything: the job becomes an order and every own part is reserved in full, under lock (mission O9).

    Otherwise Shortage with the exact shortfall per article, and nothing is changed.
    Also raises InquiryIsAnswered, JobIsGone, JobHasMoved, JobLacksLines.
    """
    locked = _lock(inquiry)
    _require_requested(locked)
    job = lock_job(make_job(inquiry=locked))
    require_confirmable(locked, job)
    enter_state(job=job, state=JobState.ORDER, partial=False)
    return _answer(inquiry, OrderState.CONFIRMED, at)


def require_confirmable(inquiry: Inquiry, job: Job) -> None:
    """Whoever confirms promises all lines for the whole time, whatever was changed in the job in between.

    What was out and is back is reserved no longer. Raises JobIsGone, JobHasMoved, JobLacksLines.
    """
    if job.state == JobState.CANCELLED:
        raise JobIsGone(job=job.number)
    if not covers_period(job, inquiry):
        raise JobHasMoved(job=job.number)
    missing = missing_of(job.positions.not_back(), inquiry)
    if missing:
        raise JobLacksLines(job=job.number, missing=", ".join(f"{n} × {article}" for article, n in missing.items()))


@transaction.atomic
def decline_inquiry(*, inquiry: Inquiry, reason: str, at: datetime) -> Inquiry:
    """Say no. The job, if there is one, is cancelled. Raises InquiryIsAnswered, OrdersAreOpen."""
    locked = _lock(inquiry)
    _require_requested(locked)
    job = _locked_job(locked)
    if job and job.state != JobState.CANCELLED:
        set_state(job=job, state=JobState.CANCELLED)
    return _answer(inquiry, OrderState.DECLINED, at, reason)


@transaction.atomic
def withdraw_inquiry(*, inquiry: Inquiry, at: datetime, reason: str = "") -> Inquiry:
    """The customer takes it back before our answer. Raises InquiryIsAnswered.

    The job is cancelled, unless we have ordered for it ourselves or its goods are out: then it stays for a person to
    unwind.
    """
    return _end(inquiry, OrderState.WITHDRAWN, at, reason, keeps=_is_under_way)


@transaction.atomic
def close_inquiry(*, inquiry: Inquiry, at: datetime, reason: str = "") -> Inquiry:
    """Declined for ourselves alone, whose customer cannot be told any more. Raises InquiryIsAnswered.

    The job is cancelled and what it holds is free, unless a person has made it an order (it was agreed by phone) or it
    is under way, as above.
    """
    return _end(inquiry, OrderState.DECLINED, at, reason, keeps=lambda job: job.uses_stock or _is_under_way(job))


def _lock(inquiry: Inquiry) -> Inquiry:
    """A fresh copy, locked; without joins, as in `jobs.locks`."""
    return inquiry.tenant.inquiries.select_for_update(no_key=True).get(pk=inquiry.pk)


def _locked_job(inquiry: Inquiry) -> Job | None:
    """Locked before it is judged: what others do to it meanwhile must not keep anybody from answering."""
    return lock_job(inquiry.job) if inquiry.job else None


def _require_requested(inquiry: Inquiry) -> None:
    if inquiry.state != OrderState.REQUESTED:
        raise InquiryIsAnswered(inquiry=inquiry.number, state=inquiry.get_state_display())


def _end(inquiry: Inquiry, state: OrderState, at: datetime, reason: str, keeps: Callable[[Job], bool]) -> Inquiry:
    """Without our doing; its job is cancelled but for one that somebody `keeps`."""
    locked = _lock(inquiry)
    _require_requested(locked)
    job = _locked_job(locked)
    if job and job.state != JobState.CANCELLED and not keeps(job):
        set_state(job=job, state=JobState.CANCELLED)
    return _answer(inquiry, state, at, reason)


def _answer(inquiry: Inquiry, state: OrderState, at: datetime, reason: str = "") -> Inquiry:
    """Write the answer on the caller's own copy too, which may be shown right away."""
    inquiry.refresh_from_db()
    inquiry.state, inquiry.reason, inquiry.answered_at = state, reason, at
    inquiry.save(update_fields=["state", "reason", "answered_at"])
    return inquiry


def _line(customer: Contact, data: InquiryLineData, days: int, currency: str) -> InquiryLine:
    line = InquiryLine(
        wire_id=data.wire_id,
        article=data.article,
        quantity=data.quantity,
        unit_price=data.article.rental_price,
        factor=sale_factor(article=data.article, days=days),
        discount_percent=customer.discount_percent,
        expected_net=data.expected_net,
        customer_article_number=data.customer_article_number,
        customer_article_name=data.customer_article_name,
    )
    line.net = line_net(
        quantity=line.quantity,
        unit_price=line.unit_price,
        factor=line.factor,
        discount_percent=line.discount_percent,
        currency=currency,
    )
    return line


def _copy_lines(inquiry: Inquiry, job: Job) -> None:
    lines = inquiry.lines.select_related("article").order_by("pk")
    job.positions.bulk_create(
        Position(
            tenant=inquiry.tenant,
            job=job,
            sequence=sequence,
            article=line.article,
            description=line.article.name,
            quantity=line.quantity,
            unit=line.article.unit,
            unit_price=line.unit_price,
            factor=line.factor,
            discount_percent=line.discount_percent,
        )
        for sequence, line in enumerate(lines, start=1)
    )


def _is_under_way(job: Job) -> bool:
    return job.sub_rental_orders.standing().exists() or job.positions.gone().exists()
