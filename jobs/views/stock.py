"""What a job does with our own stock: the option, and the goods as they leave and come back."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, may
from eventworx.tenants.roles import Permission
from jobs import free_again, goods, holds
from jobs.forms import HoldForm, SeenForm
from jobs.models import Job
from jobs.positions import position_of


def _job(request: TenantRequest, pk: int) -> Job:
    return get_object_or_404(request.tenant.jobs.select_related("tenant", "customer"), pk=pk)


def _seen(request: TenantRequest) -> datetime | None:
    seen: datetime | None = SeenForm(request.POST, tenant=request.tenant).require_valid()["seen"]
    return seen


@require_POST
@may(Permission.EDIT_JOBS)
def hold(request: TenantRequest, pk: int) -> HttpResponse:
    """ "Material optionieren bis …": what was held stands at each position afterwards."""
    job, now = _job(request, pk), timezone.now()
    form = HoldForm(request.POST, job=job, now=now)
    job = holds.hold_material(job=job, until=form.require_valid()["until"], now=now)
    return redirect(job)


@require_POST
@may(Permission.EDIT_JOBS)
def hold_release(request: TenantRequest, pk: int) -> HttpResponse:
    job = holds.release_hold(job=_job(request, pk))
    messages.success(request, _("The option has been released."))
    return redirect(job)


@require_POST
@may(Permission.HANDLE_GOODS)
def hand_out(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    count = goods.hand_out(job=job, actor=actor_of(request), at=timezone.now())
    text = ngettext("%(count)d position has been handed out.", "%(count)d positions have been handed out.", count)
    messages.success(request, text % {"count": count})
    return redirect(job)


@require_POST
@may(Permission.HANDLE_GOODS)
def undo_hand_out(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    count = goods.undo_hand_out(job=job, actor=actor_of(request), at=timezone.now(), seen=_seen(request))
    text = ngettext("%(count)d position is back in store.", "%(count)d positions are back in store.", count)
    messages.success(request, text % {"count": count})
    return redirect(job)


@require_POST
@may(Permission.HANDLE_GOODS)
def take_back(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    count = goods.take_back(job=job, at=timezone.now())
    text = ngettext("%(count)d position has been taken back.", "%(count)d positions have been taken back.", count)
    messages.success(request, text % {"count": count})
    return redirect(job)


@require_POST
@may(Permission.HANDLE_GOODS)
def undo_take_back(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    count = goods.undo_take_back(job=job, actor=actor_of(request), at=timezone.now(), seen=_seen(request))
    text = ngettext("%(count)d position is out again.", "%(count)d positions are out again.", count)
    messages.success(request, text % {"count": count})
    return redirect(job)


@require_POST
@may(Permission.EDIT_JOBS)
def take_over(request: TenantRequest, pk: int, position_pk: int) -> HttpResponse:
    """Own stock that is free again, instead of what was to be hired."""
    position = position_of(_job(request, pk), position_pk)
    count = free_again.take_over(position=position)
    text = _("%(count)d × %(position)s now from own stock.")
    messages.success(request, text % {"count": count, "position": position.description})
    return redirect(position.job)
