"""Lines of a job: what is needed, and where it comes from."""

from datetime import datetime
from decimal import Decimal
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.contacts.models import Contact
from eventworx.money import line_net
from eventworx.tenants.models import Tenant
from inventory.models import Article, ArticleKind, Reservation
from jobs.models.jobs import PERCENT, Job
from jobs.states import ORDERED_STATES, USES_STOCK

AMOUNT = [MinValueValidator(0)]


class PositionQuerySet(models.QuerySet["Position"]):
    def in_order(self) -> Self:
        return self.order_by("sequence", "pk")

    def gone(self) -> Self:
        """Positions whose goods have left the store and are not back, or are sold."""
        out = Q(reservation__handed_over_at__isnull=False, reservation__returned_at__isnull=True)
        return self.filter(out | Q(reservation__sold_at__isnull=False)).select_related("reservation")

    def not_back(self) -> Self:
        """Positions whose goods have not left the store, or are not back yet."""
        return self.filter(reservation__returned_at__isnull=True)

    def of_orders(self) -> Self:
        """Positions with an article in jobs that use stock; `missing` is what of their own part is not reserved
        (mission J6)."""
        using_stock = [state for state, uses in USES_STOCK.items() if uses]
        missing = F("quantity") - F("sub_rented_quantity") - Coalesce(F("reservation__quantity"), 0)
        return self.filter(article__isnull=False, job__state__in=using_stock).annotate(missing=missing)

    def wanting_stock(self, now: datetime) -> Self:
        """Positions of orders that are not over which lack own stock or are to be hired, in whole or in part."""
        wanting = self.of_orders().filter(job__planning_end__gt=now)
        return wanting.filter(Q(sub_rented_quantity__gt=0) | Q(missing__gt=0))

    def hired(self) -> Self:
        return self.filter(sub_rented_quantity__gt=0)

    def of_supplier(self, supplier: Contact) -> Self:
        return self.hired().filter(supplier=supplier)

    def not_ordered(self) -> Self:
        """Positions that stand in no open or confirmed sub-rental order."""
        return self.exclude(order_lines__order__state__in=ORDERED_STATES)


class Position(models.Model):
    """One line of a job. `quantity` is the need; of it `sub_rented_quantity` comes from `supplier`, the rest is own.

    Only the own part reserves (mission J7). A position with a sub-rented part is a "Bestellposition": its cost is
    `unit_cost` (the partner's day price, frozen) × `cost_factor` less `cost_discount_percent`, apart from what our
    customer pays (`unit_price` × `factor` less `discount_percent`). The partner's figures have the six decimals of the
    wire and are rounded once, in the line (protocol §4 "Money"). `cost_scale` keeps the partner's day factors
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
        pgettext_lazy("position", "cost per day"), max_digits=16, decimal_places=6, default=0, validators=AMOUNT
    )
    cost_scale = models.JSONField(default=dict, blank=True)
    cost_factor = models.DecimalField(max_digits=10, decimal_places=6, default=1)
    cost_discount_percent = models.DecimalField(max_digits=9, decimal_places=6, default=0, validators=PERCENT)
    reservation = models.OneToOneField(
        Reservation, on_delete=models.SET_NULL, null=True, blank=True, related_name="position"
    )
    told_free_at = models.DateTimeField(null=True, blank=True)  # that own stock is free again (`jobs.free_again`)
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
    def is_over(self) -> bool:
        """Whether what it had was out and is back, or is sold; needs `reservation` loaded."""
        return self.reservation is not None and (self.reservation.returned_at is not None or self.reservation.is_sold)

    @property
    def sold_quantity(self) -> int:
        """What has left the store for good; needs `reservation` loaded."""
        return self.reserved_quantity if self.reservation and self.reservation.is_sold else 0

    @property
    def possible_quantity(self) -> int:
        """What there is or can be of its need: once a part is sold, nothing more is reserved for it; needs
        `reservation` loaded."""
        is_sold = self.reservation is not None and self.reservation.is_sold
        return self.sub_rented_quantity + self.reserved_quantity if is_sold else self.quantity

    @property
    def is_gone(self) -> bool:
        """Whether its goods have left the store and are not back, or are sold; needs `reservation` loaded."""
        return self.reservation is not None and (self.reservation.is_out or self.reservation.is_sold)

    @property
    def is_per_day(self) -> bool:
        """Whether its price is that of a day: of what is lent, not of what is sold or has no article."""
        return self.article is not None and self.article.kind == ArticleKind.RENTAL

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
