"""Work for customers: when, for whom, in which state."""

from datetime import datetime
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, Min, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.text import fold, search_words
from jobs.states import MAY_HOLD, USES_STOCK, JobState

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

    def overdue(self, now: datetime) -> Self:
        """Jobs of which goods should be back and are not; annotates `due_at`, when the first of them was agreed."""
        late = Q(
            positions__reservation__handed_over_at__isnull=False,
            positions__reservation__returned_at__isnull=True,
            positions__reservation__end__lte=now,
        )
        return self.filter(late).annotate(due_at=Min("positions__reservation__end", filter=late)).order_by("due_at")

    def next_first(self) -> Self:
        return self.order_by("planning_start", "pk")

    def latest_first(self) -> Self:
        return self.order_by("-planning_start", "-pk")


class Job(models.Model):
    """Work for a customer. The planning period blocks stock, the usage period drives the price (mission E2).

    While it is not an order yet, its own parts may be held ("Option") until `held_until`; the holds themselves are
    reservations, this says what was agreed and stays when they are swept away.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="jobs")
    number = models.CharField(_("number"), max_length=30)
    title = models.CharField(_("title"), max_length=200)
    customer = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="jobs", verbose_name=_("Customer"))
    state = models.CharField(_("state"), max_length=20, choices=JobState.choices, default=JobState.INQUIRY)
    planning_start = models.DateTimeField(_("planning from"))
    planning_end = models.DateTimeField(_("planning until"))
    usage_start = models.DateTimeField(_("usage from"))
    usage_end = models.DateTimeField(_("usage until"))
    held_until = models.DateTimeField(_("option until"), null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(held_until__isnull=True) | Q(held_until__lte=F("planning_start")),
                name="job_held_until_it_starts",
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

    @property
    def may_hold(self) -> bool:
        return MAY_HOLD[JobState(self.state)]

    def is_held(self, now: datetime) -> bool:
        """Whether its option is still running."""
        return self.may_hold and self.held_until is not None and self.held_until > now

    def takes_stock(self, now: datetime) -> bool:
        """Whether its own parts reserve: firmly as an order, else while it is held."""
        return self.uses_stock or self.is_held(now)
