"""Stock over time, and who has claimed it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eventworx.databases import Statement, execute_all, in_parts, is_postgresql, marks
from eventworx.periods import LATEST, Period
from eventworx.tenants.models import Tenant
from inventory.models.articles import Article


class StockMovementKind(models.TextChoices):
    ADDITION = "addition", _("addition")
    OUT_OF_SERVICE = "out_of_service", _("out of service")


class StockMovementQuerySet(models.QuerySet["StockMovement"]):
    def in_force(self, period: Period) -> Self:
        """Movements that last at some instant of `period`."""
        begun = Q(start__lte=period.start) if period.is_instant else Q(start__lt=period.end)
        return self.filter(begun, Q(end__isnull=True) | Q(end__gt=period.start))

    def latest_first(self) -> Self:
        return self.order_by("-start", "-pk")

    def came_for_good(self, now: datetime) -> Self:
        """Additions without an end that are there at `now`, the oldest first."""
        came = self.filter(kind=StockMovementKind.ADDITION, start__lte=now, end__isnull=True)
        return came.order_by("start", "pk")


class StockMovement(models.Model):
    """A dated change of stock: `quantity` units more (or fewer) from `start` to `end`, for good without an end."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="stock_movements")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="stock_movements")
    kind = models.CharField(_("kind"), max_length=20, choices=StockMovementKind.choices)
    quantity = models.PositiveIntegerField(_("quantity"), validators=[MinValueValidator(1), MaxValueValidator(999_999)])
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="stock_movement_moves"),
            models.CheckConstraint(
                condition=Q(end__isnull=True) | Q(end__gt=F("start")), name="stock_movement_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.quantity}"

    @property
    def signed_quantity(self) -> int:
        return self.quantity if self.kind == StockMovementKind.ADDITION else -self.quantity


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def standing(self, now: datetime) -> Self:
        """What counts at `now`: everything but holds that have run out, and what is sold and gone."""
        return self.filter(sold_at__isnull=True).exclude(expires_at__lte=now)

    def moving_with_time(self, now: datetime, *named: int) -> Self:
        """What counts at `now` and stands in no step: live holds, and goods that are overdue; also those `named`."""
        overdue = Q(handed_over_at__isnull=False, returned_at__isnull=True, blocked_until__lte=now)
        moving = Q(expires_at__gt=now) | overdue
        return self.filter(moving | Q(pk__in=named) if named else moving)

    def upcoming(self, now: datetime) -> Self:
        """What still blocks now or later, and what is overdue, in order of time."""
        overdue = Q(handed_over_at__isnull=False, returned_at__isnull=True)
        coming = self.filter(Q(blocked_until__gt=now) | overdue, sold_at__isnull=True)
        return coming.order_by("start", "end", "pk")


class PlainClaim(NamedTuple):
    """So many units of an article from `start` to `end`."""

    article_id: int
    quantity: int
    label: str
    start: datetime
    end: datetime


class Reservation(models.Model):
    """A claim on own stock. `inventory.reservations` is the only writer.

    `blocked_from`/`blocked_until` is the period widened by the buffers of the moment it was made.
    `label` says for whom, for lists ("J-1012 Sommerfest"). With `expires_at` it is a hold ("Option"), which counts
    until then and no longer. Between `handed_over_at` and `returned_at` the goods are away, whatever was agreed: past
    `blocked_until` they are overdue and stay away.

    What is sold does not come back: it is blocked until the end of time. Handed over (`sold_at`) it is owned no longer,
    and the reservation takes nothing any more; it stays as the record of what left.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="reservations")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="reservations")
    quantity = models.PositiveIntegerField(_("quantity"))
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"))
    blocked_from = models.DateTimeField()
    blocked_until = models.DateTimeField()
    label = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(_("held until"), null=True, blank=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    returned_at = models.DateTimeField(_("returned"), null=True, blank=True)
    sold_at = models.DateTimeField(_("sold"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_has_a_quantity"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="reservation_ends_after_start"),
            models.CheckConstraint(
                condition=Q(blocked_from__lte=F("start"), blocked_until__gte=F("end")),
                name="reservation_blocks_its_period",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(handed_over_at__isnull=True),
                name="reservation_held_or_handed_over",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(returned_at__gte=F("handed_over_at")),
                name="reservation_returned_after_hand_over",
            ),
            models.CheckConstraint(
                condition=Q(sold_at__isnull=True) | Q(expires_at__isnull=True, handed_over_at__isnull=True),
                name="reservation_sold_or_lent",
            ),
        ]
        indexes = [
            models.Index(fields=["article", "blocked_until", "blocked_from"], name="reservations_by_article"),
            # The few whose effect depends on the clock.
            models.Index(
                fields=["article"],
                condition=Q(expires_at__isnull=False) | Q(handed_over_at__isnull=False, returned_at__isnull=True),
                name="reservations_moving_with_time",
            ),
        ]

    def __str__(self) -> str:
        named = f"{self.quantity} × {self.label}"
        return gettext("%(goods)s, being turned around") % {"goods": named} if self.is_turning else named

    @property
    def period(self) -> Period:
        return Period(self.start, self.end)

    @property
    def blocked(self) -> Period:
        return Period(self.blocked_from, self.blocked_until)

    @property
    def is_hold(self) -> bool:
        return self.expires_at is not None

    @property
    def is_sold(self) -> bool:
        """Whether the goods have left the store for good."""
        return self.sold_at is not None

    @property
    def in_steps(self) -> bool:
        """Whether the steps of its article know it: what is held depends on the clock, what is sold takes nothing."""
        return not (self.is_hold or self.is_sold)

    def counts(self, now: datetime) -> bool:
        """Whether it takes stock at `now`: a hold does so until it runs out, what is sold no longer."""
        return not self.is_sold and (self.expires_at is None or self.expires_at > now)

    @property
    def waits(self) -> bool:
        """Whether the goods are firmly reserved and have not left the store."""
        return self.in_steps and self.handed_over_at is None

    @property
    def left_at(self) -> datetime | None:
        """When the goods have left the store, to come back or for good."""
        return self.handed_over_at or self.sold_at

    @property
    def is_out(self) -> bool:
        """Whether the goods have left the store and are not back."""
        return self.handed_over_at is not None and self.returned_at is None

    @property
    def is_turning(self) -> bool:
        """Whether it is nobody's any more and stands for the turnaround alone (`inventory.hand_overs.part_with`)."""
        return self.returned_at is not None and self.returned_at == self.start == self.blocked_from

    def is_late(self, now: datetime) -> bool:
        """Whether the goods should be back, as was agreed, and are not: that is said at once."""
        return self.is_out and self.end <= now

    def is_overdue(self, now: datetime) -> bool:
        """Whether they are not ready for others either: they are late by all of their turnaround, and stay away."""
        return self.is_out and self.blocked_until <= now

    @property
    def is_for_good(self) -> bool:
        """Whether what it takes does not come back."""
        return self.blocked_until == LATEST

    @property
    def buffers(self) -> tuple[timedelta, timedelta]:
        """Before and after, as they were when it was made; after what is sold there is no end."""
        return self.start - self.blocked_from, timedelta.max if self.is_for_good else self.blocked_until - self.end


_INSERT = """
    INSERT INTO inventory_reservation
        (tenant_id, article_id, quantity, label, start, "end", blocked_from, blocked_until, expires_at, created_at)
    VALUES {rows} RETURNING id
"""


# A function of ours in the database; all of it stands in the migration 0017, to which 0022 went back.
_RESERVE = "SELECT {columns} FROM inventory_reserve(%s, %s, %s, %s, %s, %s, %s)"


def reserve_at_once(tenant: Tenant, wanted: Sequence[PlainClaim], now: datetime) -> list[Reservation]:
    """Everything, reserved by PostgreSQL itself in one statement: then nobody waits for the lock of an article while
    we count. Nothing, where it is not as plain as that, and elsewhere."""
    if not is_postgresql(connection):
        return []
    names = [field.attname for field in Reservation._meta.concrete_fields]
    columns = ",".join(f'"{name}"' for name in names)
    parameters = [tenant.pk, now, *map(list, zip(*wanted, strict=True))]
    rows = execute_all([(_RESERVE.format(columns=columns), parameters)])
    if len(rows) < len(wanted):
        return []
    made = [Reservation.from_db(connection.alias, names, row) for row in rows]
    if [(row.article_id, row.quantity) for row in made] != [(one.article_id, one.quantity) for one in wanted]:
        raise RuntimeError("PostgreSQL has reserved something else than was asked for")
    return made


def insert_reservations(rows: Sequence[Reservation], *, after: Sequence[Statement] = ()) -> None:
    """Write new rows, which get their ids, once the statements `after` are done: together with them."""
    ids, now = list[int](), timezone.now()
    for some in in_parts(rows):
        ids += [pk for (pk,) in execute_all([*after, _insertion(some, now)])]
        after = ()
    if after:
        execute_all(after)
    for row, pk in zip(rows, ids, strict=True):
        row.pk, row.created_at = pk, now
        row._state.adding, row._state.db = False, connection.alias


def _insertion(rows: Sequence[Reservation], now: datetime) -> Statement:
    values = [_values(row, now) for row in rows]
    marked = ",".join(f"({marks(some)})" for some in values)
    return _INSERT.format(rows=marked), [value for some in values for value in some]


def _values(row: Reservation, now: datetime) -> list[Any]:
    instants = [row.start, row.end, row.blocked_from, row.blocked_until, row.expires_at, now]
    adapted = map(connection.ops.adapt_datetimefield_value, instants)
    return [row.tenant_id, row.article_id, row.quantity, row.label, *adapted]


def reservations_on(article_ids: Iterable[int]) -> ReservationQuerySet:
    """Every reservation of these articles, however they were reached."""
    return Reservation.objects.filter(article__in=list(article_ids))


def movements_on(article_ids: Iterable[int]) -> StockMovementQuerySet:
    """Every stock movement of these articles, however they were reached."""
    return StockMovement.objects.filter(article__in=list(article_ids))
