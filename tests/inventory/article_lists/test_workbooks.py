"""Workbooks of other programs and of our own; and those that are made to hurt."""

import io
import tracemalloc
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from inventory.article_lists import workbook_parts, workbook_writing
from inventory.article_lists.tables import Shape, TooManyColumns, opened
from inventory.article_lists.workbook_parts import NotAWorkbook, Parts, WorkbookTooLarge, WorkbookTooLong
from tests.inventory.article_lists.doing import read, workbook

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
    with workbook_writing.written(lines) as file:
        found = read(file.read())
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


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
STRICT = 'xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"'
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
Part = str | bytes


def package(sheet: Part, shared: Part = "", compression: int = zipfile.ZIP_DEFLATED, **more: Part) -> bytes:
    """A workbook made by hand."""
    relation = '<Relationship Id="{}" Type="' + KINDS + '/{}" Target="{}"/>'
    related = relation.format("r1", "worksheet", "s.xml") + relation.format("r2", "sharedStrings", "t.xml")
    override = '<Override PartName="/xl/{}.xml" ContentType="' + TYPE + '.{}+xml"/>'
    kinds = override.format("workbook", "sheet.main") + override.format("t", "sharedStrings")
    sheets = '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
    parts: dict[str, Part] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{kinds}</Types>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{KINDS}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
        "xl/s.xml": sheet,
        "xl/t.xml": shared or texts(""),
    } | more
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return written.getvalue()


def sheet(rows: str, before: str = "") -> str:
    return f"<worksheet {MAIN}>{before}<sheetData>{rows}</sheetData></worksheet>"


def texts(found: str) -> str:
    return f"<sst {MAIN}>{found}</sst>"


def styles(formats: str, used: str) -> dict[str, Part]:
    """What says that a number is a date."""
    listed = f"<numFmts>{formats}</numFmts><cellXfs>{used}</cellXfs>"
    return {"xl/styles.xml": f"<styleSheet {MAIN}>{listed}</styleSheet>"}


def test_shared_texts_without_what_is_read_aloud() -> None:
    runs = "<r><t>Fett</t></r><r><t> und_x000A_neu</t></r><rPh sb='0' eb='1'><t>x</t></rPh>"
    shared = f"<si><t>Na</t></si><si>{runs}</si>"
    rows = '<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row>'
    assert read(package(sheet(rows), texts(shared))) == [["Fett und\nneu", "Na"]]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("<c><v>4006381333931</v></c>", Decimal(4006381333931)),
        ("<c><v>4.006381333931E12</v></c>", Decimal(4006381333931)),
        ("<c><v>12345678901234567890</v></c>", Decimal(12345678901234567890)),
        ("<c><v>12.500000000000001</v></c>", Decimal("12.5")),
        ("<c><v>19.989999999999998</v></c>", Decimal("19.99")),
        (f"<c><v>{'9' * 400}</v></c>", "9" * 400),
        ("<c><v>1e999</v></c>", "inf"),
        ('<c t="b"><v>1</v></c>', "1"),
        ('<c t="e"><v>#REF!</v></c>', "#REF!"),
        ('<c t="str"><f>A1&amp;"x"</f><v>4x</v></c>', "4x"),
        ("<c><f>1+1</f><v>2</v></c>", Decimal(2)),
        ("<c><f>1+1</f></c>", ""),
        ('<c s="1"><v>46357</v></c>', "2026-12-01"),
        ('<c s="1"><v>46357.75</v></c>', "2026-12-01T18:00:00"),
        ('<c s="1"><v>0.25</v></c>', "06:00:00"),
        ('<c s="1"><v>99999999999</v></c>', "#VALUE!"),
        ('<c s="2"><v>1.5</v></c>', "1 day, 12:00:00"),
        ('<c t="d"><v>2026-12-01</v></c>', "2026-12-01"),
        ('<c t="inlineStr"><is><r><t>=1</t></r><r><t>+1</t></r></is></c>', "=1+1"),
    ],
)
def test_cells_as_they_were_meant(cell: str, found: Any) -> None:
    """Numbers digit by digit, dates as text, of a formula what was computed last; nothing is computed here."""
    used = '<xf/><xf numFmtId="14"/><xf numFmtId="46"/>'
    (line,) = read(package(sheet(f"<row>{cell}<c t='str'><v>.</v></c></row>"), **styles("", used)))
    assert line == [found, "."]


def test_empty_cells_at_the_end_of_a_line_are_none() -> None:
    data = package(sheet('<row><c r="A1"><v>1</v></c><c r="XFD1" s="0"/></row>', before='<dimension ref="A1:XFD9"/>'))
    assert read(data) == [[Decimal(1)]]
    with pytest.raises(TooManyColumns):
        read(package(sheet('<row><c r="XFD1"><v>0</v></c></row>')))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ENDLESS = "<a/>" * 300_000
