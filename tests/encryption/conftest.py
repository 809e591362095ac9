"""A key ring of the test's own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from eventworx.encryption.ring import create_ring


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """A ring with one key, as an operator provides it."""
    settings.EWX_KEY_FILE = tmp_path / "keys" / "master.keys"
    settings.EWX_KEY_FILE_IS_DEFAULT = False
    create_ring(settings.EWX_KEY_FILE)
    return settings.EWX_KEY_FILE
