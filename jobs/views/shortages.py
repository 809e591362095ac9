"""The shortage cockpit over all jobs (mission §6)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from eventworx.tenants.access import TenantRequest, member_required
from jobs import cockpit
from jobs.forms import WeekForm


@member_required
def shortages(request: TenantRequest) -> HttpResponse:
    """Two weeks, from that of the named day on."""
    now = timezone.now()
    form = WeekForm(request.GET)
    monday = cockpit.monday_of(form.day_or(timezone.localdate(now, request.tenant.zone)))
    period = cockpit.weeks_from(tenant=request.tenant, monday=monday)
    context = {
        "form": form,
        "period": period,
        "monday": monday,
        "before": monday - cockpit.WEEK,
        "after": monday + cockpit.WEEK,
        "board": cockpit.board_of(tenant=request.tenant, period=period, now=now),
    }
    return render(request, "jobs/shortages.html", context)
