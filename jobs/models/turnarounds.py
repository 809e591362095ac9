"""Goods that came back to be needed again: for whom they are kept while they are turned around."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from django.db import models

from eventworx.tenants.models import Tenant
from inventory.models import Article, Reservation
from jobs.models.jobs import Job


class TurnaroundQuerySet(models.QuerySet["Turnaround"]):
    def on(self, article_ids: Iterable[int]) -> Self:
        """What of these articles is turned around, or was, and has not left again; the oldest first."""
        rows = self.filter(article__in=list(article_ids), left_at__isnull=True)
        return rows.select_related("reservation").order_by("pk")

    def reservations(self, article_ids: Iterable[int]) -> list[Reservation]:
        """What bars others from these articles while they are turned around, or did."""
        rows = self.filter(article__in=list(article_ids)).select_related("reservation")
        return [row.reservation for row in rows if row.reservation]

    def by_job(self, job_ids: Iterable[int]) -> dict[int, list[Reservation]]:
        """What bars others after each of these jobs, or did, by its id."""
        found: defaultdict[int, list[Reservation]] = defaultdict(list)
        for row in self.filter(job__in=list(job_ids)).select_related("reservation"):
            if row.reservation:
                found[row.job_id].append(row.reservation)
        return found


class Turnaround(models.Model):
    """What was out for a job, is back, and is nobody's while it is turned around: so many units of an article.

    It bars everybody else `until` then; the job that it comes back from may have it earlier, whichever of its positions
    needs it, also where the one that had it is gone. Then `reservation`, which bars the others, is cut short, and there
    is none where nothing is left of it. What left again before its time (`left_at`) is turned around anew afterwards.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="turnarounds")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="turnarounds")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="turnarounds")
    quantity = models.PositiveIntegerField()
    until = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    reservation = models.OneToOneField(
        Reservation, on_delete=models.SET_NULL, null=True, blank=True, related_name="turnaround"
    )

    objects = TurnaroundQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.quantity} × {self.article}"

    @property
    def is_cut(self) -> bool:
        """Whether it bars others for less long than it lasts; needs `reservation` loaded."""
        return self.reservation is None or self.reservation.blocked_until < self.until
