"""The form that marks what a partner may see."""

from collections.abc import Collection
from functools import cached_property
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.periods import Period
from eventworx.web.forms import TenantForm
from inventory.categories import descendants
from inventory.forms import CategoryChoiceForm
from inventory.models import ArticleQuerySet
from inventory.search import all_articles
from partners import search
from partners.forms.trade import period_bound
from partners.releases import Mark


class ReleaseForm(CategoryChoiceForm):
    """One article, one category or everything, released or excluded."""

    no_category = _("Choose a category")

    article: Any = forms.ModelChoiceField(queryset=None, required=False)
    category: Any = forms.ModelChoiceField(label=_("Category with everything below it"), queryset=None, required=False)
    everything = forms.BooleanField(required=False)
    excluded = forms.BooleanField(required=False)

    def narrow(self) -> None:
        super().narrow()
        article: Any = self.fields["article"]
        article.queryset = self.tenant.articles.active()

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or self.cleaned_data)
        if not self.errors and not (given.get("article") or given.get("category") or given.get("everything")):
            self.add_error("category", _("Choose what to release: an article, a category or everything."))
        return given

    def marked(self) -> dict[str, Any]:
        """The arguments of `releases.release`."""
        given = self.cleaned_data
        return {
            "articles": [given["article"]] if given["article"] else [],
            "category": given["category"],
            "everything": given["everything"],
            "excluded": given["excluded"],
        }


class ReleaseFilter(CategoryChoiceForm):
    """Which of our articles to mark: words and a category with everything below it. Nothing typed finds nothing.

    It goes along with every mark, so that the search stays: no field may be called as one of `ReleaseForm`.
    """

    category_field = "within"
    no_category = _("All categories")

    q = forms.CharField(
        label=_("Search articles to mark"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search", "autocomplete": "off", "id": "release-query"}),
    )
    within: Any = forms.ModelChoiceField(label=_("Category"), queryset=None, required=False)
    mark = forms.ChoiceField(choices=Mark.choices, required=False)

    @property
    def is_used(self) -> bool:
        return self.is_valid() and bool(self.query or self.cleaned_data["within"])

    @property
    def query(self) -> str:
        return str(self.cleaned_data.get("q", "")).strip()

    @cached_property
    def category_ids(self) -> Collection[int] | None:
        category = self.cleaned_data.get("within")
        return descendants(self.tenant, category.pk) if category else None

    def found(self) -> ArticleQuerySet:
        """All of them."""
        return all_articles(tenant=self.tenant, query=self.query, category_ids=self.category_ids, archived=False)

    def marked(self) -> dict[str, Any]:
        """The arguments of `releases.mark_matching`; the filter in words is for the journal."""
        category = self.cleaned_data["within"]
        named = " · ".join(filter(None, [self.query and f"“{self.query}”", str(category or "")]))
        return {"articles": self.found(), "named": named, "mark": Mark(self.cleaned_data["mark"] or Mark.RELEASED)}


class ViewAsPartner(TenantForm):
    """What the partner would ask: words, and a period or none."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200, widget=forms.TextInput({"type": "search"}))
    start = period_bound(pgettext_lazy("period", "From"), required=False)
    end = period_bound(pgettext_lazy("period", "Until"), required=False)
    cursor = forms.CharField(required=False, max_length=512, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or self.cleaned_data)
        bounds = [given[name] for name in ("start", "end") if given.get(name)]
        if len(bounds) == 1:
            self.add_error("end", _("A period has a beginning and an end."))
        elif bounds and bounds[1] <= bounds[0]:
            self.add_error("end", _("The period has to end after it starts."))
        given["period"] = Period(*bounds) if len(bounds) == 2 and not self.errors else None
        return given

    def question(self) -> search.Question:
        given = self.cleaned_data
        period = given["period"]
        return search.Question(
            words=given["q"], period=period, usage=period, zone=self.tenant.time_zone, cursor=given["cursor"]
        )
