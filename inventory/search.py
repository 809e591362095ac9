"""Finding our own articles (mission J3)."""

from collections.abc import Collection

from django.db.models import BooleanField, Case, Value, When

from eventworx.tenants.models import Tenant
from inventory.models import ArticleQuerySet


def search_articles(
    *, tenant: Tenant, query: str, category_ids: Collection[int] | None = None, archived: bool = False
) -> ArticleQuerySet:
    """Articles with every word of `query`, in any order, also as parts of words and in other spellings of umlauts.

    Searched are number, name, manufacturer, part number and GTIN, with and without blanks and hyphens. The article
    whose number this is comes first, then by name. Archived ones on request, and then only these.
    """
    found = tenant.articles.archived() if archived else tenant.articles.active()
    if category_ids is not None:
        found = found.in_categories(category_ids)
    if not query.strip():
        return found.by_name()
    named = Case(
        When(number__iexact=query.strip(), then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    return found.matching(query).alias(is_named=named).order_by("-is_named", "sort_key", "pk")
