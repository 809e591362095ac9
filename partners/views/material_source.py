"""Materialquelle "Partner" in the job dialog: search, pick, connect or create, quantity (mission J1, J4, J5)."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, may
from eventworx.tenants.roles import Permission
from inventory.pictures import CONTENT_TYPE
from jobs.covering import short_lines
from jobs.models import Job
from partners import matching, search
from partners.forms.covering import covered_position
from partners.forms.new_article import NewArticleForm
from partners.forms.trade import AskedQuantityForm, OwnArticleForm, QuantityForm, SearchForm, search_initial
from partners.models import PartnerConnection
from partners.views.gathering import ask_all, job_of


def _source(request: TenantRequest, connection_id: UUID) -> PartnerConnection:
    return get_object_or_404(search.askable(request.tenant), pk=connection_id)


@may(Permission.EDIT_JOBS)
def material_source(request: TenantRequest, pk: int) -> HttpResponse:
    job = job_of(request, pk)
    covers = covered_position(request.GET, job)
    initial = search_initial(job) | {"q": covers.article.name if covers and covers.article else ""}
    form = SearchForm(tenant=request.tenant, job=job, initial=initial)
    context = {"job": job, "form": form, "has_sources": search.sources(request.tenant).exists(), "covers": covers}
    return render(request, "partners/_material_source.html", context)


@may(Permission.EDIT_JOBS)
def hits(request: TenantRequest, pk: int) -> HttpResponse:
    """Live hits, or the sentence that says why there are none."""
    job = job_of(request, pk)
    form = SearchForm(request.GET, tenant=request.tenant, job=job)
    if form.is_valid() and form.asks_all:
        return ask_all(request, job, form)
    answer = form.attempt(lambda: _asked(request, form)) if form.is_valid() else None
    context = {"job": job, "form": form, "answer": answer, "connection": form.cleaned_data.get("supplier")}
    return render(request, "partners/_hits.html", context)


def _asked(request: TenantRequest, form: SearchForm) -> search.SearchAnswer:
    return search.search_for_person(asker=request.user, now=timezone.now(), **form.question())


@may(Permission.EDIT_JOBS)
def picture(request: TenantRequest, connection_id: UUID, article_id: str) -> HttpResponse:
    """A partner's picture, from our own server; asked for by the browser as the hit comes into sight."""
    connection = _source(request, connection_id)
    content = search.partner_picture(
        asker=request.user, now=timezone.now(), connection=connection, article_id=article_id
    )
    return HttpResponse(content, content_type=CONTENT_TYPE, headers={"Cache-Control": "private, max-age=3600"})


@require_POST
@may(Permission.EDIT_JOBS)
def pick(request: TenantRequest, pk: int, connection_id: UUID, article_id: str) -> HttpResponse:
    """Straight to the quantity if it is linked, else to the candidates."""
    job, connection = job_of(request, pk), _source(request, connection_id)
    search.pick_listing(
        asker=request.user,
        now=timezone.now(),
        connection=connection,
        article_id=article_id,
        period=job.planning_period,
        usage=job.usage_period,
    )
    return _next_step(request, job, connection, article_id)


@may(Permission.EDIT_JOBS)
def candidates(request: TenantRequest, pk: int, connection_id: UUID, article_id: str) -> HttpResponse:
    """Own articles that somebody searches by hand, because none that we proposed is it."""
    job, connection = job_of(request, pk), _source(request, connection_id)
    found, cut = matching.candidates_by_hand(tenant=request.tenant, query=request.GET.get("q", ""))
    context = {"job": job, "connection": connection, "article_id": article_id, "candidates": found, "cut": cut}
    return render(request, "partners/_candidates.html", context)


@require_POST
@may(Permission.EDIT_JOBS)
def link(request: TenantRequest, pk: int, connection_id: UUID, article_id: str) -> HttpResponse:
    """ "Verbinden": never asked again."""
    job, connection = job_of(request, pk), _source(request, connection_id)
    form = OwnArticleForm(request.POST, tenant=request.tenant)
    matching.link_article(
        tenant=request.tenant,
        contact=connection.contact,
        partner_article_id=article_id,
        article=form.require_valid()["article"],
        actor=actor_of(request),
    )
    return _next_step(request, job, connection, article_id)


