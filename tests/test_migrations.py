"""Migrations are complete and named after what they change."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.source import APPS, ROOT


def migration_names(root: Path) -> list[str]:
    return [file.name for app in APPS for file in sorted((root / app).glob("**/migrations/[!_]*.py"))]


def unnamed(names: list[str]) -> list[str]:
    """Names that say when instead of what."""
    return [name for name in names if "_auto_" in name or not name.removesuffix(".py")[4:].strip("_")]


def test_migrations_have_names() -> None:
    assert unnamed(migration_names(ROOT)) == []


def test_guard_sees_unnamed_migrations(tmp_path: Path) -> None:
    folder = tmp_path / "eventworx" / "tenants" / "migrations"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "0001_initial.py", "0002_auto_20260101_1200.py", "0003_.py"):
        (folder / name).touch()
    assert unnamed(migration_names(tmp_path)) == ["0002_auto_20260101_1200.py", "0003_.py"]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    output = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=output)
    assert "No changes detected" in output.getvalue()
