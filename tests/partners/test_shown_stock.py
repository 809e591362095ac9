"""What a partner is told of our stock: no mode says more than it is meant to (mission R4, protocol §4)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.availability import Stock
from partners.protocol import wire
from partners.shown_stock import StockMode, StockTerms, shown, tells_bottleneck

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
figures = st.integers(0, 50)
caps = st.integers(1, 50)


def of(free: int, owned: int = 10) -> Stock:
    return Stock(owned=owned, out_of_service=0, free=free)


def terms(mode: StockMode = StockMode.EXACT, cap: int = 5, kept: int = 0) -> StockTerms:
    return StockTerms(mode=mode, cap=cap, kept_back=kept)


@pytest.mark.parametrize(
    ("free", "kept", "told"), [(6, 0, (10, 6)), (6, 2, (8, 4)), (2, 2, (8, 0)), (1, 2, (8, 0)), (-3, 0, (10, 0))]
)
def test_exact_figures_less_what_is_kept_back(free: int, kept: int, told: tuple[int, int]) -> None:
    assert shown(of(free), terms(kept=kept)) == wire.ExactStock(owned=told[0], free=told[1])


def test_more_is_kept_back_than_there_is() -> None:
    assert shown(of(3, owned=3), terms(kept=4)) == wire.ExactStock(owned=0, free=0)


@pytest.mark.parametrize(
    ("free", "kept", "asked", "told"),
    [(1, 0, 1, True), (0, 0, 1, False), (5, 0, 5, True), (5, 0, 6, False), (5, 2, 3, True), (5, 2, 4, False)],
)
def test_yes_or_no_is_about_what_is_asked_for(free: int, kept: int, asked: int, told: bool) -> None:
    assert shown(of(free), terms(StockMode.YES_NO, kept=kept), asked) == wire.YesNoStock(available=told)


@pytest.mark.parametrize(("free", "kept", "told"), [(3, 0, 3), (5, 0, 5), (9, 0, 5), (6, 2, 4), (1, 2, 0), (-1, 0, 0)])
def test_figures_end_at_the_cap(free: int, kept: int, told: int) -> None:
    assert shown(of(free), terms(StockMode.CAPPED, kept=kept)) == wire.CappedStock(at_least=told)


def test_no_figure_is_greater_than_the_protocol_carries() -> None:
    """Dated additions come on top of what a form takes."""
    told = shown(of(2_000_000, owned=2_000_001), terms())
    assert told == wire.ExactStock(owned=999_999, free=999_999)
    asked = wire.to_wire(wire.Availability(as_of=NOW, lines=(wire.AnsweredLine(article="7", stock=told),)))
    assert wire.parse_availability(asked).lines[0].stock == told


def test_no_terms_no_stock() -> None:
    assert shown(of(3), None) is None
    assert shown(None, terms()) is None
    assert not tells_bottleneck(of(3), None)


@pytest.mark.parametrize(
    ("mode", "free", "kept", "told"),
    [
        (StockMode.EXACT, -2, 0, True),
        (StockMode.EXACT, 3, 2, True),
        (StockMode.EXACT, 2, 2, False),
        (StockMode.EXACT, 1, 2, False),
        (StockMode.YES_NO, 9, 0, False),
        (StockMode.CAPPED, 9, 0, False),
    ],
)
def test_when_it_is_scarcest_is_told_beside_exact_figures_that_are_more_than_none(
    mode: StockMode, free: int, kept: int, told: bool
) -> None:
    assert tells_bottleneck(of(free), terms(mode, kept=kept)) is told


@given(free=figures, other=figures, owned=figures, cap=caps, kept=figures, asked=caps)
def test_what_looks_alike_to_the_mode_looks_alike_on_the_wire(
    free: int, other: int, owned: int, cap: int, kept: int, asked: int
) -> None:
    """Two stocks that differ in nothing the mode tells have the same answer, whatever is owned."""
    yes_no, capped = terms(StockMode.YES_NO, kept=kept), terms(StockMode.CAPPED, cap=cap, kept=kept)
    one, two = of(free, owned), of(other, owned + 7)
    if (free - kept >= asked) == (other - kept >= asked):
        assert shown(one, yes_no, asked) == shown(two, yes_no, asked)
    if min(free - kept, other - kept) >= cap or max(free - kept, other - kept) <= 0:
        assert shown(one, capped) == shown(two, capped)


@given(st.tuples(figures, figures, figures).map(sorted), figures)
def test_what_is_kept_back_looks_as_if_we_did_not_own_it(ordered: list[int], more: int) -> None:
    kept, free, owned = ordered
    assert shown(of(free + more, owned + more), terms(kept=kept + more)) == shown(of(free, owned), terms(kept=kept))
