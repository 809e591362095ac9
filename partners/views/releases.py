"""What a partner may see and order, marked in his tab (mission R1). Admins only."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, admin_required
from partners import releases
from partners.forms.releases import ReleaseForm
from partners.models import PartnerConnection


def _connection(request: TenantRequest, pk: int) -> PartnerConnection:
    """The open connection of a contact."""
    found = request.tenant.partner_connections.open().select_related("tenant", "contact")
    return get_object_or_404(found, contact_id=pk)


def _panel(request: TenantRequest, connection: PartnerConnection, form: ReleaseForm | None = None) -> HttpResponse:
    """The whole panel; a search that somebody marks from stays as it was."""
    query = request.POST.get("q", "")
    context = {
        "query": query,
        "articles": releases.articles_to_mark(connection=connection, query=query),
        "connection": connection,
        "form": form or ReleaseForm(tenant=request.tenant),
        "marks": releases.marks_of(connection),
        "visible": releases.released_count(connection),
        "everything": connection.releases.filter(everything=True).exists(),
    }
    return render(request, "partners/_releases.html", context)


@admin_required
def panel(request: TenantRequest, pk: int) -> HttpResponse:
    return _panel(request, _connection(request, pk))


@admin_required
def hits(request: TenantRequest, pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    query = request.GET.get("q", "")
    articles = releases.articles_to_mark(connection=connection, query=query)
    context = {"connection": connection, "articles": articles, "query": query}
    return render(request, "partners/_release_hits.html", context)


@require_POST
@admin_required
def add(request: TenantRequest, pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    form = ReleaseForm(request.POST, tenant=request.tenant)
    if form.is_valid():
        marked = form.attempt(lambda: releases.release(connection=connection, actor=actor_of(request), **form.marked()))
        form = form if marked is None else ReleaseForm(tenant=request.tenant)
    return _panel(request, connection, form)


@require_POST
@admin_required
def remove(request: TenantRequest, pk: int, release_pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    mark = get_object_or_404(connection.releases.select_related("article", "category"), pk=release_pk)
    releases.withdraw_release(connection=connection, actor=actor_of(request), release=mark)
    return _panel(request, connection)
