"""What we do for customers: jobs, what we hire for them, and what others ask of us."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.contacts.models import Contact
from eventworx.money import line_net
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.text import fold, search_words
from inventory.models import Article, Reservation
from jobs.states import ORDERED_STATES, USES_STOCK, JobState, OrderState

AMOUNT = [MinValueValidator(0)]
PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class JobQuerySet(models.QuerySet["Job"]):
    def matching(self, query: str) -> Self:
        """Jobs in which every word of `query` is found (number, title, customer, venue)."""
        found = self
        for word in search_words(query):
            found = found.filter(search_key__contains=word)
        return found

    def in_state(self, state: str) -> Self:
        return self.filter(state=state)

    def of_contact(self, contact: Contact) -> Self:
        """Jobs for a contact as customer, and those for which it lends us something."""
        return self.filter(Q(customer=contact) | Exists(contact.sub_rental_positions.filter(job=OuterRef("pk"))))

    def running_at(self, period: Period) -> Self:
        return self.filter(planning_start__lt=period.end, planning_end__gt=period.start)

    def coming(self, now: datetime) -> Self:
        """Jobs that run at `now` or later."""
        return self.filter(planning_end__gt=now)

    def past(self, now: datetime) -> Self:
        return self.filter(planning_end__lte=now)

    def alive(self) -> Self:
        return self.exclude(state=JobState.CANCELLED)

    def next_first(self) -> Self:
        return self.order_by("planning_start", "pk")

    def latest_first(self) -> Self:
        return self.order_by("-planning_start", "-pk")


class Job(models.Model):
    """Work for a customer. The planning period blocks stock, the usage period drives the price (mission E2)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="jobs")
    number = models.CharField(_("number"), max_length=30)
    title = models.CharField(_("title"), max_length=200)
    customer = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="jobs", verbose_name=_("Customer"))
    state = models.CharField(_("state"), max_length=20, choices=JobState.choices, default=JobState.INQUIRY)
    planning_start = models.DateTimeField(_("planning from"))
    planning_end = models.DateTimeField(_("planning until"))
    usage_start = models.DateTimeField(_("usage from"))
    usage_end = models.DateTimeField(_("usage until"))
    venue = models.CharField(_("venue"), max_length=300, blank=True)
    customer_reference = models.CharField(_("customer's reference"), max_length=100, blank=True)
    tax_percent = models.DecimalField(_("tax rate in percent"), max_digits=5, decimal_places=2, validators=PERCENT)
    note = models.TextField(_("note"), blank=True, max_length=4000)
    search_key = models.TextField(editable=False, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="job_number_once"),
            models.CheckConstraint(condition=Q(planning_end__gt=F("planning_start")), name="job_planning_is_a_period"),
            models.CheckConstraint(condition=Q(usage_end__gt=F("usage_start")), name="job_usage_is_a_period"),
            models.CheckConstraint(
                condition=Q(usage_start__gte=F("planning_start"), usage_end__lte=F("planning_end")),
                name="job_usage_within_planning",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "planning_start"], name="jobs_by_start")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_key = fold(
            f"{self.number} {self.title} {self.customer.name} {self.venue} {self.customer_reference}"
        )
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return self.tenant.url("jobs:detail", self.pk)

    @property
    def planning_period(self) -> Period:
        return Period(self.planning_start, self.planning_end)

    @property
    def usage_period(self) -> Period:
        return Period(self.usage_start, self.usage_end)

    @property
    def uses_stock(self) -> bool:
        return USES_STOCK[JobState(self.state)]


class PositionQuerySet(models.QuerySet["Position"]):
    def in_order(self) -> Self:
        return self.order_by("sequence", "pk")

    def reservation_ids(self) -> list[int]:
        """Ids of what these positions have reserved."""
        return list(self.filter(reservation__isnull=False).values_list("reservation_id", flat=True))

    def short(self) -> Self:
        """Own parts of jobs that use stock, of which not everything is reserved (mission J6); annotates `missing`."""
        using_stock = [state for state, uses in USES_STOCK.items() if uses]
        missing = F("quantity") - F("sub_rented_quantity") - Coalesce(F("reservation__quantity"), 0)
        return (
            self.filter(article__isnull=False, job__state__in=using_stock)
            .annotate(missing=missing)
            .filter(missing__gt=0)
        )

    def of_supplier(self, supplier: Contact) -> Self:
        return self.filter(supplier=supplier, sub_rented_quantity__gt=0)

    def not_ordered(self) -> Self:
        """Positions that stand in no open or confirmed sub-rental order."""
        return self.filter(~Exists(SubRentalOrderLine.objects.standing().filter(position=OuterRef("pk"))))