HOSTILE: dict[str, bytes] = {
    "entities in the sheet": package(BOMB + sheet('<row><c t="str"><v>&b;</v></c></row>')),
    "entities in the texts": package(sheet("<row/>"), BOMB + texts("<si><t>&b;</t></si>")),
    "a file of ours": package(OUTSIDE + sheet('<row><c t="str"><v>&a;</v></c></row>')),
    "entities in utf-16": package((BOMB + sheet("<row/>")).encode("utf-16")),
    "entities late": package("<!--" + "x" * 100_000 + "-->" + BOMB + sheet("<row/>")),
    "a text that is not there": package(sheet('<row><c t="s"><v>7</v></c></row>')),
    "a number that is none": package(sheet("<row><c><v>x</v></c></row>")),
    "a number of all digits": package(sheet(f"<row><c><v>{'9' * 100_000}</v></c></row>")),
    "a column far out": package(sheet('<row><c r="ZZZZ1"><v>1</v></c></row>')),
    "a column backwards": package(sheet('<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>')),
    "a line backwards": package(sheet('<row r="3"/><row r="2"/>')),
    "a line before the first": package(sheet('<row r="0"/>')),
    "a cell without end": package(sheet(f'<row><c t="str"><v>{"x" * 200_000}</v></c></row>')),
    "a line with much to say of itself": package(sheet(f'<row x="{"x" * 1000}"/>')),
    "other things among the cells": package(sheet('<row><c><conditionalFormatting sqref="A1"/></c></row>')),
    "other things before the lines": package(sheet("<row/>", before="<headerFooter/>")),
    "lines within a line": package(sheet(f"<row><c><sheetData><row/></sheetData></c>{ENDLESS}</row>")),
    "a broken part": package("<worksheet><row>"),
    "no parts": package("x")[:200],
    "a workbook of old": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 3000,
    "no workbook": b"PK\x03\x04" + b"\0" * 100,
    "another archive": package("<a/>", **{"xl/workbook.xml": "<x/>"}),
    "another dialect": package(sheet("<row><c><v>1</v></c></row>").replace(MAIN, STRICT)),
    "another compression": package(sheet("<row/>"), compression=zipfile.ZIP_LZMA),
    "a format that takes for ever": package(
        sheet("<row/>"), **styles(f'<numFmt numFmtId="200" formatCode="{"[" * 900_000}"/>', '<xf numFmtId="200"/>')
    ),
    "no sheet": package(sheet("<row/>"), **{"xl/workbook.xml": f"<workbook {MAIN}><sheets/></workbook>"}),
}
TOO_LARGE: dict[str, bytes] = {
    "a tag without end": package(sheet(f'<row><c t="{"x" * 3_000_000}"/></row>')),
    "a line without end": package(sheet(f"<row>{'<c/>' * 300_000}</row>")),
    "things before the lines without end": package(sheet("<row/>", before=f"<x xmlns='y'>{ENDLESS}</x>")),
    "things between the lines without end": package(
        sheet(f"<x xmlns='y'>{'<a/>' * 30_000}</x><row><c/></row>" * 10),
    ),
    "a text without end": package(sheet("<row/>"), texts(f"<si>{'<r/>' * 300_000}</si>")),
    "things between the texts without end": package(sheet("<row/>"), texts(f"{'<r/>' * 30_000}<si/>" * 10)),
    "styles without end": package(sheet("<row/>"), **styles("", "<xf/>" * 250_000)),
    "parts without end": package(sheet("<row/>"), **{f"x{number}": "" for number in range(1000)}),
    "texts without end": package(sheet("<row/>"), texts("<si/>" * 1_100_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_are_refused(name: str) -> None:
    with pytest.raises(NotAWorkbook):
        read(HOSTILE[name])


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_openpyxl_would_hold_all_at_once_is_refused_before(name: str) -> None:
    data = TOO_LARGE[name]
    tracemalloc.start()
    with pytest.raises(WorkbookTooLarge):
        read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024**2


PLAIN = package(sheet("<row><c><v>1</v></c></row>"), **styles("", "<xf/>"))


@pytest.mark.parametrize(
    "name",
    ["[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/s.xml", "xl/t.xml"],
)
def test_no_part_may_declare_anything(name: str) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as before, zipfile.ZipFile(written, "w") as archive:
        for part in before.namelist():
            archive.writestr(part, (b"<!DOCTYPE x>" if part == name else b"") + before.read(part))
    assert read(PLAIN) == [[Decimal(1)]]
    with pytest.raises(NotAWorkbook):
        read(written.getvalue())


def test_an_encrypted_part() -> None:
    data = bytearray(PLAIN)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(signature, at + 4)
    with pytest.raises(NotAWorkbook):
        read(bytes(data))


def test_what_no_list_needs_is_never_opened() -> None:
    """Macros, links to other files and what stands behind the lines: it may be as hostile as it likes."""
    data = package(
        f"<worksheet {MAIN}><sheetData><row><c><v>1</v></c></row></sheetData>{' ' * 100_000}&bomb;",
        **{"xl/vbaProject.bin": b"\xff" * 1000, "xl/externalLinks/externalLink1.xml": BOMB, "docProps/core.xml": BOMB},
    )
    assert read(data) == [[Decimal(1)]]


def test_many_sheets_that_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one of them is read, and no more than it takes."""
    listed = "".join(f'<sheet name="s{number}" sheetId="{number}" r:id="r1"/>' for number in range(1, 5000))
    opened_parts: list[str] = []
    open_part = Parts.open

    def noted(self: Parts, name: str, *arguments: Any, **options: Any) -> Any:
        opened_parts.append(name)
        return open_part(self, name, *arguments, **options)

    monkeypatch.setattr(Parts, "open", noted)
    book = f'<workbook {MAIN} xmlns:r="{KINDS}"><sheets>{listed}</sheets></workbook>'
    assert read(package(sheet("<row><c><v>1</v></c></row>"), **{"xl/workbook.xml": book})) == [[Decimal(1)]]
    assert opened_parts.count("xl/s.xml") == 2


@pytest.mark.parametrize("row", ["<row/>", "<row><c/></row>", f'<row><c t="str"><v>{"x" * 99}</v></c></row>'])
def test_a_workbook_that_explodes_does_not(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many lines are refused, and those in which nothing stands are none."""
    monkeypatch.setattr(workbook_parts, "MOST_LINES", 1000)
    data = package(sheet(row * 500_000))
    assert len(data) < 500_000
    tracemalloc.start()
    if "<v>" in row:
        with pytest.raises(WorkbookTooLong):
            read(data)
    else:
        assert read(data) == []
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("part", "limit", "most"),
    [
        ("Lines", "most", 60_000),
        ("Lines", "most_elements", 10_000),
        ("Texts", "most", 5000),
        ("Texts", "most_elements", 900),
    ],
)
def test_what_is_too_large_when_unpacked(part: str, limit: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    large = package(sheet(f"<row><c><v>1</v></c>{'<c/>' * 1000}</row>" * 20), texts("<si><t>abcdefghij</t></si>" * 500))
    assert len(read(large)) == 20
    monkeypatch.setattr(getattr(workbook_parts, part), limit, most)
    with pytest.raises(WorkbookTooLarge):
        read(large)


def test_a_line_at_the_end_of_the_world_is_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_parts, "MOST_LINES", 1000)
    with pytest.raises(WorkbookTooLong):
        read(package(sheet('<row r="1048576999"><c><v>1</v></c></row>')))


def test_a_line_far_below_that_only_has_a_format_is_none() -> None:
    """Excel keeps such lines; a short list is not too long because of one."""
    rows = '<row r="2"><c><v>1</v></c></row><row r="5"><c s="0"/></row><row r="1048576"><c s="0"/></row>'
    assert read(package(sheet(rows))) == [[], [Decimal(1)]]


def test_white_space_and_end_tags_are_not_counted_as_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or as many lines and texts as there may be would come to more than may be held at once."""
    monkeypatch.setattr(workbook_parts, "MOST_AT_ONCE", 3000)
    lines, shared = "<row>\n  <c><v>1</v></c>\n </row>\n " * 1000, "<si><t>x</t></si>\r\n\t" * 1000
    assert len(read(package(sheet(lines), texts(shared)))) == 1000


def test_as_many_lines_as_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_parts, "MOST_LINES", 1000)
    table = opened(io.BytesIO(package(sheet("<row><c><v>1</v></c></row>" * 1001))), 0, Shape(""))
    progress = [table.progress() for _line in table.lines]
    assert (len(progress), progress[-1], sorted(progress)) == (1001, 1.0, progress)


def test_whoever_opens_and_reads_a_workbook_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Piece by piece of what is walked through, with the lines found so far, and then of what openpyxl reads."""
    monkeypatch.setattr(workbook_parts, "PIECE", 4096)
    signs: list[int] = []
    data = package(sheet("<row><c><v>0</v></c></row>" * 2000))
    table = opened(io.BytesIO(data), 0, Shape(""), signs.append)
    assert (signs, signs[-1], len(set(signs)) > 10) == (sorted(signs), 2000, True)
    signs.clear()
    assert len(list(table.lines)) == 2000
    assert signs
