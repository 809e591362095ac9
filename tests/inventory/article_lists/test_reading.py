"""Files as they come: encodings, delimiters, numbers of all countries, workbooks; and files that are made to hurt."""

import io
import tracemalloc
from decimal import Decimal

import pytest

from eventworx.errors import BusinessError
from inventory.article_lists import cells, tables
from inventory.article_lists.cells import Notation, number_of, only_notation
from inventory.article_lists.columns import recognised
from inventory.article_lists.running import header_of, notation_of
from inventory.article_lists.tables import Shape, TooManyColumns, opened
from inventory.article_lists.text_files import LONGEST_LINE, BrokenLine, delimiter_of
from tests.inventory.article_lists.doing import read, workbook

TEXT = "Artikel-Nr.;Bezeichnung;Preis\r\nA-1;Bühne „groß“ – 3 m;12,50\r\n"


# --- text ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", list(";,\t|"))
@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_encodings_and_delimiters_are_found(encoding: str, delimiter: str, pieces: int) -> None:
    text = TEXT.replace(",", ".").replace(";", delimiter)
    expected = [["Artikel-Nr.", "Bezeichnung", "Preis"], ["A-1", "Bühne „groß“ – 3 m", "12.50"]]
    assert read(text.encode(encoding), pieces) == expected


def test_the_encoding_is_that_of_the_whole_file() -> None:
    """The first umlaut may come late."""
    data = ("Nummer;Name\n" + "A;x\n" * 50_000).encode() + "B;Bühne\n".encode("cp1252")
    assert read(data, 64_000)[-1] == ["B", "Bühne"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_end_of_line(end: str) -> None:
    assert read(f'Nummer;Name{end}1;"a{end}b"{end}{end}2;c'.encode()) == [
        ["Nummer", "Name"],
        ["1", f"a{end}b"],
        [],
        ["2", "c"],
    ]


def test_the_line_that_names_the_delimiter() -> None:
    assert delimiter_of("sep=,\r\nNummer,Name\r\n") == ","
    assert header_of([["sep=", ""], ["Nummer", "Name"]]) == 2


def test_commas_in_names_are_no_columns() -> None:
    assert delimiter_of("Code;Produkt\r\nS-1;Kabel, rot, 5 m, 3-polig\r\nS-2;Kabel, blau, 5 m, 3-polig\r\n") == ";"
    assert delimiter_of("Code,Produkt\r\nS-1,Kabel; rot; 5 m; 3-polig\r\nS-2,Kabel; blau; 5 m; 3-polig\r\n") == ","


def test_headers_may_stand_below_a_title() -> None:
    assert header_of([["Lager 2027"], [], ["Art.-Nr.", "Bezeichnung", "EAN"], ["1", "Name", "x"]]) == 3
    assert header_of([["Lager 2027"], ["Bezeichnung", "Standort"], ["PAR", "Köln"]]) == 2
    assert header_of([["?", "!"], ["1", "2"]]) == 1
    assert header_of([["Lager 2027"], ["Code", "Produkt", "EAN"], ["1", "PAR", "4006381333931"]]) == 2
    assert header_of([["Code", "Produkt", "Einheit der Ausgabe"], ["1", "Sand", "kg"]]) == 1


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (["ARTIKEL NR", "bezeichnung", "EAN-Code", "Lagerplatz"], {"number": 0, "name": 1, "gtin": 2}),
        (["Item No.", "Title", "Day rate", "Qty"], {"number": 0, "name": 1, "rental_price": 2, "owned": 3}),
        (["Nummer", "SKU", "Name", "Titel"], {"number": 0, "name": 2}),
        (["", "?", "x" * 10_000], {}),
    ],
)
def test_columns_are_recognised(headers: list[str], found: dict[str, int]) -> None:
    assert recognised(headers) == found


