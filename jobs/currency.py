"""One currency per tenant: amounts in another one are shown elsewhere, never taken into a job (mission R6)."""

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant


class ForeignCurrency(BusinessError):
    code = "foreign-currency"
    message = _("The prices are in %(theirs)s, but we calculate in %(ours)s: this cannot be ordered here.")


def require_own_currency(*, tenant: Tenant, currency: str) -> None:
    """Raise ForeignCurrency unless `currency` (ISO 4217) is the tenant's own."""
    if currency != tenant.currency:
        raise ForeignCurrency(theirs=currency, ours=tenant.currency)
