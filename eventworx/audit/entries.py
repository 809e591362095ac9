"""Writing an entry of the journal."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from eventworx.audit.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person at an address, or something that has only a name (partner, worker, command)."""

    label: str
    user: AbstractBaseUser | None = None
    address: str = ""


def record(*, tenant: models.Model, actor: Actor, action: str, target: models.Model, **detail: Any) -> None:
    """Write one entry, in the transaction of the deed itself. `detail` must be JSON and free of secrets."""
    AuditEntry.write(
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
