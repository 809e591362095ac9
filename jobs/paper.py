"""One A4 layout for every document: letterhead, facts, table, sums, page numbers. Knows nothing of jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

FONTS = Path(__file__).parent / "fonts"
registerFont(TTFont("DejaVu", FONTS / "DejaVuSans.ttf"))
registerFont(TTFont("DejaVu-Bold", FONTS / "DejaVuSans-Bold.ttf"))
registerFontFamily("DejaVu", normal="DejaVu", bold="DejaVu-Bold", italic="DejaVu", boldItalic="DejaVu-Bold")

INK, MUTED, LINE, ACCENT = HexColor("#17262b"), HexColor("#52636a"), HexColor("#d9e0e1"), HexColor("#0b6470")
BODY = ParagraphStyle("body", fontName="DejaVu", fontSize=8.5, leading=12, textColor=INK)
RIGHT = ParagraphStyle("right", BODY, alignment=TA_RIGHT)
SMALL = ParagraphStyle("small", BODY, fontSize=7, leading=9, textColor=MUTED)
SENDER = ParagraphStyle("sender", SMALL, fontSize=6, leading=8)
HEAD = ParagraphStyle("head", SMALL, fontName="DejaVu-Bold")
HEAD_RIGHT = ParagraphStyle("head-right", HEAD, alignment=TA_RIGHT)
TITLE = ParagraphStyle("title", BODY, fontName="DejaVu-Bold", fontSize=15, leading=19)
BRAND = ParagraphStyle("brand", BODY, fontName="DejaVu-Bold", fontSize=11, leading=15, textColor=ACCENT)
WIDTHS = [8 * mm, 52 * mm, 22 * mm, 29.5 * mm, 16 * mm, 18 * mm, 28.5 * mm]  # six decimals and millions stay whole
WIDTH = sum(WIDTHS)
MARGIN = (A4[0] - WIDTH) / 2


@dataclass(frozen=True, slots=True)
class Paper:
    """What a document says, ready worded. `columns` is "#", name and figures; `rows` lack the running number."""

    sender: Sequence[str]
    recipient: Sequence[str]
    title: str
    subject: str
    facts: Sequence[tuple[str, str]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    sums: Sequence[tuple[str, str]]
    notes: Sequence[str]


class NumberedCanvas(Canvas):
    """Keeps its pages until the end, so that each can say of how many it is one."""

    def __init__(self, *args: Any, footer: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        for page, state in enumerate(self._pages, start=1):
            self.__dict__.update(state)
            self._draw_foot(page, len(self._pages))
            super().showPage()
        super().save()

    def _draw_foot(self, page: int, pages: int) -> None:
        self.setFont("DejaVu", 7)
        self.setFillColor(MUTED)
        self.drawString(MARGIN, 11 * mm, self._footer)
        number = _("Page %(page)s of %(pages)s") % {"page": page, "pages": pages}
        self.drawRightString(A4[0] - MARGIN, 11 * mm, number)


def render(paper: Paper, *, compressed: bool = True) -> bytes:
    """The document as PDF; uncompressed only where somebody wants to read its bytes."""
    target = BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=MARGIN - 6,
        rightMargin=MARGIN - 6,
        topMargin=16 * mm,
        bottomMargin=20 * mm,
        title=paper.title,
        author=paper.sender[0],
        pageCompression=int(compressed),
    )
    footer = " · ".join(paper.sender)

    def numbered(*args: Any, **kwargs: Any) -> NumberedCanvas:
        return NumberedCanvas(*args, footer=footer, **kwargs)

    document.build([*_head(paper), _lines(paper), *_foot(paper)], canvasmaker=numbered)
    return target.getvalue()


def _head(paper: Paper) -> list[Flowable]:
    address = [
        _text(" · ".join(part.replace(" ", "\xa0") for part in paper.sender[:3]), SENDER),
        Spacer(0, 2 * mm),
        *[_text(line) for line in paper.recipient],
    ]
    facts = Table([[_text(label, SMALL), _text(value)] for label, value in paper.facts], colWidths=[27 * mm, 68 * mm])
    facts.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 0)])
    block = Table([[address, facts]], colWidths=[WIDTH - 97 * mm, 97 * mm])
    block.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)])
    return [
        _text(paper.sender[0], BRAND),
        Spacer(0, 14 * mm),
        block,
        Spacer(0, 12 * mm),
        _text(paper.title, TITLE),
        Spacer(0, 1.5 * mm),
        _text(paper.subject),
        Spacer(0, 6 * mm),
    ]


def _lines(paper: Paper) -> Table:
    head = [_text(label, HEAD if at < 2 else HEAD_RIGHT) for at, label in enumerate(paper.columns)]
    rows = [
        [_text(str(number)), *[_text(cell, BODY if at == 0 else RIGHT) for at, cell in enumerate(row)]]
        for number, row in enumerate(paper.rows, start=1)
    ]
    table = Table([head, *rows], colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, ACCENT),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return table


def _foot(paper: Paper) -> list[Flowable]:
    last = len(paper.sums) - 1
    sums = Table(
        [["", _text(label), _text(value, RIGHT)] for label, value in paper.sums],
        colWidths=[WIDTH - 75 * mm, 45 * mm, 30 * mm],
    )
    sums.setStyle([("LINEABOVE", (1, last), (-1, last), 0.8, ACCENT), ("RIGHTPADDING", (0, 0), (-1, -1), 2)])
    notes = [_text(note) for note in paper.notes]
    return [Spacer(0, 4 * mm), KeepTogether([sums]), Spacer(0, 6 * mm), *notes]


def _text(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of plain text: nothing in it is markup, line ends stay."""
    return Paragraph(escape(text).replace("\n", "<br/>"), style)
