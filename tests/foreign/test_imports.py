"""The foreign implementation stands alone: Python, `cryptography` and itself. Tests may bring it together with more."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.source import ROOT, Source, sample

FOLDER = ROOT / "tests" / "foreign"
OWN, LIBRARY = "tests.foreign", "cryptography"


def strangers(sources: Iterable[Source]) -> list[str]:
    """What is imported from anywhere else, inside functions too."""
    return [f"{source.name}: {name}" for source in sources for name in source.imported() if not _allowed(name)]


def _allowed(name: str) -> bool:
    top = name.split(".")[0]
    return top in sys.stdlib_module_names or top == LIBRARY or f"{name}.".startswith(f"{OWN}.")


def implementation() -> list[Source]:
    files = sorted(FOLDER.rglob("*.py"))
    return [Source(path) for path in files if not path.name.startswith("test_") and path.name != "conftest.py"]


def test_the_implementation_imports_nothing_of_the_product() -> None:
    assert len(implementation()) > 5
    assert strangers(implementation()) == []


def test_guard_sees_imports_of_the_product(tmp_path: Path) -> None:
    bad = sample(
        tmp_path,
        a="from partners.protocol import signing\nimport hashlib",
        b="def f():\n    import django.conf\n    from tests import world, foreign",
        c="from tests.foreign import codes\nimport cryptography.hazmat\nfrom tests.foreigners import x",
        d="import rest_framework, eventworx.settings\nfrom jobs import models\nfrom . import inventory",
    )
    assert strangers(bad) == [
        "a.py: partners.protocol.signing",
        "b.py: django.conf",
        "b.py: tests.world",
        "c.py: tests.foreigners.x",
        "d.py: rest_framework",
        "d.py: eventworx.settings",
        "d.py: jobs.models",
        "d.py: None.inventory",
    ]
