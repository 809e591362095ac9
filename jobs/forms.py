"""Forms of jobs: they check the shape, the use-cases the rules. Times are typed in the tenant's zone."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.web.forms import LOCAL_TIME, InstantField, TenantForm
from inventory.models import Article
from jobs.holds import usual_end
from jobs.models import InquiryQuerySet, Job, JobQuerySet, Position
from jobs.planning import JobMovedOn
from jobs.states import INQUIRY_STATES, JobState

TIMES = ("planning_start", "planning_end", "usage_start", "usage_end")
WHEN = [("", _("At any time")), ("coming", _("Running and coming")), ("past", _("Past"))]


def _decimal(label: Any, **options: Any) -> forms.DecimalField:
    options = {"max_digits": 12, "decimal_places": 2, "min_value": 0} | options
    return forms.DecimalField(label=label, localize=True, widget=forms.TextInput({"inputmode": "decimal"}), **options)


def _quantity(label: Any, least: int = 1, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=least, max_value=999_999, widget=forms.NumberInput({"inputmode": "numeric"}), **options
    )


class JobFilter(forms.Form):
    """Search, state and time; whatever is not understood does not filter."""

    q = forms.CharField(label=_("Search"), required=False, widget=forms.TextInput({"type": "search"}))
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All states")), *JobState.choices])
    when = forms.ChoiceField(label=_("Time"), required=False, choices=WHEN)

    def narrow(self, jobs: JobQuerySet, now: datetime) -> JobQuerySet:
        self.is_valid()
        found = jobs.matching(self.cleaned_data.get("q", ""))
        if state := self.cleaned_data.get("state"):
            found = found.in_state(state)
        if when := self.cleaned_data.get("when"):
            found = found.past(now) if when == "past" else found.coming(now)
        return found.latest_first() if when == "past" else found.next_first()


class SearchForm(forms.Form):
    """One search field; what no database could look for finds nothing."""

    q = forms.CharField(required=False, max_length=200)

    @property
    def query(self) -> str:
        return self.cleaned_data["q"] if self.is_valid() else ""


_INQUIRY_CHOICES = [("", _("All states")), *((state.value, state.label) for state in INQUIRY_STATES)]


class InquiryFilter(forms.Form):
    """State of an inquiry; without one all of them."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=_INQUIRY_CHOICES)

    def narrow(self, inquiries: InquiryQuerySet) -> InquiryQuerySet:
        self.is_valid()
        state = self.cleaned_data.get("state")
        return (inquiries.in_state(state) if state else inquiries).newest_first()


