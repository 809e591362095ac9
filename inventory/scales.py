"""Keeping factor scales ("Staffeln"): what several days cost as a multiple of the day price (mission R6)."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from inventory.articles import readable, save_or_refuse
from inventory.models import FactorScale

Steps = Iterable[tuple[int, Decimal]]


class ScaleNameTaken(BusinessError):
    code = "scale-name-taken"
    message = _("There is a factor scale “%(name)s” already.")
    field = "name"


class ScaleIsEmpty(BusinessError):
    code = "scale-empty"
    message = _("A factor scale needs at least one step, such as 1 day with factor 1.")


class DayTwice(BusinessError):
    code = "scale-day-twice"
    message = ngettext_lazy(
        "There are two factors for %(days)d day.", "There are two factors for %(days)d days.", "days"
    )


class ScaleChanges(TypedDict, total=False):
    name: str
    steps: Steps
    extra_day_factor: Decimal


@transaction.atomic
def create_scale(*, tenant: Tenant, name: str, steps: Steps, extra_day_factor: Decimal) -> FactorScale:
    """A new scale from steps (days ≥ 1, factor ≥ 0) in any order. Raises ScaleNameTaken, ScaleIsEmpty, DayTwice,
    Unreadable."""
    return _fill(FactorScale(tenant=tenant), {"name": name, "steps": steps, "extra_day_factor": extra_day_factor})


@transaction.atomic
def update_scale(*, scale: FactorScale, **changes: Unpack[ScaleChanges]) -> FactorScale:
    """Change a scale; what is not named stays as others have it by now, and positions that stand keep their factor.
    Raises as `create_scale` does."""
    return _fill(scale.tenant.factor_scales.select_for_update(no_key=True).get(pk=scale.pk), changes)


def _fill(scale: FactorScale, changes: ScaleChanges) -> FactorScale:
    if "name" in changes:
        scale.name = readable(changes["name"], field="name")
    if "steps" in changes:
        scale.steps = [{"days": days, "factor": str(factor)} for days, factor in _checked(changes["steps"])]
    scale.extra_day_factor = changes.get("extra_day_factor", scale.extra_day_factor)
    taken = scale.tenant.factor_scales.filter(name=scale.name)
    save_or_refuse(scale, taken=taken, refusal=ScaleNameTaken(name=scale.name))
    return scale


def _checked(steps: Steps) -> list[tuple[int, Decimal]]:
    ordered = sorted(steps)
    if not ordered:
        raise ScaleIsEmpty
    for (days, _factor), (following, _next) in pairwise(ordered):
        if days == following:
            raise DayTwice(days=days)
    return ordered
