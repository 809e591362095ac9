"""Every static file that a template or a style sheet names exists, under the hashed names of production."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from pytest_django import Settings

from tests.source import APPS, ROOT

# How a form would slip through what sends each only once (app.js): a method that is not looked for there, or by itself.
SLIPS = re.compile(r"""\bmethod=(?!"(post|get)")|\bformmethod\b|\bhx-disabled-elt\b""")
NAMED = re.compile(r"{%\s*static\s+[\"']([^\"']+)[\"']")


def missing(templates: Iterable[Path]) -> list[str]:
    """Files named by `{% static "…" %}` that no app has."""
    return [
        f"{template.name}: {name}"
        for template in templates
        for name in NAMED.findall(template.read_text(encoding="utf-8"))
        if not finders.find(name)
    ]


def collect(settings: Settings, target: Path) -> None:
    """What the image does: gather everything and give it hashed names."""
    settings.STATIC_ROOT = target
    hashed = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": hashed}
    call_command("collectstatic", interactive=False, verbosity=0)


def test_templates_name_files_that_exist() -> None:
    folders = [ROOT / "templates", *(ROOT / app for app in APPS)]
    assert missing(template for folder in folders for template in folder.rglob("*.html")) == []


def test_every_form_is_sent_once() -> None:
    """One rule for all: no form has its own, and every page that could have one loads it."""
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")}
    assert [path.name for path, text in pages.items() if SLIPS.search(text)] == []
    whole = [text for path, text in pages.items() if "<html" in text and path.parent.name != "emails"]
    assert ["ewx/app.js" in text for text in whole] == [True]
    forms = ('<form method="POST">', "<form method='post'>", '<form method="post" hx-post="/">')
    assert [bool(SLIPS.search(form)) for form in forms] == [True, True, False]


def test_production_can_gather_all_files(settings: Settings, tmp_path: Path) -> None:
    collect(settings, tmp_path)
    assert (tmp_path / "staticfiles.json").exists()


def test_guard_sees_a_missing_file_in_a_template(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("""{% static 'nowhere.css' %}{% static "django_htmx/htmx.min.js" %}""")
    assert "page.html: nowhere.css" in missing([page])


def test_guard_sees_a_missing_file_in_a_style_sheet(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "own.css").write_text("body { background: url(nowhere.svg) }")
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    with pytest.raises(ValueError, match=r"nowhere\.svg"):
        collect(settings, tmp_path / "target")
