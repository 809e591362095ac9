"""The search at all partners in the job dialog: started by the form, followed until everybody has answered (J2)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from eventworx.tenants.access import TenantRequest, may
from eventworx.tenants.roles import Permission
from jobs.models import Job
from partners import search
from partners.forms.trade import SearchForm
from partners.search import Gathered, Order

ROWS = 100  # of the table at first


def job_of(request: TenantRequest, pk: int) -> Job:
    return get_object_or_404(request.tenant.jobs.select_related("tenant", "customer"), pk=pk)


def ask_all(request: TenantRequest, job: Job, form: SearchForm) -> HttpResponse:
    """Start a question that was typed; what the quick ones say is on the page at once."""
    asked = form.attempt(
        lambda: search.gather(
            tenant=request.tenant,
            asker=request.user,
            dialog=form.cleaned_data["dialog"],
            turn=form.cleaned_data["turn"] or 0,
            wanted=form.wanted,
            now=timezone.now(),
        )
    )
    if form.errors:
        return render(request, "partners/_hits.html", {"job": job, "form": form})
    # A newer question of the same page may have overtaken this one: nobody waits for its answer any more.
    return (asked and _table(request, job, asked)) or HttpResponse(status=204)


@may(Permission.EDIT_JOBS)
def gathered(request: TenantRequest, pk: int, gathering: UUID) -> HttpResponse:
    """What has come so far; while there is nothing beyond what the page has seen, only what asks again."""
    job, seen = job_of(request, pk), request.GET.get("seen", "")
    news = search.news_of(tenant=request.tenant, asker=request.user, gathering=gathering, now=timezone.now())
    if seen and news == seen:
        return render(request, "partners/_gathering.html", {"address": request.get_full_path()})
    response = _show(request, job, gathering)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#gathered", "outerHTML"
    return response


@may(Permission.EDIT_JOBS)
def further(request: TenantRequest, pk: int, gathering: UUID, connection_id: UUID) -> HttpResponse:
    """ "Weitere Treffer" of one of the partners."""
    job = job_of(request, pk)
    form = SearchForm(request.GET, tenant=request.tenant, job=job)
    form.require_valid()
    search.gather_further(
        tenant=request.tenant,
        asker=request.user,
        gathering=gathering,
        connection_id=connection_id,
        wanted=form.wanted,
        now=timezone.now(),
    )
    return _show(request, job, gathering)


def _show(request: TenantRequest, job: Job, gathering: UUID) -> HttpResponse:
    response = _table(request, job, gathering)
    if response is None:
        raise Http404
    return response


def _table(request: TenantRequest, job: Job, gathering: UUID) -> HttpResponse | None:
    order = _order(request)
    found = search.gathered(
        tenant=request.tenant, asker=request.user, gathering=gathering, order=order, now=timezone.now()
    )
    if found is None:
        return None
    return render(request, "partners/_gathered.html", {"job": job, "found": found, **_window(request, job, found)})


def _window(request: TenantRequest, job: Job, found: Gathered) -> dict[str, Any]:
    """The hits that are shown, how many are left, and where to ask for more rows and for news."""
    hits, rows = len(found.hits), _rows(request, len(found.hits))
    address, order = request.tenant.url("partners:gathered", job.pk, found.gathering), {"sort": found.order.value}
    return {
        "orders": Order.choices,
        "address": address,
        "shown": found.hits[:rows],
        "left": max(0, hits - rows),
        "next_rows": rows + ROWS,
        "more": f"{address}?{urlencode(order | {'rows': rows + ROWS})}",
        "follow": f"{address}?{urlencode(order | {'rows': rows, 'hits': hits, 'seen': found.news})}",
    }


def _rows(request: TenantRequest, hits: int) -> int:
    """How many hits the table shows: so many more than before as have come since, so that no row leaves it again."""
    shown, known = _number(request, "rows", ROWS), _number(request, "hits", hits)
    return shown + max(0, hits - known)


def _number(request: TenantRequest, name: str, otherwise: int) -> int:
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else otherwise


def _order(request: TenantRequest) -> Order:
    typed = request.GET.get("sort", "")
    return Order(typed) if typed in Order.values else Order.RELEVANCE
