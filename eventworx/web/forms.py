"""The base of every form: narrowed to one tenant, and able to show a refusal at its field."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant

Result = TypeVar("Result")


class InputRefused(BusinessError):
    """A form without a place for its errors on the page, such as a button with hidden fields."""

    code = "input"
    message = "%(errors)s"


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
    """A form that knows its tenant. Subclasses narrow every choice to it in `narrow()`.

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
