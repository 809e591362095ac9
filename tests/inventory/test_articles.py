"""Keeping articles and their suppliers (mission E2, J5)."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError

from eventworx.tenants.models import Tenant
from inventory.articles import (
    NumberTaken,
    WrongGtin,
    create_article,
    is_gtin,
    save_or_refuse,
    set_archived,
    set_supplier,
    update_article,
)
from inventory.models import Article
from tests.factories import make_article, make_contact


def test_an_article_gets_the_next_number_of_its_tenant(aurora: Tenant, bassline: Tenant) -> None:
    made = [create_article(tenant=tenant, name="PAR 64").number for tenant in (aurora, aurora, bassline)]
    assert made == ["A-10001", "A-10002", "A-10001"]


def test_numbers_that_somebody_typed_are_left_out(aurora: Tenant) -> None:
    create_article(tenant=aurora, name="PAR 64", number=" A-10001 ")
    assert create_article(tenant=aurora, name="PAR 56").number == "A-10002"


def test_a_number_is_given_once_per_tenant(aurora: Tenant, bassline: Tenant) -> None:
    create_article(tenant=aurora, name="PAR 64", number="X1")
    create_article(tenant=bassline, name="PAR 64", number="X1")
    other = create_article(tenant=aurora, name="PAR 56", number="X2")
    with pytest.raises(NumberTaken, match="X1"):
        create_article(tenant=aurora, name="PAR 56", number="X1")
    with pytest.raises(NumberTaken):
        update_article(article=other, number="X1")
    assert aurora.articles.count() == 2


def test_a_number_of_composed_and_of_other_characters_is_the_same(aurora: Tenant) -> None:
    """As pasted from a PDF or from the name of a file on a Mac; from a list it comes composed."""
    made = create_article(tenant=aurora, name="Bu\u0308hne", number="Bu\u0308-1")
    assert (made.name, made.number) == ("Bühne", "Bü-1")
    with pytest.raises(NumberTaken):
        create_article(tenant=aurora, name="Bühne", number="Bü-1")


def test_what_gets_longer_when_it_is_composed_stays_as_it_is(aurora: Tenant) -> None:
    """Some characters never stand composed: two hundred of them would be four hundred."""
    assert create_article(tenant=aurora, name="\u0958" * 200).name == "\u0958" * 200


def test_another_broken_promise_is_not_taken_for_the_number(aurora: Tenant) -> None:
    article = Article(tenant=aurora, number="X1", name="PAR 64", rental_price=Decimal(-1))
    with pytest.raises(IntegrityError):
        save_or_refuse(article, taken=aurora.articles.filter(number="X1"), refusal=NumberTaken(number="X1"))


def test_an_update_renews_the_search(aurora: Tenant) -> None:
    article = make_article(aurora, "Alt", number="X1", owned=3)
    update_article(article=article, number=" X1 ", name="Schlüssel", gtin="4006381333931", owned=7)
    (found,) = aurora.articles.matching("schluessel")
    assert (found.number, found.gtin, found.owned) == ("X1", "4006381333931", 7)
    assert not aurora.articles.matching("alt")


@pytest.mark.parametrize("gtin", ["4006381333931", "96385074", "036000291452", "10012345678902", "40-06381 33393 1"])
def test_gtins_are_kept_without_gaps(aurora: Tenant, gtin: str) -> None:
    assert create_article(tenant=aurora, name="PAR 64", gtin=gtin).gtin == gtin.replace("-", "").replace(" ", "")


@pytest.mark.parametrize("gtin", ["4006381333932", "123", "40063813339310", "4006381333B31", "²²²²²²²²"])
def test_a_wrong_gtin_is_refused(aurora: Tenant, gtin: str) -> None:
    assert not is_gtin(gtin)
    with pytest.raises(WrongGtin):
        create_article(tenant=aurora, name="PAR 64", gtin=gtin)
    assert not aurora.articles.exists()


def test_archiving_hides_and_brings_back(aurora: Tenant) -> None:
    article = make_article(aurora)
    set_archived(article=article, archived_at=datetime(2027, 7, 1, tzinfo=UTC))
    assert (aurora.articles.active().count(), aurora.articles.archived().count()) == (0, 1)
    set_archived(article=article, archived_at=None)
    assert (aurora.articles.active().count(), aurora.articles.archived().count()) == (1, 0)


def test_a_supplier_stands_once_in_the_master_data_with_his_latest_terms(aurora: Tenant) -> None:
    article = make_article(aurora)
    bassline, other = (make_contact(aurora, name, is_supplier=True) for name in ("Bassline", "Other"))
    for supplier, number, price in ((bassline, "B-1", "12.00"), (other, "O-1", "11"), (bassline, "B-2", "9.50")):
        set_supplier(
            article=article,
            supplier=supplier,
            supplier_number=number,
            price=Decimal(price),
            currency="EUR",
            price_date=date(2027, 7, 1),
        )
    rows = article.suppliers.order_by("supplier_number")
    assert [(row.supplier, row.supplier_number, row.price, row.tenant) for row in rows] == [
        (bassline, "B-2", Decimal("9.50"), aurora),
        (other, "O-1", Decimal("11.00"), aurora),
    ]
