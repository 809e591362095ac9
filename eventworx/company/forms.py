"""Forms of the company's own pages."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.countries import country_choices
from eventworx.money import CURRENCIES, KEPT_DIGITS, currency_digits
from eventworx.tenants.roles import Role
from eventworx.web.forms import TenantForm

AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/", "UTC")


def time_zones() -> list[tuple[str, str]]:
    """Places, as the tz database names them; without its abbreviations and leftovers."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if zone.startswith(AREAS)]


def currencies() -> list[tuple[str, str]]:
    """Those of which we can keep every amount: of others lines would be rounded apart from their sum."""
    return [(code, code) for code in sorted(CURRENCIES) if currency_digits(code) <= KEPT_DIGITS]


class SettingsForm(TenantForm):
    """Company data, defaults, and how our mails are signed."""

    name = forms.CharField(label=_("Company"), max_length=80)
    street = forms.CharField(label=_("Street"), max_length=200, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=100, required=False)
    country = forms.ChoiceField(label=_("Country"), choices=country_choices)
    phone = forms.CharField(label=_("Phone"), max_length=50, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)
    currency = forms.ChoiceField(
        label=_("Currency"), choices=currencies, help_text=_("Prices that exist are not converted.")
    )
    tax_percent = forms.DecimalField(
        label=_("Tax rate in percent"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )
    mail_sender_name = forms.CharField(
        label=_("Sender name"), max_length=80, required=False, help_text=_("Empty: the company's name.")
    )
    mail_reply_to = forms.EmailField(
        label=_("Reply address"), required=False, help_text=_("Where answers to our mails go.")
    )
    second_factor_for_admins = forms.BooleanField(
        label=_("Require a second factor of administrators"),
        required=False,
        help_text=_("Whoever has none is led to set one up and reaches nothing of the company before."),
    )


class RoleForm(TenantForm):
    """Which role a member has."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.SALES)


class MemberForm(RoleForm):
    """A person to be invited."""

    email = forms.EmailField(label=_("E-mail"))
    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
