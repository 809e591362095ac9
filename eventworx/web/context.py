"""What every page's shell needs."""

from functools import cache
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from eventworx.installation import in_quarantine
from eventworx.tenants.models import Membership, User


def shell(request: HttpRequest) -> dict[str, Any]:
    """Unread messages and the tenants to switch to; both lazy, so that fragments pay nothing."""
    tenant = getattr(request, "tenant", None)
    return {
        "instance": settings.EWX_INSTANCE,
        "demo": settings.EWX_DEMO,
        "in_quarantine": in_quarantine,
        "unread_count": cache(lambda: tenant.inbox_messages.to(request.user).unread().count() if tenant else 0),
        "memberships": lambda: _memberships(cast(User, request.user)),
    }


def _memberships(user: User) -> list[Membership]:
    return list(user.memberships.select_related("tenant").order_by("tenant__name"))
