"""What a search finds, page by page, and where a page ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from inventory.models import Lowest

ORDERS = ("name", "any", "best")


class Place(NamedTuple):
    """Where a page ends, for the next to begin: in which order, and the hit's step and weight in it, and its id.

    `is_corrected`: typos were corrected.
    """

    order: str
    step: int
    weight: int | str
    article_id: int
    is_corrected: int = 0

    @classmethod
    def of(cls, kept: Sequence[str | int]) -> "Place":
        """The place that was kept elsewhere, as it is; raises ValueError for what is none of today's."""
        order, step, weight, article_id, is_corrected = kept
        if order not in ORDERS or not all(isinstance(number, int) for number in (step, article_id, is_corrected)):
            raise ValueError("a place of another order")
        return cls(str(order), int(step), weight, int(article_id), int(is_corrected))


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows in their order: step, weight, id, stock where it was asked for, then the columns, as they came.
    `next`: the place of the page after it."""

    rows: list[tuple[Any, ...]]
    next: Place | None
    order: str = "best"
    is_corrected: int = 0
    has_stock: bool = False

    @property
    def lowest(self) -> dict[int, Lowest]:
        """The stock by article; of none where it was not asked for."""
        return {row[2]: Lowest(*row[3:7]) for row in self.rows} if self.has_stock else {}

    def first(self, count: int) -> "Found":
        """As many of its rows, at least one; the next page goes on behind them."""
        if count >= len(self.rows):
            return self
        step, weight, article_id = self.rows[count - 1][:3]
        place = Place(self.order, step, weight, article_id, self.is_corrected)
        return replace(self, rows=self.rows[:count], next=place)
