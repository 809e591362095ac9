"""Pages of the timeline: who has what when, and how a figure comes about."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from eventworx.periods import Period
from eventworx.tenants.access import TenantRequest, member_required
from eventworx.web.pages import PER_PAGE, page_of
from inventory.models import Article
from inventory.search import cut_at
from inventory.timeline.board import MOST_SHORT, board_of, short_lanes, tables_of
from inventory.timeline.forms import PeriodForm, TimelineFilter, WindowForm
from inventory.timeline.lanes import axis_of, lanes_of
from inventory.timeline.proof import prove

TABLES = 10  # articles on a page that lists every change


def _article(request: TenantRequest, pk: int) -> Article:
    return get_object_or_404(request.tenant.articles.select_related("tenant"), pk=pk)


@member_required
def timeline(request: TenantRequest) -> HttpResponse:
    """What is free of the articles of a category, when."""
    filters = TimelineFilter(request.GET, tenant=request.tenant)
    template = "inventory/timeline/_lanes.html" if request.htmx.target == "list" else "inventory/timeline/page.html"
    return render(request, template, {"filters": filters, **_lanes(request, filters)})


def _lanes(request: HttpRequest, filters: TimelineFilter) -> dict[str, Any]:
    now, as_table = timezone.now(), filters.asks_for("table")
    window, per_page = filters.window(now), TABLES if as_table else PER_PAGE
    found = _page(request, filters, window.period, now, per_page)
    lanes = found["lanes"]
    return {
        **found,
        "tables": tables_of(lanes=lanes, period=window.period, now=now) if as_table else [],
        "window": window,
        "axis": axis_of(window=window, now=now),
        "now": now,
    }


def _page(
    request: HttpRequest, filters: TimelineFilter, period: Period, now: datetime, per_page: int
) -> dict[str, Any]:
    """One page of lanes; where only shortages are asked for, one of those that have them. And where it is not all."""
    if filters.asks_for("short"):
        short, there_are_more = short_lanes(articles=filters.all_found(), period=period, now=now)
        page = page_of(request, short, per_page)
        return {"page": page, "lanes": list(page), "looked_at": MOST_SHORT if there_are_more else 0}
    found = filters.found()
    page = page_of(request, found, per_page)
    return {"page": page, "lanes": lanes_of(articles=list(page), period=period, now=now), "cut": cut_at(found)}


@member_required
def article_timeline(request: TenantRequest, pk: int) -> HttpResponse:
    """Who has an article, when."""
    article, now = _article(request, pk), timezone.now()
    window = WindowForm(request.GET, tenant=request.tenant).window(now)
    board = board_of(article=article, window=window, now=now)
    return render(
        request, "inventory/timeline/article.html", {"article": article, "board": board, "window": window, "now": now}
    )


@member_required
def article_availability(request: TenantRequest, pk: int) -> HttpResponse:
    """What is free in a period that somebody types, with its proof; a part of the article's page."""
    article, form = _article(request, pk), PeriodForm(request.GET, tenant=request.tenant)
    proof = prove(article=article, period=form.period, now=timezone.now()) if form.is_valid() else None
    return render(request, "inventory/_availability.html", {"article": article, "period_form": form, "proof": proof})