# --- numbers -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("12", "12", "12"),
        ("12,5", "12.5", "12.5"),
        ("12.50", "12.50", "12.50"),
        ("1.234,50", "1234.50", "1234.50"),
        ("1,234.50", "1234.50", "1234.50"),
        ("1.234", "1234", "1.234"),
        ("1,234", "1.234", "1234"),
        ("0,001", "0.001", "0.001"),
        ("0.001", "0.001", "0.001"),
        ("1'234.50", "1234.50", "1234.50"),
        ("12 345,6", "12345.6", "12345.6"),
        ("12,50 €", "12.50", "12.50"),
        ("EUR 12,50", "12.50", "12.50"),
        ("-3,5", "-3.5", "-3.5"),
        ("12,", "12", "12"),
    ],
)
def test_numbers_as_people_write_them(text: str, comma: str, point: str) -> None:
    assert number_of(text, Notation.COMMA) == Decimal(comma)
    assert number_of(text, Notation.POINT) == Decimal(point)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1,2,3",
        "1.2.3",
        "12ABC",
        "1e5",
        "--1",
        "٣",
        "½",
        "nan",
        "inf",
        "0x10",
        "9" * 41,
        ",",
        ",5",
        "1" * 10**6,
    ],
)
def test_what_is_no_number(text: str) -> None:
    for notation in Notation:
        with pytest.raises(BusinessError):
            number_of(text or " ", notation)


def test_the_notation_is_told_by_the_numbers() -> None:
    assert [only_notation(text) for text in ("1,50", "1.234,5", "1.50", "1.234", "12", "x")] == [
        *[Notation.COMMA] * 2,
        Notation.POINT,
        *[None] * 3,
    ]
    assert notation_of([["A.1", "2,50", "1.234"], ["x", "3,5"]]) is Notation.COMMA
    assert notation_of([["2.50"], [Decimal("2.5")]]) is Notation.POINT
    assert notation_of([["2"], ["1.234"]]) is None


@pytest.mark.parametrize("error", ["#REF!", "#BEZUG!", "#N/A", "#NV", "#NAME?", "#WERT!", "#DIV/0!"])
def test_what_the_spreadsheet_could_not_compute(error: str) -> None:
    for reader in (cells.text(50), cells.decimal(12, 2), cells.whole(9), cells.gtin, cells.yes_no, cells.kind):
        with pytest.raises(cells.FailedFormula):
            reader(error, Notation.COMMA)
    assert cells.text(50)("# 5 Kabel", Notation.COMMA) == "# 5 Kabel"


# --- limits of every table -----------------------------------------------------------------------------
def test_ten_thousand_columns() -> None:
    empty = ";" * 10_000
    assert len(read(f"Nummer;Name{empty}\n1;x{empty}\n".encode())[1]) == tables.MOST_COLUMNS
    for data in (f"Nummer{empty}x\n".encode(), workbook([["x"] * 10_000])):
        with pytest.raises(TooManyColumns) as refused:
            read(data)
        assert refused.value.params == {"line": 1, "most": tables.MOST_COLUMNS}


@pytest.mark.parametrize(
    "data",
    [
        b"Nummer;Name\n1;" + b"x" * 10_000_000 + b"\n",
        b'Nummer;Name\n1;"' + b"x\n" * 200_000,
        b"Nummer;Name\n1" + b";" * (LONGEST_LINE + 5),
    ],
    ids=["a cell of 10 MB", "a quotation without end", "a line without end"],
)
def test_lines_that_are_too_long_are_named(data: bytes) -> None:
    with pytest.raises(BrokenLine) as refused:
        read(data)
    assert refused.value.params == {"line": 2}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('Nummer;Name;Zustand\nA-1;Monitor;"defekt\nA-2;Kabel;gut\nA-3;Rack;"neu\n', 2),
        ('Nummer;Name;Beschreibung\nA-1;Monitor;24 Zoll\nA-2;Kabel;"lang\nA-3;Rack;\n', 3),
        ('Nummer;Name\nA-1;"19" Rack 6HE"\n', 2),
    ],
    ids=["two stray ones", "one without end", "in the middle of a cell"],
)
def test_lines_between_stray_quotation_marks_are_not_lost_in_a_cell(text: str, line: int) -> None:
    with pytest.raises(BrokenLine) as refused:
        read(text.encode())
    assert refused.value.params == {"line": line}


def test_a_long_list_is_never_held_as_a_whole() -> None:
    file = io.BytesIO(b"Nummer;Name\n" + b"A-1;Movinghead Wash\n" * 100_000)
    tracemalloc.start()
    table = opened(file, len(file.getvalue()), Shape("utf-8-sig", ";"))
    assert sum(1 for _line in table.lines) == 100_001
    assert tracemalloc.get_traced_memory()[1] < 1024**2
    tracemalloc.stop()
