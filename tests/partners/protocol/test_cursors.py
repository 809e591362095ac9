"""Cursors: opaque, bound to their question, good for an hour (protocol §4)."""

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.cursors import CursorRefused, open_cursor, seal_cursor

NOW = datetime(2027, 7, 1, tzinfo=UTC)
KEY = b"secret"


@given(st.text(max_size=80), st.integers(0, 2**63 - 1), st.text(max_size=300))
def test_what_was_sealed_opens_and_fits_the_wire(name: str, pk: int, question: str) -> None:
    try:
        cursor = seal_cursor([name, pk], question=question, key=KEY, now=NOW)
    except (ValueError, UnicodeEncodeError):  # escapes of controls and lone surrogates, which no name of ours holds
        assert any(not character.isprintable() or character in '\\"' for character in name + question)
        return
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,512}", cursor)
    assert open_cursor(cursor, question=question, key=KEY, now=NOW) == [name, pk]


@pytest.mark.parametrize("name", ["界" * 80, "𝔘" * 80, '"' * 80, ""])
def test_the_longest_names_fit(name: str) -> None:
    assert len(seal_cursor([name, 2**63 - 1], question="q", key=KEY, now=NOW)) <= 512


def test_every_other_question_key_and_time_is_refused() -> None:
    cursor = seal_cursor(["par", 7], question="q", key=KEY, now=NOW)
    last = NOW + timedelta(seconds=3599)
    assert open_cursor(cursor, question="q", key=KEY, now=last) == ["par", 7]
    for other in (
        {"question": "p", "key": KEY, "now": NOW},
        {"question": "q", "key": b"other", "now": NOW},
        {"question": "q", "key": KEY, "now": NOW + timedelta(hours=1)},
    ):
        with pytest.raises(CursorRefused):
            open_cursor(cursor, **other)  # type: ignore[arg-type]


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=+/ é", max_size=100))
def test_rubbish_is_refused_and_never_crashes(rubbish: str) -> None:
    with pytest.raises(CursorRefused):
        open_cursor(rubbish, question="q", key=KEY, now=NOW)


def test_a_changed_letter_is_noticed_anywhere() -> None:
    cursor = seal_cursor(["par", 7], question="q", key=KEY, now=NOW)
    for at, letter in enumerate(cursor):
        changed = cursor[:at] + ("A" if letter != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(CursorRefused):
            open_cursor(changed, question="q", key=KEY, now=NOW)


def test_a_cursor_has_one_spelling() -> None:
    """The last letter may hold bits that carry nothing."""
    letters = string.ascii_letters + string.digits + "-_"
    for name in ("p", "pa", "par"):
        cursor = seal_cursor([name], question="q", key=KEY, now=NOW)
        for letter in letters.replace(cursor[-1], ""):
            with pytest.raises(CursorRefused):
                open_cursor(cursor[:-1] + letter, question="q", key=KEY, now=NOW)
        with pytest.raises(CursorRefused):
            open_cursor(cursor + "=" * (-len(cursor) % 4 or 4), question="q", key=KEY, now=NOW)
