"""What a partner may see and order, marked in his tab (mission R1). Admins only."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from eventworx.tenants.access import TenantRequest, actor_of, admin_required
from eventworx.web.errors import render_business_error
from eventworx.web.pages import page_of
from partners import releases, search
from partners.access import AccessLevel
from partners.forms.releases import ReleaseFilter, ReleaseForm, ViewAsPartner
from partners.models import PartnerConnection
from partners.protocol.wire import parse_listing_page


def _connection(request: TenantRequest, pk: int) -> PartnerConnection:
    """The open connection of a contact."""
    found = request.tenant.partner_connections.open().select_related("tenant", "contact")
    return get_object_or_404(found, contact_id=pk)


def _filters(request: TenantRequest) -> ReleaseFilter:
    """The search that stands in the panel. Half of one, without a category be it all, is none: it would find more than
    somebody saw who marks what it finds."""
    asked = request.POST or request.GET
    return ReleaseFilter(asked if ReleaseFilter.category_field in asked else None, tenant=request.tenant)


def _panel(
    request: TenantRequest,
    connection: PartnerConnection,
    form: ReleaseForm | None = None,
    filters: ReleaseFilter | None = None,
) -> HttpResponse:
    """The whole panel; a search that somebody marks from, or turns pages beside, stays as it was."""
    filters = filters or _filters(request)
    marks = releases.Marks(connection)
    context = _hits(connection, filters) | {
        "connection": connection,
        "form": form or ReleaseForm(tenant=request.tenant),
        "page": page_of(request, marks),
        "everything": marks.has_everything,
        "searching": request.method == "POST" and filters.is_used,
    }
    return render(request, "partners/_releases.html", context)


def _hits(connection: PartnerConnection, filters: ReleaseFilter) -> dict[str, object]:
    """The first hits of a filter that is used, and how many there are."""
    if not filters.is_used:
        return {"filters": filters, "articles": [], "found": 0}
    articles = releases.articles_to_mark(connection=connection, query=filters.query, category_ids=filters.category_ids)
    found = filters.found().count() if len(articles) == releases.HITS else len(articles)
    return {"filters": filters, "articles": articles, "found": found}


@admin_required
def panel(request: TenantRequest, pk: int) -> HttpResponse:
    return _panel(request, _connection(request, pk))


@admin_required
def visible(request: TenantRequest, pk: int) -> HttpResponse:
    """How many articles he sees, counted after the panel is there: of a million that takes longer than marking them."""
    count = releases.released_count(_connection(request, pk))
    return render(request, "partners/_releases_visible.html", {"visible": count})


@admin_required
def hits(request: TenantRequest, pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    filters = ReleaseFilter(request.GET, tenant=request.tenant)
    return render(request, "partners/_release_hits.html", _hits(connection, filters) | {"connection": connection})


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
def mark_hits(request: TenantRequest, pk: int) -> HttpResponse:
    """Everything that the filter finds: released, excluded, or as if it had never been marked."""
    connection, filters = _connection(request, pk), _filters(request)
    if filters.is_used:
        filters.attempt(
            lambda: releases.mark_matching(connection=connection, actor=actor_of(request), **filters.marked())
        )
    return _panel(request, connection, filters=filters)


@require_POST
@admin_required
def remove(request: TenantRequest, pk: int, release_pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    mark = get_object_or_404(connection.releases.select_related("article", "category"), pk=release_pk)
    seen = request.POST.get("seen", "")
    try:
        releases.withdraw_release(connection=connection, actor=actor_of(request), release=mark, seen=seen)
    except releases.MarkedOtherwise as refusal:  # what is to be looked at once more has to be what is marked by now
        return trigger_client_event(render_business_error(request, refusal), "marks-changed")
    return _panel(request, connection)


@admin_required
def view_as_partner(request: TenantRequest, pk: int) -> HttpResponse:
    """ "Ansicht als Partner": the answer that this partner would get now, with his prices and figures."""
    connection, now = _connection(request, pk), timezone.now()
    form, answer = ViewAsPartner(request.GET, tenant=request.tenant), None
    if connection.effective_level != AccessLevel.NONE and form.is_valid():
        asked = form.question()
        page = form.attempt(lambda: search.find_listings(connection=connection, question=asked, now=now))
        answer = parse_listing_page(page) if page else None
    is_part = request.htmx.target in ("seen", "further")
    template = "partners/_view_as_partner.html" if is_part else "partners/view_as_partner.html"
    context = {"connection": connection, "contact": connection.contact, "form": form, "answer": answer}
    return render(request, template, context | {"active_tab": "partner"})
