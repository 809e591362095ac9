"""From a file to articles: what is new, changed, unchanged or wrong; all of it or nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists import importing, running, tables
from inventory.article_lists.importing import (
    BadLinesForbid,
    ListIsEmpty,
    ListTooLarge,
    receive_list,
    start_import,
)
from inventory.models import Article, ImportState
from tests.factories import make_article, make_category
from tests.inventory.article_lists.doing import (
    LIST,
    as_csv,
    checked,
    counts,
    hand_in,
    imported,
    problems,
    worked_on,
)
from tests.inventory.article_lists.test_export import full_article

LogIn = Callable[..., Client]


def values(article: Article, *names: str) -> list[Any]:
    article.refresh_from_db()
    return [getattr(article, name) for name in names]


# --- new, changed, unchanged ---------------------------------------------------------------------------
def test_new_articles(aurora: Tenant) -> None:
    done = imported(aurora, LIST)
    assert (done.state, counts(done)) == (ImportState.DONE, (2, 0, 0, 0))
    first, second = aurora.articles.order_by("number")
    assert values(first, "name", "rental_price", "owned", "kind", "unit") == [
        "Bühne",
        Decimal("12.5"),
        3,
        "rental",
        "Stück",
    ]
    assert values(second, "rental_price", "owned") == [Decimal(1234), 1200]
    assert not done.parts.exists()


def test_they_are_the_same_as_typed_ones(aurora: Tenant) -> None:
    """Also what searching and sorting go by, and every default."""
    imported(aurora, as_csv([["Nummer", "Name", "Hersteller", "Herstellernummer"], ["A-1", "Bühne", "Robe", "R-9"]]))
    make_article(
        aurora, "Bühne", number="A-1b", manufacturer="Robe", manufacturer_part_number="R-9", owned=0, rental_price=0
    )
    left_out = {"id", "number", "created_at", "updated_at", "search_key", "shuffle"}
    first, second = aurora.articles.order_by("number").values()
    assert {key: first[key] for key in first.keys() - left_out} == {
        key: second[key] for key in second.keys() - left_out
    }
    article = aurora.articles.get(number="A-1")
    before = article.search_key, article.sort_key
    article.fill_keys()
    assert (article.search_key, article.sort_key) == before
    assert article in aurora.articles.matching("buehne robe r9")


def test_existing_articles_change_by_their_number(aurora: Tenant) -> None:
    article = make_article(aurora, "Alt", number="A-1", manufacturer="Robe", owned=7)
    done = imported(aurora, as_csv([["Nummer", "Name", "Bestand"], ["A-1", "Neu", ""]]))
    assert counts(done) == (0, 1, 0, 0)
    assert values(article, "name", "manufacturer", "owned") == ["Neu", "Robe", 7]
    assert article in aurora.articles.matching("neu robe")
    assert article not in aurora.articles.matching("alt")


def test_only_what_changed_is_touched(aurora: Tenant) -> None:
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
        imported(aurora, LIST)
    with time_machine.travel(datetime(2027, 2, 1, tzinfo=UTC), tick=False):
        done = imported(aurora, LIST.replace("12,50", "12,60"))
    assert counts(done) == (0, 1, 1, 0)
    changed, same = aurora.articles.order_by("number")
    assert (changed.created_at.month, changed.updated_at.month) == (1, 2)
    assert (same.created_at.month, same.updated_at.month) == (1, 1)


def test_nothing_to_do_is_said(aurora: Tenant) -> None:
    imported(aurora, LIST)
    again = checked(hand_in(aurora, LIST))
    assert (again.state, counts(again)) == (ImportState.CHECKED, (0, 0, 2, 0))
    assert not again.can_be_imported


def test_existing_articles_can_be_left_alone(aurora: Tenant) -> None:
    article = make_article(aurora, "Alt", number="A-1")
    done = imported(aurora, LIST, change_existing=False)
    assert counts(done) == (1, 0, 1, 0)
    assert values(article, "name") == ["Alt"]


def test_every_column(aurora: Tenant) -> None:
    scale = aurora.factor_scales.create(name="Standard", steps=[{"days": 1, "factor": "1"}])
    lights = make_category(aurora, "Moving Heads", parent=make_category(aurora))
    line = {
        "Artikel-Nr.": "A-1",
        "Bezeichnung": "Bühne",
        "Langtext": "Zeile 1\r\nZeile 2",
        "Warengruppe": "licht>moving heads",
        "Hersteller": "Robe",
        "Herstellernummer": "R-1",
        "EAN": "4006381-333931",
        "Art": "Verkauf",
        "ME": "Satz",
        "Gewicht": "12,345 kg",
        "Mietpreis": "1.234,5",
        "Staffel": "standard",
        "Bestand": "12,0",
        "Defekt": "1",
        "Vorlauf": "30",
        "Nachlauf": "60",
        "Archiviert": "ja",
    }
    done = imported(aurora, as_csv([line.keys(), line.values()]))
    assert problems(done) == []
    article = aurora.articles.get()
    assert article.archived_at
    assert values(
        article, "number", "name", "description", "category_id", "manufacturer", "manufacturer_part_number"
    ) == [
        "A-1",
        "Bühne",
        "Zeile 1\nZeile 2",
        lights.pk,
        "Robe",
        "R-1",
    ]
    assert values(article, "gtin", "kind", "unit", "weight_kg", "rental_price") == [
        "4006381333931",
        "sale",
        "Satz",
        Decimal("12.345"),
        Decimal("1234.50"),
    ]
    assert values(article, "factor_scale_id", "owned", "out_of_service") == [scale.pk, 12, 1]
    assert values(article, "buffer_before_minutes", "buffer_after_minutes") == [30, 60]


def test_archived_ones_come_back_and_keep_their_time(aurora: Tenant) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    gone = make_article(aurora, number="A-1", archived_at=long_ago)
    back = make_article(aurora, number="A-2", archived_at=long_ago)
    going = make_article(aurora, number="A-3")
    lines = [["Nummer", "Archiviert", "Bestand"], ["A-1", "ja", "99"], ["A-2", "nein", ""], ["A-3", "ja", ""]]
    assert counts(imported(aurora, as_csv(lines))) == (0, 3, 0, 0)
    assert values(gone, "archived_at", "owned") == [long_ago, 99]
    assert values(back, "archived_at") == [None]
    assert values(going, "archived_at")[0] > long_ago


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_what_was_exported_changes_nothing(aurora: Tenant, log_in: LogIn, file_format: str, language: str) -> None:
    full_article(aurora)
    make_article(aurora, "=cmd|'/c'!A1", number="+49", category=make_category(aurora, "a > b"), unit="'-")
    make_article(aurora, "Kabel ‚a\u0308‘", number="0012", description='\'x\r\n\n;\t"y"', weight_kg=Decimal("0.001"))
    client = log_in(aurora)
    user = aurora.memberships.get(user_id=client.session["_auth_user_id"]).user
    user.language = language
    user.save()
    before = list(aurora.articles.order_by("pk").values())
    answer: Any = client.get(aurora.url("inventory:article_export"), {"all": "1", "format": file_format})
    again = checked(hand_in(aurora, answer.getvalue()))
    assert problems(again) == []
    assert counts(again) == (0, 1, 2, 0)  # the name is composed (NFC) now
    aurora.articles.filter(number="0012").update(name="Kabel ‚ä‘")
    assert counts(checked(again)) == (0, 0, 3, 0)
    assert [row["number"] for row in before] == [row["number"] for row in aurora.articles.order_by("pk").values()]


@pytest.mark.parametrize("number", ["A\t17", "A\xa017", "A  17", "A\r\n17", "A\u200917", "A\x02\x9f17"])
def test_a_number_with_other_blanks_is_no_other_article(aurora: Tenant, log_in: LogIn, number: str) -> None:
    """Neither what was pasted from a spreadsheet is refused where it comes back, nor is the article there twice."""
    make_article(aurora, "PAR\t64 ", number=number, unit="Stück", manufacturer="Robe\n Lighting", owned=3)
    aurora.articles.update(description="Zeile 1\r\nSpalte\t2\x0b\x07")
    answer: Any = log_in(aurora).get(aurora.url("inventory:article_export"), {"all": "1", "format": "csv"})
    done = imported(aurora, answer.getvalue())
    assert (problems(done), counts(done)) == ([], (0, 1, 0, 0))
    lines = as_csv([["Nummer", "Name", "Bestand"], ["A 17", "PAR\t64", "4"], [number, "x", "5"], ["A17", "Neu", ""]])
    done = imported(aurora, lines, skip_bad_lines=True)
    assert (problems(done), counts(done)) == ([(3, "number", "line-number-twice")], (1, 1, 0, 1))
    article = aurora.articles.get(number=number)
    assert (article.name, article.manufacturer, article.owned) == ("PAR 64", "Robe Lighting", 4)
    assert article.description == "Zeile 1\nSpalte\t2"


# --- categories -----------------------------------------------------------------------------------------
def test_missing_categories_are_errors_unless_wanted(aurora: Tenant) -> None:
    make_category(aurora, "Licht")
    lines = as_csv([["Nummer", "Name", "Kategorie"], ["A-1", "PAR", "LICHT > Par"], ["A-2", "Par 2", "Licht › par"]])
    found = hand_in(aurora, lines)
    assert problems(checked(found)) == [(2, "category", "line-category"), (3, "category", "line-category")]
    checked(found, create_categories=True)
    assert (counts(found), found.new_categories) == ((2, 0, 0, 0), ["LICHT > Par"])
    assert not aurora.categories.filter(name="Par").exists()
    start_import(article_import=found, now=timezone.now())
    worked_on(found)
    par = aurora.categories.get(name="Par")
    assert par.parent is not None
    assert par.parent.name == "Licht"
    assert set(aurora.articles.values_list("category_id", flat=True)) == {par.pk}
    assert counts(checked(hand_in(aurora, lines))) == (0, 0, 2, 0)


def test_no_category_is_created_for_lines_that_are_not_imported(aurora: Tenant) -> None:
    make_article(aurora, "Alt", number="A-1")
    lines = [["Nummer", "Name", "Kategorie"], ["A-1", "Neu", "Ton"], ["", "x", "Licht"], ["A-2", "", "Bild"]]
    done = imported(aurora, as_csv(lines), create_categories=True, skip_bad_lines=True, change_existing=False)
    assert (done.new_categories, counts(done)) == ([], (0, 0, 1, 2))
    assert not aurora.categories.exists()


def test_a_wrong_column_does_not_flood_the_categories(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.article_lists.checking.MOST_NEW_CATEGORIES", 2)
    lines = [["Nummer", "Name", "Kategorie"], *([f"A-{n}", "PAR", f"K{n % 4}"] for n in range(8))]
    found = checked(hand_in(aurora, as_csv(lines)), create_categories=True)
    assert (found.bad_count, {code for _line, _column, code in problems(found)}) == (4, {"line-categories"})


# --- errors ---------------------------------------------------------------------------------------------
WRONG = as_csv(
    [
        ["Nummer", "Name", "GTIN", "Preis pro Tag", "Bestand", "Archiviert", "Art", "Faktorstaffel", "Gewicht"],
        ["A-1", "gut", "", "", "", "", "", "", ""],
        ["A-2", "", "", "", "", "", "", "", ""],
        ["", "ohne Nummer", "", "", "", "", "", "", ""],
        ["A-1", "doppelt", "", "", "", "", "", "", ""],
        ["A-5", "x", "4006381333932", "zwölf", "1,5", "vielleicht", "Tausch", "Keine", "0,0001"],
        ["A-6", "x", "", "-1", "1000000", "", "", "", "1000000"],
        ["A-7", "x" * 201, "", "12,345", "#REF!", "", "", "", ""],
        ["A\x008", "Zeile\x00", "", "", "", "", "", "", ""],
        ["", "", "", "", "", "", "", "", ""],
        ["", "\x07", "", "viel", "", "", "", "", ""],
        ["A-5", "", "", "", "", "", "Tausch", "", ""],
        ["A-7", "", "", "", "", "", "", "", "viel"],
    ]
)
FOUND = [
    (3, "name", "line-name"),
    (4, "number", "line-number"),
    (5, "number", "line-number-twice"),
    (6, "gtin", "gtin"),
    (6, "kind", "cell-kind"),
    (6, "weight_kg", "cell-places"),
    (6, "rental_price", "cell-number"),
    (6, "factor_scale", "line-scale"),
    (6, "owned", "cell-whole"),
    (6, "archived", "cell-yes-no"),
    (7, "weight_kg", "cell-range"),
    (7, "rental_price", "cell-range"),
    (7, "owned", "cell-range"),
    (8, "name", "cell-long"),
    (8, "rental_price", "cell-places"),
    (8, "owned", "cell-formula"),
    (9, "number", "cell-unreadable"),
    (9, "name", "cell-unreadable"),
    (11, "number", "line-number"),
    (11, "name", "cell-unreadable"),
    (11, "rental_price", "cell-number"),
    (12, "number", "line-number-twice"),
    (12, "name", "line-name"),
    (12, "kind", "cell-kind"),
    (13, "number", "line-number-twice"),
    (13, "name", "line-name"),
    (13, "weight_kg", "cell-number"),
]


def test_each_wrong_cell_is_named(aurora: Tenant) -> None:
    found = checked(hand_in(aurora, WRONG))
    assert sorted(problems(found)) == sorted(FOUND)
    assert counts(found) == (1, 0, 0, 10)
    assert not found.can_be_imported
    with pytest.raises(BadLinesForbid):
        start_import(article_import=found, now=timezone.now())
    assert not aurora.articles.exists()


def test_lines_with_errors_can_be_skipped(aurora: Tenant) -> None:
    done = imported(aurora, WRONG, skip_bad_lines=True)
    assert (done.state, counts(done)) == (ImportState.DONE, (1, 0, 0, 10))
    assert list(aurora.articles.values_list("name", flat=True)) == ["gut"]


def test_what_went_wrong_after_the_check_forbids_everything(aurora: Tenant) -> None:
    scale = aurora.factor_scales.create(name="Standard", steps=[])
    found = checked(
        hand_in(aurora, as_csv([["Nummer", "Name", "Staffel"], ["A-1", "x", ""], ["A-2", "x", "Standard"]]))
    )
    scale.delete()
    start_import(article_import=found, now=timezone.now())
    worked_on(found)
    assert (found.state, found.refusal, found.bad_count) == (ImportState.REFUSED, "list-bad-lines", 1)
    assert not aurora.articles.exists()
    checked(found, skip_bad_lines=True)
    assert (found.state, counts(found)) == (ImportState.CHECKED, (1, 0, 0, 1))


def test_so_many_errors_are_kept_and_all_are_counted(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_PROBLEMS", 5)
    monkeypatch.setattr(running, "AT_ONCE", 3)
    lines = [["Nummer", "Name"], *([f"A-{n}", ""] for n in range(10)), *(["", "x"] for _ in range(10))]
    found = checked(hand_in(aurora, as_csv(lines)))
    assert (len(problems(found)), found.bad_count) == (5, 20)


# --- the file itself --------------------------------------------------------------------------------------
def test_a_file_too_large_is_not_kept(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 1000)
    for content, refusal in (([b"x" * 600, b"x" * 600], ListTooLarge), ([], ListIsEmpty), ([b""], ListIsEmpty)):
        with pytest.raises(refusal):
            receive_list(tenant=aurora, user=None, name="x", content=content, now=timezone.now())
    assert not aurora.article_imports.exists()


def test_a_file_comes_back_as_it_was_handed_in(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PART_BYTES", 7)
    pieces = [b"Nummer;", b"", b"Name\nA-1;" + b"x" * 20, b"\nA-2;y"]
    found = receive_list(tenant=aurora, user=None, name="x", content=pieces, now=timezone.now())
    assert b"".join(bytes(part.content) for part in found.parts.order_by("position")) == b"".join(pieces)
    assert (found.size, worked_on(found).mapping) == (len(b"".join(pieces)), {"number": 0, "name": 1})


def test_too_many_lines_are_refused(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_LINES", 50)
    found = checked(hand_in(aurora, as_csv([["Nummer", "Name"], *([str(n), "x"] for n in range(51))])))
    assert (found.state, found.refusal) == (ImportState.REFUSED, "list-lines")
    found = checked(hand_in(aurora, as_csv([["Nummer", "Name"], *([str(n), "x"] for n in range(50))])))
    assert found.state == ImportState.CHECKED
