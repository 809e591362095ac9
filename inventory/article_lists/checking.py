"""From the lines of a file to what is to be written: each cell read by its column, each name found in the catalogue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from eventworx.text import fold
from inventory.article_lists import cells
from inventory.article_lists.cells import Cell, Notation
from inventory.article_lists.columns import BY_KEY
from inventory.article_lists.exporting import category_paths
from inventory.models import Category

# Where a column of a list stands in the table of articles, if not under its own name.
STORED = {"category": "category_id", "factor_scale": "factor_scale_id"}
NEW_CATEGORY = "new_category"
IS_WRONG = "is_wrong"  # where cells of the line are; nothing of it is written
MOST_NEW_CATEGORIES = 500
DEEPEST = 10
_BELOW = re.compile(r"\s*[>›]\s*")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class NumberMissing(BusinessError):
    code = "line-number"
    message = _("The number is missing; by it we know which article this is.")


class NameMissing(BusinessError):
    code = "line-name"
    message = _("A new article needs a name.")


class NumberTwice(BusinessError):
    code = "line-number-twice"
    message = _("Line %(first)s has the same number already.")


class UnknownCategory(BusinessError):
    code = "line-category"
    message = _("There is no such category.")


class TooManyCategories(BusinessError):
    code = "line-categories"
    message = _("The list would create more than %(most)s categories. Is this the right column?")


class KindInUse(BusinessError):
    code = "line-kind-in-use"
    message = _("The kind cannot change while something of the article is reserved or out.")


class UnknownScale(BusinessError):
    code = "line-scale"
    message = _("There is no factor scale of this name.")


PROBLEMS: Mapping[str, type[BusinessError]] = {
    problem.code: problem
    for problem in (
        *cells.PROBLEMS,
        NumberMissing,
        NameMissing,
        NumberTwice,
        UnknownCategory,
        TooManyCategories,
        UnknownScale,
        KindInUse,
    )
}


class Problem(NamedTuple):
    """What is wrong with a cell; `column` is a key of `columns`."""

    line: int
    column: str
    value: str
    code: str
    params: dict[str, Any]


def problem(line: int, column: str, value: object, found: BusinessError) -> Problem:
    params = {name: said if isinstance(said, int) else str(said) for name, said in found.params.items()}
    return Problem(line, column, printable(value), found.code, params)


def printable(value: object) -> str:
    """A cell as it can be shown and kept."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value)[:200])


@dataclass(slots=True)
class Catalogue:
    """Categories and factor scales of a tenant by what lists call them; `new` are the paths to be created, folded.

    What a category was called once is remembered as it was written: a list says it on every line.
    """

    categories: dict[str, int | str]
    scales: dict[str, int]
    creates: bool
    new: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, tenant: Tenant, *, creates: bool) -> "Catalogue":
        paths = {path: pk for pk, path in category_paths(tenant).items()}
        scales = dict(tenant.factor_scales.values_list("name", "pk"))
        return cls({**_also_folded(paths)}, _also_folded(scales), creates)

    def category(self, said: str) -> int | str:
        """Its id, or the path of one to be created."""
        known = self.categories.get(said)
        if known is None:
            path = " > ".join(_BELOW.split(said))
            known = self.categories.get(path) or self.categories.get(fold(path)) or self._new(path)
            self.categories[said] = known
        return known

    def _new(self, path: str) -> str:
        names = path.split(" > ")
        most = Category._meta.get_field("name").max_length or 0
        if not self.creates or len(names) > DEEPEST or not all(0 < len(name) <= most for name in names):
            raise UnknownCategory
        if len(self.new) >= MOST_NEW_CATEGORIES and fold(path) not in self.new:
            raise TooManyCategories(most=MOST_NEW_CATEGORIES)
        return self.new.setdefault(fold(path), path)

    def scale(self, said: str) -> int:
        known = self.scales.get(said) or self.scales.get(fold(said))
        if known is None:
            raise UnknownScale
        return known


def _also_folded(known: dict[str, int]) -> dict[str, int]:
    """As written, and with other case or spelling where that is nobody else's."""
    return {fold(name): pk for name, pk in reversed(known.items())} | known


class Checker:
    """Reads the lines of one list; what it finds wrong is in `problems`.

    A row is (line, values in the order of `columns`): None where the cell is empty, so that the present value stays, or
    wrong. A name that is wrong is an empty text, for it is not missing.
    """

    def __init__(self, mapping: Mapping[str, int], notation: Notation, catalogue: Catalogue) -> None:
        self.notation, self.catalogue = notation, catalogue
        self.problems: list[Problem] = []
        ordered = [key for key in BY_KEY if key in mapping]
        stored = [STORED.get(key, key) for key in ordered]
        self.columns = [IS_WRONG, *stored, *[NEW_CATEGORY] * ("category" in mapping)]
        self._plan = [(slot, mapping[key], key, BY_KEY[key].read) for slot, key in enumerate(ordered, 2)]
        self._named = {"category", "factor_scale"} & mapping.keys()

    def row(self, line: int, read: list[Cell]) -> list[Any] | None:
        """What a line says, or what can be read of it, to be compared with the others; None where it is empty."""
        values: list[Any] = [line, *[None] * len(self.columns)]
        before, width = len(self.problems), len(read)
        for slot, place, key, reader in self._plan:
            cell = read[place] if place < width else ""
            if isinstance(cell, str):
                cell = cell.strip()
                if not cell:
                    continue
            try:
                values[slot] = reader(cell, self.notation)
                if key in self._named:
                    self._look_up(values, slot, key)
            except BusinessError as found:
                values[slot] = "" if key == "name" else None
                self.problems.append(problem(line, key, cell, found))
        if values[2] is None:
            if is_empty(read):
                return None
            self._name_missing_number(line, before)
        values[1] = len(self.problems) > before or None
        return values

    def _look_up(self, values: list[Any], slot: int, key: str) -> None:
        """In the place of a name what it means; a new category has a place of its own, the last."""
        if key == "factor_scale":
            values[slot] = self.catalogue.scale(values[slot])
            return
        found = self.catalogue.category(values[slot])
        values[slot] = None
        values[slot if isinstance(found, int) else -1] = found

    def _name_missing_number(self, line: int, before: int) -> None:
        """Unless there is one that is wrong. It is always the first column of the plan."""
        if all(found.column != "number" for found in self.problems[before:]):
            self.problems.append(problem(line, "number", "", NumberMissing()))


def is_empty(read: list[Cell]) -> bool:
    return not any(cell if isinstance(cell, Decimal) else cell.strip() for cell in read)
