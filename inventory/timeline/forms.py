"""What a timeline is asked for. Whatever is not understood does not count: this week, everything."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.periods import Period
from eventworx.web.forms import InstantField, TenantForm
from inventory.forms import ArticleFilter
from inventory.timeline.windows import Reach, Window, window_around


class WindowForm(TenantForm):
    """Which part of the calendar: `reach` around `day`."""

    reach = forms.ChoiceField(choices=Reach.choices, required=False, widget=forms.HiddenInput)
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"], widget=forms.HiddenInput)

    def window(self, now: datetime) -> Window:
        self.is_valid()
        reach = self.cleaned_data.get("reach") or Reach.WEEK
        day = self.cleaned_data.get("day") or now.astimezone(self.tenant.zone).date()
        return window_around(day, Reach(reach), self.tenant.zone)


class TimelineFilter(WindowForm, ArticleFilter):
    """The same for articles that are searched for; `short` keeps those that are short in the window."""

    short = forms.BooleanField(label=_("Only where units are missing"), required=False)
    table = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def asks_for(self, name: str) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get(name))


class PeriodForm(TenantForm):
    """A period in the tenant's zone: `period` after validation."""

    start = InstantField(label=pgettext_lazy("period", "From"))
    end = InstantField(label=pgettext_lazy("period", "Until"))

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        start, end = given.get("start"), given.get("end")
        if start and end and end <= start:
            self.add_error("end", _("The end has to lie after the beginning."))
        return given

    @property
    def period(self) -> Period:
        return Period(self.cleaned_data["start"], self.cleaned_data["end"])
