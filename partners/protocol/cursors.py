"""Cursors of the catalogue and of order lists (protocol §4): opaque, bound to their question, good for an hour."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from partners.protocol.errors import ProtocolError

GOOD_FOR_SECONDS = 3600
_MAC_BYTES = 16
_MAX_CONTENT_BYTES = 512 * 3 // 4 - _MAC_BYTES  # what 512 characters of base64 carry


class CursorRefused(ProtocolError):
    """Not ours, too old, or of another question: answer 422 `cursor`."""


def seal_cursor(place: Sequence[str | int], *, question: str, key: bytes, now: datetime) -> str:
    """`place`, where the next page begins after, as `[A-Za-z0-9_-]{1,512}`.

    `question` is everything that the place depends on. Raises ValueError where the place is too long.
    """
    content = json.dumps([int(now.timestamp()) + GOOD_FOR_SECONDS, *place], ensure_ascii=False).encode()
    if len(content) > _MAX_CONTENT_BYTES:
        raise ValueError("a place that no cursor can carry")
    return _spelt(_mac(content, question, key) + content)


def open_cursor(cursor: str, *, question: str, key: bytes, now: datetime) -> list[str | int]:
    """The place that was sealed for this question; raises CursorRefused."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise CursorRefused("not ours") from error
    if _spelt(sealed) != cursor:
        raise CursorRefused("not spelt as we do")
    mac, content = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(content, question, key)):
        raise CursorRefused("not ours, or of another question")
    expires, *place = json.loads(content)
    if now.timestamp() >= expires:
        raise CursorRefused("too old")
    return list(place)


def _spelt(sealed: bytes) -> str:
    """The one spelling: unused bits of the last letter could hold anything."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _mac(content: bytes, question: str, key: bytes) -> bytes:
    asked = hashlib.sha256(question.encode()).digest()
    return hmac.digest(key, b"ewx-cursor" + asked + content, "sha256")[:_MAC_BYTES]
