"""What must not go into production is refused with a sentence on how to mend it (security.md §1)."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from eventworx.checks import cache_faults, check_deployment
from eventworx.encryption import create_ring
from tests.source import ROOT

POSTGRES, SQLITE = "django.db.backends.postgresql", "django.db.backends.sqlite3"
REDIS, LOCAL = "django.core.cache.backends.redis.RedisCache", "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """A sound installation; its key file."""
    settings.EWX_ORIGIN = "https://rental.example.com"
    settings.EWX_KEY_FILE = tmp_path / "keys" / "master.keys"
    settings.CACHES = {"default": {"BACKEND": REDIS}}
    settings.DEBUG = settings.EWX_DEMO = False
    create_ring(settings.EWX_KEY_FILE)
    return settings.EWX_KEY_FILE


def faults() -> list[str]:
    found = check_deployment()
    assert all(fault.hint for fault in found)
    return [str(fault.id).removeprefix("eventworx.") for fault in found]


@pytest.mark.parametrize(
    "origin",
    ["https://rental.example.com", "https://rental.example.com:8443", "https://[2a01::1]", "https://xn--bhne-0qa.de"],
)
def test_a_sound_installation_passes(key_file: Path, settings: Settings, origin: str) -> None:
    settings.EWX_ORIGIN = origin
    assert faults() == []


@pytest.mark.parametrize(
    ("origin", "codes"),
    [
        ("", ["E001", "E004"]),
        ("rental.example.com", ["E001", "E004"]),
        ("http://rental.example.com", ["E001"]),
        ("https://Rental.example.com", ["E002"]),
        ("https://rental.example.com:443", ["E003"]),
        ("https://rental.example.com.", ["E004"]),
        ("https://rental.example.com/erp", ["E004"]),
        ("https://bühne.de", ["E004"]),
        ("https://user@rental.example.com", ["E004"]),
    ],
)
def test_an_origin_has_one_spelling(key_file: Path, settings: Settings, origin: str, codes: list[str]) -> None:
    settings.EWX_ORIGIN = origin
    assert faults() == codes


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_file_is_for_its_owner_alone(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    assert faults() == ["E006"]


def test_a_key_file_has_to_be_there(key_file: Path) -> None:
    key_file.unlink()
    assert faults() == ["E005"]


@pytest.mark.parametrize("name", ["BASE_DIR", "STATIC_ROOT", "MEDIA_ROOT"])
def test_a_key_file_lies_where_nothing_is_served_or_copied(key_file: Path, settings: Settings, name: str) -> None:
    setattr(settings, name, key_file.parent.parent)
    assert faults() == ["E007"]


def test_a_link_to_a_key_file_does_not_hide_where_it_lies(key_file: Path, settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(key_file.parent)
    settings.EWX_KEY_FILE = tmp_path / "link.keys"
    settings.EWX_KEY_FILE.symlink_to(key_file)
    assert faults() == ["E007"]


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"DEBUG": True}, ["E008"]),
        ({"EWX_DEMO": True}, ["E009"]),
    ],
)
def test_what_belongs_to_development_stays_there(
    key_file: Path, settings: Settings, changed: dict[str, Any], codes: list[str]
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert faults() == codes


@pytest.mark.parametrize(
    ("cache", "database", "count"), [(LOCAL, POSTGRES, 1), (LOCAL, SQLITE, 0), (REDIS, POSTGRES, 0)]
)
def test_several_processes_need_one_cache(cache: str, database: str, count: int) -> None:
    assert len(list(cache_faults(cache=cache, database=database))) == count


def test_the_command_refuses_an_origin_that_is_none(tmp_path: Path) -> None:
    """Also one that the settings themselves can make nothing of."""
    environment = {"PATH": os.environ["PATH"], "EWX_DATA_DIR": str(tmp_path), "EWX_ORIGIN": "rental.example.com"}
    command = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "EWX_ORIGIN=https://your.host" in ran.stderr
