"""Goods that came back to be needed again: for whom they are kept while they are turned around."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import models

from eventworx.tenants.models import Tenant
from inventory.models import Reservation
from jobs.models.jobs import Job


class TurnaroundQuerySet(models.QuerySet["Turnaround"]):
    def reservations(self, article_ids: Iterable[int]) -> list[Reservation]:
        """What of these articles is turned around, or was."""
        rows = self.filter(reservation__article__in=list(article_ids)).select_related("reservation")
        return [row.reservation for row in rows]

    def by_job(self, job_ids: Iterable[int]) -> dict[int, list[Reservation]]:
        """What is turned around after each of these jobs, or was, by its id."""
        found: defaultdict[int, list[Reservation]] = defaultdict(list)
        for row in self.filter(job__in=list(job_ids)).select_related("reservation"):
            found[row.job_id].append(row.reservation)
        return found


class Turnaround(models.Model):
    """What was out for a job, is back, and is nobody's while it is turned around.

    It bars everybody else; the job that it comes back from may have it earlier, whichever of its positions needs it,
    also where the one that had it is gone.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="turnarounds")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="turnarounds")
    reservation = models.OneToOneField(Reservation, on_delete=models.CASCADE, related_name="turnaround")

    objects = TurnaroundQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.reservation)
