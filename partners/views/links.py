"""The ledger of article links: which of our articles is which of a partner's, with undo (mission J4)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, may, member_required
from eventworx.tenants.roles import Permission
from eventworx.web.pages import page_of
from partners import matching


@member_required
def ledger(request: TenantRequest) -> HttpResponse:
    query = request.GET.get("q", "")
    page = page_of(request, matching.links_of(tenant=request.tenant, query=query))
    template = "partners/_links.html" if request.htmx.target == "list" else "partners/links.html"
    return render(request, template, {"page": page, "query": query})


@require_POST
@may(Permission.EDIT_JOBS)
def unlink(request: TenantRequest, link_pk: int) -> HttpResponse:
    """ "Verknüpfung lösen"."""
    found = request.tenant.article_links.select_related("tenant", "contact", "article")
    matching.unlink_article(link=get_object_or_404(found, pk=link_pk), actor=actor_of(request))
    messages.success(request, _("The link has been released."))
    return redirect(request.tenant.url("partners:links"))
