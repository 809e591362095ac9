"""Files as they come: encodings, delimiters, numbers of all countries, workbooks; and files that are made to hurt."""

import io
import tracemalloc
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from eventworx.errors import BusinessError
from inventory.article_lists import cells, tables, workbook_writing
from inventory.article_lists.cells import Notation, number_of, only_notation
from inventory.article_lists.columns import recognised
from inventory.article_lists.running import header_of, notation_of
from inventory.article_lists.tables import Shape, TooManyColumns, TooManyLines, opened, shape_of
from inventory.article_lists.text_files import LONGEST_LINE, BrokenLine, EncodingGuess, delimiter_of
from inventory.article_lists.workbooks import NotAWorkbook, WorkbookTooLarge

TEXT = "Artikel-Nr.;Bezeichnung;Preis\r\nA-1;Bühne „groß“ – 3 m;12,50\r\n"


def read(data: bytes, pieces: int = 1000) -> list[list[Any]]:
    """As the worker does, after the file came in pieces."""
    guess = EncodingGuess()
    for start in range(0, len(data), pieces):
        guess.feed(data[start : start + pieces])
    return list(opened(io.BytesIO(data), len(data), shape_of(guess.head, guess.encoding())).lines)


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


def test_headers_may_stand_below_a_title() -> None:
    assert header_of([["Lager 2027"], [], ["Art.-Nr.", "Bezeichnung", "EAN"], ["1", "Name", "x"]]) == 3
    assert header_of([["?", "!"], ["1", "2"]]) == 1


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


# --- workbooks -----------------------------------------------------------------------------------------
def workbook(rows: list[list[Any]], **options: Any) -> bytes:
    """As another program writes it."""
    book = openpyxl.Workbook(**options)
    sheet = book.worksheets[0] if book.worksheets else book.create_sheet()
    for row in rows:
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


ROWS = [["Nummer", "Name", None, "Preis"], ["A-1", "Bühne <&> „x“\n2", None, 12.5], [], [1001, 0.1 + 0.2, True, 1e15]]
EXPECTED = [
    ["Nummer", "Name", "", "Preis"],
    ["A-1", "Bühne <&> „x“\n2", "", Decimal("12.5")],
    [],
    [Decimal(1001), Decimal("0.3"), "1", Decimal("1e15")],
]


@pytest.mark.parametrize("write_only", [True, False])
def test_a_workbook_of_another_program(write_only: bool) -> None:
    assert read(workbook(ROWS, write_only=write_only)) == EXPECTED


def test_our_own_workbook() -> None:
    lines: list[list[Any]] = [["Nummer", "'=1"], ["", 7], ["ä\n b ", Decimal("1.50")]]
    found = read(b"".join(workbook_writing.written(lines)))
    assert found == [["Nummer", "'=1"], ["", Decimal(7)], ["ä\n b ", Decimal("1.5")]]


def test_the_first_visible_sheet_and_computed_values() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["hidden"]])))
    book.worksheets[0].sheet_state = "hidden"
    sheet = book.create_sheet("Artikel")
    sheet["B3"] = "=1+1"
    sheet["C3"] = "gut"
    book.create_sheet("danach").append(["later"])
    written = io.BytesIO()
    book.save(written)
    assert read(written.getvalue()) == [[], [], ["", "", "gut"]]


def package(sheet: str, shared: str = "", **more: str) -> bytes:
    """A workbook made by hand."""
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = '<Relationship Id="{}" Type="' + kinds + '/{}" Target="{}"/>'
    related = relation.format("r1", "worksheet", "s.xml") + relation.format("r2", "sharedStrings", "t.xml")
    parts = {
        "xl/workbook.xml": f'<workbook xmlns:r="{kinds}"><sheets><sheet name="a" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        "xl/s.xml": sheet,
        "xl/t.xml": shared or "<sst/>",
    } | more
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return written.getvalue()


def sheet(rows: str) -> str:
    return f"<worksheet><sheetData>{rows}</sheetData></worksheet>"


def test_shared_texts_without_what_is_read_aloud() -> None:
    shared = "<sst><si><t>Na</t></si><si><r><t>Fett</t></r><r><t> und_x000A_neu</t></r><rPh><t>x</t></rPh></si></sst>"
    rows = '<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row>'
    assert read(package(sheet(rows), shared)) == [["Fett und\nneu", "Na"]]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
HOSTILE: dict[str, bytes] = {
    "entities in the sheet": package(BOMB + sheet('<row><c t="str"><v>&b;</v></c></row>')),
    "entities in the texts": package(sheet("<row/>"), BOMB + "<sst><si><t>&b;</t></si></sst>"),
    "a file of ours": package(OUTSIDE + sheet('<row><c t="str"><v>&a;</v></c></row>')),
    "entities in utf-16": package((BOMB + sheet("<row/>")).encode("utf-16").decode("latin-1")),
    "a text that is not there": package(sheet('<row><c t="s"><v>7</v></c></row>')),
    "a number that is none": package(sheet("<row><c><v>x</v></c></row>")),
    "a column far out": package(sheet('<row><c r="ZZZZ1"><v>1</v></c></row>')),
    "a column backwards": package(sheet('<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>')),
    "a line backwards": package(sheet('<row r="3"/><row r="2"/>')),
    "a cell without end": package(sheet(f'<row><c t="str"><v>{"x" * 200_000}</v></c></row>')),
    "a tag without end": package(sheet(f'<row><c t="{"x" * 3_000_000}"/></row>')),
    "a broken part": package("<worksheet><row>"),
    "no parts": package("x")[:200],
    "no workbook": b"PK\x03\x04" + b"\0" * 100,
    "another archive": package("<a/>", **{"xl/workbook.xml": "<x/>"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_are_refused(name: str) -> None:
    with pytest.raises(NotAWorkbook):
        read(HOSTILE[name])


@pytest.mark.parametrize("row", ["<row/>", "<row><c/></row>", f'<row><c t="str"><v>{"x" * 99}</v></c></row>'])
def test_a_workbook_that_explodes_is_refused_before_it_does(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_LINES", 1000)
    data = package(sheet(row * 500_000))
    assert len(data) < 500_000
    tracemalloc.start()
    with pytest.raises(TooManyLines):
        read(data)
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    tracemalloc.stop()


def test_what_is_too_large_when_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    large = package(sheet("<row/>" * 10_000))
    monkeypatch.setattr("inventory.article_lists.workbooks.MOST_UNPACKED", 50_000)
    with pytest.raises(WorkbookTooLarge):
        read(large)
    monkeypatch.setattr("inventory.article_lists.workbooks.MOST_TEXT", 1000)
    with pytest.raises(WorkbookTooLarge):
        read(package(sheet("<row/>"), f"<sst>{'<si><t>abcdefghij</t></si>' * 500}</sst>"))
    with pytest.raises(WorkbookTooLarge):
        read(package(sheet("<row/>"), **{f"x{number}": "" for number in range(1000)}))


def test_a_line_at_the_end_of_the_world_is_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_LINES", 1000)
    with pytest.raises(TooManyLines):
        read(package(sheet('<row r="1048576999"><c><v>1</v></c></row>')))


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


def test_a_long_list_is_never_held_as_a_whole() -> None:
    file = io.BytesIO(b"Nummer;Name\n" + b"A-1;Movinghead Wash\n" * 100_000)
    tracemalloc.start()
    table = opened(file, len(file.getvalue()), Shape("utf-8-sig", ";"))
    assert sum(1 for _line in table.lines) == 100_001
    assert tracemalloc.get_traced_memory()[1] < 1024**2
    tracemalloc.stop()
