"""Jobs and inquiries."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from eventworx.tenants.access import TenantRequest, may, member_required
from eventworx.tenants.roles import Permission
from eventworx.web.pages import page_of
from jobs import documents, inquiries, planning, positions
from jobs.forms import (
    HoldForm,
    InquiryFilter,
    JobFilter,
    JobForm,
    OwnPositionForm,
    PositionForm,
    SearchForm,
    StateForm,
    TextPositionForm,
    initial_of,
)
from jobs.models import Inquiry, Job
from jobs.positions import PositionIsGone
from jobs.sheet import sheet_of, sheet_of_inquiry
from jobs.shortages import own_material_for, short_positions
from jobs.states import NEXT_STATES, JobState


def _job(request: TenantRequest, pk: int) -> Job:
    return get_object_or_404(request.tenant.jobs.select_related("tenant", "customer"), pk=pk)


def _gone(request: TenantRequest, job: Job, gone: PositionIsGone) -> HttpResponse:
    """Where a position was: that somebody has removed it, and what was typed for it."""
    context = {"job": job, "gone": gone, "typed": PositionForm.typed(request.POST)}
    return render(request, "jobs/position_gone.html", context, status=gone.status)


def _inquiry(request: TenantRequest, pk: int) -> Inquiry:
    return get_object_or_404(request.tenant.inquiries.select_related("tenant", "customer", "job"), pk=pk)


def _pdf(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}.pdf"'}
    )


@member_required
def dashboard(request: TenantRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "jobs": request.tenant.jobs.alive().coming(now).select_related("customer").next_first()[:10],
        "inquiries": request.tenant.inquiries.open().select_related("customer").newest_first()[:10],
        "short": short_positions(tenant=request.tenant, now=now),
        "overdue": request.tenant.jobs.overdue(now).select_related("tenant")[:10],
    }
    return render(request, "jobs/dashboard.html", context)


@member_required
def job_list(request: TenantRequest) -> HttpResponse:
    filters = JobFilter(request.GET)
    jobs = filters.narrow(request.tenant.jobs.select_related("customer"), timezone.now())
    template = "jobs/_list.html" if request.htmx.target == "list" else "jobs/list.html"
    return render(request, template, {"page": page_of(request, jobs), "filters": filters})


@may(Permission.EDIT_JOBS)
def create(request: TenantRequest) -> HttpResponse:
    initial = {"tax_percent": request.tenant.tax_percent, **request.GET.dict()}
    form = JobForm(request.POST or None, tenant=request.tenant, initial=initial)
    if form.is_valid():
        job = form.attempt(lambda: planning.create_job(tenant=request.tenant, **form.job_fields()))
        if job:
            return redirect(job)
    return render(request, "jobs/edit.html", {"form": form})


@member_required
def detail(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    sheet = sheet_of(job)
    context = {
        "job": job,
        "sheet": sheet,
        "covers": next(
            (line.position for line in sheet.short if str(line.position.pk) == request.GET.get("cover")), None
        ),
        "next_states": [state for state in JobState if state in NEXT_STATES[JobState(job.state)]],
        "hold_form": HoldForm(job=job, now=timezone.now()),
    }
    return render(request, "jobs/detail.html", context)


@may(Permission.EDIT_JOBS)
def edit(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    form = JobForm(request.POST or None, tenant=request.tenant, job=job, initial=initial_of(job))
    if form.is_valid():
        seen = job.planning_period, job.usage_period
        if form.attempt(lambda: planning.update_job(job=job, seen=seen, **form.job_fields())) is not None:
            return redirect(job)
    return render(request, "jobs/edit.html", {"form": form, "job": job})


@require_POST
@may(Permission.EDIT_JOBS)
def set_state(request: TenantRequest, pk: int) -> HttpResponse:
    form = StateForm(request.POST)
    job = _job(request, pk)
    if form.is_valid():
        planning.set_state(job=job, state=JobState(form.cleaned_data["state"]), seen=form.cleaned_data["seen"])
    return redirect(job)


@member_required
def of_reservation(request: TenantRequest, pk: int) -> HttpResponse:
    """The job that has reserved, for pages that know the reservation alone."""
    return redirect(get_object_or_404(request.tenant.jobs.select_related("tenant"), positions__reservation=pk))


@member_required
def job_pdf(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    return _pdf(documents.job_pdf(job=job), job.number)


@member_required
def order_pdf(request: TenantRequest, pk: int) -> HttpResponse:
    orders = request.tenant.sub_rental_orders.select_related("tenant", "supplier", "job")
    order = get_object_or_404(orders, pk=pk)
    return _pdf(documents.sub_rental_order_pdf(order=order), order.number)


@member_required
def position_list(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    return render(request, "jobs/_positions.html", {"job": job, "sheet": sheet_of(job)})


@may(Permission.EDIT_JOBS)
def own_material(request: TenantRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    template = "jobs/_own_hits.html" if request.htmx.target == "own-hits" else "jobs/_own_material.html"
    query = SearchForm(request.GET).query
    hits, there_are_more = own_material_for(job=job, query=query)
    context = {"job": job, "hits": hits, "cut": len(hits) if there_are_more else 0, "query": query}
    return render(request, template, context)


@may(Permission.EDIT_JOBS)
def text_material(request: TenantRequest, pk: int) -> HttpResponse:
    form = TextPositionForm(tenant=request.tenant)
    return render(request, "jobs/_text_material.html", {"job": _job(request, pk), "form": form})


@require_POST
@may(Permission.EDIT_JOBS)
def position_create(request: TenantRequest, pk: int) -> HttpResponse:
    """A position from one of the two panels, which stays open for the next one."""
    job = _job(request, pk)
    kind = OwnPositionForm if "article" in request.POST else TextPositionForm
    form = kind(request.POST, tenant=request.tenant)
    added = form.attempt(lambda: positions.add_position(job=job, **form.cleaned_data)) if form.is_valid() else None
    context = {"job": job, "added": added, "form": kind(tenant=request.tenant) if added else form}
    response = render(request, kind.template, context)
    return trigger_client_event(response, "positions-changed") if added else response


@may(Permission.EDIT_JOBS)
def position_edit(request: TenantRequest, pk: int, position_pk: int) -> HttpResponse:
    job = _job(request, pk)
    try:
        position = positions.position_of(job, position_pk)
    except PositionIsGone as gone:
        return _gone(request, job, gone)
    form = PositionForm(request.POST or None, tenant=request.tenant, position=position, initial=vars(position))
    if form.is_valid():
        beside = "beside" in request.POST
        changed = form.attempt(lambda: positions.update_position(position=position, beside=beside, **form.touched))
        if changed:
            if more := form.touched.get("quantity", changed.quantity) - changed.quantity:
                text = _("%(count)d × %(position)s in a position of their own.")
                messages.success(request, text % {"count": more, "position": changed.description})
            return redirect(position.job)
    return render(request, "jobs/position.html", {"form": form, "job": position.job, "position": position})


@require_POST
@may(Permission.EDIT_JOBS)
def position_delete(request: TenantRequest, pk: int, position_pk: int) -> HttpResponse:
    job = _job(request, pk)
    try:
        position = positions.position_of(job, position_pk)
        positions.remove_position(position=position)
    except PositionIsGone as gone:
        return _gone(request, job, gone)
    messages.success(request, _("“%(position)s” has been removed.") % {"position": position.description})
    return redirect(position.job)


@require_POST
@may(Permission.EDIT_JOBS)
def position_move(request: TenantRequest, pk: int, position_pk: int) -> HttpResponse:
    position = positions.position_of(_job(request, pk), position_pk)
    positions.move_position(position=position, up="up" in request.POST)
    return render(request, "jobs/_positions.html", {"job": position.job, "sheet": sheet_of(position.job)})


@member_required
def inquiry_list(request: TenantRequest) -> HttpResponse:
    filters = InquiryFilter(request.GET)
    found = filters.narrow(request.tenant.inquiries.select_related("customer", "job"))
    template = "jobs/_inquiries.html" if request.htmx.target == "list" else "jobs/inquiries.html"
    return render(request, template, {"page": page_of(request, found), "filters": filters})


@member_required
def inquiry(request: TenantRequest, pk: int) -> HttpResponse:
    """The "Partneranfrage"; whoever opens it marks it as seen."""
    found = _inquiry(request, pk)
    inquiries.mark_seen(inquiry=found, at=timezone.now())
    return render(request, "jobs/inquiry.html", {"inquiry": found, "sheet": sheet_of_inquiry(found)})


@member_required
def of_contact(request: TenantRequest, pk: int) -> HttpResponse:
    """The tab "Jobs" of a contact."""
    contact = get_object_or_404(request.tenant.contacts, pk=pk)
    jobs = request.tenant.jobs.of_contact(contact).select_related("customer").latest_first()
    context = {"contact": contact, "page": page_of(request, jobs), "active_tab": "jobs"}
    return render(request, "jobs/of_contact.html", context)


@member_required
def articles_of_supplier(request: TenantRequest, pk: int) -> HttpResponse:
    """The tab "Artikel" of a supplier: what we can have from him, by our own master data."""
    contact = get_object_or_404(request.tenant.contacts, pk=pk)
    supplied = contact.supplied_articles.select_related("article").order_by("article__sort_key", "pk")
    context = {"contact": contact, "page": page_of(request, supplied), "active_tab": "articles"}
    return render(request, "jobs/articles_of_supplier.html", context)
