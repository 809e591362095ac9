"""What we have promised: a job must go on fulfilling the inquiries that were confirmed with it (mission O9)."""

from collections import Counter

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from inventory.models import Article
from jobs.models import Inquiry, InquiryQuerySet, Job, PositionQuerySet
from jobs.states import OrderState


class JobIsPromised(BusinessError):
    code = "job-promised"
    status = 409
    message = _(
        "%(customer)s relies on the confirmed inquiry %(inquiry)s: the job has to go on fulfilling it. "
        "Please clear it up with them."
    )


def require_kept(job: Job) -> None:
    """Raise JobIsPromised where a locked job, as it is now, has fallen behind a confirmed inquiry."""
    for inquiry in job.inquiries.filter(state=OrderState.CONFIRMED, binds=True).select_related("customer"):
        if not (job.uses_stock and covers_period(job, inquiry)) or missing_of(job.positions.all(), inquiry):
            raise JobIsPromised(customer=inquiry.customer, inquiry=inquiry.number)


def end_promises(*, inquiries: InquiryQuerySet) -> None:
    """Their customers can no longer be told anything: what is reserved stays until a person releases it."""
    inquiries.update(binds=False)


def covers_period(job: Job, inquiry: Inquiry) -> bool:
    """Whether the goods are away for it as long as was asked."""
    return job.planning_start <= inquiry.planning_start and inquiry.planning_end <= job.planning_end


def missing_of(positions: PositionQuerySet, inquiry: Inquiry) -> Counter[Article]:
    """What was asked for and does not stand in these positions of its job."""
    asked, there = Counter[Article](), Counter[Article]()
    for line in inquiry.lines.select_related("article"):
        asked[line.article] += line.quantity
    for row in positions.select_related("article", "reservation"):
        if row.article:
            there[row.article] += row.possible_quantity
    return asked - there
