"""Positions: own material reserves, hired material does not; a reservation follows its position."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from inventory.models import ArticleKind
from jobs.currency import AmountTooHigh, ForeignCurrency
from jobs.goods import hand_out
from jobs.holds import hold_material
from jobs.models import Job, Position
from jobs.positions import (
    ImpossibleTerms,
    JobIsClosed,
    MoreSubRentedThanNeeded,
    NoQuantity,
    NoSupplier,
    NotASupplier,
    NothingNamed,
    PositionIsOrdered,
    SupplierTerms,
    add_position,
    add_sub_rental_position,
    move_position,
    remove_position,
    update_position,
)
from jobs.shortages import Need, shortages_of
from jobs.states import JobState, OrderState
from jobs.sub_rentals import create_order, record_answer
from tests.factories import SUMMER, make_article, make_contact, make_job
from tests.jobs.scenes import NINA

QUERIES = 3
TERMS = SupplierTerms(
    article_id="77",
    number="B-77",
    unit_cost=Decimal("20.00"),
    discount_percent=Decimal(10),
    factors=((1, Decimal(1)), (3, Decimal(2))),
    extra_day_factor=Decimal("0.5"),
    currency="EUR",
)


@pytest.fixture
def supplier(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline", is_supplier=True)


def reserved(tenant: Tenant) -> list[int]:
    return list(tenant.reservations.order_by("pk").values_list("quantity", flat=True))


def fresh(position: Position) -> Position:
    return position.tenant.positions.get(pk=position.pk)


def hire(job: Job, supplier: Contact, **changes: Any) -> Position:
    article = changes.pop("article", None) or make_article(job.tenant, "MegaPointe", rental_price=Decimal("35.00"))
    return add_sub_rental_position(
        job=job, article=article, supplier=supplier, **({"quantity": 4, "terms": TERMS} | changes)
    )


def test_own_material_comes_at_list_price_and_the_customer_s_discount(aurora: Tenant) -> None:
    job = make_job(aurora, make_contact(aurora, discount_percent=Decimal(15)))
    position = fresh(add_position(job=job, article=make_article(aurora, rental_price=Decimal("12.50")), quantity=2))
    assert (position.description, position.unit, position.quantity) == ("PAR 64", "Stück", 2)
    assert (position.unit_price, position.discount_percent, position.net) == (
        Decimal("12.50"),
        Decimal(15),
        Decimal("21.25"),
    )


def test_a_quote_reserves_nothing_an_order_what_is_free(aurora: Tenant) -> None:
    article = make_article(aurora, owned=5)
    add_position(job=make_job(aurora, state=JobState.QUOTE), article=article, quantity=5)
    assert reserved(aurora) == []
    add_position(job=make_job(aurora, state=JobState.ORDER), article=article, quantity=3)
    short = add_position(job=make_job(aurora, state=JobState.ORDER), article=article, quantity=4)
    assert reserved(aurora) == [3, 2]
    assert shortages_of(job=short.job)[short.pk] == Need(need=4, own_free=2, reserved=2, sub_rented=0, shortage=2)


def test_free_text_needs_no_stock(aurora: Tenant) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    position = add_position(job=job, description="Transport", quantity=1, unit_price=Decimal(180))
    assert shortages_of(job=job)[position.pk] == Need(1, None, 0, 0, 0)
    assert reserved(aurora) == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"quantity": 1}, NothingNamed), ({"quantity": 0, "description": "Transport"}, NoQuantity)],
)
def test_an_empty_position_is_refused(aurora: Tenant, fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        add_position(job=make_job(aurora), **fields)
    assert not aurora.positions.exists()


def test_a_cancelled_job_takes_no_positions(aurora: Tenant) -> None:
    with pytest.raises(JobIsClosed):
        add_position(job=make_job(aurora, state=JobState.CANCELLED), description="Transport", quantity=1)


def test_more_is_reserved_less_is_given_back(aurora: Tenant) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    position = add_position(job=job, article=make_article(aurora, owned=10), quantity=4)
    for quantity, expected in ((7, [7]), (12, [10]), (2, [2])):
        update_position(position=position, quantity=quantity)
        assert reserved(aurora) == expected
        assert shortages_of(job=job)[position.pk].shortage == quantity - expected[0]


def test_a_position_that_shrinks_keeps_what_it_has_in_an_overbooked_stock(aurora: Tenant) -> None:
    article = make_article(aurora, owned=10)
    position = add_position(job=make_job(aurora, state=JobState.ORDER), article=article, quantity=10)
    article.owned = 6
    article.save()
    update_position(position=position, quantity=9)
    assert reserved(aurora) == [9]
    update_position(position=position, quantity=11)
    assert reserved(aurora) == [9]


def test_a_removed_position_gives_back(aurora: Tenant) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    remove_position(position=add_position(job=job, article=make_article(aurora), quantity=4))
    assert (reserved(aurora), job.positions.count()) == ([], 0)


@pytest.mark.parametrize("state", [JobState.ORDER, JobState.QUOTE])
def test_what_a_position_gives_back_is_there_for_the_others_of_its_job_first(aurora: Tenant, state: JobState) -> None:
    """Otherwise others get it: also where a customer relies on it, who was confirmed as many in all."""
    par, job = make_article(aurora, owned=5), make_job(aurora, state=state)
    if job.may_hold:
        hold_material(job=job, until=SUMMER.start, now=SUMMER.start - timedelta(days=9))
    first, second, third = (add_position(job=job, article=par, quantity=5) for _ in range(3))
    update_position(position=first, quantity=3)
    assert [row.reserved_quantity for row in map(fresh, (first, second, third))] == [3, 2, 0]
    remove_position(position=first)
    assert [row.reserved_quantity for row in map(fresh, (second, third))] == [5, 0]
    remove_position(position=third)
    assert reserved(aurora) == [5]


def test_what_a_position_gives_back_does_not_count_as_out_with_what_has_left(aurora: Tenant) -> None:
    par, job = make_article(aurora, owned=8), make_job(aurora, state=JobState.ORDER)
    gone = add_position(job=job, article=par, quantity=5)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    waiting = add_position(job=job, article=par, quantity=3)
    update_position(position=gone, quantity=7)
    remove_position(position=waiting)
    assert reserved(aurora) == [5]


def test_positions_change_places(aurora: Tenant) -> None:
    job = make_job(aurora)
    first, second, third = (add_position(job=job, description=name, quantity=1) for name in ("A", "B", "C"))
    move_position(position=third, up=True)
    move_position(position=first, up=True)
    assert list(job.positions.in_order()) == [first, third, second]
    move_position(position=first, up=False)
    assert list(job.positions.in_order()) == [third, first, second]


def test_a_hired_position_keeps_the_supplier_s_terms_apart_from_our_price(aurora: Tenant, supplier: Contact) -> None:
    customer = make_contact(aurora, discount_percent=Decimal(5))
    position = fresh(hire(make_job(aurora, customer, JobState.ORDER), supplier))
    assert (position.quantity, position.sub_rented_quantity, position.own_quantity) == (4, 4, 0)
    assert (position.unit_cost, position.cost_discount_percent) == (Decimal(20), Decimal(10))
    # Thursday to Sunday touch four days: the step of three days and one extra day.
    assert (position.cost_factor, position.cost) == (Decimal("2.5"), Decimal("180.00"))
    assert (position.unit_price, position.factor, position.discount_percent) == (Decimal(35), Decimal(1), Decimal(5))
    assert (position.supplier, position.supplier_article_id, position.supplier_number) == (supplier, "77", "B-77")
    assert reserved(aurora) == []


def test_the_supplier_stands_in_the_article_s_master_data(aurora: Tenant, supplier: Contact) -> None:
    article = make_article(aurora)
    for _ in range(2):
        hire(make_job(aurora), supplier, article=article)
    known = article.suppliers.get()
    assert (known.supplier, known.supplier_number, known.price, known.currency) == (
        supplier,
        "B-77",
        Decimal("18.00"),
        "EUR",
    )
    assert known.price_date is not None


def test_of_a_price_of_fractions_of_a_cent_master_data_keep_all_and_our_own_price_is_money(
    aurora: Tenant, supplier: Contact
) -> None:
    """Rounded once each: 0.0049995 would make a cent of what is none."""
    article = make_article(aurora, rental_price=Decimal(0))
    terms = replace(TERMS, unit_cost=Decimal("0.005555"))
    position = hire(make_job(aurora), supplier, article=article, terms=terms)
    assert (article.suppliers.get().price, fresh(position).unit_price) == (Decimal("0.005000"), Decimal("0.00"))


@pytest.mark.parametrize(
    ("own_price", "asked", "expected"),
    [("35", None, "35"), ("0", None, "18"), ("35", "40", "40"), ("35", "0", "0")],
)
def test_our_price_is_the_asked_one_else_our_own_else_the_cost(
    aurora: Tenant, supplier: Contact, own_price: str, asked: str | None, expected: str
) -> None:
    article = make_article(aurora, rental_price=Decimal(own_price))
    price = None if asked is None else Decimal(asked)
    assert hire(make_job(aurora), supplier, article=article, unit_price=price).unit_price == Decimal(expected)


def test_a_thing_that_is_sold_has_no_day_factor(aurora: Tenant, supplier: Contact) -> None:
    scale = aurora.factor_scales.create(name="Standard", steps=[{"days": 1, "factor": "3"}])
    article = make_article(aurora, kind=ArticleKind.SALE, factor_scale=scale)
    assert hire(make_job(aurora), supplier, article=article).factor == 1


def test_a_foreign_currency_is_refused_with_a_sentence(aurora: Tenant, supplier: Contact) -> None:
    foreign = SupplierTerms("77", "B-77", Decimal(20), Decimal(0), (), Decimal(0), "CHF")
    with pytest.raises(ForeignCurrency) as refused:
        hire(make_job(aurora), supplier, terms=foreign)
    assert "CHF" in str(refused.value)
    assert "EUR" in str(refused.value)
    assert (aurora.positions.count(), aurora.article_suppliers.count()) == (0, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_cost": Decimal(10000000000)},
        {"unit_cost": Decimal("9999999999.995"), "discount_percent": Decimal(0)},  # rounded, one digit too many
        {"unit_cost": Decimal(-1)},
        {"discount_percent": Decimal("100.01")},
        {"factors": ((1, Decimal(1)), (2, Decimal(100_000)))},
        {"extra_day_factor": Decimal(-1)},
    ],
)
def test_figures_that_cannot_be_right_are_refused(aurora: Tenant, supplier: Contact, changes: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleTerms):
        hire(make_job(aurora), supplier, terms=replace(TERMS, **changes))
    assert (aurora.positions.count(), aurora.article_suppliers.count()) == (0, 0)


def test_an_amount_that_no_column_holds_is_refused(aurora: Tenant, supplier: Contact) -> None:
    dear = replace(TERMS, unit_cost=Decimal("9999999999.99"), discount_percent=Decimal(0))
    with pytest.raises(AmountTooHigh):
        hire(make_job(aurora), supplier, terms=dear, quantity=999_999)
    with pytest.raises(AmountTooHigh):
        add_position(job=make_job(aurora), description="Feuerwerk", quantity=999_999, unit_price=dear.unit_cost)


def test_only_suppliers_lend(aurora: Tenant) -> None:
    with pytest.raises(NotASupplier):
        hire(make_job(aurora), make_contact(aurora))


def test_own_and_hired_parts_are_split(aurora: Tenant, supplier: Contact) -> None:
    position = hire(make_job(aurora, state=JobState.ORDER), supplier, article=make_article(aurora, owned=5), quantity=8)
    update_position(position=position, sub_rented_quantity=5)
    assert reserved(aurora) == [3]
    assert shortages_of(job=position.job)[position.pk] == Need(
        8, own_free=5, reserved=3, sub_rented=5, shortage=0, spare=2
    )
    update_position(position=position, sub_rented_quantity=8)
    assert reserved(aurora) == []


def test_hired_units_are_never_stock_of_another_job(aurora: Tenant, supplier: Contact) -> None:
    article = make_article(aurora, owned=0)
    hire(make_job(aurora, state=JobState.ORDER), supplier, article=article)
    other = add_position(job=make_job(aurora, state=JobState.ORDER), article=article, quantity=1)
    assert shortages_of(job=other.job)[other.pk].shortage == 1


def test_impossible_splits_are_refused(aurora: Tenant, supplier: Contact) -> None:
    hired = hire(make_job(aurora), supplier)
    with pytest.raises(MoreSubRentedThanNeeded):
        update_position(position=hired, quantity=3)
    own = add_position(job=hired.job, description="Transport", quantity=2)
    with pytest.raises(NoSupplier):
        update_position(position=own, sub_rented_quantity=1)
    assert (fresh(hired).quantity, fresh(own).sub_rented_quantity) == (4, 0)


def test_what_is_ordered_stays_until_it_is_withdrawn(aurora: Tenant, supplier: Contact) -> None:
    position = hire(make_job(aurora), supplier)
    order = create_order(job=position.job, supplier=supplier, created_by=None)
    with pytest.raises(PositionIsOrdered):
        remove_position(position=position)
    with pytest.raises(PositionIsOrdered):
        update_position(position=position, quantity=3, sub_rented_quantity=3)
    update_position(position=position, unit_price=Decimal(99), description="Moving Head")
    record_answer(order=order, state=OrderState.WITHDRAWN, at=SUMMER.start)
    remove_position(position=position)
    assert (order.lines.get().name, order.lines.get().position) == ("MegaPointe", None)


def test_positions_of_one_job_share_what_is_free(aurora: Tenant) -> None:
    article, job = make_article(aurora, owned=5), make_job(aurora)
    first, second = (add_position(job=job, article=article, quantity=4) for _ in range(2))
    needs = shortages_of(job=job)
    assert [(needs[row.pk].own_free, needs[row.pk].shortage) for row in (first, second)] == [(5, 0), (1, 3)]


@pytest.mark.parametrize("count", [1, 3])
def test_shortages_take_a_fixed_number_of_queries(aurora: Tenant, count: int, django_assert_num_queries: Any) -> None:
    job = make_job(aurora, state=JobState.ORDER)
    for _ in range(count):
        add_position(job=job, article=make_article(aurora), quantity=1)
    with django_assert_num_queries(QUERIES):
        assert len(shortages_of(job=job)) == count
