"""Articles as a file: complete, in the user's language, opened by others, and computed by nobody."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils import translation

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from eventworx.text import for_spreadsheet, from_spreadsheet
from inventory.article_lists.columns import COLUMNS, recognised
from inventory.article_lists.workbook_writing import written
from tests.factories import make_article, make_category

LogIn = Callable[..., Client]
FULL = {
    "number": "B-1",
    "description": 'Zeile 1\r\nZeile 2; "zitiert"',
    "manufacturer": "Robe",
    "manufacturer_part_number": "0123",
    "gtin": "4006381333931",
    "kind": "sale",
    "weight_kg": Decimal("12.500"),
    "rental_price": Decimal("1234.50"),
    "out_of_service": 1,
    "buffer_before_minutes": 30,
    "buffer_after_minutes": 60,
    "archived_at": datetime(2027, 1, 1, tzinfo=UTC),
}


def full_article(tenant: Tenant) -> None:
    scale = tenant.factor_scales.create(name="Standard", steps=[{"days": 1, "factor": "1"}])
    category = make_category(tenant, "Moving Heads", parent=make_category(tenant))
    make_article(tenant, "Bühne", owned=1200, category=category, factor_scale=scale, **FULL)


def csv_of(client: Client, tenant: Tenant, **query: str) -> list[list[str]]:
    answer: Any = client.get(tenant.url("inventory:article_export"), query)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    content = answer.getvalue()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content[3:].decode(), newline=""), delimiter=";"))


def test_everything_in_german(aurora: Tenant, log_in: LogIn) -> None:
    full_article(aurora)
    header, line = csv_of(log_in(aurora, Role.READ_ONLY), aurora, all="1")
    assert dict(zip(header, line, strict=True)) == {
        "Nummer": "B-1",
        "Name": "Bühne",
        "Beschreibung": 'Zeile 1\nZeile 2; "zitiert"',
        "Kategorie": "Licht > Moving Heads",
        "Hersteller": "Robe",
        "Herstellernummer": "0123",
        "GTIN": "4006381333931",
        "Art": "Verkauf",
        "Einheit": "Stück",
        "Gewicht in kg": "12,5",
        "Preis pro Tag": "1234,50",
        "Faktorstaffel": "Standard",
        "Eigener Bestand": "",
        "Bestand beim Export": "1200",
        "Außer Betrieb": "1",
        "Vorbereitung in Minuten": "30",
        "Nachbereitung in Minuten": "60",
        "Archiviert": "ja",
    }


def test_everything_in_english(aurora: Tenant, log_in: LogIn) -> None:
    full_article(aurora)
    client = log_in(aurora)
    user = aurora.memberships.get(user_id=client.session["_auth_user_id"]).user
    user.language = "en"
    user.save()
    header, line = csv_of(client, aurora, all="1")
    found = dict(zip(header, line, strict=True))
    assert (found["Kind"], found["Price per day"], found["Archived"]) == ("sale", "1234.50", "yes")


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_header_is_recognised_again(language: str) -> None:
    with translation.override(language):
        headers = [column.label for column in COLUMNS]
    assert recognised(headers) == {column.key: place for place, column in enumerate(COLUMNS)}


def test_the_filter_of_the_list_counts(aurora: Tenant, log_in: LogIn) -> None:
    light = make_category(aurora)
    make_article(aurora, "PAR", category=light)
    make_article(aurora, "PAR ohne")
    make_article(aurora, "Alt", archived_at=datetime(2027, 1, 1, tzinfo=UTC))
    client = log_in(aurora)

    def names(**query: str) -> list[str]:
        return sorted(line[1] for line in csv_of(client, aurora, **query)[1:])

    assert names() == ["PAR", "PAR ohne"]
    assert names(q="par", category=str(light.pk)) == ["PAR"]
    assert names(archived="on") == ["Alt"]
    assert names(q="nirgends") == []
    assert names(all="1", q="par") == ["Alt", "PAR", "PAR ohne"]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_file_has_a_name(aurora: Tenant, log_in: LogIn, file_format: str) -> None:
    answer = log_in(aurora).get(aurora.url("inventory:article_export"), {"format": file_format})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="Artikel-aurora.{file_format}"'
    answer.close()


def test_the_list_leads_to_its_file(aurora: Tenant, log_in: LogIn) -> None:
    make_article(aurora, "PAR")
    client = log_in(aurora)
    page = client.get(aurora.url("inventory:articles"), {"q": "par"}).content.decode()
    assert f'{aurora.url("inventory:article_export")}?q=par&amp;format=xlsx"' in page


def test_a_workbook_that_others_open(aurora: Tenant, log_in: LogIn) -> None:
    """Numbers as numbers, numbers of articles as text, and nothing to compute."""
    full_article(aurora)
    make_article(aurora, "=1+1", number="B-2", description="a\x01<b>&\n c ")
    answer: Any = log_in(aurora).get(aurora.url("inventory:article_export"), {"format": "xlsx", "all": "1"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.getvalue())).worksheets[0]
    header, first, second = sheet.iter_rows()
    found = {name.value: cell.value for name, cell in zip(header, first, strict=True)}
    assert (found["Gewicht in kg"], found["Preis pro Tag"], found["Bestand beim Export"]) == (12.5, 1234.5, 1200)
    assert (found["GTIN"], found["Herstellernummer"]) == ("4006381333931", "0123")
    assert [cell.value for cell in second[:3]] == ["B-2", "'=1+1", "a <b>&\n c "]
    assert {cell.data_type for cell in second[:3]} == {"s"}


@pytest.mark.parametrize("text", ["=1+1", "+49", "-5", "@SUM(A1)", "\t=1", "'=1", "''-x", "＝1"])
def test_no_spreadsheet_computes_what_somebody_typed(aurora: Tenant, log_in: LogIn, text: str) -> None:
    make_article(aurora, text)
    (shown,) = [line[1] for line in csv_of(log_in(aurora), aurora)[1:]]
    assert shown == f"'{text}"
    assert from_spreadsheet(shown) == text


@pytest.mark.parametrize("text", ["", "PAR 64", "'Kabel'", "' =", "1-2"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert for_spreadsheet(text) == from_spreadsheet(text) == text


@pytest.mark.parametrize("rows", [1, 3])
def test_a_fixed_number_of_queries(aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any) -> None:
    client = log_in(aurora)
    for number in range(rows):
        make_article(aurora, category=make_category(aurora, f"Licht {number}"))
    with django_assert_num_queries(6):
        assert len(csv_of(client, aurora, all="1")) == rows + 1


def test_csv_is_made_while_it_is_read(aurora: Tenant, log_in: LogIn, django_assert_num_queries: Any) -> None:
    make_article(aurora)
    client = log_in(aurora)
    with django_assert_num_queries(3):
        answer: Any = client.get(aurora.url("inventory:article_export"), {"all": "1"})
    assert answer.streaming
    answer.close()


def test_a_workbook_is_made_when_it_is_sent(aurora: Tenant, log_in: LogIn, django_assert_num_queries: Any) -> None:
    make_article(aurora)
    client = log_in(aurora)
    with django_assert_num_queries(7):
        answer: Any = client.get(aurora.url("inventory:article_export"), {"all": "1", "format": "xlsx"})
    assert answer.streaming
    assert int(answer.headers["Content-Length"]) == len(answer.getvalue())
    answer.close()


def test_what_is_too_long_for_a_workbook(aurora: Tenant, log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.article_lists.exporting.MOST_LINES", 1)
    client = log_in(aurora)
    for expected in (200, 422):
        make_article(aurora)
        answer: Any = client.get(aurora.url("inventory:article_export"), {"all": "1", "format": "xlsx"})
        assert answer.status_code == expected
        content = answer.getvalue()
    assert "bis zu 100.000 Zeilen" in content.decode()
    assert len(csv_of(client, aurora, all="1")) == 3


def test_what_openpyxl_would_take_for_more_than_text() -> None:
    with written([["=1+1", "#REF!", "#1", "+1", 7, Decimal("0.1")]]) as file:
        (row,) = openpyxl.load_workbook(file).worksheets[0].iter_rows()
    found = [(cell.value, cell.data_type) for cell in row]
    assert found == [*[(text, "s") for text in ("=1+1", "#REF!", "#1", "+1")], (7, "n"), (0.1, "n")]


def test_a_workbook_that_fails_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def lines() -> Iterator[list[Any]]:
        yield ["A-1"]
        raise LookupError

    with pytest.raises(LookupError):
        written(lines())
    assert list(tmp_path.iterdir()) == []
