"""Pages of articles, their stock, categories and factor scales."""

from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, may, member_required
from eventworx.tenants.roles import Permission
from eventworx.web.pages import page_of
from inventory import articles, categories, scales, stock
from inventory.forms import (
    ArticleFilter,
    ArticleForm,
    CategoryForm,
    MovementForm,
    NewArticleForm,
    ScaleForm,
    initial_of,
)
from inventory.models import Article
from inventory.pictures import CONTENT_TYPE
from inventory.prices import steps_of
from inventory.search import cut_at
from inventory.sheet import rows_of, sheet_of
from inventory.timeline.forms import PeriodForm

KEPT = "private, max-age=31536000, immutable"


def _article(request: TenantRequest, pk: int) -> Article:
    related = "tenant", "category", "factor_scale"
    return get_object_or_404(request.tenant.articles.select_related(*related), pk=pk)


@member_required
def article_list(request: TenantRequest) -> HttpResponse:
    filters = ArticleFilter(request.GET, tenant=request.tenant)
    found = filters.found()
    page = page_of(request, found)
    rows = rows_of(tenant=request.tenant, articles=list(page), now=timezone.now())
    template = "inventory/_articles.html" if request.htmx.target == "list" else "inventory/articles.html"
    return render(request, template, {"page": page, "rows": rows, "filters": filters, "cut": cut_at(found)})


@may(Permission.EDIT_ARTICLES)
def article_create(request: TenantRequest) -> HttpResponse:
    form = NewArticleForm(request.POST or None, request.FILES or None, tenant=request.tenant)
    if form.is_valid():
        article = form.attempt(lambda: articles.create_article(tenant=request.tenant, **form.cleaned_data))
        if article:
            return redirect(article)
    return render(request, "inventory/article_form.html", {"form": form})


@member_required
def article_detail(request: TenantRequest, pk: int) -> HttpResponse:
    article = _article(request, pk)
    shown = {"sheet": sheet_of(article=article, now=timezone.now()), "period_form": PeriodForm(tenant=request.tenant)}
    return render(request, "inventory/article.html", {"article": article, **shown})


@member_required
def article_picture(request: TenantRequest, pk: int, picture_pk: int) -> HttpResponse:
    """Whoever has it may keep it: another picture has another address."""
    picture = get_object_or_404(request.tenant.pictures, pk=picture_pk, article=pk)
    return HttpResponse(picture.content, content_type=CONTENT_TYPE, headers={"Cache-Control": KEPT})


@may(Permission.EDIT_ARTICLES)
def article_edit(request: TenantRequest, pk: int) -> HttpResponse:
    article = _article(request, pk)
    form = ArticleForm(request.POST or None, request.FILES or None, tenant=request.tenant, initial=initial_of(article))
    saved = form.attempt(lambda: _update(article, form)) if form.is_valid() else None
    if saved:
        return redirect(article)
    return render(request, "inventory/article_form.html", {"form": form, "article": article})


def _update(article: Article, form: ArticleForm) -> Article:
    """Who was told what is owned by now has seen that, and may save what he typed the next time."""
    try:
        return articles.update_article(article=article, **form.touched)
    except articles.OwnedMovedOn as moved:
        form.data = dict(form.data.items()) | {"seen_owned": moved.params["owned"]}
        raise


@require_POST
@may(Permission.EDIT_ARTICLES)
def article_archive(request: TenantRequest, pk: int) -> HttpResponse:
    """Archive, or bring back with `archived` empty."""
    article = _article(request, pk)
    articles.set_archived(article=article, archived_at=timezone.now() if request.POST.get("archived") else None)
    return redirect(article)


@may(Permission.EDIT_ARTICLES)
def movement_create(request: TenantRequest, pk: int) -> HttpResponse:
    article = _article(request, pk)
    form = MovementForm(request.POST or None, tenant=request.tenant)
    saved = form.attempt(lambda: stock.add_movement(article=article, **form.cleaned_data)) if form.is_valid() else None
    if saved:
        return redirect(article)
    return render(request, "inventory/movement_form.html", {"form": form, "article": article})


@require_POST
@may(Permission.EDIT_ARTICLES)
def movement_delete(request: TenantRequest, pk: int, movement_pk: int) -> HttpResponse:
    article = _article(request, pk)
    stock.remove_movement(movement=get_object_or_404(article.stock_movements, pk=movement_pk))
    return redirect(article)


@member_required
def category_list(request: TenantRequest) -> HttpResponse:
    return render(request, "inventory/categories.html", {"branches": categories.counted_tree(request.tenant)})


@may(Permission.EDIT_ARTICLES)
def category_create(request: TenantRequest) -> HttpResponse:
    form = CategoryForm(request.POST or None, tenant=request.tenant, initial=request.GET.dict())
    saved = (
        form.attempt(lambda: categories.create_category(tenant=request.tenant, **form.cleaned_data))
        if form.is_valid()
        else None
    )
    if saved:
        return redirect(request.tenant.url("inventory:categories"))
    return render(request, "inventory/category_form.html", {"form": form})


@may(Permission.EDIT_ARTICLES)
def category_edit(request: TenantRequest, pk: int) -> HttpResponse:
    category = get_object_or_404(request.tenant.categories.select_related("tenant", "parent"), pk=pk)
    form = CategoryForm(request.POST or None, tenant=request.tenant, initial=model_to_dict(category))
    form.carry_shown()
    saved = (
        form.attempt(lambda: categories.update_category(category=category, **form.touched)) if form.is_valid() else None
    )
    if saved:
        return redirect(request.tenant.url("inventory:categories"))
    return render(request, "inventory/category_form.html", {"form": form, "category": category})


@member_required
def scale_list(request: TenantRequest) -> HttpResponse:
    found = [(scale, steps_of(scale.steps)) for scale in request.tenant.factor_scales.with_article_count().by_name()]
    return render(request, "inventory/scales.html", {"scales": found})


@may(Permission.EDIT_ARTICLES)
def scale_create(request: TenantRequest) -> HttpResponse:
    form = ScaleForm(request.POST or None, tenant=request.tenant)
    saved = (
        form.attempt(lambda: scales.create_scale(tenant=request.tenant, **form.scale_fields()))
        if form.is_valid()
        else None
    )
    if saved:
        return redirect(request.tenant.url("inventory:scales"))
    return render(request, "inventory/scale_form.html", {"form": form})


@may(Permission.EDIT_ARTICLES)
def scale_edit(request: TenantRequest, pk: int) -> HttpResponse:
    scale = get_object_or_404(request.tenant.factor_scales.select_related("tenant"), pk=pk)
    form = ScaleForm(request.POST or None, tenant=request.tenant, scale=scale)
    saved = form.attempt(lambda: scales.update_scale(scale=scale, **form.scale_fields())) if form.is_valid() else None
    if saved:
        return redirect(request.tenant.url("inventory:scales"))
    return render(request, "inventory/scale_form.html", {"form": form, "scale": scale})
