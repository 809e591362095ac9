"""A list with errors from the upload to the articles, as a person does it; accessible and fitting at every step."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from inventory.article_lists.running import work_on_lists
from tests.axe import assert_axe_clean, assert_fits, torn
from tests.factories import make_article, make_category, make_tenant, make_user
from tests.inventory.article_lists.doing import as_csv, hand_in

LINES = [
    ["Artikel-Nr.", "Bezeichnung", "Warengruppe", "EAN", "Mietpreis", "Bestand", "Lagerplatz", "Hersteller", "Modell"],
    ["B-1", "Bühnenscheinwerfer", "Licht > Scheinwerfer", "4006381333931", "12,50", "24", "R1", "Clay Paky", "CP-2000"],
    ["B-2", "Movinghead Wash", "Licht", "", "1.245,00", "8", "R2", "Robe lighting", ""],
    ["B-3", "Nebelmaschine", "Effekte", "4006381333932", "zwölf", "3", "R2", "", ""],
    ["", "Kabeltrommel", "Strom", "", "3,00", "60", "R3", "", ""],
]


@pytest.fixture
def aurora(transactional_db: None) -> Tenant:  # type: ignore[override]
    tenant = make_tenant("aurora", "Aurora Veranstaltungstechnik")
    make_article(tenant, "Movinghead", number="B-2", category=make_category(tenant))
    return tenant


def somebody(tenant: Tenant, language: str) -> User:
    return make_user(tenant, Role.WAREHOUSE, language=language, first_name="Nina", last_name="Neu")


def judge(page: Page) -> None:
    assert_axe_clean(page)
    assert_fits(page)


def assert_readable(choices: Locator) -> None:
    """Each is as wide as the longest of what can be chosen."""
    narrow = """all => all.filter(one => {
        const free = document.body.appendChild(one.cloneNode(true));
        free.style.cssText = "position: absolute; width: auto; max-width: none";
        const wanted = free.offsetWidth;
        free.remove();
        return one.offsetWidth < wanted;
    }).length"""
    assert (choices.count() > 5, choices.evaluate_all(narrow)) == (True, 0)


def work(page: Page) -> None:
    """The worker comes along while the page asks how far he is."""
    expect(page.locator("progress")).to_be_visible()
    judge(page)
    work_on_lists(now=timezone.now())
    expect(page.locator("progress")).to_have_count(0, timeout=10_000)


WORDS = {
    "de": ("Hochladen", "Alle Zeilen prüfen", "Spalten und Optionen", "Zeilen mit Fehlern überspringen", "Importieren"),
    "en": ("Upload", "Check all lines", "Columns and options", "Skip lines with errors", "Import"),
}


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("en", "light", 1280), ("de", "dark", 390)],
)
def test_from_the_upload_to_the_articles(
    page: Page,
    live_server: LiveServer,
    enter: Callable[[User], None],
    aurora: Tenant,
    complaints: list[str],
    tmp_path: Path,
    language: str,
    theme: str,
    width: int,
) -> None:
    upload, check, columns, skip, start = WORDS[language]
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    enter(somebody(aurora, language))
    file = tmp_path / "Lagerverwaltungssystemexport_2027_endgueltig_wirklich_endgueltig.csv"
    file.write_bytes(as_csv(LINES).encode("cp1252"))
    page.goto(live_server.url + aurora.url("inventory:article_imports"))
    judge(page)
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name=upload).click()
    work(page)

    expect(page.get_by_label("EAN")).to_have_value("gtin")
    expect(page.get_by_label("Lagerplatz")).to_have_value("")
    expect(page.locator("#preview")).to_contain_text("Bühnenscheinwerfer")
    assert_readable(page.locator(".ewx-choose select"))
    preview = page.locator("#preview")
    expect(preview.locator(".form-text.text-danger")).to_have_count(6)  # three cells, and three categories that lack
    judge(page)
    assert torn(preview) == []
    page.locator("#id_create_categories").check()
    expect(preview.locator(".form-text.text-danger")).to_have_count(3)
    page.get_by_label("Bezeichnung").select_option("description")
    expect(preview.locator("thead")).not_to_contain_text("Name")
    page.get_by_label("Bezeichnung").select_option("name")
    expect(preview.locator("thead")).to_contain_text("Name")
    page.get_by_role("button", name=check).click()
    work(page)

    expect(page.get_by_role("button", name=start, exact=True)).to_have_count(0)
    judge(page)
    with page.expect_download() as download:
        page.locator("section a[href$='/problems/']").click()
    found = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig")), delimiter=";"))
    assert [(line[0], line[2]) for line in found[1:]] == [("4", "4006381333932"), ("4", "zwölf"), ("5", "")]
    page.get_by_role("link", name=columns).click()
    expect(page.locator("#id_create_categories")).to_be_checked()
    page.get_by_label(skip).check()
    judge(page)
    page.get_by_role("button", name=check).click()
    work(page)

    expect(page.locator("main")).to_contain_text("Lagerplatz")
    judge(page)
    page.get_by_role("button", name=start, exact=True).click()
    work(page)
    judge(page)
    names = set(aurora.articles.values_list("name", "category__name", "owned"))
    assert names == {("Bühnenscheinwerfer", "Scheinwerfer", 24), ("Movinghead Wash", "Licht", 8)}
    page.goto(live_server.url + aurora.url("inventory:article_imports"))
    judge(page)
    expect(page.locator("tbody tr")).to_have_count(1)


def test_cancelling_leaves_everything_as_it_was(
    page: Page, live_server: LiveServer, enter: Callable[[User], None], aurora: Tenant, complaints: list[str]
) -> None:
    found = hand_in(aurora, as_csv(LINES))
    enter(somebody(aurora, "de"))
    page.goto(live_server.url + found.get_absolute_url())
    page.get_by_label("Zeilen mit Fehlern überspringen").check()
    page.get_by_role("button", name="Alle Zeilen prüfen").click()
    page.get_by_role("button", name="Abbrechen").click()
    expect(page.locator("main")).to_contain_text("nichts wurde geändert")
    judge(page)
    work_on_lists(now=timezone.now())
    assert list(aurora.articles.values_list("name", flat=True)) == ["Movinghead"]
