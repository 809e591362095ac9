"""What was refused at the door, counted (security.md §4)."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from partners.models.connections import PartnerConnection

DAYS_SHOWN = 30


class RefusalQuerySet(models.QuerySet["Refusal"]):
    def lately(self, now: datetime) -> Self:
        return self.filter(day__gt=(now - timedelta(days=DAYS_SHOWN)).date())

    def older(self, now: datetime) -> Self:
        """What is shown nowhere any more."""
        return self.filter(day__lte=(now - timedelta(days=DAYS_SHOWN)).date())

    def newest_first(self) -> Self:
        return self.order_by("-last_at", "pk")


class Refusal(models.Model):
    """How many requests were refused on one day (UTC) for one reason; one row, however many there were. In the same
    way what we left out of the partner's answers, because it could not be read.

    `connection` is null for requests that name none of ours: they concern nobody but the operator. `reason` is a
    `protocol.signing.Reason` where nothing was proven, else the code of the problem.
    """

    id = models.CharField(primary_key=True, max_length=100)
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, null=True, related_name="refusals")
    day = models.DateField()
    reason = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()
    last_address = models.CharField(max_length=45, blank=True)

    objects = RefusalQuerySet.as_manager()

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        indexes = [models.Index(fields=["day"], name="refusals_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}: {self.count}"

    @staticmethod
    def add(*, connection: PartnerConnection | None, reason: str, address: str, count: int, now: datetime) -> None:
        """Count `count` more; whoever comes first on a day makes the row, and nobody loses a count to another."""
        row_id = f"{now.date()} {reason} {connection.pk if connection else '-'}"
        news: dict[str, Any] = {"last_at": now, "last_address": address}
        row = Refusal.objects.filter(pk=row_id)
        if not row.update(count=F("count") + count, **news):
            fresh = Refusal(pk=row_id, connection=connection, day=now.date(), reason=reason, **news)
            Refusal.objects.bulk_create([fresh], ignore_conflicts=True)
            row.update(count=F("count") + count, **news)

    @staticmethod
    def of_all(now: datetime) -> RefusalQuerySet:
        """Over all tenants, and of nobody: for operators."""
        return Refusal.objects.lately(now).select_related("connection__tenant", "connection__contact").newest_first()
