"""Keeping factor scales, and prices by them (mission R6)."""

from decimal import Decimal

import pytest

from eventworx.tenants.models import Tenant
from inventory.models import ArticleKind
from inventory.prices import Scale, net_price, scale_of, steps_of, trimmed
from inventory.scales import DayTwice, ScaleIsEmpty, ScaleNameTaken, create_scale, update_scale
from tests.factories import make_article

ONE = Decimal(1)
STEPS = [(3, Decimal(2)), (1, ONE), (7, Decimal("3.5"))]


def test_steps_are_kept_in_order_and_exact(aurora: Tenant) -> None:
    scale = create_scale(tenant=aurora, name="Licht", steps=STEPS, extra_day_factor=Decimal("0.25"))
    scale.refresh_from_db()
    assert scale.steps == [{"days": 1, "factor": "1"}, {"days": 3, "factor": "2"}, {"days": 7, "factor": "3.5"}]
    assert steps_of(scale.steps) == tuple(sorted(STEPS))


def test_what_is_no_scale_is_refused(aurora: Tenant) -> None:
    scale = create_scale(tenant=aurora, name="Licht", steps=STEPS, extra_day_factor=ONE)
    with pytest.raises(ScaleIsEmpty):
        update_scale(scale=scale, name="Licht", steps=[], extra_day_factor=ONE)
    with pytest.raises(DayTwice, match="3"):
        update_scale(scale=scale, name="Licht", steps=[*STEPS, (3, ONE)], extra_day_factor=ONE)
    with pytest.raises(ScaleNameTaken):
        create_scale(tenant=aurora, name="Licht", steps=STEPS, extra_day_factor=ONE)
    scale.refresh_from_db()
    assert len(scale.steps) == 3
    assert aurora.factor_scales.count() == 1


@pytest.mark.parametrize(
    ("days", "factor"), [(1, "1"), (2, "1.25"), (3, "2"), (6, "2.75"), (7, "3.5"), (9, "4")], ids=str
)
def test_the_greatest_step_and_each_day_beyond(aurora: Tenant, days: int, factor: str) -> None:
    scale = create_scale(tenant=aurora, name="Licht", steps=STEPS, extra_day_factor=Decimal("0.25"))
    assert scale_of(make_article(aurora, factor_scale=scale)).factor(days) == Decimal(factor)


def test_without_a_scale_and_for_sale_the_price_counts_once(aurora: Tenant) -> None:
    scale = create_scale(tenant=aurora, name="Licht", steps=STEPS, extra_day_factor=ONE)
    plain, sold = make_article(aurora), make_article(aurora, kind=ArticleKind.SALE, factor_scale=scale)
    assert scale_of(plain) == scale_of(sold) == Scale()
    assert net_price(article=sold, days=9, currency="EUR") == Decimal("10.00")


def test_the_price_is_rounded_once_at_the_end(aurora: Tenant) -> None:
    scale = create_scale(tenant=aurora, name="Licht", steps=STEPS, extra_day_factor=ONE)
    article = make_article(aurora, rental_price=Decimal("0.33"), factor_scale=scale)
    paid = net_price(article=article, days=7, currency="EUR", quantity=3, discount_percent=Decimal("12.5"))
    assert paid == Decimal("3.03")  # 3 × 0.33 × 3.5 × 0.875 = 3.031875


@pytest.mark.parametrize(
    ("value", "shown"), [("1.4000", "1.4"), ("10.0", "10"), ("100", "100"), ("0.000", "0"), ("0.25", "0.25")]
)
def test_figures_are_shown_as_people_write_them(value: str, shown: str) -> None:
    assert str(trimmed(Decimal(value))) == shown
