"""Hits of several partners in one order, the same whatever order they came in (mission J2)."""

import itertools
import random
from decimal import Decimal

import pytest

from eventworx.contacts.models import Contact
from partners.models import PartnerConnection
from partners.protocol.wire import CappedStock, ExactStock, Listing, Price, Stock, UnknownStock, YesNoStock
from partners.search import Hit, Order, merged

STOCKS: list[tuple[str, Stock | None]] = [
    ("12 of 20", ExactStock(owned=20, free=12)),
    ("at least 12", CappedStock(at_least=12)),
    ("at least 5", CappedStock(at_least=5)),
    ("4 of 4", ExactStock(owned=4, free=4)),
    ("1 of 9", ExactStock(owned=9, free=1)),
    ("available", YesNoStock(available=True)),
    ("0 of 9", ExactStock(owned=9, free=0)),
    ("not available", YesNoStock(available=False)),
    ("another mode", UnknownStock(mode="fuzzy")),
    ("nothing said", None),
]
PRICES: list[tuple[str, Price | None]] = [
    ("10 for the period", Price(currency="EUR", net=Decimal(9), net_for_period=Decimal(10))),
    ("10.50 for the period", Price(currency="EUR", net=Decimal(1), net_for_period=Decimal("10.50"))),
    ("100 for the period", Price(currency="EUR", net_for_period=Decimal(100))),
    ("2 per day", Price(currency="EUR", net=Decimal(2))),
    ("3 per day", Price(currency="EUR", net=Decimal(3))),
    ("CHF 1", Price(currency="CHF", net=Decimal(1), net_for_period=Decimal(1))),
    ("CHF 0", Price(currency="CHF", net_for_period=Decimal(0))),
    ("asked for", None),
    ("a currency and no price", Price(currency="EUR")),
]


def partner(name: str) -> PartnerConnection:
    return PartnerConnection(contact=Contact(name=name, sort_key=name.casefold()))


ONLY = partner("Bassline")


def hit(name: str, rank: int = 0, connection: PartnerConnection = ONLY, **said: object) -> Hit:
    listing = Listing(id=name, number=name, name=name, **said)  # type: ignore[arg-type]
    return Hit(connection=connection, listing=listing, rank=rank)


def names(hits: list[Hit], order: Order) -> list[str]:
    """In whatever order they come."""
    found = {
        tuple(found.listing.name for found in merged(some, order=order, currency="EUR")) for some in shuffled(hits)
    }
    assert len(found) == 1
    return list(found.pop())


def shuffled(hits: list[Hit]) -> list[list[Hit]]:
    return [random.Random(seed).sample(hits, len(hits)) for seed in range(20)]


def test_free_figures_before_vague_words_before_silence() -> None:
    assert names([hit(name, rank, stock=stock) for rank, (name, stock) in enumerate(STOCKS)], Order.FREE) == [
        name for name, _stock in STOCKS
    ]


def test_prices_compare_in_our_currency_alone() -> None:
    assert names([hit(name, rank, price=price) for rank, (name, price) in enumerate(PRICES)], Order.PRICE) == [
        name for name, _price in PRICES
    ]


def test_relevance_takes_everybodys_best_first_and_partner_goes_by_name() -> None:
    zebra, adler = partner("Zebra"), partner("adler")
    hits = [hit(f"{who.contact.name} {rank}", rank, who) for rank in range(3) for who in (zebra, adler)]
    assert names(hits, Order.RELEVANCE) == ["adler 0", "Zebra 0", "adler 1", "Zebra 1", "adler 2", "Zebra 2"]
    assert names(hits, Order.PARTNER) == ["adler 0", "adler 1", "adler 2", "Zebra 0", "Zebra 1", "Zebra 2"]


@pytest.mark.parametrize("order", Order)
def test_who_arrives_later_moves_nobody_past_another(order: Order) -> None:
    everybody = [
        hit(f"{stock_name} {price_name}", rank, who, stock=stock, price=price)
        for who in (partner("A"), partner("B"))
        for rank, ((stock_name, stock), (price_name, price)) in enumerate(itertools.product(STOCKS, PRICES))
    ]
    early = [found for found in everybody if found.connection.contact.name == "A"]
    whole = merged(everybody, order=order, currency="EUR")
    assert [found for found in whole if found in early] == merged(early, order=order, currency="EUR")


def test_partners_of_the_same_name_stay_apart() -> None:
    twins = [partner("Licht AG"), partner("Licht AG")]
    hits = [hit(f"{number}", rank, twin) for number, twin in enumerate(twins) for rank in range(2)]
    for order in Order:
        names(hits, order)
    of = [found.connection.pk for found in merged(hits, order=Order.PARTNER, currency="EUR")]
    assert of == sorted(of, key=str)
