"""What partners may send as an order, and what they are told of everything else (mission O6)."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from eventworx.tenants.models import Tenant
from jobs.models import Inquiry
from partners import client
from partners.client import PartnerPaused
from tests.factories import make_article
from tests.partners.orders.doing import Work, post, refused, request_of
from tests.partners.trade import Trade


def test_the_same_order_again_is_the_same_and_another_under_its_id_is_refused(trade: Trade) -> None:
    body, key = request_of(trade), uuid.uuid4()
    first = post(trade.ours, "/orders", body, key)
    assert first.status == 201
    assert post(trade.ours, "/orders", body, key).document == first.document
    again = post(trade.ours, "/orders", body)
    assert (again.status, again.document) == (200, first.document)
    other = body | {"remark": "something else"}
    problem = refused(trade.ours, "/orders", other).problem
    assert (problem.status, problem.code) == (409, "order-exists")
    assert refused(trade.ours, "/orders", other, key).problem.code == "idempotency-reuse"
    assert Inquiry.objects.count() == 1


def test_unknown_fields_are_kept_in_the_document(trade: Trade) -> None:
    body = request_of(trade)
    body["x_colour"] = "blue"
    body["lines"][0]["x_note"] = {"deep": 1}
    body["x_serial"] = 2**80  # more than other writers of JSON know
    document: Any = post(trade.ours, "/orders", body).document
    assert document["x_colour"] == "blue"
    assert document["lines"][0]["x_note"] == {"deep": 1}
    assert document["x_serial"] == 2**80
    assert document["lines"][0]["name"] == "MAC Aura XB"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"currency": "CHF"}, ("/currency", "currency")),
        ({"lines": []}, ("/lines", "length")),
        (
            {"usage_period": {"start": "2027-06-01T06:00:00Z", "end": "2027-07-02T06:00:00Z", "zone": "Europe/Berlin"}},
            ("/usage_period", "period"),
        ),
        ({"planning_period": None}, ("/planning_period", "required")),
        (
            {"planning_period": {"start": "2027-07-01T06:00:00Z", "end": "2029-07-03T06:00:00Z", "zone": "UTC"}},
            ("/planning_period", "range"),
        ),
    ],
)
def test_impossible_orders_are_refused_naming_the_field(
    trade: Trade, change: dict[str, Any], error: tuple[str, str]
) -> None:
    problem = refused(trade.ours, "/orders", request_of(trade) | change).problem
    assert (problem.status, problem.code) == (422, "invalid")
    assert (problem.errors[0].pointer, problem.errors[0].code) == error
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize(("quantity", "code"), [(0, "range"), (-1, "range"), (1_000_000, "range"), ("2", "type")])
def test_a_quantity_has_to_be_one(trade: Trade, quantity: Any, code: str) -> None:
    body = request_of(trade)
    body["lines"][0]["quantity"] = quantity
    [error] = refused(trade.ours, "/orders", body).problem.errors
    assert (error.pointer, error.code) == ("/lines/0/quantity", code)


def test_an_article_that_is_not_released_is_refused_naming_the_line(trade: Trade, cymbal: Tenant) -> None:
    body = request_of(trade)
    for article in (str(make_article(cymbal).pk), "abc", "9" * 40):
        body["lines"].append(body["lines"][0] | {"id": str(uuid.uuid4()), "article": article})
    problem = refused(trade.ours, "/orders", body).problem
    assert [(error.pointer, error.code) for error in problem.errors] == [
        (f"/lines/{at}/article", "not-released") for at in (1, 2, 3)
    ]
    assert not Inquiry.objects.exists()


def test_while_we_are_paused_orders_can_be_read_but_not_placed(trade: Trade, work: Work) -> None:
    trade.add_position()
    order = trade.send()
    work()
    trade.theirs.paused_at = timezone.now()
    trade.theirs.save()
    document = client.call(connection=trade.ours, method="GET", path=f"/orders/{order.order_id}").document
    assert document == trade.incoming().document
    with pytest.raises(PartnerPaused):
        post(trade.ours, "/orders", order.document)
