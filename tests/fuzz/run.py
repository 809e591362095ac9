"""One target under atheris: `python -m tests.fuzz.run TARGET [libFuzzer's options] FOLDER …`.

Started by `./dev fuzz`. The protocol library is instrumented while it is imported, hence before the targets.
"""

import sys

import atheris

with atheris.instrument_imports(include=["partners.protocol", "eventworx.money", "eventworx.periods"]):
    from tests.fuzz import documents, targets

name, *arguments = sys.argv[1:]
chosen = targets.TARGETS[name]


def judged(data: bytes) -> None:
    targets.judge(chosen, data)


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Every other time a document is changed as a document."""
    changed = documents.mutated(data, seed) if seed % 2 else None
    return changed[:max_size] if changed is not None else atheris.Mutate(data, max_size)


custom = {"custom_mutator": mutate} if name in documents.TARGETS else {}
atheris.Setup([sys.argv[0], *arguments], judged, **custom)
atheris.Fuzz()
