"""On which terms we lend, set in the tab "Partner": stock, limits, emergency brake (mission R4, R5). Admins only."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, admin_required
from partners import connections
from partners.forms.connection import GuardRailsForm, StockTermsForm
from partners.guard_rails import PROPOSED
from partners.models import Brake, PartnerConnection

REFRESH = {"HX-Refresh": "true"}


def shown_in_tab(connection: PartnerConnection) -> dict[str, Any]:
    """What the tab shows of it all; `connection` with its tenant."""
    pulled = list(connection.tenant.partner_brakes.on(connection))
    return {
        "connection": connection,
        "stock_form": StockTermsForm(tenant=connection.tenant, initial=connection.granted),
        "rails_form": GuardRailsForm(tenant=connection.tenant, initial=connection.granted),
        "proposed_limits": PROPOSED,
        "own_brake": next((brake for brake in pulled if brake.connection_id), None),
        "brake_for_all": next((brake for brake in pulled if not brake.connection_id), None),
    }


def _connection(request: TenantRequest, pk: int) -> PartnerConnection:
    """The open connection of a contact."""
    found = request.tenant.partner_connections.open().select_related("tenant", "contact")
    return get_object_or_404(found, contact_id=pk)


@require_POST
@admin_required
def set_stock_terms(request: TenantRequest, pk: int) -> HttpResponse:
    connection, form = _connection(request, pk), StockTermsForm(request.POST, tenant=request.tenant)
    save = partial(connections.set_stock_terms, connection=connection, actor=actor_of(request))
    if form.is_valid() and form.attempt(partial(save, **form.touched)) is not None:
        return _saved(request)
    return _again(request, "partners/_stock_terms.html", {"connection": connection, "stock_form": form})


@require_POST
@admin_required
def set_guard_rails(request: TenantRequest, pk: int) -> HttpResponse:
    connection, form = _connection(request, pk), GuardRailsForm(request.POST, tenant=request.tenant)
    save = partial(connections.set_guard_rails, connection=connection, actor=actor_of(request))
    if form.is_valid() and form.attempt(partial(save, **form.touched)) is not None:
        return _saved(request)
    return _again(request, "partners/_guard_rails.html", shown_in_tab(connection) | {"rails_form": form})


def _saved(request: TenantRequest) -> HttpResponse:
    messages.success(request, _("Saved. It holds from the partner's next request on."))
    return HttpResponse(status=204, headers=REFRESH)


def _again(request: TenantRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The panel with what is wrong in it."""
    return render(request, template, context, status=422)


@require_POST
@admin_required
def brake(request: TenantRequest, pk: int) -> HttpResponse:
    """ "Notbremse" for one partner."""
    return _turn(request, _connection(request, pk))


@admin_required
def brake_for_all(request: TenantRequest) -> HttpResponse:
    """ "Notbremse" for all partners: as a panel of the settings, and its switch."""
    if request.method == "POST":
        return _turn(request)
    pulled: Brake | None = request.tenant.partner_brakes.filter(connection=None).first()
    return render(request, "partners/_brake_for_all.html", {"brake_for_all": pulled})


def _turn(request: TenantRequest, connection: PartnerConnection | None = None) -> HttpResponse:
    whose: dict[str, Any] = {"tenant": request.tenant, "connection": connection, "actor": actor_of(request)}
    if request.POST.get("on"):
        connections.pull_brake(**whose, now=timezone.now())
        messages.success(request, _("The emergency brake is pulled: nothing is confirmed automatically any more."))
    else:
        connections.release_brake(**whose)
        messages.success(request, _("The emergency brake is released."))
    return HttpResponse(status=204, headers=REFRESH)
