"""What we took from others is what we say we took: package, version, licence and hash of every file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.source import ROOT

VENDOR = ROOT / "eventworx" / "web" / "static" / "vendor"
NOTES = {"VENDOR.json"}


def differences(folder: Path) -> list[str]:
    """Sentences about files that are missing, changed or not accounted for.

    VENDOR.json is a list of {package, version, licence, files: {path: sha256}}."""
    notes = folder / "VENDOR.json"
    entries: list[dict[str, Any]] = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else []
    expected = {name: digest for entry in entries for name, digest in entry["files"].items()}
    incomplete = [
        f"incomplete: {entry.get('package')}"
        for entry in entries
        if not all(entry.get(key) for key in ("package", "version", "licence", "files"))
    ]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in NOTES]
    present = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return incomplete + [
        f"{_difference(expected.get(name), present.get(name))}: {name}"
        for name in sorted(expected.keys() | present.keys())
        if expected.get(name) != present.get(name)
    ]


def _difference(expected: str | None, present: str | None) -> str:
    if present is None:
        return "missing"
    return "changed" if expected else "not accounted for"


@pytest.mark.parametrize("folder", [VENDOR, ROOT / "tests" / "vendor"], ids=["product", "tests"])
def test_vendored_files_are_what_they_say(folder: Path) -> None:
    assert (folder / "VENDOR.json").exists()
    assert differences(folder) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.js").write_text("1")
    files = {"a.js": hashlib.sha256(b"1").hexdigest()}
    entry = {"package": "a", "version": "1", "licence": "MIT", "files": files}
    (tmp_path / "VENDOR.json").write_text(json.dumps([entry]))
    return tmp_path


def test_guard_accepts_what_is_accounted_for(folder: Path) -> None:
    assert differences(folder) == []


def test_guard_sees_changed_foreign_and_missing_files(folder: Path) -> None:
    (folder / "a.js").write_text("2")
    (folder / "b.js").write_text("3")
    assert differences(folder) == ["changed: a.js", "not accounted for: b.js"]
    (folder / "a.js").unlink()
    assert "missing: a.js" in differences(folder)
    (folder / "VENDOR.json").unlink()
    assert differences(folder) == ["not accounted for: b.js"]


def test_guard_wants_a_licence(folder: Path) -> None:
    entries = json.loads((folder / "VENDOR.json").read_text())
    (folder / "VENDOR.json").write_text(json.dumps([entries[0] | {"licence": ""}]))
    assert differences(folder) == ["incomplete: a"]
