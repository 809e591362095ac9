"""The form of an article of ours made from a partner's: filled with what he sent, only gaps to fill (mission J4)."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant
from eventworx.text import fold
from inventory.articles import is_gtin
from inventory.forms import CategoryChoiceForm
from inventory.models import Article
from partners.protocol.wire import Kind, Listing

_COPIED = ("name", "manufacturer", "manufacturer_part_number", "gtin", "unit")


def _line(name: str, **options: Any) -> forms.CharField:
    """A text field like that of the article's model."""
    field: Any = Article._meta.get_field(name)
    options = {"required": not field.blank} | options
    return forms.CharField(label=capfirst(field.verbose_name), max_length=field.max_length, **options)


class NewArticleForm(CategoryChoiceForm):
    """The gaps are number (given in sequence if left empty), category and our own price."""

    name = _line("name")
    number = _line("number", required=False, help_text=_("Left empty, the next free number is taken."))
    category: Any = forms.ModelChoiceField(label=_("Category"), queryset=None, required=False)
    rental_price = forms.DecimalField(
        label=_("Our price per day"),
        max_digits=12,
        decimal_places=2,
        min_value=0,
        localize=True,
        widget=forms.TextInput({"inputmode": "decimal"}),
        help_text=_("What your customer pays. Proposed: the partner's list price."),
    )
    manufacturer = _line("manufacturer")
    manufacturer_part_number = _line("manufacturer_part_number")
    gtin = _line("gtin", validators=Article._meta.get_field("gtin").validators[:1])
    unit = _line("unit")

    def __init__(self, *args: Any, listing: Listing, tenant: Tenant) -> None:
        super().__init__(*args, tenant=tenant, initial=_initial(listing, tenant))
        if listing.kind == Kind.SALE:
            self.fields["rental_price"].label = _("Our price")


def _initial(listing: Listing, tenant: Tenant) -> dict[str, Any]:
    """What the partner sent, the category of ours that is called the same, and his list price as ours."""
    initial: dict[str, Any] = {name: getattr(listing, name) for name in _COPIED}
    initial["unit"] = listing.unit or Article._meta.get_field("unit").default
    initial["gtin"] = listing.gtin if is_gtin(listing.gtin) else ""
    if listing.category:
        wanted = fold(listing.category.name)
        named = [category for category in tenant.categories.order_by("pk") if fold(category.name) == wanted]
        initial["category"] = named[0].pk if named else None
    if listing.price and listing.price.currency == tenant.currency:
        initial["rental_price"] = listing.price.list
    return initial
