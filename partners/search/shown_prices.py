"""What somebody saw is what he takes: a form carries the price it showed, and the deed compares (mission J5, J6).

What a partner said is kept once for all of us, and his next answer to whomever takes its place. The price that comes
back with a form says what was seen and nothing more: it is compared and named, and the position gets what is known now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.money import day_net, line_net
from eventworx.web.templatetags.ewx import NOTHING, money, unit_price
from jobs.models import Job, Position
from jobs.positions import SupplierTerms, frozen

_CARRIED = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,6})?) ([0-9]{1,20}(?:\.[0-9]{1,4})?) ([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """What one unit costs us per day and for the job's usage period, by the terms that its position would keep."""

    per_day: Decimal
    for_job: Decimal
    currency: str

    @classmethod
    def of(cls, terms: SupplierTerms, job: Job) -> "ShownPrice":
        """Raises AmountTooHigh for day factors that no position can hold."""
        for_job = line_net(
            quantity=1,
            unit_price=terms.unit_cost,
            factor=frozen(terms, job)["cost_factor"],
            discount_percent=terms.discount_percent,
            currency=terms.currency,
        )
        return cls(terms.net_unit_cost, for_job, terms.currency)

    @classmethod
    def in_position(cls, position: Position) -> "ShownPrice":
        """By the terms that a position keeps; needs `tenant` loaded."""
        currency, discount = position.tenant.currency, position.cost_discount_percent
        for_job = line_net(
            quantity=1,
            unit_price=position.unit_cost,
            factor=position.cost_factor,
            discount_percent=discount,
            currency=currency,
        )
        return cls(day_net(position.unit_cost, discount, currency), for_job, currency)

    @property
    def carried(self) -> str:
        """How a form carries it."""
        return f"{self.per_day:f} {self.for_job:f} {self.currency}"

    def __str__(self) -> str:
        said = {"day": unit_price(self.per_day, self.currency), "period": money(self.for_job, self.currency)}
        return gettext("%(day)s per day (%(period)s for the period)") % said


class PriceHasChanged(BusinessError):
    code = "price-changed"
    status = 409
    message = _("%(supplier)s has named another price for “%(name)s” since you looked: %(now)s instead of %(seen)s.")


class PeriodCostsOtherwise(PriceHasChanged):
    """The price per day is the one that was seen: how its days are counted is not the supplier's doing alone."""

    code = "period-costs-otherwise"
    message = _(
        "“%(name)s” of %(supplier)s costs %(now)s for the period by now instead of %(seen)s: "
        "the job's usage period or the day factors have changed since you looked."
    )


class OffersHaveChanged(BusinessError):
    """Something of what was to be taken is no longer what was seen; `problems` say what, in sentences."""

    code = "offers-changed"
    status = 409
    message = _("Nothing has been taken. %(problems)s Please look again and confirm once more what you want to take.")

    def __init__(self, problems: Sequence[BusinessError | str]) -> None:
        self.problems = problems
        super().__init__(problems=" ".join(map(str, problems)))


def require_seen(*, seen: str, terms: SupplierTerms, job: Job, name: str, supplier: object) -> None:
    """Raise PriceHasChanged unless `seen`, as a form brought it, is what the terms come to in this job;
    PeriodCostsOtherwise where the supplier's price per day is still the same."""
    now, before = ShownPrice.of(terms, job), _read(seen)
    if seen == now.carried:
        return
    if before and (before.per_day, before.currency) == (now.per_day, now.currency):
        sums = {"now": money(now.for_job, now.currency), "seen": money(before.for_job, before.currency)}
        raise PeriodCostsOtherwise(supplier=supplier, name=name, **sums)
    raise PriceHasChanged(supplier=supplier, name=name, now=now, seen=before or NOTHING)


def _read(seen: str) -> ShownPrice | None:
    """The price that was seen; None for what no page of ours has carried."""
    read = _CARRIED.fullmatch(seen)
    return ShownPrice(Decimal(read[1]), Decimal(read[2]), read[3]) if read else None