class Position(models.Model):
    """One line of a job. `quantity` is the need; of it `sub_rented_quantity` comes from `supplier`, the rest is own.

    Only the own part reserves (mission J7). A position with a sub-rented part is a "Bestellposition": its cost is
    `unit_cost` (the partner's day price, frozen) × `cost_factor` less `cost_discount_percent`, apart from what our
    customer pays (`unit_price` × `factor` less `discount_percent`). `cost_scale` keeps the partner's day factors
    `{"factors": [{"days", "factor"}], "extra_day_factor"}` so that `cost_factor` follows a moved job.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="positions")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="positions")
    sequence = models.PositiveIntegerField(default=0)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, null=True, blank=True, related_name="positions")
    description = models.CharField(_("description"), max_length=200)
    quantity = models.PositiveIntegerField(_("quantity"), validators=[MinValueValidator(1), MaxValueValidator(999_999)])
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    unit_price = models.DecimalField(_("price per day"), max_digits=12, decimal_places=2, default=0, validators=AMOUNT)
    factor = models.DecimalField(_("factor"), max_digits=8, decimal_places=4, default=1)
    discount_percent = models.DecimalField(
        _("discount in percent"), max_digits=5, decimal_places=2, default=0, validators=PERCENT
    )
    sub_rented_quantity = models.PositiveIntegerField(_("of which sub-rented"), default=0)
    supplier = models.ForeignKey(
        Contact,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sub_rental_positions",
        verbose_name=_("Supplier"),
    )
    supplier_article_id = models.CharField(max_length=64, blank=True)
    supplier_number = models.CharField(_("supplier's article number"), max_length=100, blank=True)
    unit_cost = models.DecimalField(
        pgettext_lazy("position", "cost per day"), max_digits=12, decimal_places=2, default=0, validators=AMOUNT
    )
    cost_scale = models.JSONField(default=dict, blank=True)
    cost_factor = models.DecimalField(max_digits=8, decimal_places=4, default=1)
    cost_discount_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0, validators=PERCENT)
    reservation = models.OneToOneField(
        Reservation, on_delete=models.SET_NULL, null=True, blank=True, related_name="position"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="position_has_a_quantity"),
            models.CheckConstraint(
                condition=Q(sub_rented_quantity__lte=F("quantity")), name="position_sub_rents_at_most_all"
            ),
            models.CheckConstraint(
                condition=Q(sub_rented_quantity=0) | Q(supplier__isnull=False),
                name="sub_rental_has_a_supplier",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.description}"

    @property
    def own_quantity(self) -> int:
        return self.quantity - self.sub_rented_quantity

    @property
    def reserved_quantity(self) -> int:
        """What stands by for the own part; needs `reservation` loaded."""
        return self.reservation.quantity if self.reservation else 0

    @property
    def is_sub_rental(self) -> bool:
        return self.sub_rented_quantity > 0

    @property
    def net(self) -> Decimal:
        """What the customer pays for the line, before tax."""
        return line_net(
            quantity=self.quantity,
            unit_price=self.unit_price,
            factor=self.factor,
            discount_percent=self.discount_percent,
            currency=self.tenant.currency,
        )

    @property
    def cost(self) -> Decimal:
        """What the supplier gets for the sub-rented part, before tax."""
        return line_net(
            quantity=self.sub_rented_quantity,
            unit_price=self.unit_cost,
            factor=self.cost_factor,
            discount_percent=self.cost_discount_percent,
            currency=self.tenant.currency,
        )


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
    unit_cost = models.DecimalField(max_digits=12, decimal_places=2)
    factor = models.DecimalField(max_digits=8, decimal_places=4)
    discount_percent = models.DecimalField(max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)

    objects = SubRentalOrderLineQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "order", "wire_id"], name="order_line_wire_id_once")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


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
