"""Secrets whose every spelling is sought in what leaves the process."""

from __future__ import annotations

import base64
import pprint
from collections.abc import Iterable, Iterator
from typing import Any


def spellings(secret: bytes) -> list[str]:
    """How a secret may look in a text: as Python shows it, in hex, in both alphabets of base64, as numbers."""
    encoded = base64.b64encode(secret).decode().rstrip("=")
    listed = ", ".join(map(str, secret))
    return [
        repr(secret)[2:-1],
        secret.hex(),
        secret.hex().upper(),
        encoded,
        encoded.translate({43: 45, 47: 95}),
        listed,
    ]


def leaks(text: str, secrets: Iterable[bytes]) -> list[str]:
    """The spellings of secrets that stand in `text`."""
    return [spelling for secret in secrets for spelling in spellings(secret) if spelling in text]


def shown(thing: Any) -> Iterator[str]:
    """Every way in which Python, a log or a debugger makes text of a thing."""
    yield from (repr(thing), str(thing), f"{thing}", "%s %r" % (thing, thing), ascii(thing), pprint.pformat(thing))  # noqa: UP031
    if hasattr(thing, "__dict__"):
        yield pprint.pformat(vars(thing))
    # Whoever asks a master key for its secret gets it.
    for name in set(getattr(type(thing), "__slots__", ())) - {"secret"}:
        yield pprint.pformat(getattr(thing, name, None))
