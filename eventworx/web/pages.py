"""Paging of lists."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 50


def page_of(request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], per_page: int = PER_PAGE) -> Page[Any]:
    """The page that `?page=` asks for; the nearest one where that does not exist."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
