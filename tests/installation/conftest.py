"""An installation of the test's own: its file, and a watch that looks."""

from pathlib import Path

import pytest
from pytest_django import Settings

from eventworx import installation


@pytest.fixture
def instance_file(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Path:
    """Where the id lies beside the key ring; nothing has started yet."""
    settings.EWX_INSTANCE_FILE = tmp_path / "keys" / "instance.id"
    monkeypatch.setattr(installation, "watch", installation.Watch())
    monkeypatch.setattr(installation, "LOOK_AGAIN_AFTER", 0.0)
    return settings.EWX_INSTANCE_FILE
