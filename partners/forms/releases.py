"""The form that marks what a partner may see."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.forms import CategoryChoiceForm


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
