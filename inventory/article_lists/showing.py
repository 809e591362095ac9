"""What the pages of a list show: its columns, its first lines as they are understood, what is wrong with it."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext, pgettext

from eventworx.errors import BusinessError
from eventworx.text import for_spreadsheet
from inventory.article_lists.cells import Cell, Notation, Value
from inventory.article_lists.checking import PROBLEMS, Catalogue, NumberMissing
from inventory.article_lists.columns import BY_KEY, Column
from inventory.article_lists.running import REFUSALS, sample_of
from inventory.models import ArticleImport, ArticleImportProblem, ArticleKind, ImportState, ImportStep

PREVIEWED = 5  # lines
EXAMPLES = 3
SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column as the file has it; `place` counts from 0."""

    place: int
    header: str
    examples: list[str]


@dataclass(frozen=True, slots=True)
class Understood:
    """A cell of the preview: how it is read, or why it cannot be."""

    label: str
    text: str = ""
    error: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """A problem in the words of the reader."""

    line: int
    column: str
    value: str
    message: str


def file_columns(article_import: ArticleImport) -> list[FileColumn]:
    """The columns of the file with their headers and a few of their values."""
    sample = sample_of(article_import) or [[]]
    header, lines = sample[article_import.header_line - 1], sample[article_import.header_line :]
    width = max((len(line) for line in [header, *lines]), default=0)
    return [_file_column(place, header, lines) for place in range(width)]


def _file_column(place: int, header: list[Cell], lines: list[list[Cell]]) -> FileColumn:
    named = str(cell_of(header, place))
    values = [str(cell_of(line, place)) for line in lines]
    examples = list(dict.fromkeys(value for value in values if value))[:EXAMPLES]
    return FileColumn(place, named or gettext("Column %(number)d") % {"number": place + 1}, examples)


def ignored_columns(article_import: ArticleImport) -> list[str]:
    """Headers of the file that are not imported."""
    used = set(article_import.mapping.values())
    return [column.header for column in file_columns(article_import) if column.place not in used]


def preview(
    article_import: ArticleImport, mapping: Mapping[str, int], notation: Notation, *, creates: bool
) -> list[list[Understood]]:
    """The first lines under a mapping that need not be complete, cell by cell."""
    catalogue = Catalogue.of(article_import.tenant, creates=creates)
    columns = [(column, mapping[key]) for key, column in BY_KEY.items() if key in mapping]
    lines = sample_of(article_import)[article_import.header_line :][:PREVIEWED]
    return [
        [_understood(column, cell_of(line, place), notation, catalogue) for column, place in columns] for line in lines
    ]


def cell_of(line: list[Cell], place: int) -> Cell:
    """Without blanks around it; lines may end early."""
    cell = line[place] if place < len(line) else ""
    return cell.strip() if isinstance(cell, str) else cell


def _understood(column: Column, cell: Cell, notation: Notation, catalogue: Catalogue) -> Understood:
    if cell == "":
        return Understood(column.label, error=str(NumberMissing()) if column.key == "number" else "")
    try:
        value = column.read(cell, notation)
        if column.key == "category":
            catalogue.category(str(value))
        elif column.key == "factor_scale":
            catalogue.scale(str(value))
    except BusinessError as found:
        return Understood(column.label, str(cell), str(found))
    return Understood(column.label, _shown(value, column), is_number=isinstance(value, Decimal | int))


def _shown(value: Value, column: Column) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if column.key == "kind":
        return gettext("rental") if value == ArticleKind.RENTAL else pgettext("article kind", "sale")
    if isinstance(value, Decimal | int):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def shown_problem(found: ArticleImportProblem) -> ShownProblem:
    refusal = PROBLEMS[found.code](**found.params)
    return ShownProblem(found.line, BY_KEY[found.column].label, found.value, str(refusal))


def first_problems(article_import: ArticleImport) -> list[ShownProblem]:
    rows = article_import.problems.order_by("line", "pk")[:SHOWN_PROBLEMS]
    return [shown_problem(found) for found in rows]


def problems_file(article_import: ArticleImport) -> Iterator[bytes]:
    """What is wrong, as a table (CSV) in the language of whoever asks."""
    yield "\ufeff".encode()
    yield _line([gettext("Line"), gettext("Column"), gettext("Value"), gettext("Error")])
    for found in map(shown_problem, article_import.problems_in_order()):
        yield _line([found.line, found.column, for_spreadsheet(found.value), found.message])


def _line(cells: list[Any]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerow(cells)
    return written.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a list stands: a sentence and how it is meant."""

    kind: str
    text: str


def standing(article_import: ArticleImport) -> Standing | None:
    """What there is to say above the figures; nothing while it is under way."""
    sentences = {
        ImportState.DONE: Standing("success", gettext("The list has been imported.")),
        ImportState.CANCELLED: Standing("info", gettext("The list was cancelled; nothing was changed.")),
        ImportState.INTERRUPTED: Standing(
            "warning", gettext("The work on the list was interrupted. Nothing was changed; it can be started again.")
        ),
    }
    if article_import.state == ImportState.REFUSED:
        refusal = REFUSALS[article_import.refusal](**article_import.refusal_params)
        return Standing("danger", str(refusal))
    if article_import.state == ImportState.CHECKED:
        return _checked(article_import)
    return sentences.get(ImportState(article_import.state))


def _checked(article_import: ArticleImport) -> Standing:
    if article_import.bad_lines_forbid:
        return Standing(
            "warning",
            ngettext(
                "One line has errors. Mend the file and upload it again, or choose under “Columns and options” to skip "
                "lines with errors.",
                "%(count)s lines have errors. Mend the file and upload it again, or choose under “Columns and options” "
                "to skip lines with errors.",
                article_import.bad_count,
            )
            % {"count": number_format(article_import.bad_count, use_l10n=True, force_grouping=True)},
        )
    if not article_import.new_count + article_import.changed_count:
        return Standing("info", gettext("There is nothing to import: the articles say the same already."))
    return Standing("info", gettext("Checked; nothing has been changed yet."))


def step_label(article_import: ArticleImport) -> str:
    """What is being done, for the progress bar."""
    if article_import.claimed_until is None:
        return gettext("Waiting for the worker …")
    if article_import.is_opening:
        return gettext("Opening the file …")
    if article_import.percent == 99:
        return gettext("Writing the articles …")
    labels = {
        ImportStep.READ: gettext("Reading the file …"),
        ImportStep.CHECK: gettext("Checking every line …"),
        ImportStep.IMPORT: gettext("Reading and checking every line …"),
    }
    return labels[ImportStep(article_import.step)]
