"""Sums of a job are sums of rounded lines; day factors are ours for the price and the supplier's for the cost."""

from decimal import Decimal
from typing import Any

import pytest

from eventworx.tenants.models import Tenant
from inventory.models import ArticleKind
from jobs.factors import cost_factor, sale_factor, scale_document
from jobs.models import Job
from jobs.totals import Totals, totals_of
from tests.factories import make_article, make_contact, make_job


def put(job: Job, **fields: Any) -> None:
    job.positions.create(tenant=job.tenant, description="Licht", **({"quantity": 1} | fields))


def test_totals_are_sums_of_rounded_lines(aurora: Tenant) -> None:
    job = make_job(aurora, tax_percent=Decimal(19))
    for _ in range(3):
        put(job, unit_price=Decimal("0.10"), discount_percent=Decimal(5))  # 0.095 each, 0.10 as a line
    put(
        job,
        quantity=2,
        unit_price=Decimal(100),
        factor=Decimal("1.5"),
        sub_rented_quantity=1,
        supplier=make_contact(aurora, is_supplier=True),
        unit_cost=Decimal(80),
        cost_factor=Decimal("1.2"),
        cost_discount_percent=Decimal(10),
    )
    assert totals_of(job) == Totals(
        net=Decimal("300.30"),
        tax=Decimal("57.06"),
        gross=Decimal("357.36"),
        cost=Decimal("86.40"),
        margin=Decimal("213.90"),
    )


def test_a_job_without_positions_costs_nothing(aurora: Tenant) -> None:
    assert totals_of(make_job(aurora)) == Totals(*[Decimal(0)] * 5)


def test_our_factor_comes_from_the_article_s_scale(aurora: Tenant) -> None:
    scale = aurora.factor_scales.create(
        name="Standard",
        steps=[{"days": 1, "factor": "1"}, {"days": 3, "factor": "2"}],
        extra_day_factor=Decimal("0.25"),
    )
    article = make_article(aurora, factor_scale=scale)
    assert [sale_factor(article=article, days=days) for days in (1, 2, 3, 5)] == [
        Decimal(1),
        Decimal("1.25"),
        Decimal(2),
        Decimal("2.5"),
    ]


@pytest.mark.parametrize("kind", [ArticleKind.RENTAL, ArticleKind.SALE])
def test_without_a_scale_and_for_sales_the_factor_is_one(aurora: Tenant, kind: ArticleKind) -> None:
    scale = aurora.factor_scales.create(name="Standard", steps=[{"days": 1, "factor": "3"}])
    article = make_article(aurora, kind=kind, factor_scale=scale if kind == ArticleKind.SALE else None)
    assert sale_factor(article=article, days=4) == 1
    assert sale_factor(article=None, days=4) == 1


def test_the_supplier_s_factor_survives_being_stored(aurora: Tenant) -> None:
    kept = scale_document(steps=[(1, Decimal(1)), (4, Decimal("2.3333333"))], extra_day_factor=Decimal("0.1"))
    put(make_job(aurora), cost_scale=kept)
    position = aurora.positions.get()
    assert cost_factor(cost_scale=position.cost_scale, days=5) == Decimal("2.433333")
    assert cost_factor(cost_scale={}, days=5) == 1
