"""What a search finds, page by page, and where a page ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from inventory.models import Lowest

ORDERS = ("name", "any", "best")
# How what was typed is read, in this order, until something is found.
READINGS = AS_TYPED, APART, CORRECTED = 0, 1, 2


class Place(NamedTuple):
    """Where a page ends, for the next to begin: in which order, and the hit's step and weight in it, and its id.

    `reading`: as it was typed, with words cut at their hyphens, or with typos corrected.
    """

    order: str
    step: int
    weight: int | str
    article_id: int
    reading: int = AS_TYPED

    @classmethod
    def of(cls, kept: Sequence[str | int]) -> "Place":
        """The place that was kept elsewhere, as it is; raises ValueError for what is none of today's."""
        order, step, weight, article_id, reading = kept
        if order not in ORDERS or not all(isinstance(number, int) for number in (step, article_id)):
            raise ValueError("a place of another order")
        if reading not in READINGS:
            raise ValueError("a place of another reading")
        return cls(str(order), int(step), weight, int(article_id), int(reading))


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows in their order: step, weight, id, stock where it was asked for, then the columns, as they came.
    `next`: the place of the page after it."""

    rows: list[tuple[Any, ...]]
    next: Place | None
    order: str = "best"
    reading: int = AS_TYPED
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
        place = Place(self.order, step, weight, article_id, self.reading)
        return replace(self, rows=self.rows[:count], next=place)
