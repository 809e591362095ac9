"""On which terms we lend, set in the tab "Partner" (mission R4). Admins only."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, admin_required
from partners import connections
from partners.forms.connection import StockTermsForm
from partners.models import PartnerConnection

REFRESH = {"HX-Refresh": "true"}


def stock_terms_form(connection: PartnerConnection) -> StockTermsForm:
    return StockTermsForm(tenant=connection.tenant, initial=connection.granted)


def _connection(request: TenantRequest, pk: int) -> PartnerConnection:
    """The open connection of a contact."""
    found = request.tenant.partner_connections.open().select_related("tenant", "contact")
    return get_object_or_404(found, contact_id=pk)


@require_POST
@admin_required
def set_stock_terms(request: TenantRequest, pk: int) -> HttpResponse:
    connection, form = _connection(request, pk), StockTermsForm(request.POST, tenant=request.tenant)
    save = partial(connections.set_stock_terms, connection=connection, actor=actor_of(request))
    if form.is_valid() and form.attempt(partial(save, **form.cleaned_data)) is not None:
        messages.success(request, _("Saved. It holds from the partner's next request on."))
        return HttpResponse(status=204, headers=REFRESH)
    context = {"connection": connection, "stock_form": form}
    return render(request, "partners/_stock_terms.html", context, status=422)
