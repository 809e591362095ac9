"""Orders to suppliers: frozen copies, once per position, answered once."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from jobs.models import Job, Position, SubRentalOrder
from jobs.states import JobState, OrderState
from jobs.sub_rentals import JobIsCancelled, NothingToOrder, OrderIsAnswered, create_order, record_answer
from tests.factories import make_contact, make_job, make_tenant, make_user

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def supplier(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline", is_supplier=True)


def hire(job: Job, supplier: Contact, **fields: Any) -> Position:
    """A position of which everything comes from `supplier`: 3 × 20.00 a day, factor 1.5, less 10 %."""
    fields = {
        "description": "Robe MegaPointe",
        "quantity": 3,
        "sub_rented_quantity": 3,
        "unit": "Stück",
        "supplier_article_id": "77",
        "supplier_number": "B-77",
        "unit_cost": Decimal("20.00"),
        "cost_factor": Decimal("1.5"),
        "cost_discount_percent": Decimal(10),
    } | fields
    return job.positions.create(tenant=job.tenant, supplier=supplier, **fields)


def order(job: Job, supplier: Contact) -> SubRentalOrder:
    return create_order(job=job, supplier=supplier, created_by=None)


def test_an_order_freezes_periods_lines_and_sum(aurora: Tenant, supplier: Contact) -> None:
    job, user = make_job(aurora), make_user(aurora)
    position = hire(job, supplier)
    hire(job, supplier, quantity=5, sub_rented_quantity=1, cost_discount_percent=0, description="Stativ")
    ordered = create_order(
        job=job, supplier=supplier, remark="Bitte testen", logistics={"out": "collect"}, created_by=user
    )
    assert (ordered.number, ordered.state, ordered.net) == ("B-1001", OrderState.REQUESTED, Decimal("111.00"))
    assert (ordered.remark, ordered.logistics, ordered.created_by) == ("Bitte testen", {"out": "collect"}, user)
    assert (ordered.planning_start, ordered.usage_end) == (job.planning_start, job.usage_end)
    position.unit_cost, position.quantity = Decimal(999), 9
    position.save()
    line = ordered.lines.get(position=position)
    assert (line.name, line.supplier_number, line.supplier_article_id) == ("Robe MegaPointe", "B-77", "77")
    assert (line.quantity, line.unit_cost, line.factor, line.net) == (
        3,
        Decimal("20.00"),
        Decimal("1.5"),
        Decimal("81.00"),
    )
    assert len({line.wire_id for line in ordered.lines.all()}) == 2


def test_a_second_click_finds_nothing(aurora: Tenant, supplier: Contact) -> None:
    job = make_job(aurora)
    hire(job, supplier)
    order(job, supplier)
    with pytest.raises(NothingToOrder) as refused:
        order(job, supplier)
    assert "Es gibt nichts zu bestellen" in str(refused.value)
    assert aurora.sub_rental_orders.count() == 1


def test_only_new_positions_of_this_supplier_are_ordered(aurora: Tenant, supplier: Contact) -> None:
    job, other = make_job(aurora), make_contact(aurora, "Anderer", is_supplier=True)
    hire(job, supplier)
    order(job, supplier)
    hire(job, other)
    new = hire(job, supplier, description="Nachtrag")
    hire(make_job(aurora), supplier)
    assert [line.position for line in order(job, supplier).lines.all()] == [new]


@pytest.mark.parametrize("end", [OrderState.DECLINED, OrderState.WITHDRAWN])
def test_what_was_declined_or_withdrawn_can_be_ordered_again(
    aurora: Tenant, supplier: Contact, end: OrderState
) -> None:
    job = make_job(aurora)
    hire(job, supplier)
    record_answer(order=order(job, supplier), state=end, at=NOW)
    assert order(job, supplier).number == "B-1002"


def test_nothing_is_ordered_for_a_cancelled_job(aurora: Tenant, supplier: Contact) -> None:
    job = make_job(aurora, state=JobState.CANCELLED)
    hire(job, supplier)
    with pytest.raises(JobIsCancelled):
        order(job, supplier)


def test_an_answer_is_written_once(aurora: Tenant, supplier: Contact) -> None:
    job = make_job(aurora)
    hire(job, supplier)
    ordered = order(job, supplier)
    record_answer(order=ordered, state=OrderState.DECLINED, reason="Ausgebucht", supplier_reference="P-7", at=NOW)
    record_answer(order=ordered, state=OrderState.DECLINED, at=NOW + timedelta(hours=1))
    with pytest.raises(OrderIsAnswered):
        record_answer(order=ordered, state=OrderState.CONFIRMED, at=NOW)
    ordered.refresh_from_db()
    assert (ordered.state, ordered.reason, ordered.supplier_reference, ordered.answered_at) == (
        OrderState.DECLINED,
        "Ausgebucht",
        "P-7",
        NOW,
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_order() -> None:
    tenant = make_tenant("aurora")
    supplier, job = make_contact(tenant, is_supplier=True), make_job(tenant)
    hire(job, supplier)
    ready, results = threading.Barrier(2), []

    def click() -> None:
        ready.wait()
        try:
            results.append(order(job, supplier).number)
        except NothingToOrder as refused:
            results.append(refused.code)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(results) == ["B-1001", "nothing-to-order"]
