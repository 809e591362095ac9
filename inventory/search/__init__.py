"""Finding articles (mission J3): one search for our own lists and for partners, the best hits first."""

from inventory.search.columns import Columns
from inventory.search.finding import (
    FEW,
    Filter,
    all_articles,
    cut_at,
    find_articles,
    find_rows,
    search_articles,
)
from inventory.search.places import Found, Place
from inventory.search.statements import Sql, sql

__all__ = [
    "FEW",
    "Columns",
    "Filter",
    "Found",
    "Place",
    "Sql",
    "all_articles",
    "cut_at",
    "find_articles",
    "find_rows",
    "search_articles",
    "sql",
]
