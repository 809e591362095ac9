"""Entries of the journal and where each tenant's chain of them ends."""

from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

START = "0" * 64  # the digest before the first entry


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def about(self, target: models.Model) -> "AuditQuerySet":
        """Entries on one thing, the newest first."""
        return self.filter(target_type=target._meta.label_lower, target_id=str(target.pk)).newest_first()

    def newest_first(self) -> "AuditQuerySet":
        return self.order_by("-at", "-pk")

    def chained(self) -> "AuditQuerySet":
        """In the order of the chain."""
        return self.filter(position__isnull=False).order_by("position")

    def unchained(self) -> "AuditQuerySet":
        return self.filter(position__isnull=True).order_by("pk")

    def chain_in(self, position: int, digest: str) -> int:
        """The one change an entry ever sees: it gets its place, once. Returns how many got it."""
        return models.QuerySet.update(self.filter(position__isnull=True), position=position, digest=digest)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("the journal is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the journal is append-only")


class AuditEntry(models.Model):
    """One deed. `actor` is null for the partner's server and for background work (`actor_label` says which).

    `position` and `digest` are its place in the tenant's chain; without them it waits to be chained.
    """

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="audit_entries")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="audit_entries"
    )
    actor_label = models.CharField(max_length=200)
    address = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=40)
    target_label = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    position = models.PositiveBigIntegerField(null=True, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints = [models.UniqueConstraint(fields=["tenant", "position"], name="one_entry_per_place")]
        indexes = [
            models.Index(fields=["tenant", "target_type", "target_id", "at"], name="audit_by_target"),
            models.Index(fields=["tenant", "id"], condition=models.Q(position__isnull=True), name="audit_unchained"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label}: {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("the journal is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the journal is append-only")

    @classmethod
    def write(cls, **fields: Any) -> None:
        cls.objects.create(**fields)

    @classmethod
    def tenants_to_chain(cls) -> Iterator[int]:
        """Over all tenants: who has entries that wait for their place."""
        yield from cls.objects.unchained().order_by("tenant_id").values_list("tenant_id", flat=True).distinct()

    @classmethod
    def next_to_chain(cls, tenant_id: int, limit: int) -> "list[AuditEntry]":
        return list(cls.objects.unchained().filter(tenant_id=tenant_id)[:limit])

    @classmethod
    def chain_of(cls, tenant_id: int) -> AuditQuerySet:
        """What has its place, the first entry first."""
        return cls.objects.filter(tenant_id=tenant_id).chained()

    @classmethod
    def count_waiting(cls, tenant_id: int) -> int:
        return cls.objects.filter(tenant_id=tenant_id).unchained().count()

    def take_place(self, position: int, digest: str) -> None:
        type(self).objects.filter(pk=self.pk).chain_in(position, digest)


class AuditHead(models.Model):
    """Where a tenant's chain ends: how many entries, and the digest over all of them."""

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="audit_head")
    position = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default=START)

    class Meta:
        verbose_name = _("end of the journal")
        verbose_name_plural = _("ends of the journals")

    def __str__(self) -> str:
        return f"{self.position} {self.digest[:16]}"

    @classmethod
    def locked(cls, tenant_id: int) -> "AuditHead":
        """The tenant's head under lock; whoever chains waits here for whoever else does."""
        cls.objects.get_or_create(tenant_id=tenant_id)
        return cls.objects.select_for_update().get(tenant_id=tenant_id)

    @classmethod
    def of(cls, tenant_id: int) -> "AuditHead":
        """The head as it stands; a tenant without one has an empty chain."""
        return cls.objects.filter(tenant_id=tenant_id).first() or cls(tenant_id=tenant_id)
