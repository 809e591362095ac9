"""What we order from suppliers, and its lines as they were ordered."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from jobs.models.jobs import Job
from jobs.models.positions import Position
from jobs.states import ORDERED_STATES, OrderState


class SubRentalOrderQuerySet(models.QuerySet["SubRentalOrder"]):
    def standing(self) -> Self:
        """Open and confirmed orders: suppliers count on us."""
        return self.filter(state__in=ORDERED_STATES)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")


class SubRentalOrder(models.Model):
    """What we order from a supplier for a job ("Bestellung"): our own business record, whoever the supplier is."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="sub_rental_orders")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="sub_rental_orders")
    supplier = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="sub_rental_orders")
    number = models.CharField(_("number"), max_length=30)
    state = models.CharField(_("state"), max_length=20, choices=OrderState.choices, default=OrderState.REQUESTED)
    planning_start = models.DateTimeField(_("planning from"))
    planning_end = models.DateTimeField(_("planning until"))
    usage_start = models.DateTimeField(_("usage from"))
    usage_end = models.DateTimeField(_("usage until"))
    currency = models.CharField(max_length=3)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    logistics = models.JSONField(default=dict, blank=True)
    remark = models.TextField(_("remark"), blank=True, max_length=4000)
    reason = models.TextField(_("reason"), blank=True, max_length=4000)
    supplier_reference = models.CharField(_("supplier's reference"), max_length=100, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="sub_rental_orders"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = SubRentalOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("sub-rental order")
        verbose_name_plural = _("sub-rental orders")
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="sub_rental_order_number_once")]

    def __str__(self) -> str:
        return self.number


class SubRentalOrderLineQuerySet(models.QuerySet["SubRentalOrderLine"]):
    def standing(self) -> Self:
        """Lines of open and confirmed orders: what they name counts as ordered."""
        return self.filter(order__state__in=ORDERED_STATES)


class SubRentalOrderLine(models.Model):
    """A position as it was ordered: frozen, outlives the position; `id` on the wire is `wire_id`."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="sub_rental_order_lines")
    order = models.ForeignKey(SubRentalOrder, on_delete=models.CASCADE, related_name="lines")
    position = models.ForeignKey(Position, on_delete=models.SET_NULL, null=True, related_name="order_lines")
    wire_id = models.UUIDField()
    supplier_article_id = models.CharField(max_length=64, blank=True)
    supplier_number = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=30, blank=True)
    quantity = models.PositiveIntegerField()
    unit_cost = models.DecimalField(max_digits=16, decimal_places=6)
    factor = models.DecimalField(max_digits=10, decimal_places=6)
    discount_percent = models.DecimalField(max_digits=9, decimal_places=6)
    net = models.DecimalField(max_digits=14, decimal_places=2)

    objects = SubRentalOrderLineQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "order", "wire_id"], name="order_line_wire_id_once")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"
