"""Forms of articles: they check the shape, the use-cases the rules. Times are typed in the tenant's zone."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.web.forms import CarryingForm, InstantField, TenantForm
from inventory.categories import descendants, tree
from inventory.models import Article, ArticleQuerySet, Category, FactorScale, StockMovement, StockMovementKind
from inventory.pictures import MAX_UPLOAD_BYTES, MEDIA_TYPES, encoded
from inventory.prices import steps_of, trimmed
from inventory.search import Filter, all_articles, search_articles

BLANK_STEPS = 3
MOST_STEPS = 100  # that partners read of a scale


def _field(model: type[Model], name: str, **options: Any) -> Any:
    """The form field of a model's field: its label, lengths, limits and choices."""
    field: Any = model._meta.get_field(name)
    return field.formfield(**_limits(field), **options)


def _limits(field: Any) -> dict[str, Any]:
    least = [check.limit_value for check in field.validators if isinstance(check, MinValueValidator)]
    most = [check.limit_value for check in field.validators if isinstance(check, MaxValueValidator)]
    return ({"min_value": max(least)} if least else {}) | ({"max_value": min(most)} if most else {})


def _decimal(model: type[Model], name: str, **options: Any) -> Any:
    """Typed in the user's language: "1.234,50"."""
    return _field(model, name, localize=True, widget=forms.TextInput({"inputmode": "decimal"}), **options)


class CategoryChoiceForm(TenantForm):
    """A form that lets one choose from the tree of categories, in `category_field`."""

    category_field = "category"
    no_category = _("No category")

    def narrow(self) -> None:
        choices: Any = self.fields[self.category_field]
        choices.queryset = self.tenant.categories
        choices.choices = [("", self.no_category), *self._branches()]

    def _branches(self) -> Iterator[tuple[int, str]]:
        return (
            (branch.category.pk, f"{branch.indent}{branch.category.name}")
            for branch in tree(self.tenant.categories.all())
        )


class ArticleFilter(CategoryChoiceForm):
    """Search, category with all below it, archived ones; whatever is not understood does not filter."""

    q = forms.CharField(label=_("Search"), required=False, widget=forms.TextInput({"type": "search"}))
    category = _field(Article, "category")
    archived = forms.BooleanField(label=_("Archived"), required=False)
    no_category = _("All categories")

    def found(self) -> Sequence[Article] | ArticleQuerySet:
        """What the list shows: the best hits, or without a search all by name."""
        return search_articles(**self._asked())

    def all_found(self) -> ArticleQuerySet:
        return all_articles(**self._asked())

    def _asked(self) -> Filter:
        self.is_valid()
        category = self.cleaned_data.get("category")
        return {
            "tenant": self.tenant,
            "query": self.cleaned_data.get("q", ""),
            "category_ids": descendants(self.tenant, category.pk) if category else None,
            "archived": self.cleaned_data.get("archived", False),
        }


class PictureField(forms.FileField):
    """A picture to upload, cleaned to what we keep of it; None where nothing was chosen."""

    widget = forms.FileInput({"accept": ",".join(sorted(MEDIA_TYPES))})

    def clean(self, data: Any, initial: Any = None) -> bytes | None:
        upload = super().clean(data)
        if upload is None:
            return None
        try:
            return encoded(upload.read(MAX_UPLOAD_BYTES + 1))
        except BusinessError as refused:
            raise forms.ValidationError(str(refused)) from refused


