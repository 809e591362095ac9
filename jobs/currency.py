"""One currency per tenant: amounts in another one are shown elsewhere, never taken into a job (mission R6)."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant


class ForeignCurrency(BusinessError):
    code = "foreign-currency"
    message = _("The prices are in %(theirs)s, but we calculate in %(ours)s: this cannot be ordered here.")


class AmountTooHigh(BusinessError):
    code = "amount-too-high"
    message = _("These amounts are higher than anything that can be booked here.")
    field = "quantity"


# What the widest column of money holds.
HIGHEST_AMOUNT = Decimal("999999999999.99")


def require_bookable(*amounts: Decimal) -> None:
    """Raise AmountTooHigh for an amount that no column could hold."""
    if any(amount > HIGHEST_AMOUNT for amount in amounts):
        raise AmountTooHigh


def require_own_currency(*, tenant: Tenant, currency: str) -> None:
    """Raise ForeignCurrency unless `currency` (ISO 4217) is the tenant's own."""
    if currency != tenant.currency:
        raise ForeignCurrency(theirs=currency, ours=tenant.currency)
