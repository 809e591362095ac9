"""Every input that fuzzing ever grew or found, read again without the fuzzer."""

import time

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, judge

PLAIN_INPUTS = [b"", b"\x00", b"{}", b"null", b"[]", b"\xff" * 100]


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_keeps_every_promise(name: str) -> None:
    inputs = [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
    for data in [*PLAIN_INPUTS, *inputs]:
        judge(TARGETS[name], data)


def test_every_folder_belongs_to_a_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)


def test_a_slow_input_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_data: bytes) -> None:
        began = time.thread_time()
        while time.thread_time() - began < 0.05:
            pass

    monkeypatch.setattr("tests.fuzz.targets.SECONDS", 0.01)
    with pytest.raises(AssertionError, match="for 0 bytes"):
        judge(busy, b"")