class WeekForm(forms.Form):
    """Which two weeks to show, by a day of the first, and in which order; what is not understood is now, by article."""

    day = forms.DateField(
        label=_("Week of"),
        required=False,
        validators=[MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    by = forms.ChoiceField(required=False, choices=[("article", _("By article")), ("job", _("By job"))])

    def day_or(self, today: date) -> date:
        self.is_valid()
        return self.cleaned_data.get("day") or today

    @property
    def order(self) -> str:
        self.is_valid()
        return self.cleaned_data.get("by") or "article"


class StateForm(forms.Form):
    """The state a job is to have, and the one that the page shows."""

    state = forms.ChoiceField(choices=JobState.choices)
    seen = forms.ChoiceField(choices=JobState.choices, required=False)


class JobForm(TenantForm):
    """A job with its two periods; `planning_period` and `usage_period` after validation."""

    title = forms.CharField(label=_("Title"), max_length=200)
    customer: "forms.ModelChoiceField[Contact]" = forms.ModelChoiceField(label=_("Customer"), queryset=None)
    customer_reference = forms.CharField(label=_("Customer's reference"), max_length=100, required=False)
    venue = forms.CharField(label=_("Venue"), max_length=300, required=False)
    planning_start = InstantField(label=_("Planning from"))
    planning_end = InstantField(label=_("Planning until"))
    usage_start = InstantField(label=_("Usage from"))
    usage_end = InstantField(label=_("Usage until"))
    tax_percent = _decimal(_("Tax rate in percent"), max_value=100, max_digits=5)
    note = forms.CharField(label=_("Note"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, job: Job | None = None, **kwargs: Any) -> None:
        self.job = job
        super().__init__(*args, **kwargs)

    def narrow(self) -> None:
        contacts = self.tenant.contacts
        customers = contacts.customers()
        if self.job:
            customers = customers | contacts.filter(pk=self.job.customer_id)
            for name in TIMES:
                cast(InstantField, self.fields[name]).kept = getattr(self.job, name)
            self.carry_shown()
        cast("forms.ModelChoiceField[Contact]", self.fields["customer"]).queryset = customers.by_name()

    def clean(self) -> dict[str, Any]:
        for name in ("planning", "usage"):
            start, end = self.cleaned_data.get(f"{name}_start"), self.cleaned_data.get(f"{name}_end")
            if start and end and end <= start:
                self.add_error(f"{name}_end", _("The end must lie after the start."))
        if self.job and {*TIMES}.intersection(self.changed_data):
            self._refuse_from_before(self.job)
        return self.cleaned_data

    def _refuse_from_before(self, job: Job) -> None:
        """Its times are one whole: where others have moved it since the page showed them, the page shows now what
        nobody touched there as it is by now, and saves with the next click."""
        now = {name: local_time(job, name).strftime(LOCAL_TIME) for name in TIMES}
        shown = {name: self.data.get(self[name].html_initial_name) for name in TIMES}
        if None in shown.values() or shown == now:
            return
        self.add_error(None, str(JobMovedOn(job)))
        changed, said = self.changed_data, cast(QueryDict, self.data).copy()
        for name in TIMES:
            said[self[name].html_initial_name] = now[name]
            if name not in changed:
                said[name] = now[name]
        self.data = said

    def job_fields(self) -> dict[str, Any]:
        """The cleaned data as the use-cases of planning take it. Of a job that is there only what somebody touched, and
        nothing else is changed; its times are one whole."""
        touched = self.touched if self.job else self.cleaned_data
        fields = {name: value for name, value in touched.items() if name not in TIMES}
        if touched.keys() & {*TIMES}:
            for name in ("planning", "usage"):
                start, end = self.cleaned_data[f"{name}_start"], self.cleaned_data[f"{name}_end"]
                fields[f"{name}_period"] = Period(start, end)
        return fields


def initial_of(job: Job) -> dict[str, Any]:
    """What the form of an existing job shows: times on the clock of the tenant."""
    kept = {"title", "customer", "customer_reference", "venue", "tax_percent", "note"}
    return {name: getattr(job, name) for name in kept} | {name: local_time(job, name) for name in TIMES}


def local_time(job: Job, name: str) -> datetime:
    return getattr(job, name).astimezone(job.tenant.zone).replace(tzinfo=None)


class HoldForm(TenantForm):
    """Until when own material is held ("Option")."""

    until = InstantField(label=_("Hold material until"))

    def __init__(self, *args: Any, job: Job, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, initial=hold_initial(job, now), tenant=job.tenant, **kwargs)
        cast(InstantField, self.fields["until"]).kept = job.held_until if job.is_held(now) else job.planning_start


def hold_initial(job: Job, now: datetime) -> dict[str, Any]:
    """The end of the running option, else the one that is usual; on the clock of the tenant."""
    until = job.held_until if job.is_held(now) else usual_end(job=job, now=now)
    return {"until": until.astimezone(job.tenant.zone).replace(tzinfo=None) if until else None}


class SeenForm(TenantForm):
    """When something happened last, as far as the page knew that somebody undoes it from."""

    seen = forms.DateTimeField(required=False)


class OwnPositionForm(TenantForm):
    """An article of our own and how many of it."""

    template: ClassVar[str] = "jobs/_added.html"
    article: "forms.ModelChoiceField[Article]" = forms.ModelChoiceField(label=_("Article"), queryset=None)
    quantity = _quantity(_("Quantity"), initial=1)

    def narrow(self) -> None:
        cast("forms.ModelChoiceField[Article]", self.fields["article"]).queryset = self.tenant.articles.active()


class TextPositionForm(TenantForm):
    """A line without an article: transport, staff, anything."""

    template: ClassVar[str] = "jobs/_text_material.html"
    description = forms.CharField(label=_("Description"), max_length=200)
    quantity = _quantity(_("Quantity"), initial=1)
    unit_price = _decimal(_("Price"), initial=Decimal(0))


class PositionForm(TenantForm):
    """What may be changed of a position that stands in a job."""

    description = forms.CharField(label=_("Description"), max_length=200)
    quantity = _quantity(_("Quantity"))
    sub_rented_quantity = _quantity(_("of which sub-rented"), least=0)
    unit_price = _decimal(_("Price per day"))
    discount_percent = _decimal(_("Discount in percent"), max_value=100, max_digits=5)

    def __init__(self, *args: Any, position: Position, **kwargs: Any) -> None:
        self.position = position
        super().__init__(*args, **kwargs)

    def narrow(self) -> None:
        if self.position.supplier_id is None:
            del self.fields["sub_rented_quantity"]
        if not self.position.is_per_day:
            self.fields["unit_price"].label = _("Price")
        self.carry_shown()

    @classmethod
    def typed(cls, data: QueryDict) -> list[tuple[str, str]]:
        """Label and text of whatever was typed, for a position that is gone."""
        return [(str(field.label), data.get(name, "")) for name, field in cls.base_fields.items() if data.get(name)]
