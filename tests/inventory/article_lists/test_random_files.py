"""Whatever a file is made of: it is read, or refused with a sentence; never anything else, and never for long."""

import io
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from eventworx.errors import BusinessError
from inventory.article_lists.cells import Cell, Notation
from inventory.article_lists.checking import Catalogue, Checker
from inventory.article_lists.columns import BY_KEY
from inventory.article_lists.running import header_of, notation_of
from inventory.article_lists.tables import opened, shape_of
from inventory.article_lists.text_files import EncodingGuess
from inventory.article_lists.workbook_writing import written
from inventory.models import Article

CHARACTERS = st.text(
    alphabet=st.one_of(st.sampled_from("0123456789.,;'\"\t\r\n=+-@#€ \x00äß›>"), st.characters()), max_size=30
)
TABLES = st.lists(st.lists(CHARACTERS, max_size=6), max_size=8)
with written([["Nummer", "Name"], ["A-1", "Bühne"], [1, 2]]) as made:
    WORKBOOK = made.read()
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OF_THE_LIST = {"is_wrong", "archived", "new_category", "category_id", "factor_scale_id"}
EVERYTHING = {key: place for place, key in enumerate(BY_KEY)}


def read(data: bytes) -> list[list[Cell]]:
    guess = EncodingGuess()
    guess.feed(data)
    try:
        lines = list(opened(io.BytesIO(data), len(data), shape_of(guess.head, guess.encoding())).lines)
    except BusinessError:
        return []
    assert header_of(lines[:30]) >= 1
    assert notation_of(lines[:30]) in {None, *Notation}
    return lines


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    read(data)
    read(b"PK\x03\x04" + data)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_damage_to_a_workbook(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WORKBOOK)
    for place, value in changes:
        data[place] = value
    read(bytes(data))


@given(st.text(alphabet="<>/=\"'&; crtvsiABZ019-#x!?[]", max_size=120), st.booleans())
def test_any_sheet_and_any_texts(part: str, is_sheet: bool) -> None:
    """Within an archive that is in order."""
    home, changed = io.BytesIO(), io.BytesIO(WORKBOOK)
    with zipfile.ZipFile(changed) as before, zipfile.ZipFile(home, "w") as archive:
        for name in before.namelist():
            is_meant = name.endswith("sheet1.xml") == is_sheet
            archive.writestr(name, f"<worksheet {MAIN}>{part}</worksheet>" if is_meant else before.read(name))
    read(home.getvalue())


@given(TABLES, st.sampled_from(Notation))
def test_any_table_gives_values_that_an_article_may_have(table: list[list[str]], notation: Notation) -> None:
    """Or names its problems; each value passes the checks of the field it goes to."""
    checker = Checker(EVERYTHING, notation, Catalogue({}, {}, creates=True))
    for number, line in enumerate(table, 1):
        shifted: list[Cell] = ["A-1", *line]
        row = checker.row(number, shifted)
        if row:
            for column, value in zip(checker.columns, row[1:], strict=True):
                if value not in {None, ""} and column not in OF_THE_LIST:
                    Article._meta.get_field(column).clean(value, None)  # type: ignore[union-attr]
    assert {problem.column for problem in checker.problems} <= set(BY_KEY)


@given(TABLES)
def test_a_workbook_of_ours_comes_back(table: list[list[str]]) -> None:
    """But for what XML cannot carry, empty cells at the end of a line, and empty lines at the end."""
    clean = [["".join(c for c in cell if c.isprintable()) for cell in line] for line in table]
    with written([list(line) for line in clean]) as file:
        found = read(file.read())
    kept = [line[: max((place + 1 for place, cell in enumerate(line) if cell), default=0)] for line in clean]
    while kept and not kept[-1]:
        kept.pop()
    assert found == kept
