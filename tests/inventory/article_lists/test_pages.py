"""Pages of article lists: what each step shows, what is refused, and in whose words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.article_lists.importing import start_import
from inventory.models import ArticleImport, ImportState
from tests.factories import make_article, make_category
from tests.inventory.article_lists.doing import as_csv, check, checked, hand_in, imported, worked_on
from tests.inventory.pages import shown

LogIn = Callable[..., Client]
LIST = as_csv([["Nummer", "Name", "Preis", "Fach"], ["A-1", "PAR", "1.234,50", "7"], ["A-2", "Spot", "zwölf", "8"]])
PROGRESS = {"HX-Request": "true", "HX-Target": "progress"}


def upload(client: Client, tenant: Tenant, content: bytes, name: str = "a.csv") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(tenant.url("inventory:article_imports"), {"file": file})


def url(found: ArticleImport, name: str = "article_import") -> str:
    return found.tenant.url(f"inventory:{name}", found.pk)


# --- handing in -----------------------------------------------------------------------------------------
def test_a_file_is_kept_and_not_read_in_the_request(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora, Role.WAREHOUSE)
    answer = upload(client, aurora, b"PK\x03\x04 no workbook at all")
    found = aurora.article_imports.get()
    assert answer.headers["Location"] == url(found)
    assert "Wartet, bis die Hintergrundarbeit beginnt" in shown(client, url(found))
    assert worked_on(found).state == ImportState.REFUSED
    assert "Diese Arbeitsmappe ist nicht lesbar" in shown(client, url(found))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "leer"), (b"x" * 2000, "Die Datei ist zu groß")],
)
def test_what_is_refused_at_once(
    aurora: Tenant, log_in: LogIn, monkeypatch: pytest.MonkeyPatch, content: bytes, sentence: str
) -> None:
    monkeypatch.setattr("inventory.article_lists.forms.MOST_BYTES", 1000)
    assert sentence in upload(log_in(aurora), aurora, content).content.decode()
    assert not aurora.article_imports.exists()


def test_a_second_list_is_refused_with_a_sentence(aurora: Tenant, log_in: LogIn) -> None:
    client, found = log_in(aurora), hand_in(aurora, LIST)
    other = hand_in(aurora, LIST)
    check(found)
    assert "Eine andere Liste ist gerade in Arbeit" in upload(client, aurora, b"Nummer\n1").content.decode()
    sent = {"column_0": "number", "notation": "comma", "bad_lines": "all"}
    assert client.post(url(other), sent).status_code == 409


# --- columns --------------------------------------------------------------------------------------------
def test_the_preview_shows_a_text_as_it_will_be_kept(aurora: Tenant, log_in: LogIn) -> None:
    lines = [["Nummer", "Name", "Beschreibung"], ["A-1", "PAR\x0264", "Zeile 1\r\nZeile\x072"], ["A-2", "x" * 201, ""]]
    page = shown(log_in(aurora), url(hand_in(aurora, as_csv(lines))))
    assert ("PAR 64" in page, "Zeile 1 Zeile 2" in page, "\N{REPLACEMENT CHARACTER}" in page) == (True, True, False)
    assert "Das ist zu lang" in page


def test_the_columns_are_proposed_with_examples_and_a_preview(aurora: Tenant, log_in: LogIn) -> None:
    page = shown(log_in(aurora), url(hand_in(aurora, LIST)))
    assert '<option value="rental_price" selected>Preis pro Tag</option>' in page
    assert "7 · 8" in page
    assert "1.234,50" in page
    assert "Das ist keine Zahl." in page


def test_the_preview_follows_the_choice(aurora: Tenant, log_in: LogIn) -> None:
    found = hand_in(aurora, LIST)
    asked = {"column_0": "number", "column_3": "owned", "column_2": "rental_price", "notation": "point"}
    page = shown(log_in(aurora), url(found, "import_preview"), query_params=asked)
    assert "Eigener Bestand" in page
    assert ">Name<" not in page
    for nonsense in ({}, {"column_0": "x" * 100, "notation": "?"}, {"column_1": "number", "column_2": "number"}):
        shown(log_in(aurora), url(found, "import_preview"), query_params=nonsense)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"column_1": "name"}, "Eine Spalte muss die Nummer sein"),
        ({"column_0": "number", "column_1": "number"}, "Diese Bedeutung hat schon eine andere Spalte."),
        ({"column_0": "tenant_id"}, "Eine Spalte muss die Nummer sein"),
    ],
)
def test_a_mapping_that_cannot_be(aurora: Tenant, log_in: LogIn, sent: dict[str, str], sentence: str) -> None:
    found = hand_in(aurora, LIST)
    answer = log_in(aurora).post(url(found), {"notation": "comma", "bad_lines": "all"} | sent)
    assert sentence in answer.content.decode()
    found.refresh_from_db()
    assert found.state == ImportState.READ


def test_names_of_columns_and_cells_are_no_markup(aurora: Tenant, log_in: LogIn) -> None:
    evil = '<script>alert("x")</script>'
    found = checked(hand_in(aurora, as_csv([["Nummer", "Name", "GTIN", evil], ["A-1", evil, evil, evil]]), name=evil))
    client = log_in(aurora)
    for page in (shown(client, url(found)), shown(client, url(found) + "?columns=1")):
        assert "<script>alert" not in page


# --- progress and result --------------------------------------------------------------------------------
def test_progress_is_asked_for_until_the_work_is_over(aurora: Tenant, log_in: LogIn) -> None:
    client, found = log_in(aurora), hand_in(aurora, LIST)
    check(found)
    aurora.article_imports.filter(pk=found.pk).update(percent=40, lines_read=5000, claimed_until=timezone.now())
    part = shown(client, url(found), headers=PROGRESS)
    assert '<progress id="percent" max="100" value="40">' in part
    assert "5.000 Zeilen" in part
    aurora.article_imports.filter(pk=found.pk).update(claimed_until=None)
    worked_on(found)
    answer = client.get(url(found), headers=PROGRESS)
    assert answer.headers["HX-Retarget"] == "#import"
    assert "Was geschehen würde" in answer.content.decode()


def test_the_result_of_a_check_says_everything(aurora: Tenant, log_in: LogIn) -> None:
    make_category(aurora)
    make_article(aurora, "Alt", number="B-1")
    make_article(aurora, "Gleich", number="B-2")
    lines = [
        ["Nummer", "Name", "Warengruppe", "Fach"],
        ["B-1", "Neu", "Ton"],
        ["B-2", "Gleich", ""],
        ["B-3", "x", "Ton"],
    ]
    found = checked(hand_in(aurora, as_csv(lines)), create_categories=True)
    page = shown(log_in(aurora), url(found))
    for name, value in (("Neu", "1"), ("Geändert", "1"), ("Unverändert", "1"), ("Mit Fehlern", "0")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert "<dt>Neue Kategorien</dt><dd>Ton</dd>" in page
    assert "<dt>Nicht übernommene Spalten</dt><dd>Fach</dd>" in page
    assert "Importieren</button>" in page


def test_limits_are_said_in_the_readers_numbers(aurora: Tenant, log_in: LogIn) -> None:
    lines = [["Nummer", "Name", "Preis", "Bestand"], ["A-1", "PAR", "-1", "-1"]]
    page = shown(log_in(aurora), url(checked(hand_in(aurora, as_csv(lines)))))
    assert "zwischen 0 und 9.999.999.999,99 liegen" in page
    assert "zwischen 0 und 999.999 liegen" in page


def file_of(answer: Any) -> tuple[str, list[str]]:
    """Its name and its lines."""
    return answer["Content-Disposition"].split('"')[1], answer.content.decode("utf-8-sig").splitlines()


def test_errors_are_a_file_in_the_readers_language(aurora: Tenant, log_in: LogIn) -> None:
    found = checked(hand_in(aurora, as_csv([["Nummer", "Preis"], ["=A-1", "=1+1"]])))
    client = log_in(aurora)
    name, german = file_of(client.get(url(found, "import_problems")))
    assert (name, german[0]) == (f"fehler-{found.pk}.csv", "Zeile;Spalte;Wert;Fehler")
    assert german[1:] == ["2;Preis pro Tag;'=1+1;Das ist keine Zahl.", "2;Name;;Ein neuer Artikel braucht einen Namen."]
    user = aurora.memberships.get(user_id=client.session["_auth_user_id"]).user
    user.language = "en"
    user.save()
    name, english = file_of(client.get(url(found, "import_problems")))
    assert (name, english[0]) == (f"errors-{found.pk}.csv", "Line;Column;Value;Error")


@pytest.mark.parametrize("deed", ["import_start", "import_restart", "import_cancel"])
def test_what_comes_too_late_is_said(aurora: Tenant, log_in: LogIn, deed: str) -> None:
    done = imported(aurora, as_csv([["Nummer", "Name"], ["A-1", "PAR"]]))
    answer = log_in(aurora).post(url(done, deed))
    assert answer.status_code == 409
    assert "Diese Liste ist inzwischen weiter" in answer.content.decode()


def test_bad_lines_forbid_the_start(aurora: Tenant, log_in: LogIn) -> None:
    found = checked(hand_in(aurora, LIST))
    client = log_in(aurora)
    assert "Importieren</button>" not in shown(client, url(found))
    assert client.post(url(found, "import_start")).status_code == 422
    assert not aurora.articles.exists()


def test_a_list_waits_for_nobody_else(aurora: Tenant, bassline: Tenant, log_in: LogIn) -> None:
    """Of another company nothing is seen, and nothing waits for it."""
    ours, theirs = checked(hand_in(aurora, LIST), skip_bad_lines=True), hand_in(bassline, LIST)
    check(theirs)
    start_import(article_import=ours, now=timezone.now())
    worked_on(ours)
    assert (ours.state, aurora.articles.count(), bassline.articles.count()) == (ImportState.DONE, 1, 0)
    assert log_in(aurora).get(url(ours).replace(str(ours.pk), str(theirs.pk))).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_a_fixed_number_of_queries(aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any) -> None:
    client = log_in(aurora)
    lines = [["Nummer", "Name", "Preis"], *([f"A-{number}", "x", "y"] for number in range(rows))]
    found = [checked(hand_in(aurora, as_csv(lines))) for _ in range(rows)]
    with django_assert_num_queries(7):
        client.get(aurora.url("inventory:article_imports"))
    with django_assert_num_queries(8):
        client.get(url(found[0]))
    with django_assert_num_queries(9):
        client.get(url(found[0]) + "?columns=1")
