"""What must not go into production is refused with a sentence on how to mend it (security.md §1)."""

import base64
import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from eventworx.checks import cache_faults, check_deployment, quarantine_faults
from eventworx.encryption import create_ring
from eventworx.installation import Standing
from tests.source import ROOT

POSTGRES, SQLITE = "django.db.backends.postgresql", "django.db.backends.sqlite3"
REDIS, LOCAL = "django.core.cache.backends.redis.RedisCache", "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path, db: None) -> Path:
    """A sound installation; its key file."""
    settings.EWX_INSTANCE_FILE = tmp_path / "keys" / "instance.id"
    settings.SECRET_KEY = secrets.token_urlsafe(48)
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
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
        ({"EWX_MAIL_DIR": "/var/mails"}, ["E021"]),
        ({"SESSION_COOKIE_SECURE": False}, ["E020"]),
        ({"CSRF_COOKIE_SECURE": False}, ["E020"]),
        ({"ALLOWED_HOSTS": ["rental.example.com", "*"]}, ["E019"]),
        ({"EWX_ALLOWED_PARTNER_ORIGINS": frozenset({"http://10.0.0.7", "https://lan.example"})}, ["E018"]),
        ({"EWX_ALLOWED_PARTNER_NETWORKS": (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))}, ["E023", "E023"]),
        ({"EWX_ALLOWED_PARTNER_NETWORKS": (ip_network("192.168.10.0/24"), ip_network("fd12:3456::/48"))}, []),
        ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}, ["E016"]),
        ({"EWX_TRUSTED_PROXIES": (ip_network("0.0.0.0/0"), ip_network("10.0.0.0/8"))}, ["E017"]),
        ({"EWX_TRUSTED_PROXIES": (ip_network("128.0.0.0/1"), ip_network("::/0"))}, ["E017", "E017"]),
        ({"EWX_TRUSTED_PROXIES": (ip_network("172.18.0.0/16"), ip_network("fc00::/7"))}, []),
    ],
)
def test_what_belongs_to_development_stays_there(
    key_file: Path, settings: Settings, changed: dict[str, Any], codes: list[str]
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert faults() == codes


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_nobody_else_writes_to_the_folder_of_the_key_file(key_file: Path, mode: int) -> None:
    key_file.parent.chmod(mode)
    assert faults() == ["E011"]


def test_nobody_else_exchanges_a_folder_on_the_way(key_file: Path) -> None:
    """Where strangers may only add and not replace, as in /tmp, nothing is lost."""
    key_file.parent.parent.chmod(0o777)
    assert faults() == ["E011"]
    key_file.parent.parent.chmod(0o1777)
    assert faults() == []


@pytest.mark.sqlite
@pytest.mark.parametrize("below", [".", "deeper"])
def test_a_key_file_does_not_lie_beside_its_database(key_file: Path, settings: Settings, below: str) -> None:
    """Of SQLite. Where PostgreSQL keeps its files we neither know nor share."""
    settings.EWX_KEY_FILE = Path(settings.DATABASES["default"]["NAME"]).parent / below / "beside.keys"
    create_ring(settings.EWX_KEY_FILE)
    assert faults() == ["E007"]


def write_key(path: Path, key: bytes) -> None:
    path.write_text(base64.urlsafe_b64encode(key).decode())


@pytest.mark.parametrize("text", ["", "rubbish\n", "AAAA\n"])
def test_a_damaged_ring_is_refused_without_being_shown(key_file: Path, text: str) -> None:
    key = key_file.read_text()
    key_file.write_text(key + text if text else "")
    assert faults() == ["E012"]
    assert key.strip("=\n") not in str(check_deployment())


DERIVED: dict[str, Callable[[bytes], bytes]] = {
    "sha256": lambda secret: hashlib.sha256(secret).digest(),
    "sha512, cut": lambda secret: hashlib.sha512(secret).digest()[:32],
    "blake2b": lambda secret: hashlib.blake2b(secret, digest_size=32).digest(),
    "hex of md5": lambda secret: hashlib.md5(secret).hexdigest().encode(),
    "hex of sha256, cut": lambda secret: hashlib.sha256(secret).hexdigest()[:32].encode(),
    "cut": lambda secret: secret[:32],
    "its end": lambda secret: secret[-32:],
    "padded": lambda secret: secret[:20].ljust(32, b"\0"),
    "decoded": lambda secret: base64.urlsafe_b64decode(secret)[:32],
}


@pytest.mark.parametrize("name", DERIVED)
def test_a_master_key_has_nothing_to_do_with_the_secret_of_sessions(
    key_file: Path, settings: Settings, name: str
) -> None:
    if name == "padded":
        settings.SECRET_KEY = settings.SECRET_KEY[:20]
    key = DERIVED[name](settings.SECRET_KEY.encode())
    fresh = key_file.read_text()
    write_key(key_file, key)
    key_file.write_text(fresh + key_file.read_text())
    assert "E013" in faults()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secrets.token_urlsafe(48), [settings.SECRET_KEY]
    assert "E013" in faults()
    settings.SECRET_KEY_FALLBACKS = []
    assert "E013" not in faults()


@pytest.mark.parametrize(
    "key", [b"\0" * 32, b"\xff\x00" * 16, b"correct horse battery staple 1234", bytes(range(7)) * 5]
)
def test_a_master_key_is_drawn_at_random(key_file: Path, key: bytes) -> None:
    write_key(key_file, key[:32])
    assert faults() == ["E014"]


@pytest.mark.parametrize(
    "secret", ["short", "a" * 64, "ab" * 40, "django-insecure-Xk3vQ9rTz7LmN2pW8yB4cD6fG1hJ5sA0eU", "build", ""]
)
def test_the_secret_of_sessions_cannot_be_guessed(key_file: Path, settings: Settings, secret: str) -> None:
    if secret:
        settings.SECRET_KEY = secret
        assert faults() == ["E015"]
    else:
        assert faults() == []


def test_a_copy_is_not_taken_for_production(key_file: Path) -> None:
    assert faults() == []
    settings_file = key_file.parent / "instance.id"
    settings_file.unlink()
    assert faults() == ["E022"]


@pytest.mark.parametrize("standing", [None, Standing.ORIGINAL])
def test_before_the_first_start_there_is_nothing_to_say_of_copies(standing: Standing | None) -> None:
    assert list(quarantine_faults(standing)) == []


def test_the_check_makes_no_database(tmp_path: Path) -> None:
    """It is often run by root, and the file would be his."""
    environment = {"PATH": os.environ["PATH"], "EWX_DATA_DIR": str(tmp_path), "EWX_ORIGIN": "https://a.example"}
    command = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "eventworx.E005" in ran.stderr
    assert not list(tmp_path.glob("*.sqlite3"))


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


def test_a_cache_per_process_is_a_warning_because_no_limit_relies_on_it(key_file: Path, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": LOCAL}}
    assert faults() == ([] if settings.DATABASES["default"]["ENGINE"] == SQLITE else ["W010"])
