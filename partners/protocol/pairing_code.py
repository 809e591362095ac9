"""The partner code that two admins mail each other (protocol §1, mission P3 and P4).

`encode` gives the text for the mail. `decode` takes whatever a person pastes - the bare code or
the whole mail, quoted, wrapped, as HTML - and either gives exactly what was encoded or refuses.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from partners.protocol import origins
from partners.protocol.errors import ProtocolError
from partners.protocol.keys import KEY_BYTES, BadKey, check_public_key
from partners.protocol.mail_text import readings
from partners.protocol.text import has_pile_of_marks

FORMAT = 1
MAX_TEXT = 256 * 1024  # characters of a pasted mail
MAX_BETWEEN_MARKERS = 16 * 1024  # characters; a code has at most 744 symbols
MAX_DISPLAY_NAME = 80  # bytes
LINE_LENGTH = 69  # below what mail programs wrap

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS = frozenset(_ALPHABET)
_AS_PYTHON = str.maketrans(_ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")
_ALIKE = str.maketrans("OIL", "011")
_NO_SYMBOL = re.compile(r"[\W_]+")  # neither letter nor digit of any script
_CHECKSUM_BYTES = 5
_HEAD_BYTES = 3
_TENANT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# A code begins with the symbol 0, so `EWX` behind a start marker means that its own `EWX1` ends a code.
_MARKER = re.compile(r"EWX(?P<format>[1-9][0-9]{0,2}):(?!EWX)|(?P<end>:EWX)(?![0-9]+:)", re.IGNORECASE)
_INVISIBLE = dict.fromkeys(
    map(ord, ["\u00ad", "\u034f", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", *_BIDI])
)


class Refusal(StrEnum):
    """Why a text is no code that we take, in the words of the protocol."""

    INCOMPLETE = "incomplete"
    CHANGED = "changed"
    NEWER = "newer"
    NOT_A_CODE = "not-a-code"
    BAD_KEY = "bad-key"
    OWN = "own"
    IN_USE = "in-use"
    EXPIRED = "expired"


class CodeRefused(ProtocolError):
    """The text holds no code that may be entered; `expired_at` is set where it is `expired`."""

    def __init__(self, refusal: Refusal, expired_at: datetime | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.expired_at = expired_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCode:
    """What one side tells the other. `expires_at` is aware; a code carries whole seconds."""

    connection_id: UUID
    public_key: bytes
    origin: str
    tenant_id: str
    display_name: str
    expires_at: datetime


class _Found(NamedTuple):
    """What stands between two markers: the number of the start marker and the cleaned symbols."""

    format: int
    symbols: str


Judge = Callable[[PairingCode], bool]


def encode(code: PairingCode) -> str:
    """The text of `code`: `EWX1:`, base32 in groups of five, `:EWX`, on lines of at most 69 characters.

    Raises ValueError for a code that no receiver would take.
    """
    if not _is_wellformed(code) or not origins.is_canonical(code.origin):
        raise ValueError("origin, tenant id or display name is malformed")
    symbols = _to_symbols(_to_bytes(code))
    groups = [symbols[at : at + 5] for at in range(0, len(symbols), 5)]
    return _wrapped([f"EWX{FORMAT}:", *groups, ":EWX"])


def decode(
    text: str, *, now: datetime, is_own: Judge, is_in_use: Judge, allow_origin: Callable[[str], bool]
) -> PairingCode:
    """The code in a pasted text; raises CodeRefused and nothing else, whatever the text is.

    `is_own`: this installation ever issued the code's connection id or key. `is_in_use`: its id or
    key is entered for another connection. `allow_origin`: the operator's leave for an origin that is
    not HTTPS on port 443; it is asked for no other.
    """
    if len(text) > MAX_TEXT:
        raise CodeRefused(Refusal.NOT_A_CODE)
    first_refusal: CodeRefused | None = None
    for reading in readings(text):
        try:
            code = _read(reading, allow_origin)
            _judge(code, now, is_own, is_in_use)
        except CodeRefused as refused:
            if first_refusal is None or first_refusal.refusal is Refusal.NOT_A_CODE:
                first_refusal = refused  # of the first reading that found a code
        else:
            return code
    raise first_refusal or CodeRefused(Refusal.NOT_A_CODE)


def is_display_name(name: str) -> bool:
    """1-80 bytes of UTF-8, NFC, without control or bidi characters."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    return (
        1 <= length <= MAX_DISPLAY_NAME
        and unicodedata.is_normalized("NFC", name)
        and not any(_is_forbidden(c) for c in name)
    )


def as_display_name(name: str) -> str:
    """A company's name as codes carry it, whatever was pasted with it; '' where nothing is left."""
    spaced = "".join("" if c in _BIDI else " " if _is_forbidden(c) else c for c in name)
    normal = unicodedata.normalize("NFC", " ".join(spaced.split()))
    return normal.encode()[:MAX_DISPLAY_NAME].decode(errors="ignore").strip()


def _is_forbidden(character: str) -> bool:
    return character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _judge(code: PairingCode, now: datetime, is_own: Judge, is_in_use: Judge) -> None:
    if is_own(code):
        raise CodeRefused(Refusal.OWN)
    if is_in_use(code):
        raise CodeRefused(Refusal.IN_USE)
    if now >= code.expires_at:
        raise CodeRefused(Refusal.EXPIRED, code.expires_at)


# From a mail to symbols


