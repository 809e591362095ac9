"""Pages of article lists: in from a file, out as a file."""

from typing import Any

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST
from django_htmx.http import retarget

from eventworx.tenants.access import TenantRequest, may, member_required
from eventworx.tenants.roles import Permission
from eventworx.web.pages import page_of
from inventory.article_lists import importing, showing
from inventory.article_lists.cells import Notation
from inventory.article_lists.exporting import FileFormat, export_articles
from inventory.article_lists.forms import ALL_OR_NOTHING, SKIP, ListForm, MappingForm
from inventory.forms import ArticleFilter
from inventory.models import ArticleImport, ImportState


@member_required
def article_export(request: TenantRequest) -> HttpResponseBase:
    """What the list of articles shows under the same filter, or `all`; as CSV unless `format` says xlsx."""
    chosen = FileFormat.WORKBOOK if request.GET.get("format") == FileFormat.WORKBOOK else FileFormat.CSV
    everything = request.tenant.articles.order_by("number")
    articles = everything if request.GET.get("all") else ArticleFilter(request.GET, tenant=request.tenant).all_found()
    file = export_articles(
        tenant=request.tenant, articles=articles, file_format=chosen, language=get_language() or "de"
    )
    # FileResponse itself names files only, and the CSV is written while it is sent.
    named = {"Content-Disposition": content_disposition_header(True, file.name) or ""}
    return FileResponse(file.content, content_type=file.media_type, headers=named)


def _import(request: TenantRequest, pk: int) -> ArticleImport:
    return get_object_or_404(request.tenant.article_imports.select_related("tenant", "created_by"), pk=pk)


@may(Permission.EDIT_ARTICLES)
def article_imports(request: TenantRequest) -> HttpResponse:
    """The lists so far, and a place for a new one."""
    form = ListForm(request.POST or None, request.FILES or None, tenant=request.tenant)
    received = form.attempt(lambda: _received(request, form)) if form.is_valid() else None
    if received:
        return redirect(received)
    page = page_of(request, request.tenant.article_imports.select_related("created_by").newest_first())
    return render(request, "inventory/article_imports.html", {"form": form, "page": page})


def _received(request: TenantRequest, form: ListForm) -> ArticleImport:
    file = form.cleaned_data["file"]
    return importing.receive_list(
        tenant=request.tenant, user=request.user, name=file.name, content=file.chunks(), now=timezone.now()
    )


@may(Permission.EDIT_ARTICLES)
def article_import(request: TenantRequest, pk: int) -> HttpResponse:
    """Where a list stands; POST has it checked under the mapping that is sent."""
    found = _import(request, pk)
    form = _mapping_form(request, found)
    if request.method == "POST" and form and form.is_valid():
        importing.check_list(article_import=found, now=timezone.now(), **form.choices())
        return redirect(found)
    return _import_page(request, found, form)


def _import_page(request: TenantRequest, found: ArticleImport, form: MappingForm | None) -> HttpResponse:
    """The page, or of it what follows the work; when that is over, all of it is put in its place."""
    if request.htmx.target != "progress":
        return render(request, "inventory/article_import.html", _shown(found, form))
    if found.state == ImportState.BUSY:
        return render(request, "inventory/_import_progress.html", _shown(found, None))
    return retarget(render(request, "inventory/_article_import.html", _shown(found, form)), "#import")


def _mapping_form(request: TenantRequest, found: ArticleImport) -> MappingForm | None:
    """Where the columns are to be assigned, or somebody wants to assign them anew; raises ListMovedOn."""
    if request.method == "POST" and not found.can_be_mapped:
        raise importing.ListMovedOn
    wants = request.method == "POST" or found.state == ImportState.READ or "columns" in request.GET
    if not (found.can_be_mapped and wants):
        return None
    initial: dict[str, Any] = {f"column_{place}": key for key, place in found.mapping.items()}
    initial |= {name: getattr(found, name) for name in ("notation", "change_existing", "create_categories")}
    initial["bad_lines"] = SKIP if found.skip_bad_lines else ALL_OR_NOTHING
    columns = showing.file_columns(found)
    return MappingForm(request.POST or None, tenant=request.tenant, columns=columns, initial=initial)


def _shown(found: ArticleImport, form: MappingForm | None) -> dict[str, Any]:
    is_busy = found.state == ImportState.BUSY
    return {
        "found": found,
        "form": form,
        "standing": showing.standing(found),
        "step": showing.step_label(found) if is_busy else "",
        "problems": [] if is_busy else showing.first_problems(found),
        "ignored": showing.ignored_columns(found) if found.sample else [],
        "preview": _preview(found, found.mapping, found.notation, found.create_categories) if form else [],
    }


def _preview(found: ArticleImport, mapping: dict[str, int], notation: str, creates: bool) -> Any:
    return showing.preview(found, mapping, Notation(notation), creates=creates)


@may(Permission.EDIT_ARTICLES)
def import_preview(request: TenantRequest, pk: int) -> HttpResponse:
    """The first lines under the mapping that is being chosen."""
    found = _import(request, pk)
    if not found.sample:
        raise importing.ListMovedOn
    form = MappingForm(request.GET, tenant=request.tenant, columns=showing.file_columns(found))
    form.is_valid()
    notation = form.cleaned_data.get("notation", found.notation)
    rows = _preview(found, form.mapping(), notation, form.cleaned_data.get("create_categories", False))
    return render(request, "inventory/_import_preview.html", {"preview": rows})


@require_POST
@may(Permission.EDIT_ARTICLES)
def import_start(request: TenantRequest, pk: int) -> HttpResponse:
    found = _import(request, pk)
    importing.start_import(article_import=found, now=timezone.now())
    return redirect(found)


@require_POST
@may(Permission.EDIT_ARTICLES)
def import_restart(request: TenantRequest, pk: int) -> HttpResponse:
    found = _import(request, pk)
    importing.restart_list(article_import=found, now=timezone.now())
    return redirect(found)


@require_POST
@may(Permission.EDIT_ARTICLES)
def import_cancel(request: TenantRequest, pk: int) -> HttpResponse:
    found = _import(request, pk)
    importing.cancel_list(article_import=found, now=timezone.now())
    return redirect(found)


@may(Permission.EDIT_ARTICLES)
def import_problems(request: TenantRequest, pk: int) -> HttpResponseBase:
    """What is wrong with the lines, as a file in the reader's language."""
    name = gettext("errors")
    content = b"".join(showing.problems_file(_import(request, pk)))
    disposition = {"Content-Disposition": f'attachment; filename="{name}-{pk}.csv"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=disposition)
