"""Puts `request.tenant` in place: the one gate before every page of a tenant."""

from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect

from eventworx.tenants.access import TenantRequest, check_access


def to_login(request: TenantRequest) -> HttpResponse:
    """To the login and back; from within a page of an ended session the whole page goes, not its part."""
    if request.htmx:
        login = redirect_to_login(request.htmx.current_url_abs_path or "/")
        return HttpResponseClientRedirect(login.url)
    return redirect_to_login(request.get_full_path())


def to_second_factor(request: TenantRequest) -> HttpResponse:
    """To where it is set up; the whole page goes, also from within."""
    url = reverse("mfa_activate_totp")
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


class TenantMiddleware(MiddlewareMixin):
    """For URLs with a `tenant_slug`: login, membership (else 404), second factor where the company demands it of
    its administrators, permission (else 403)."""

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if "tenant_slug" not in kwargs:
            return None
        slug = kwargs.pop("tenant_slug")
        if not request.user.is_authenticated:
            return to_login(cast(TenantRequest, request))
        tenant_request = cast(TenantRequest, request)
        membership = request.user.memberships.select_related("tenant").filter(tenant__slug=slug).first()
        if membership is None:
            raise Http404("no such tenant")
        tenant_request.tenant, tenant_request.membership = membership.tenant, membership
        if membership.lacks_second_factor():
            return to_second_factor(tenant_request)
        check_access(tenant_request, view)
        return None
