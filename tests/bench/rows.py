"""The table: each line is something measured beside something else, their ratio, and what it is to be."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_COMPARED = {"≤": operator.le, "≥": operator.ge, "=": operator.eq}
_HEADER = ("", "", "taken", "beside", "", "ratio", "goal", "met")
_SIDES = "<<>><>><"


class Row(NamedTuple):
    """`ours` and the floor, which is that of `beside`, in one unit; milliseconds are medians. `goal` is what their
    ratio is to be ("≤ 1.15"), '' where nobody set one. Beside a peer the floor is ours, and he is measured by it."""

    figure: str
    what: str
    ours: float
    floor: float
    beside: str
    goal: str = ""
    unit: str = " ms"

    @property
    def ratio(self) -> float:
        return round(self.ours / self.floor, 3)

    @property
    def is_met(self) -> bool | None:
        sign, _blank, bound = self.goal.partition(" ")
        return bool(_COMPARED[sign](self.ratio, float(bound))) if sign else None

    @property
    def document(self) -> dict[str, Any]:
        return self._asdict() | {"ratio": self.ratio, "is_met": self.is_met}


class Figures(NamedTuple):
    rows: list[Row]
    notes: Sequence[str] = ()


def as_table(rows: Iterable[dict[str, Any]], notes: Iterable[str]) -> str:
    """The rows come as documents."""
    lines = [_HEADER, *(_cells(Row(*(row[name] for name in Row._fields))) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    written = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, _SIDES, widths, strict=True))
        for line in lines
    ]
    return "\n".join([*written, *notes])


def _cells(row: Row) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "NO"}[row.is_met]
    ours, floor = _number(row.ours, row.unit), _number(row.floor, row.unit)
    return row.figure, row.what, ours, floor, row.beside, f"{row.ratio:.2f}", row.goal, met


def _number(value: float, unit: str) -> str:
    return f"{value:,.{0 if value >= 1000 or value == int(value) else 2}f}{unit}"
