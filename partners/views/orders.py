"""Orders on the job page, and our answer to a partner's inquiry (mission O1, O2, O5)."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, may, member_required
from eventworx.tenants.models import User
from eventworx.tenants.roles import Permission
from jobs import inquiries
from jobs.models import Inquiry, Job
from partners import orders, search
from partners.forms.trade import CloseForm, DeclineForm, SendOrderForm
from partners.models import PartnerOrder

CHANGED = {"HX-Trigger": "positions-changed"}
REFRESH = {"HX-Refresh": "true"}


def _job(request: TenantRequest, pk: int) -> Job:
    return get_object_or_404(request.tenant.jobs.select_related("tenant", "customer"), pk=pk)


def _incoming(request: TenantRequest, inquiry_pk: int) -> PartnerOrder:
    related = "inquiry__tenant", "inquiry__customer", "inquiry__job", "connection__tenant", "connection__contact"
    return get_object_or_404(request.tenant.partner_orders.select_related("tenant", *related), inquiry_id=inquiry_pk)


@member_required
def job_orders(request: TenantRequest, pk: int) -> HttpResponse:
    """Everything about sub-rental orders of a job: what can be sent, and what became of what was."""
    job = _job(request, pk)
    shown, changed = orders.progress_of(job), search.changed_since(job=job)
    context = {
        "job": job,
        "orders": shown,
        "seen": orders.fingerprint(shown),
        "is_open": any(order.is_open for order in shown),
        "orderable": [(one, changed.get(one.connection.contact_id, [])) for one in orders.orderable(job)],
        "form": SendOrderForm(tenant=request.tenant),
    }
    return render(request, "partners/_job_orders.html", context)


@member_required
def order_status(request: TenantRequest, pk: int) -> HttpResponse:
    """The list alone, asked for again and again while something is open."""
    job = _job(request, pk)
    shown = orders.progress_of(job)
    seen = orders.fingerprint(shown)
    context = {"job": job, "orders": shown, "seen": seen, "is_open": any(order.is_open for order in shown)}
    response = render(request, "partners/_order_list.html", context)
    if seen != request.GET.get("seen"):
        response.headers["HX-Trigger"] = "positions-changed"
    return response


@require_POST
@may(Permission.EDIT_JOBS)
def send_order(request: TenantRequest, pk: int, connection_id: UUID) -> HttpResponse:
    """ "Bestellung an Partner senden": written down, delivered by the worker."""
    job = _job(request, pk)
    connection = get_object_or_404(request.tenant.partner_connections.suppliers(), pk=connection_id)
    form = SendOrderForm(request.POST, tenant=request.tenant)
    orders.send_order(
        connection=connection,
        job=job,
        actor=actor_of(request),
        now=timezone.now(),
        remark=form.require_valid()["remark"],
        logistics=form.logistics(job),
    )
    return HttpResponse(status=204, headers=CHANGED)


@require_POST
@may(Permission.EDIT_JOBS)
def withdraw(request: TenantRequest, pk: int, order_pk: int) -> HttpResponse:
    """ "Zurückziehen": possible until the supplier answers."""
    found = request.tenant.partner_orders.select_related("tenant", "connection", "sub_rental_order")
    order = get_object_or_404(found, sub_rental_order_id=order_pk, sub_rental_order__job_id=pk)
    orders.withdraw_order(order=order, actor=actor_of(request), now=timezone.now())
    return HttpResponse(status=204, headers=CHANGED)


@member_required
def inquiry_actions(request: TenantRequest, pk: int) -> HttpResponse:
    """What can be done with a partner's inquiry. Whoever sees this has read it, and the customer learns so."""
    if not request.tenant.partner_orders.filter(inquiry_id=pk).exists():
        get_object_or_404(request.tenant.inquiries, pk=pk)
        return HttpResponse()
    order = orders.tell_seen(order=_incoming(request, pk), now=timezone.now())
    return _actions(request, order, _decline_form(order)(tenant=request.tenant))


@require_POST
@may(Permission.EDIT_JOBS)
def make_job(request: TenantRequest, pk: int) -> HttpResponse:
    """ "Job anlegen": one click, no data entry."""
    inquiry: Inquiry = get_object_or_404(request.tenant.inquiries.select_related("tenant"), pk=pk)
    job = inquiries.make_job(inquiry=inquiry)
    return HttpResponse(status=204, headers={"HX-Redirect": request.tenant.url("jobs:detail", job.pk)})


@require_POST
@may(Permission.EDIT_JOBS)
def confirm(request: TenantRequest, pk: int) -> HttpResponse:
    orders.confirm_order(order=_incoming(request, pk), actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Confirmed: everything is reserved, the customer is told."))
    return HttpResponse(status=204, headers=REFRESH)


@require_POST
@may(Permission.EDIT_JOBS)
def decline(request: TenantRequest, pk: int) -> HttpResponse:
    order = _incoming(request, pk)
    form = _decline_form(order)(request.POST, tenant=request.tenant)
    if form.is_valid():
        declined = form.attempt(
            lambda: orders.decline_order(
                order=order, reason=form.cleaned_data["reason"], actor=actor_of(request), now=timezone.now()
            )
        )
        if declined:
            messages.success(request, _closed_or_declined(declined))
            return HttpResponse(status=204, headers=REFRESH)
    return _actions(request, order, form)


def _decline_form(order: PartnerOrder) -> type[DeclineForm]:
    return CloseForm if order.connection.closed_at else DeclineForm


def _closed_or_declined(order: PartnerOrder) -> str:
    """What came of it, by the moment in which it was written: the connection may have ended since the page was read."""
    if order.connection.closed_at:
        return _("Closed here: %(customer)s does not hear of it from us.") % {"customer": order.connection.contact}
    return _("Declined: the customer is told.")


def _actions(request: TenantRequest, order: PartnerOrder, form: DeclineForm) -> HttpResponse:
    context = {
        "order": order,
        "inquiry": order.inquiry,
        "form": form,
        "steps": orders.answer_steps(order),
        "objections": orders.why_not_automatic(order),
    }
    return render(request, "partners/_inquiry_actions.html", context)


@login_required
def entrance(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The link in the supplier's mail: it names the order, his memberships say in which company."""
    user = request.user
    order = orders.incoming_order(user=user, order_id=order_id) if isinstance(user, User) else None
    if order is None:
        raise Http404
    return redirect(order.tenant.url("jobs:inquiry", order.inquiry_id))
