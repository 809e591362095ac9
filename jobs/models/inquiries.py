"""What others ask of us."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article
from jobs.models.jobs import Job
from jobs.states import OrderState


class InquiryQuerySet(models.QuerySet["Inquiry"]):
    def open(self) -> Self:
        return self.in_state(OrderState.REQUESTED)

    def in_state(self, state: str) -> Self:
        return self.filter(state=state)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")


class Inquiry(models.Model):
    """What somebody asks of us: the "Partneranfrage" (mission O2). Once confirmed it `binds` its job (`promises`)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inquiries")
    number = models.CharField(_("number"), max_length=30)
    customer = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="inquiries")
    state = models.CharField(_("state"), max_length=20, choices=OrderState.choices, default=OrderState.REQUESTED)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="inquiries")
    binds = models.BooleanField(default=True)
    customer_reference = models.CharField(_("customer's reference"), max_length=100, blank=True)
    customer_details = models.JSONField(default=dict, blank=True)
    planning_start = models.DateTimeField(_("planning from"))
    planning_end = models.DateTimeField(_("planning until"))
    usage_start = models.DateTimeField(_("usage from"))
    usage_end = models.DateTimeField(_("usage until"))
    logistics = models.JSONField(default=dict, blank=True)
    remark = models.TextField(_("remark"), blank=True)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    reason = models.TextField(_("reason"), blank=True, max_length=4000)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = InquiryQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("inbound", "Inquiry")
        verbose_name_plural = pgettext_lazy("inbound", "Inquiries")
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="inquiry_number_once")]

    def __str__(self) -> str:
        return self.number

    @property
    def planning_period(self) -> Period:
        return Period(self.planning_start, self.planning_end)

    @property
    def usage_period(self) -> Period:
        return Period(self.usage_start, self.usage_end)


class InquiryLine(models.Model):
    """A line of an inquiry, on one of our own articles, at our own price."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inquiry_lines")
    inquiry = models.ForeignKey(Inquiry, on_delete=models.CASCADE, related_name="lines")
    wire_id = models.UUIDField()
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="inquiry_lines")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=12, decimal_places=2)
    factor = models.DecimalField(max_digits=8, decimal_places=4)
    discount_percent = models.DecimalField(max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    expected_net = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    customer_article_number = models.CharField(max_length=100, blank=True)
    customer_article_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "inquiry", "wire_id"], name="inquiry_line_wire_id_once")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.article}"
