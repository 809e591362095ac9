"""Sums of a job. Pure over its positions: totals are sums of rounded lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from eventworx.money import rounded
from jobs.models import Job, Position


@dataclass(frozen=True, slots=True)
class Totals:
    """Amounts in the tenant's currency; `cost` is what suppliers get, `margin` = net − cost."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    cost: Decimal
    margin: Decimal


def totals_of(job: Job, positions: Iterable[Position] | None = None) -> Totals:
    """The sums of `job`; `positions` where the caller has them already (with `tenant` loaded)."""
    lines = list(job.positions.select_related("tenant") if positions is None else positions)
    net = sum((line.net for line in lines), Decimal(0))
    cost = sum((line.cost for line in lines), Decimal(0))
    tax = rounded(net * job.tax_percent / 100, job.tenant.currency)
    return Totals(net=net, tax=tax, gross=net + tax, cost=cost, margin=net - cost)
