"""Forms of the material source, of orders and of our answers to them. They check shape, use-cases the rules."""

from typing import Any, cast
from uuid import uuid4

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from eventworx.periods import Period
from eventworx.web.forms import LOCAL_TIME, InstantField, TenantForm
from jobs.models import Job
from partners import search
from partners.access import PeriodTooLong, is_askable
from partners.models import PartnerConnection

WAYS = [
    ("", _("not agreed yet")),
    ("collect", _("we collect and return")),
    ("deliver", _("supplier delivers and collects")),
    ("venue", _("to and from the venue")),
]


def period_bound(label: Any, *, required: bool = True) -> InstantField:
    missing = _("Please enter the period of the sub-rental.")
    return InstantField(label=label, required=required, error_messages={"required": missing})


def _source_label(connection: PartnerConnection) -> str:
    name = str(connection.contact)
    return gettext("%(partner)s (does not answer)") % {"partner": name} if connection.retry_at else name


class SearchForm(TenantForm):
    """Where, what and for when to search: `connection`, `query`, `period` and `usage` after validation.

    No supplier means all of them. `dialog` names the open page, `turn` says which of its questions it is.
    """

    supplier: Any = forms.ModelChoiceField(
        label=_("Supplier"), queryset=None, required=False, empty_label=_("All partners")
    )
    q = forms.CharField(
        label=_("Search the partner's material"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    start = period_bound(pgettext_lazy("period", "From"))
    end = period_bound(pgettext_lazy("period", "Until"))
    cursor = forms.CharField(required=False, max_length=512, widget=forms.HiddenInput)
    dialog = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
    turn = forms.IntegerField(required=False, min_value=0, max_value=2**53, widget=forms.HiddenInput)

    def __init__(self, *args: Any, job: Job, **kwargs: Any) -> None:
        self.job = job
        super().__init__(*args, **kwargs)
        if self.initial.get("supplier"):  # the only one
            self.fields["supplier"].empty_label = None  # type: ignore[attr-defined]

    def narrow(self) -> None:
        choices: Any = self.fields["supplier"]
        choices.queryset = search.askable(self.tenant) if self.is_bound else search.sources(self.tenant)
        choices.label_from_instance = _source_label
        for name in ("start", "end"):
            cast(InstantField, self.fields[name]).kept = getattr(self.job, f"planning_{name}")

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or self.cleaned_data)
        given["dialog"] = given.get("dialog") or uuid4()
        start, end = given.get("start"), given.get("end")
        if start and end:
            if end <= start:
                self.add_error("end", _("The period has to end after it starts."))
            elif not is_askable(Period(start, end)):
                self.add_error("end", PeriodTooLong.message)
            else:
                given["period"] = Period(start, end)
                given["usage"] = usage_within(self.job, given["period"])
        return given

    def question(self) -> search.AtPartner:
        """What one partner is asked."""
        given = self.cleaned_data
        return {
            "connection": given["supplier"],
            "query": given["q"],
            "period": given["period"],
            "usage": given["usage"],
            "cursor": given["cursor"],
        }

    @property
    def asks_all(self) -> bool:
        return self.cleaned_data["supplier"] is None

    @property
    def wanted(self) -> search.Wanted:
        """The question to all of them."""
        given = self.cleaned_data
        return search.Wanted(query=given["q"], period=given["period"], usage=given["usage"])


def usage_within(job: Job, period: Period) -> Period:
    """The job's usage as far as it lies in the period searched for; the whole period where it does not."""
    start, end = max(job.usage_start, period.start), min(job.usage_end, period.end)
    return Period(start, end) if start < end else period


def search_initial(job: Job) -> dict[str, Any]:
    """The job's planning period, and the supplier where there is only one."""
    connections = list(search.sources(job.tenant)[:2])
    only = connections[0].pk if len(connections) == 1 else None
    zone = job.tenant.zone
    start, end = job.planning_start.astimezone(zone), job.planning_end.astimezone(zone)
    return {"supplier": only, "start": start.strftime(LOCAL_TIME), "end": end.strftime(LOCAL_TIME)}


class QuantityForm(TenantForm):
    """How many of the partner's article the job needs, and the price that was seen; that there is at least one, and
    whether the price still holds, are rules of the position."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        initial=1,
        min_value=0,
        max_value=999_999,
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )


class AskedQuantityForm(TenantForm):
    """How many a partner is asked for; one while nothing that makes sense is typed."""

    quantity = forms.IntegerField(min_value=1, max_value=999_999)

    @property
    def asked(self) -> int:
        return self.cleaned_data["quantity"] if self.is_valid() else 1


class OwnArticleForm(TenantForm):
    """One of our own articles."""

    article: Any = forms.ModelChoiceField(label=_("Article"), queryset=None)

    def narrow(self) -> None:
        choices: Any = self.fields["article"]
        choices.queryset = self.tenant.articles.active()


class SendOrderForm(TenantForm):
    """How the goods come and go, and a remark to the supplier."""

    out = forms.ChoiceField(label=_("Way out"), choices=WAYS, required=False)
    back = forms.ChoiceField(label=_("Way back"), choices=WAYS, required=False)
    remark = forms.CharField(label=_("Remark"), required=False, max_length=4000, widget=forms.Textarea({"rows": "2"}))

    def logistics(self, job: Job) -> dict[str, str]:
        """What was chosen; with the venue's address where it matters."""
        chosen = {name: self.cleaned_data[name] for name in ("out", "back") if self.cleaned_data[name]}
        if "venue" in chosen.values() and job.venue:
            chosen["address"] = job.venue
        return chosen


class DeclineForm(TenantForm):
    """Why not; that a reason is needed is the order's rule."""

    reason = forms.CharField(
        label=_("Reason for declining"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": "2"}),
        help_text=_("Your customer reads it."),
    )


class CloseForm(DeclineForm):
    """The same after the end of the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Why, or what was agreed")
        self.fields["reason"].help_text = _("Only your own people read it.")
