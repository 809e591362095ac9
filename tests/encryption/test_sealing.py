"""A sealed value opens where it was sealed and nowhere else (security.md §1, row 29)."""

from dataclasses import replace
from pathlib import Path

import pytest

from eventworx.encryption import CannotOpen, Place, open_sealed, seal

HERE = Place("partners_connectionkey", "17", "private_key", 3)


def test_what_is_sealed_opens_in_its_place(key_file: Path) -> None:
    assert open_sealed(seal(b"plain", HERE), HERE) == b"plain"


def test_the_same_value_is_never_sealed_alike(key_file: Path) -> None:
    assert seal(b"plain", HERE) != seal(b"plain", HERE)


@pytest.mark.parametrize(
    "elsewhere", [{"table": "mfa"}, {"row": "18"}, {"field": "other"}, {"tenant": 4}, {"row": "17\x1fprivate_key"}]
)
def test_a_value_moved_elsewhere_does_not_open(key_file: Path, elsewhere: dict[str, str | int]) -> None:
    sealed = seal(b"plain", HERE)
    with pytest.raises(CannotOpen):
        open_sealed(sealed, replace(HERE, **elsewhere))  # type: ignore[arg-type]


@pytest.mark.parametrize("part", range(4))
def test_a_value_with_any_part_changed_does_not_open(key_file: Path, part: int) -> None:
    parts = seal(b"plain", HERE).split(".")
    parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]
    with pytest.raises(CannotOpen):
        open_sealed(".".join(parts), HERE)


@pytest.mark.parametrize("text", ["", "v1", "v1.a.b", "v1....", "v1.ü.ä.ö", "v1.a.b.c.d", "plain"])
def test_rubbish_does_not_open(key_file: Path, text: str) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(text, HERE)


@pytest.mark.parametrize("change", [lambda text: text + "A", lambda text: text + "!", lambda text: text[:-1]])
def test_a_longer_or_shorter_value_does_not_open(key_file: Path, change: object) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(change(seal(b"plain", HERE)), HERE)  # type: ignore[operator]
