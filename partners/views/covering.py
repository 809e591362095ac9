""" "Bei Partnern decken": several short positions in one go, of one job or of many (mission J6)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, may
from eventworx.tenants.roles import Permission
from jobs.covering import ShortLine, short_lines
from partners import search
from partners.forms.covering import AT_ONCE, CoverForm, passed_over, position_ids


@may(Permission.EDIT_JOBS)
def cover(request: TenantRequest) -> HttpResponse:
    """The page; it asks nobody, but loads what asks."""
    named = position_ids(request.GET)
    lines = short_lines(tenant=request.tenant, position_ids=named[:AT_ONCE])
    context = {"lines": lines, "named": named, "left_out": len(named[AT_ONCE:]), "at_once": AT_ONCE}
    return render(request, "partners/cover.html", context)


@may(Permission.EDIT_JOBS)
def cover_offers(request: TenantRequest) -> HttpResponse:
    """What partners have, asked live."""
    lines = short_lines(tenant=request.tenant, position_ids=position_ids(request.GET)[:AT_ONCE])
    return render(request, "partners/_cover_offers.html", _asked(request, lines))


def _asked(
    request: TenantRequest, lines: list[ShortLine], chosen: list[search.Choice] | None = None
) -> dict[str, search.Offers | str]:
    """What partners have, or why nobody was asked."""
    tenant, asker, now = request.tenant, request.user, timezone.now()
    try:
        return {"offers": search.offers_for(tenant=tenant, asker=asker, lines=lines, chosen=chosen, now=now)}
    except search.TooManyOffersAsked as refusal:
        return {"refusal": str(refusal)}


@require_POST
@may(Permission.EDIT_JOBS)
def cover_take(request: TenantRequest) -> HttpResponse:
    """Everything that was chosen, job by job; then to the job, or back to the cockpit where there are several.

    Where something is no longer what was seen, the page again: asked anew, with what was chosen.
    """
    ids = position_ids(request.POST)[:AT_ONCE]
    lines = short_lines(tenant=request.tenant, position_ids=ids)
    form = CoverForm(request.POST, tenant=request.tenant, lines=lines)
    choices = form.choices()
    try:
        taken = search.take_offers(tenant=request.tenant, choices=choices)
    except search.OffersHaveChanged as changed:
        address = f"{request.tenant.url('partners:cover')}?{urlencode({'position': ids}, doseq=True)}"
        context = {"lines": lines, "named": ids, "changed": changed, "address": address}
        context |= _asked(request, lines, choices)
        return render(request, "partners/cover.html", context)
    if count := passed_over(request.POST, lines):
        text = ngettext(
            "%(count)d chosen position lacks nothing any more: nothing was hired for it.",
            "%(count)d chosen positions lack nothing any more: nothing was hired for them.",
            count,
        )
        messages.warning(request, text % {"count": count})
    for job, error in taken.refused.items():
        messages.error(request, f"{job}: {error}")
    for job, hired in taken.hired.items():
        named = ", ".join(f"{row.sub_rented_quantity} × {row.description} ({row.supplier})" for row in hired)
        messages.success(request, _("%(job)s: now from partners: %(named)s.") % {"job": job, "named": named})
    jobs = [*taken.hired, *taken.refused]
    return redirect(jobs[0]) if len(jobs) == 1 else redirect(request.tenant.url("jobs:shortages"))
