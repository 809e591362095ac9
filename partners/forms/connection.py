"""Forms of the tab "Partner" and of the head of a contact."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from eventworx.web.forms import TenantForm
from partners.access import PROPOSED_LEVEL, AccessLevel
from partners.connections import MOST_UNITS
from partners.protocol.pairing_code import MAX_TEXT
from partners.shown_stock import StockMode

LEVEL_EXPLANATIONS = {
    AccessLevel.NONE: _("The partner sees nothing of yours. Right for a supplier whom you only hire from."),
    AccessLevel.ARTICLES: _(
        "Sees the articles that you release, priced for this partner, and may ask, but no quantities."
    ),
    AccessLevel.STOCK: _("Sees the released articles and how many are free in the period, and may order."),
    AccessLevel.AUTOMATIC: _(
        "As 2, and a firm order is confirmed and reserved at once, without anybody of you: if every line is free and "
        "it stays within your limits. Otherwise it waits for you as an inquiry."
    ),
}

STOCK_EXPLANATIONS = {
    StockMode.EXACT: _("Sees how many are free and how many there are: “6 of 10”."),
    StockMode.YES_NO: _("Learns whether as many as asked for are free: “available”. Sees no figure."),
    StockMode.CAPPED: _("Sees how many are free, and above your figure only: “at least 5”."),
}

MOST_HOURS, MOST_DAYS = 24 * 365, 3_650


class LevelForm(TenantForm):
    level = forms.TypedChoiceField(
        label=_("Kind of partner connection"), choices=AccessLevel.choices, coerce=int, widget=forms.RadioSelect
    )


class RolesForm(TenantForm):
    is_customer = forms.BooleanField(label=_("Customer"), required=False)
    is_supplier = forms.BooleanField(label=_("Supplier"), required=False)
    level = forms.TypedChoiceField(
        label=_("Kind of partner connection"),
        choices=AccessLevel.choices,
        coerce=int,
        empty_value=None,
        required=False,
        initial=PROPOSED_LEVEL.value,
    )

    asks_for_level = False

    def narrow(self) -> None:
        for name in ("is_customer", "is_supplier"):
            self.fields[name].show_hidden_initial = True

    def add_error(self, field: str | None, error: Any) -> None:
        """Where nobody could name a level yet, nobody has made a mistake: it is asked for, and one is proposed
        (mission P9)."""
        self.asks_for_level |= field == "level"
        if field == "level" and "level" not in self.data:
            self.data = dict(self.data.items()) | {"level": str(PROPOSED_LEVEL.value)}
            self["level"].help_text = error
        else:
            super().add_error(field, error)
            self._show_as_by_now()

    def _show_as_by_now(self) -> None:
        """What nobody touched as others have made it since: the sentence beside it is about that."""
        now = {name: role for name, role in self.initial.items() if name not in self.changed_data}
        shown = {self[name].html_initial_name: role for name, role in now.items()}
        self.data = dict(self.data.items()) | shown | now


class StockTermsForm(TenantForm):
    """How much of our stock the partner sees (mission R4)."""

    stock_mode = forms.TypedChoiceField(
        label=_("What the partner learns"), choices=StockMode.choices, coerce=StockMode, widget=forms.RadioSelect
    )
    stock_cap = forms.IntegerField(label=_("Up to how many"), required=False, min_value=1, max_value=MOST_UNITS)
    stock_kept_back = forms.IntegerField(
        label=_("Kept back of each article"),
        help_text=_("So many units are not there for this partner: they are taken off what the partner sees."),
        min_value=0,
        max_value=MOST_UNITS,
    )

    def narrow(self) -> None:
        self.carry_shown()

    @property
    def mode_shown(self) -> str:
        """The mode as the page sends it along; the choices are drawn by hand."""
        return self["stock_mode"].as_hidden(only_initial=True)

    @property
    def modes(self) -> list[dict[str, Any]]:
        """The choices with what each of them means."""
        chosen = self["stock_mode"].value()
        return [
            {"value": mode.value, "label": mode.label, "text": text, "chosen": mode.value == chosen}
            for mode, text in STOCK_EXPLANATIONS.items()
        ]


class GuardRailsForm(TenantForm):
    """Beyond what a person confirms (mission R5); empty: no limit."""

    most_units = forms.IntegerField(label=_("Most units per order"), required=False, min_value=0, max_value=MOST_UNITS)
    most_net = forms.DecimalField(
        label=_("Most net value per order"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )
    lead_hours = forms.IntegerField(
        label=_("Lead time in hours"),
        help_text=_("Before its planning period begins."),
        min_value=0,
        max_value=MOST_HOURS,
    )
    horizon_days = forms.IntegerField(
        label=_("Days ahead at most"),
        help_text=_("Until its planning period ends."),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
    )
    most_orders = forms.IntegerField(
        label=_("Most orders a day"),
        help_text=_("Counts what was confirmed automatically in the last 24 hours."),
        required=False,
        min_value=1,
        max_value=MOST_UNITS,
    )

    def narrow(self) -> None:
        self.fields["most_net"].help_text = self.tenant.currency
        self.carry_shown()


class CodeForm(TenantForm):
    code = forms.CharField(
        label=_("Code of the partner"),
        help_text=_("Paste the code, or simply the whole e-mail: the code is found in it."),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off", "class": "ewx-mail"}),
    )
