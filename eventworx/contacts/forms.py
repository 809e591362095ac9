"""Forms of contacts: they check the shape, the use-cases the rules."""

from django import forms
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.countries import country_choices
from eventworx.contacts.models import ContactQuerySet
from eventworx.web.forms import TenantForm

ROLES = [("", _("All contacts")), ("customer", _("Customers")), ("supplier", _("Suppliers"))]


class ContactFilter(forms.Form):
    """Search and role; whatever is not understood does not filter."""

    q = forms.CharField(label=_("Search"), required=False, widget=forms.TextInput({"type": "search"}))
    role = forms.ChoiceField(label=_("Role"), required=False, choices=ROLES)

    def narrow(self, contacts: ContactQuerySet) -> ContactQuerySet:
        self.is_valid()
        found = contacts.matching(self.cleaned_data.get("q", ""))
        narrowed = {"customer": found.customers, "supplier": found.suppliers}.get(self.cleaned_data.get("role", ""))
        return narrowed() if narrowed else found


class ContactForm(TenantForm):
    """Master data of a contact."""

    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=50)
    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")
    street = forms.CharField(label=_("Street"), required=False, max_length=200)
    postcode = forms.CharField(label=_("Postcode"), required=False, max_length=20)
    city = forms.CharField(label=_("City"), required=False, max_length=100)
    country = forms.ChoiceField(label=_("Country"), choices=country_choices, initial="DE")
    language = forms.ChoiceField(
        label=_("Language of mails and documents"), choices=[("de", _("German")), ("en", _("English"))], initial="de"
    )
    discount_percent = forms.DecimalField(
        label=_("Discount in percent"),
        help_text=_("What this customer gets off our list price."),
        localize=True,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        initial=0,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=4000, widget=forms.Textarea({"rows": 3}))


class NewContactForm(ContactForm):
    """Master data and roles of a contact to be."""

    is_customer = forms.BooleanField(label=_("Customer"), required=False)
    is_supplier = forms.BooleanField(label=_("Supplier"), required=False)


class PersonForm(TenantForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    position = forms.CharField(label=_("Function"), required=False, max_length=100)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=50)
