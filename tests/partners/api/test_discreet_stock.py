"""Discreet stock on every path that tells of stock: search, one article, availability (mission R4, protocol §4)."""

import json
from typing import Any

import pytest

from eventworx.tenants.models import Tenant
from inventory.models import Article
from partners import connections
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.shown_stock import StockMode
from tests.factories import make_article
from tests.partners.api.asking import ADMIN, PERIOD, Ask, reserve_row, set_level
from tests.partners.api.test_availability import asking, day

OWNED, FREE = 10, 6


@pytest.fixture
def article(bassline: Tenant) -> Article:
    """Ten of it; four are out for half of July's first days."""
    made = make_article(bassline, "MAC Aura XB", owned=OWNED)
    reserve_row(made, OWNED - FREE, day(2), day(3))
    return made


def show(connection: PartnerConnection, mode: StockMode, *, cap: int | None = None, kept: int = 0) -> None:
    terms: dict[str, Any] = {"stock_mode": mode, "stock_cap": cap, "stock_kept_back": kept}
    connections.set_stock_terms(connection=connection, actor=ADMIN, **terms)


def everywhere(ask: Ask, article: Article, quantity: int = 1) -> list[Any]:
    """The stock of the article as each path tells it."""
    [found] = ask("/articles", **PERIOD)["items"]
    one = ask(f"/articles/{article.pk}", **PERIOD)
    [line] = ask("/availability", asking((article.pk, quantity)))["lines"]
    return [found["stock"], one["stock"], line["stock"]]


@pytest.mark.parametrize("level", [AccessLevel.STOCK, AccessLevel.AUTOMATIC])
@pytest.mark.parametrize(
    ("mode", "cap", "kept", "told"),
    [
        (StockMode.EXACT, None, 0, {"mode": "exact", "owned": 10, "free": 6}),
        (StockMode.EXACT, None, 4, {"mode": "exact", "owned": 6, "free": 2}),
        (StockMode.EXACT, None, 7, {"mode": "exact", "owned": 3, "free": 0}),
        (StockMode.YES_NO, None, 5, {"mode": "yes_no", "available": True}),
        (StockMode.YES_NO, None, 6, {"mode": "yes_no", "available": False}),
        (StockMode.CAPPED, 5, 0, {"mode": "capped", "at_least": 5}),
        (StockMode.CAPPED, 5, 4, {"mode": "capped", "at_least": 2}),
    ],
)
def test_every_path_tells_the_same_and_no_more(
    lent: PartnerConnection, ask: Ask, article: Article, level: int, mode: StockMode, cap: int, kept: int, told: Any
) -> None:
    show(lent, mode, cap=cap, kept=kept)
    set_level(lent, level)
    assert everywhere(ask, article) == [told] * 3


def test_yes_or_no_is_about_the_sum_of_an_articles_lines(lent: PartnerConnection, ask: Ask, article: Article) -> None:
    show(lent, StockMode.YES_NO, kept=1)
    for quantities, available in (((5,), True), ((6,), False), ((2, 3), True), ((2, 4), False)):
        lines = ask("/availability", asking(*((article.pk, quantity) for quantity in quantities)))["lines"]
        assert [line["stock"] for line in lines] == [{"mode": "yes_no", "available": available}] * len(quantities)


def test_without_a_period_it_is_about_now(lent: PartnerConnection, ask: Ask, article: Article) -> None:
    show(lent, StockMode.CAPPED, cap=99, kept=1)
    assert ask(f"/articles/{article.pk}")["stock"] == {"mode": "capped", "at_least": OWNED - 1}


@pytest.mark.parametrize("mode", [StockMode.YES_NO, StockMode.CAPPED])
def test_no_figure_of_ours_and_no_bottleneck_leaves_the_house(
    lent: PartnerConnection, ask: Ask, bassline: Tenant, mode: StockMode
) -> None:
    # Longer than the fraction of a second in a time: shorter ones stand there now and then.
    article = make_article(bassline, "Rarität", owned=7777777)
    reserve_row(article, 1111111, day(2), day(3))
    show(lent, mode, cap=3)
    for answer in (ask("/articles", **PERIOD), ask("/availability", asking((article.pk, 2)))):
        told = json.dumps(answer)
        assert not [figure for figure in ("7777777", "6666666", "1111111", "owned") if figure in told]
    assert ask("/availability", asking((article.pk, 2)))["lines"][0]["bottleneck"] is None


def test_what_lies_in_what_is_kept_back_has_no_bottleneck(lent: PartnerConnection, ask: Ask, article: Article) -> None:
    show(lent, StockMode.EXACT, kept=FREE - 1)
    assert ask("/availability", asking((article.pk, 1)))["lines"][0]["bottleneck"] == {
        "start": "2027-07-02T00:00:00Z",
        "end": "2027-07-03T00:00:00Z",
    }
    show(lent, StockMode.EXACT, kept=FREE)
    assert ask("/availability", asking((article.pk, 1)))["lines"][0]["bottleneck"] is None


def test_below_level_two_no_mode_tells_anything(lent: PartnerConnection, ask: Ask, article: Article) -> None:
    show(lent, StockMode.YES_NO)
    set_level(lent, AccessLevel.ARTICLES)
    assert ask(f"/articles/{article.pk}", **PERIOD)["stock"] is None


def test_each_partner_has_his_own_terms_and_they_hold_from_the_next_question_on(
    lent: PartnerConnection, ask: Ask, article: Article, bassline: Tenant
) -> None:
    assert ask(f"/articles/{article.pk}", **PERIOD)["stock"]["free"] == FREE
    show(lent, StockMode.EXACT, kept=1)
    assert ask(f"/articles/{article.pk}", **PERIOD)["stock"]["free"] == FREE - 1
    show(lent, StockMode.EXACT)
    assert ask(f"/articles/{article.pk}", **PERIOD)["stock"]["free"] == FREE
