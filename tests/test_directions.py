"""The import contracts of pyproject.toml bite: a copy of the house with one wrong import fails."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import APPS, ROOT

LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for app in APPS:
        shutil.copytree(ROOT / app, copy / app, ignore=shutil.ignore_patterns("static", "locale", "__pycache__"))
    return copy


def contracts(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=house, capture_output=True, text=True, check=False)


def test_the_house_keeps_its_directions(house: Path) -> None:
    result = contracts(house)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("inventory/wrong.py", "import jobs.models"),
        ("jobs/wrong.py", "import partners.models"),
        ("eventworx/tenants/wrong.py", "import eventworx.contacts.models"),
        ("eventworx/contacts/wrong.py", "import eventworx.messaging.models"),
        ("partners/protocol/wrong.py", "import django"),
        ("partners/conformance/wrong.py", "import partners.models"),
        ("partners/nowhere.py", ""),
        ("eventworx/nowhere.py", ""),
    ],
)
def test_a_wrong_import_is_seen(house: Path, file: str, code: str) -> None:
    wrong = house / file
    wrong.write_text(code)
    try:
        result = contracts(house)
    finally:
        wrong.unlink()
    assert result.returncode == 1
    assert "BROKEN" in result.stdout
