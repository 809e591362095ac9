"""The German catalogues are complete, free of leftovers and of one voice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.source import ROOT, Source, product, sample
from tools import catalogues

TRANSLATING = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "npgettext"}


def hidden_texts(sources: list[Source]) -> list[str]:
    """Texts that are to be translated inside of f-strings, where no catalogue finds them."""
    return [
        f"{source.name}:{call.lineno}"
        for source in sources
        for written in source.nodes
        if isinstance(written, ast.JoinedStr)
        for call in ast.walk(written)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in TRANSLATING
        if any(isinstance(said, ast.Constant) for said in call.args)
    ]


def test_no_text_hides_from_the_catalogues(tmp_path: Path) -> None:
    bad = sample(tmp_path, jobs__views="f\"{gettext('Order')}.pdf\"\nf'{gettext(name)} {_(\"Job\")}'")
    assert hidden_texts(bad) == ["jobs/views.py:1", "jobs/views.py:2"]
    assert hidden_texts(product()) == []


def test_german_is_complete() -> None:
    assert catalogues.problems(ROOT) == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house of two apps that share the word "Save", all translated."""
    _write(tmp_path / "eventworx" / "views.py", '_("Save")\n')
    _write(tmp_path / "jobs" / "views.py", '_("Save")\nngettext("%(n)d job", "%(n)d jobs", 2)\n')
    _write(tmp_path / "templates" / "jobs" / "page.html", '{% translate "Order" context "job" %}')
    catalogues.update(tmp_path)
    _fill(tmp_path / "eventworx", 'msgid "Save"', 'msgstr "Speichern"')
    _fill(tmp_path / "jobs", 'msgid "Save"', 'msgstr "Speichern"')
    _fill(tmp_path / "jobs", 'msgid "Order"', 'msgstr "Auftrag"')
    _replace(tmp_path / "jobs", 'msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "ein Job"\nmsgstr[1] "%(n)d Jobs"')
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _replace(home: Path, old: str, new: str) -> None:
    path = catalogues.catalogue_path(home)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _fill(home: Path, entry: str, translation: str) -> None:
    _replace(home, f'{entry}\nmsgstr ""', f"{entry}\n{translation}")


def test_complete_catalogues_pass_and_stay_as_they_are(house: Path) -> None:
    before = catalogues.catalogue_path(house / "jobs").read_text()
    assert catalogues.update(house) == []
    assert catalogues.catalogue_path(house / "jobs").read_text() == before


def test_missing_entry(house: Path) -> None:
    _write(house / "jobs" / "forms.py", 'pgettext("sub-rental", "Order")')
    assert catalogues.problems(house) == ["jobs: missing: 'Order' (sub-rental)"]
    assert catalogues.update(house) == ["jobs: missing: 'Order' (sub-rental)"]


def test_unused_entry_is_seen_and_dropped(house: Path) -> None:
    (house / "templates" / "jobs" / "page.html").unlink()
    assert catalogues.problems(house) == ["jobs: unused: 'Order' (job)"]
    assert catalogues.update(house) == []
    assert "Auftrag" not in catalogues.catalogue_path(house / "jobs").read_text()


def test_fuzzy_entry(house: Path) -> None:
    _replace(house / "jobs", 'msgid "Save"', '#, fuzzy\nmsgid "Save"')
    assert "jobs: fuzzy: 'Save'" in catalogues.problems(house)


def test_same_id_in_two_wordings(house: Path) -> None:
    _replace(house / "jobs", "Speichern", "Sichern")
    (problem,) = catalogues.problems(house)
    assert problem.startswith("translated differently: 'Save'")


@pytest.mark.parametrize(("right", "wrong"), [("%(n)d Jobs", "%(m)d Jobs"), ("%(n)d Jobs", "Jobs"), ("ein", "%(m)d")])
def test_wrong_placeholder(house: Path, right: str, wrong: str) -> None:
    _replace(house / "jobs", right, wrong)
    assert catalogues.problems(house) == ["jobs: placeholders differ: '%(n)d job'"]


def test_compiled_beside_the_source(house: Path) -> None:
    catalogues.compile_all(house)
    assert catalogues.catalogue_path(house / "jobs").with_suffix(".mo").stat().st_size > 0
