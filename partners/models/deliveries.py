"""What goes back and forth: the outbox, the nonces that were seen, the answers that are kept."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant
from partners.models.connections import PartnerConnection
from partners.models.orders import PartnerOrder


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("queued")
    DELIVERED = "delivered", _("delivered")
    PARKED = "parked", _("parked")
    FAILED = "failed", _("failed")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=[DeliveryState.QUEUED, DeliveryState.PARKED])

    def late(self, kind: str, queued_before: datetime) -> Self:
        """Unfinished ones of a kind that nobody was alarmed about yet."""
        return self.unfinished().filter(kind=kind, created_at__lte=queued_before, alarmed_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def due(self, now: datetime) -> Self:
        """Deliveries to attempt now, the oldest first; of one order only its first unfinished one."""
        earlier = Delivery.objects.filter(
            order=OuterRef("order"),
            pk__lt=OuterRef("pk"),
            state__in=[DeliveryState.QUEUED, DeliveryState.PARKED],
        )
        return (
            self.filter(state__in=[DeliveryState.QUEUED, DeliveryState.PARKED], next_attempt_at__lte=now)
            .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=now))
            .filter(Q(order__isnull=True) | ~Exists(earlier))
            .order_by("next_attempt_at", "pk")
        )


class Delivery(models.Model):
    """The outbox: something a partner must learn, written in the transaction of the deed (mission O6).

    `body` is what goes on the wire, `idempotency_key` the same in every attempt. A worker claims a row for a
    while (`claimed_until`), so that a killed worker's row is taken up by the next. `last_problem` is the code of
    the last failure ("unreachable", "paused" …).
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="deliveries")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="deliveries")
    order = models.ForeignKey(PartnerOrder, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries")
    kind = models.CharField(max_length=20)
    path = models.CharField(max_length=200)
    body = models.JSONField()
    idempotency_key = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField(null=True, blank=True)
    last_problem = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state__in=["queued", "parked"]), name="deliveries_due"
            ),
            models.Index(fields=["connection", "state"], name="deliveries_by_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.connection_id}"

    @classmethod
    def next_due(cls, now: datetime, *, tried: Collection[int], down: Collection[uuid.UUID]) -> "Delivery | None":
        """What the worker takes up next, over all tenants: nothing `tried`, nothing for a partner who is `down`."""
        return cls.objects.due(now).exclude(pk__in=tried).exclude(connection__in=down).first()

    @classmethod
    def late_ids(cls, kind: str, queued_before: datetime) -> list[int]:
        """Over all tenants."""
        return list(cls.objects.late(kind, queued_before).order_by("pk").values_list("pk", flat=True))

    @classmethod
    def locked_if_late(cls, delivery_id: int, kind: str, queued_before: datetime) -> "Delivery | None":
        """The row under lock if it still is late."""
        return cls.objects.late(kind, queued_before).select_for_update(of=("self",)).filter(pk=delivery_id).first()

    @classmethod
    def locked_if_due(cls, delivery_id: int, now: datetime) -> "Delivery | None":
        """The row under lock if it is due and nobody else holds it."""
        rows = cls.objects.select_for_update(skip_locked=True, of=("self",)).due(now)
        return rows.filter(pk=delivery_id).first()

    @classmethod
    def locked(cls, delivery_id: int) -> "Delivery":
        return cls.objects.select_for_update().get(pk=delivery_id)


class SeenNonce(models.Model):
    """A nonce that a validly signed request used; the unique index is the replay guard (protocol §3)."""

    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="seen_nonces")
    nonce = models.CharField(max_length=86)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "nonce"], name="nonce_once")]
        indexes = [models.Index(fields=["seen_at"], name="nonces_by_age")]

    def __str__(self) -> str:
        return self.nonce


class StoredAnswer(models.Model):
    """The answer to a request with an idempotency key, kept for its repetitions (protocol §6)."""

    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="stored_answers")
    key = models.UUIDField()
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="stored_answer_once")]
        indexes = [models.Index(fields=["created_at"], name="answers_by_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
