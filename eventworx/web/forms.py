"""The base of every form: narrowed to one tenant, and able to show a refusal at its field."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant

Result = TypeVar("Result")
LOCAL_TIME = "%Y-%m-%dT%H:%M"


class InputRefused(BusinessError):
    """A form without a place for its errors on the page, such as a button with hidden fields."""

    code = "input"
    message = "%(errors)s"


class ShownInstant(forms.DateTimeInput):
    """What of an instant was shown, as the page sends it along."""

    input_type = "hidden"

    def __init__(self) -> None:
        super().__init__(format=LOCAL_TIME)


class InstantField(forms.DateTimeField):
    """An instant on the clock of the current zone, to the minute. Of the hour that comes twice at the end of summer
    time the first is meant; what was `kept` and is sent back as it was shown stays as it is, in either of them and to
    the second."""

    hidden_widget = ShownInstant
    default_error_messages: ClassVar = {"skipped": _("There is no such time: in this night the clocks go forward.")}
    default_validators = [
        MinValueValidator(datetime(2000, 1, 1, tzinfo=UTC)),
        MaxValueValidator(datetime(2100, 1, 1, tzinfo=UTC)),
    ]
    kept: datetime | None = None

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput({"type": "datetime-local", "step": "60"}, format=LOCAL_TIME)
        super().__init__(**{"widget": widget} | options)

    def to_python(self, value: Any) -> datetime | None:
        if self.kept and value == timezone.localtime(self.kept).strftime(LOCAL_TIME):
            return self.kept
        try:
            return super().to_python(value)
        except forms.ValidationError as refused:
            if refused.code != "ambiguous_timezone" or not refused.params:
                raise
            return self._first_of_two(refused.params["datetime"], refused.params["current_timezone"])

    def _first_of_two(self, typed: datetime, zone: tzinfo) -> datetime:
        """What of an ambiguous time is meant. Raises ValidationError where no clock shows it."""
        first = typed.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) != typed:
            raise forms.ValidationError(self.error_messages["skipped"], code="skipped")
        return first


class CarryingForm(forms.Form):
    """A form that can tell what somebody changed on its page from what the page showed."""

    def carry_shown(self) -> None:
        """Let the page send along what it showed, so that `touched` can tell what somebody changed there."""
        for field in self.fields.values():
            field.show_hidden_initial = not isinstance(field, forms.FileField)

    @property
    def touched(self) -> dict[str, Any]:
        """Of the cleaned values those that are not what the page showed: the others stay as they are by now, whoever
        changed them since."""
        kept = {name for name in self.fields if self[name].html_initial_name in self.data} - {*self.changed_data}
        return {name: value for name, value in self.cleaned_data.items() if name not in kept}


class TenantForm(CarryingForm):
    """A form that knows its tenant, on whose clock times are typed. Subclasses narrow every choice to it in `narrow()`.

    Model choices must start at the tenant (`self.tenant.articles.active()`): an id of another
    tenant is then an invalid choice like any other.
    """

    required_css_class = "required"
    use_required_attribute = False

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        self.narrow()

    def narrow(self) -> None:
        """Set the querysets of model choices; called once at the start."""

    def full_clean(self) -> None:
        with timezone.override(self.tenant.zone):
            super().full_clean()

    def attempt(self, use_case: Callable[[], Result]) -> Result | None:
        """The result of `use_case`; None where it was refused, with the sentence at the form."""
        try:
            return use_case()
        except BusinessError as error:
            field = error.field if error.field in self.fields else None
            self.add_error(field, str(error))
            return None

    def require_valid(self) -> dict[str, Any]:
        """The cleaned values; raises InputRefused with field and sentence of each error."""
        if not self.is_valid():
            named = [
                f"{self.fields[name].label}: {error}" if name in self.fields else str(error)
                for name, errors in self.errors.items()
                for error in errors
            ]
            raise InputRefused(errors=" ".join(named))
        return self.cleaned_data
