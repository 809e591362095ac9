"""Who reaches which page: decorators that every view of a tenant carries (mission P7, E1).

The middleware lets only members of the tenant through (404 for anybody else); these say what
a member must be allowed to. A view without one is refused by the middleware: nothing is open
by omission.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from eventworx.addresses import client_address
from eventworx.audit import Actor
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Permission

View = Callable[..., HttpResponseBase]


class TenantRequest(HttpRequest):
    """A request below `/<tenant>/`, after the middleware. For annotations."""

    user: User
    tenant: Tenant
    membership: Membership
    htmx: HtmxDetails


def member_required(view: View) -> View:
    """Any member of the tenant; for pages that only show."""
    view.ewx_access = None  # type: ignore[attr-defined]
    return view


def may(permission: Permission) -> Callable[[View], View]:
    """Members whose role holds `permission`; others get 403."""

    def mark(view: View) -> View:
        view.ewx_access = permission  # type: ignore[attr-defined]
        return view

    return mark


admin_required = may(Permission.MANAGE_PARTNERS)


def check_access(request: TenantRequest, view: Any) -> None:
    """Raise PermissionDenied unless the member may call `view` (called by the middleware)."""
    if not hasattr(view, "ewx_access"):
        raise PermissionDenied("the view names no access")
    if view.ewx_access is not None and not request.membership.may(view.ewx_access):
        raise PermissionDenied


def actor_of(request: TenantRequest) -> Actor:
    """The person behind a request, for the journal."""
    return Actor(label=str(request.user), user=request.user, address=client_address(request))