class ArticleForm(CategoryChoiceForm):
    """Everything that is kept about an article."""

    name = _field(Article, "name")
    number = _field(Article, "number")
    category = _field(Article, "category")
    manufacturer = _field(Article, "manufacturer")
    manufacturer_part_number = _field(Article, "manufacturer_part_number")
    gtin = forms.CharField(
        label=_("GTIN"),
        required=False,
        max_length=20,
        help_text=_("The number below the bar code. Partners find the same article by it."),
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    kind = _field(Article, "kind", help_text=_("What is sold does not come back: handed over, it is owned no longer."))
    unit = _field(Article, "unit")
    weight_kg = _decimal(Article, "weight_kg")
    rental_price = _decimal(
        Article, "rental_price", help_text=_("List price of one unit for one day; of things sold, their price.")
    )
    factor_scale = _field(Article, "factor_scale", empty_label=_("No scale: every rental costs one day"))
    owned = _field(Article, "owned")
    seen_owned = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput())
    out_of_service = _field(
        Article, "out_of_service", help_text=_("For an indefinite time. A repair with dates is a stock movement.")
    )
    buffer_before_minutes = _field(Article, "buffer_before_minutes")
    buffer_after_minutes = _field(Article, "buffer_after_minutes")
    description = _field(Article, "description", widget=forms.Textarea({"rows": 4}))
    picture = PictureField(
        label=_("Picture"),
        required=False,
        help_text=_("JPEG, PNG or WebP, up to 12 MB. Partners to whom the article is released see it, too."),
    )
    remove_picture = forms.BooleanField(label=_("Remove the picture"), required=False)

    def narrow(self) -> None:
        super().narrow()
        scales: Any = self.fields["factor_scale"]
        scales.queryset = self.tenant.factor_scales.by_name()
        if self.initial.get("seen_owned") is not None:  # of an article that is there
            self.carry_shown()
            self.fields["seen_owned"].show_hidden_initial = False  # it tells what was seen, changed or not

    def clean(self) -> dict[str, Any]:
        """`picture` stays among the values only where it is to change."""
        given = self.cleaned_data
        if given.get("seen_owned") is None:
            given.pop("seen_owned", None)
        if not given.pop("remove_picture", False) and given.get("picture") is None:
            given.pop("picture", None)
        return given


class NewArticleForm(ArticleForm):
    """The same of an article to be."""

    number = _field(Article, "number", required=False, help_text=_("Left empty, the next free number is taken."))

    def narrow(self) -> None:
        super().narrow()
        del self.fields["seen_owned"]


def initial_of(article: Article) -> dict[str, Any]:
    """What the form of an existing article shows."""
    weight = article.weight_kg
    shown = {"weight_kg": None if weight is None else trimmed(weight), "seen_owned": article.owned}
    return model_to_dict(article) | shown


class MovementForm(TenantForm):
    """A dated change of stock."""

    kind = _field(StockMovement, "kind", initial=StockMovementKind.OUT_OF_SERVICE)
    quantity = _field(StockMovement, "quantity")
    start = _field(StockMovement, "start", form_class=InstantField)
    end = _field(StockMovement, "end", form_class=InstantField, help_text=_("Left empty: for good."))
    note = _field(StockMovement, "note")


class CategoryForm(CategoryChoiceForm):
    """A category and its place."""

    category_field = "parent"
    no_category = _("At the top")

    name = _field(Category, "name")
    parent = _field(Category, "parent", label=_("Lies below"))


class StepForm(CarryingForm):
    """A row of a factor scale; an empty one counts for nothing."""

    use_required_attribute = False
    days = forms.IntegerField(label=_("From days"), required=False, min_value=1, max_value=3650)
    factor = forms.DecimalField(
        label=_("Factor"),
        required=False,
        min_value=0,
        max_digits=8,
        decimal_places=4,
        localize=True,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        for name, other in (("days", "factor"), ("factor", "days")):
            if given.get(name) is None and given.get(other) is not None and name not in self.errors:
                self.add_error(name, _("This is missing."))
        return given


class ScaleForm(TenantForm):
    """A factor scale with its steps, a formset in `steps`."""

    name = _field(FactorScale, "name")
    extra_day_factor = _decimal(FactorScale, "extra_day_factor")

    def __init__(self, data: Any = None, *, scale: FactorScale | None = None, **kwargs: Any) -> None:
        known = steps_of(scale.steps) if scale else ((1, Decimal(1)),)
        initial = {"name": scale.name, "extra_day_factor": trimmed(scale.extra_day_factor)} if scale else {}
        super().__init__(data, initial=initial, **kwargs)
        formset = forms.formset_factory(StepForm, extra=BLANK_STEPS, max_num=MOST_STEPS, validate_max=True)
        rows = [{"days": days, "factor": factor} for days, factor in known]
        # What was typed is not compared to what was there: a row left as it was counts, too.
        self.steps = formset(data, initial=rows if data is None else None, prefix="steps")
        self.scale = scale
        if scale:
            self.carry_shown()
            for row in self.steps:
                row.carry_shown()

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.steps.is_valid()])

    def scale_fields(self) -> dict[str, Any]:
        """What the use-cases of scales take: of one that is there what was touched; its steps are one whole."""
        rows = [row.cleaned_data for row in self.steps if row.cleaned_data.get("days") is not None]
        steps = {"steps": [(row["days"], row["factor"]) for row in rows]}
        if self.scale is None:
            return self.cleaned_data | steps
        return self.touched | (steps if not self.steps.forms or any(row.touched for row in self.steps) else {})
