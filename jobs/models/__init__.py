"""What we do for customers: jobs, what we hire for them, and what others ask of us."""

from jobs.models.inquiries import Inquiry, InquiryLine, InquiryQuerySet
from jobs.models.jobs import Job, JobQuerySet
from jobs.models.orders import SubRentalOrder, SubRentalOrderLine, SubRentalOrderLineQuerySet, SubRentalOrderQuerySet
from jobs.models.positions import Position, PositionQuerySet
from jobs.models.turnarounds import Turnaround, TurnaroundQuerySet

__all__ = [
    "Inquiry",
    "InquiryLine",
    "InquiryQuerySet",
    "Job",
    "JobQuerySet",
    "Position",
    "PositionQuerySet",
    "SubRentalOrder",
    "SubRentalOrderLine",
    "SubRentalOrderLineQuerySet",
    "SubRentalOrderQuerySet",
    "Turnaround",
    "TurnaroundQuerySet",
]
