"""The emergency brake: while it is pulled, no machine confirms an order (mission R5)."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant
from partners.models.connections import PartnerConnection


class BrakeQuerySet(models.QuerySet["Brake"]):
    def on(self, connection: PartnerConnection) -> Self:
        """Those that keep this partner's orders waiting: his own and that of all."""
        return self.filter(Q(connection=None) | Q(connection=connection))


class Brake(models.Model):
    """One that is pulled, for one partner or (no connection) for all. Letting go of it deletes the row."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_brakes")
    connection = models.ForeignKey(
        PartnerConnection, on_delete=models.CASCADE, null=True, blank=True, related_name="brakes"
    )
    pulled_at = models.DateTimeField()

    objects = BrakeQuerySet.as_manager()

    class Meta:
        verbose_name = _("emergency brake")
        verbose_name_plural = _("emergency brakes")
        constraints = [
            models.UniqueConstraint(fields=["tenant"], condition=Q(connection=None), name="one_brake_for_all"),
            models.UniqueConstraint(fields=["connection"], name="one_brake_per_connection"),
        ]

    def __str__(self) -> str:
        return str(self.connection or self.tenant)
