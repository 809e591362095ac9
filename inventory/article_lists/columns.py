"""What a list of articles may hold, under which names it is found, and how its cells read."""

from dataclasses import dataclass

from django.core.validators import MaxValueValidator
from django.db.models import Field
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from inventory.article_lists import cells
from inventory.models import Article
from inventory.spelling import compact

MOST_OF_PATH = 500  # characters of the categories above and the category itself


@dataclass(frozen=True, slots=True)
class Column:
    """`key` names the field of an article; `names` are headers of other programs, folded to letters and digits."""

    key: str
    read: cells.Reader
    names: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The header in the language of the page."""
        return str(_("Archived")) if self.key == "archived" else capfirst(str(_field(self.key).verbose_name))


def _field(key: str) -> "Field[object, object]":
    return Article._meta.get_field(key)  # type: ignore[return-value]


def _text(key: str, *names: str, breaks: bool = False) -> Column:
    return Column(key, cells.text(_field(key).max_length or 0, breaks=breaks), names)


def _decimal(key: str, *names: str) -> Column:
    field: object = _field(key)
    return Column(key, cells.decimal(field.max_digits, field.decimal_places), names)  # type: ignore[attr-defined]


def _whole(key: str, *names: str) -> Column:
    limits = [check.limit_value for check in _field(key).validators if isinstance(check, MaxValueValidator)]
    return Column(key, cells.whole(min(limits)), names)


COLUMNS = (
    _text(
        "number", "nummer", "artikelnummer", "artikelnr", "artnr", "articlenumber", "itemnumber", "itemno", "sku", "nr"
    ),
    _text("name", "bezeichnung", "artikelname", "artikelbezeichnung", "artikel", "title", "titel", "itemname", "item"),
    _text("description", "beschreibung", "langtext", "artikeltext", "longdescription", "text", breaks=True),
    Column(
        "category",
        cells.text(MOST_OF_PATH),
        ("kategorie", "warengruppe", "artikelgruppe", "gruppe", "categorypath", "group", "folder", "ordner"),
    ),
    _text("manufacturer", "hersteller", "marke", "brand", "make", "herstellername"),
    _text(
        "manufacturer_part_number",
        "herstellernummer",
        "herstellernr",
        "herstellerartikelnummer",
        "hersteller-teilenummer",
        "mpn",
        "partnumber",
        "partno",
        "modell",
        "model",
    ),
    Column("gtin", cells.gtin, ("ean", "eancode", "barcode", "upc", "gtinean", "strichcode")),
    Column("kind", cells.kind, ("art", "artikelart", "typ", "type", "artikeltyp")),
    _text("unit", "einheit", "mengeneinheit", "me", "uom"),
    _decimal("weight_kg", "gewicht", "gewichtkg", "gewichtinkg", "weight", "weight in kg", "kg"),
    _decimal(
        "rental_price",
        "preisprotag",
        "mietpreis",
        "preis",
        "tagespreis",
        "mietpreisnetto",
        "listenpreis",
        "price",
        "rentalprice",
        "price per day",
        "dayrate",
        "rate",
        "vkpreis",
    ),
    Column("factor_scale", cells.text(100), ("faktorstaffel", "staffel", "faktorgruppe", "scale", "factorgroup")),
    _whole(
        "owned",
        "eigenerbestand",
        "bestand",
        "menge",
        "anzahl",
        "lagerbestand",
        "stock",
        "quantity",
        "qty",
        "stueckzahl",
    ),
    _whole("out_of_service", "ausserbetrieb", "defekt", "inreparatur", "defective", "gesperrt"),
    _whole(
        "buffer_before_minutes",
        "vorbereitunginminuten",
        "vorlauf",
        "vorbereitung",
        "preparation in minutes",
        "preparation",
    ),
    _whole(
        "buffer_after_minutes",
        "nachbereitunginminuten",
        "nachlauf",
        "nachbereitung",
        "turnaround in minutes",
        "turnaround",
    ),
    Column("archived", cells.yes_no, ("archiviert", "inaktiv", "inactive", "geloescht")),
)
BY_KEY = {column.key: column for column in COLUMNS}
_BY_NAME = {compact(name): column.key for column in COLUMNS for name in (*column.names, column.key)}


def named(header: str) -> str | None:
    """The key of the column that a header means; None where nobody calls one so."""
    return _BY_NAME.get(compact(header[:100]))


def recognised(headers: "list[str]") -> dict[str, int]:
    """Which column of a file is which: by key its place, counted from 0. The first of two with one meaning counts."""
    found: dict[str, int] = {}
    for place, header in enumerate(headers):
        key = named(header)
        if key:
            found.setdefault(key, place)
    return found