@may(Permission.EDIT_JOBS)
def new_article(request: TenantRequest, pk: int, connection_id: UUID, article_id: str) -> HttpResponse:
    """ "Neuen Artikel anlegen": filled with what the partner sent."""
    job, connection = job_of(request, pk), _source(request, connection_id)
    listing = search.picked_listing(contact=connection.contact, partner_article_id=article_id)
    form = NewArticleForm(request.POST or None, tenant=request.tenant, listing=listing)
    if form.is_valid():
        created = form.attempt(
            lambda: matching.create_article_from_listing(
                tenant=request.tenant,
                contact=connection.contact,
                listing=listing,
                actor=actor_of(request),
                **form.cleaned_data,
            )
        )
        if created:
            return _next_step(request, job, connection, article_id)
    context = {"job": job, "connection": connection, "listing": listing, "form": form}
    return render(request, "partners/_new_article.html", context)


@may(Permission.EDIT_JOBS)
def proof(request: TenantRequest, pk: int, connection_id: UUID, article_id: str) -> HttpResponse:
    """What the partner has free while the job lasts, when it is scarcest, and when he said so; or why he does not.

    A part of the step that is asked for as somebody types: what is wrong stands there and leads nobody's eye away.
    """
    job, connection = job_of(request, pk), _source(request, connection_id)
    form = AskedQuantityForm(request.GET, tenant=request.tenant)
    quantity = form.asked
    found = form.attempt(
        lambda: search.prove_at_partner(
            asker=request.user,
            now=timezone.now(),
            connection=connection,
            article_id=article_id,
            period=job.planning_period,
            quantity=quantity,
        )
    )
    return render(request, "partners/_proof.html", {"proof": found, "form": form})


@require_POST
@may(Permission.EDIT_JOBS)
def add_position(request: TenantRequest, pk: int, connection_id: UUID, article_id: str) -> HttpResponse:
    """The Bestellposition."""
    job, connection = job_of(request, pk), _source(request, connection_id)
    form = QuantityForm(request.POST, tenant=request.tenant)
    if form.is_valid():
        position = form.attempt(
            lambda: search.take_into_job(
                job=job,
                connection=connection,
                partner_article_id=article_id,
                quantity=form.cleaned_data["quantity"],
                seen=form.cleaned_data["seen"],
                covers=covered_position(request.POST, job),
            )
        )
        if position:
            context = {"position": position, "connection": connection}
            response = render(request, "partners/_position_added.html", context)
            response.headers["HX-Trigger"] = "positions-changed"
            return response
    return _next_step(request, job, connection, article_id, form)


def _next_step(
    request: TenantRequest,
    job: Job,
    connection: PartnerConnection,
    article_id: str,
    form: QuantityForm | None = None,
) -> HttpResponse:
    """The quantity of a linked article; for another one the candidates, each with its reasons."""
    listing = search.picked_listing(contact=connection.contact, partner_article_id=article_id)
    article = matching.linked_article(contact=connection.contact, partner_article_id=article_id)
    context = {"job": job, "connection": connection, "listing": listing, "article_id": article_id, "article": article}
    if article:
        covers = covered_position(request.POST or request.GET, job)
        covered = short_lines(tenant=request.tenant, position_ids=[covers.pk]) if covers else []
        context["covered"] = line = next((line for line in covered if line.position.article == article), None)
        initial = {"quantity": line.need.shortage if line else 1}
        context["asks_proof"] = search.can_be_proved(connection=connection, listing=listing, period=job.planning_period)
        context["price"] = search.price_in(job, listing, supplier=connection.contact)
        context["form"] = form or QuantityForm(tenant=request.tenant, initial=initial)
        return render(request, "partners/_quantity.html", context)
    context["candidates"] = matching.find_candidates(tenant=request.tenant, listing=listing)
    return render(request, "partners/_match.html", context)
