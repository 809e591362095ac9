"""All fuzz targets by name, and what makes a finding of an input that merely takes too long."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.fuzz import codes, documents, messages

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 2.0  # of processor time; what a parser reads in the worst case takes a tenth, instrumented

Target = Callable[[bytes], None]
TARGETS: Mapping[str, Target] = {
    "pairing_text": codes.pairing_text,
    "pairing_sealed": codes.pairing_sealed,
    "quoted_mail": codes.quoted_mail,
    "origin": codes.origin,
    "display_name": codes.display_name,
    "version": codes.version,
    "cursor": codes.cursor,
    "request": messages.request,
    "self_signed": messages.self_signed,
    "answer": messages.answer,
    **documents.TARGETS,
}


def judge(target: Target, data: bytes) -> None:
    """Run one input; raises whatever the target raises, and AssertionError where it took too long."""
    began = time.thread_time()
    target(data)
    taken = time.thread_time() - began
    assert taken < SECONDS, f"{taken:.1f} s for {len(data)} bytes"