def _read(text: str, allow_origin: Callable[[str], bool]) -> PairingCode:
    found = _find(text.translate(_INVISIBLE))
    return _from_bytes(_checked(_from_symbols(found.symbols)), found.format, allow_origin)


def _find(text: str) -> _Found:
    """The one code of the text, cleaned; every complete pair of markers must enclose the same."""
    started: re.Match[str] | None = None
    any_start = False
    pairs: set[_Found] = set()
    for marker in _MARKER.finditer(text):
        if not marker["end"]:
            started, any_start = marker, True
        elif started:
            pairs.add(_Found(int(started["format"]), _cleaned(text[started.end() : marker.start()])))
            started = None
    if len(pairs) == 1:
        return pairs.pop()
    raise CodeRefused(Refusal.INCOMPLETE if any_start and not pairs else Refusal.NOT_A_CODE)


def _cleaned(text: str) -> str:
    if len(text) > MAX_BETWEEN_MARKERS or has_pile_of_marks(text):
        raise CodeRefused(Refusal.CHANGED)
    upper = unicodedata.normalize("NFKC", text).upper()
    return _NO_SYMBOL.sub("", upper).translate(_ALIKE)


# From symbols to bytes


def _to_symbols(data: bytes) -> str:
    """Crockford base32 of a whole number of five-byte blocks."""
    number = int.from_bytes(data, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(len(data) * 8 - 5, -1, -5))


def _from_symbols(symbols: str) -> bytes:
    """The bytes with their padding, as long as they say they are."""
    if not _SYMBOLS.issuperset(symbols):
        raise CodeRefused(Refusal.CHANGED)
    if len(symbols) < 8:
        raise CodeRefused(Refusal.INCOMPLETE)
    blocks = -(-_stated_length(symbols) // 5)
    if len(symbols) < blocks * 8:
        raise CodeRefused(Refusal.INCOMPLETE)
    if len(symbols) > blocks * 8:
        raise CodeRefused(Refusal.CHANGED)
    return _bytes_of(symbols)


def _stated_length(symbols: str) -> int:
    return int.from_bytes(_bytes_of(symbols[:8])[1:_HEAD_BYTES], "big")


def _bytes_of(symbols: str) -> bytes:
    """Of whole blocks of eight symbols, all of our alphabet; in time that grows with their number only."""
    return int(symbols.translate(_AS_PYTHON), 32).to_bytes(len(symbols) * 5 // 8, "big")


def _checked(data: bytes) -> bytes:
    """`data` if its checksum holds and its format is ours."""
    length = int.from_bytes(data[1:_HEAD_BYTES], "big")
    body, checksum = data[: length - _CHECKSUM_BYTES], data[length - _CHECKSUM_BYTES : length]
    if length < _HEAD_BYTES + _CHECKSUM_BYTES or _checksum(body) != checksum:
        raise CodeRefused(Refusal.CHANGED)
    if data[0] != FORMAT:
        raise CodeRefused(Refusal.NEWER)
    return data


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"ewx-pair-1" + body).digest()[:_CHECKSUM_BYTES]


# From bytes to a code


def _to_bytes(code: PairingCode) -> bytes:
    """The canonical bytes with their padding."""
    texts = (code.origin, code.tenant_id, code.display_name)
    tail = b"".join(bytes([len(raw)]) + raw for raw in (text.encode() for text in texts))
    middle = int(code.expires_at.timestamp()).to_bytes(4, "big") + code.connection_id.bytes + code.public_key
    length = _HEAD_BYTES + len(middle) + len(tail) + _CHECKSUM_BYTES
    body = bytes([FORMAT]) + length.to_bytes(2, "big") + middle + tail
    return body + _checksum(body) + bytes(-length % 5)


def _from_bytes(data: bytes, stated_format: int, allow_origin: Callable[[str], bool]) -> PairingCode:
    try:
        code = _parsed(data)
    except (IndexError, ValueError) as error:
        raise CodeRefused(Refusal.NOT_A_CODE) from error
    if stated_format != FORMAT or not _is_wellformed(code) or _to_bytes(code) != data:
        raise CodeRefused(Refusal.NOT_A_CODE)
    try:
        check_public_key(code.public_key)
    except BadKey as error:
        raise CodeRefused(Refusal.BAD_KEY) from error
    if not origins.is_canonical(code.origin):
        raise CodeRefused(Refusal.NOT_A_CODE)
    if not origins.is_standard(code.origin) and not allow_origin(code.origin):
        raise CodeRefused(Refusal.NOT_A_CODE)
    return code


def _parsed(data: bytes) -> PairingCode:
    """The fields, wherever their lengths lead; re-encoding tells whether that was right."""
    expiry, rest = int.from_bytes(data[3:7], "big"), data[23 + KEY_BYTES :]
    texts = []
    for _ in range(3):
        length, rest = rest[0], rest[1:]
        texts.append(rest[:length].decode())
        rest = rest[length:]
    origin, tenant_id, display_name = texts
    return PairingCode(
        connection_id=UUID(bytes=data[7:23]),
        public_key=data[23 : 23 + KEY_BYTES],
        origin=origin,
        tenant_id=tenant_id,
        display_name=display_name,
        expires_at=datetime.fromtimestamp(expiry, UTC),
    )


def _is_wellformed(code: PairingCode) -> bool:
    return bool(_TENANT_ID.fullmatch(code.tenant_id)) and is_display_name(code.display_name)


def _wrapped(words: list[str]) -> str:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > LINE_LENGTH:
            lines.append(word)
        else:
            lines[-1] += " " + word
    return "\n".join(lines)
