"""Texts as they are kept, whatever was pasted: what is typed, read from a list or comes back from an export is one."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from eventworx.text import ODD_BLANKS, blanks_between, is_readable, one_line, several_lines, without_unreadable

TEXTS = st.text(st.one_of(st.sampled_from(" \t\r\n\x0b\x07\x85\xa0\u2028\ufffeab"), st.characters()), max_size=12)
READABLE = TEXTS.map(without_unreadable)


@given(READABLE)
def test_one_line_is_what_the_database_looks_for(text: str) -> None:
    """`ODD_BLANKS` finds what it would change, `blanks_between` all that it makes the same."""
    kept = one_line(text)
    assert one_line(kept) == kept
    assert bool(re.search(ODD_BLANKS, text)) == (kept != text)
    assert re.search(blanks_between(kept), text)


@given(READABLE)
def test_several_lines_keep_lines_and_tabs_and_no_other_control(text: str) -> None:
    kept = several_lines(text)
    assert several_lines(kept) == kept
    assert {sign for sign in kept if unicodedata.category(sign) == "Cc"} <= {"\n", "\t"}
    assert one_line(kept) == one_line(text)


@given(TEXTS)
def test_what_no_database_keeps_is_known_and_marked(text: str) -> None:
    assert is_readable(text) == (without_unreadable(text) == text)
    assert is_readable(without_unreadable(text))
    assert [is_readable(text + sign) for sign in "\x00\ud800"] == [False, False]
