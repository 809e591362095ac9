"""Orders as they stand on the wire."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant
from jobs.models import Inquiry, SubRentalOrder
from partners.models.connections import PartnerConnection


class Direction(models.TextChoices):
    OUTGOING = "outgoing", _("we order")
    INCOMING = "incoming", _("partner orders")


class PartnerOrder(models.Model):
    """An order as it stands on the wire: the document with its version, beside our own business record.

    `mailed_at`: when its mail to the supplier was written, which happens once. Of an incoming one: `is_automatic`,
    a machine confirmed it on arrival; `objections`, what kept one from it (`Objection.as_json`).
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_orders")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.PROTECT, related_name="orders")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    order_id = models.UUIDField()
    version = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=20)
    document = models.JSONField()
    sub_rental_order = models.OneToOneField(
        SubRentalOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="partner_order"
    )
    inquiry = models.OneToOneField(
        Inquiry, on_delete=models.PROTECT, null=True, blank=True, related_name="partner_order"
    )
    is_automatic = models.BooleanField(default=False)
    objections = models.JSONField(default=list, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("partner order")
        verbose_name_plural = _("partner orders")
        constraints = [
            models.UniqueConstraint(fields=["connection", "order_id"], name="partner_order_once"),
            models.CheckConstraint(
                condition=Q(direction="outgoing", sub_rental_order__isnull=False, inquiry__isnull=True)
                | Q(direction="incoming", sub_rental_order__isnull=True, inquiry__isnull=False),
                name="partner_order_has_its_record",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "updated_at", "id"], name="orders_by_change"),
            # Counts what machines have confirmed lately, however many orders there have been.
            models.Index(fields=["connection", "created_at"], condition=Q(is_automatic=True), name="orders_by_machine"),
        ]

    def __str__(self) -> str:
        return str(self.order_id)
