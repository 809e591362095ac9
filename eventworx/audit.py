"""The journal: who did what to which thing, when and from where. Append-only (mission P7)."""

from dataclasses import dataclass
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def about(self, target: models.Model) -> "AuditQuerySet":
        """Entries on one thing, the newest first."""
        return self.filter(target_type=target._meta.label_lower, target_id=str(target.pk)).order_by("-at", "-pk")

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("the journal is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the journal is append-only")


class AuditEntry(models.Model):
    """One deed. `actor` is null for the partner's server and for background work (`actor_label` says which)."""

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

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["tenant", "target_type", "target_id", "at"], name="audit_by_target")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label}: {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("the journal is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the journal is append-only")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person at an address, or something that has only a name (partner, worker, command)."""

    label: str
    user: AbstractBaseUser | None = None
    address: str = ""


def record(*, tenant: models.Model, actor: Actor, action: str, target: models.Model, **detail: Any) -> None:
    """Write one entry, in the transaction of the deed itself. `detail` must be JSON and free of secrets."""
    AuditEntry.objects.create(
        tenant_id=tenant.pk,
        actor_id=actor.user.pk if actor.user else None,
        actor_label=actor.label[:200],
        address=actor.address,
        action=action,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        target_label=str(target)[:200],
        detail=detail,
    )
