"""Pairing code and safety number: protocol §1."""

from __future__ import annotations

import hashlib
import html
import ipaddress
import quopri
import re
import struct
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from uuid import UUID

FORMAT = 1
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I L O U
SALT = b"ewx-pair-1"
MARK = re.compile(r"EWX([1-9]\d{0,2}):|:EWX", re.IGNORECASE | re.ASCII)
TAG = re.compile(r"<[^<>]*>")
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u034f\u180e\u200b\u200c\u200d\u2060\ufeff"))  # soft hyphen, zero width…
TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")
HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([1-9]\d{0,4}))?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
DEFAULT_PORTS = {"http": 80, "https": 443}
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PRIME = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME


class Refused(Exception):
    """`reason` is one of the refusals of §1."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Code:
    """What one side mails the other; `expiry` in unix seconds."""

    connection: UUID
    public_key: bytes
    origin: str
    tenant: str
    name: str
    expiry: int


def encode(code: Code) -> str:
    """The text between the markers in groups of five."""
    return as_text(_pack(code))


def as_text(raw: bytes) -> str:
    """Base32 of a whole number of five-byte blocks, between the marks."""
    value = int.from_bytes(raw, "big")
    count = len(raw) * 8 // 5
    symbols = "".join(ALPHABET[value >> 5 * (count - 1 - at) & 31] for at in range(count))
    return f"EWX1:{' '.join(symbols[at : at + 5] for at in range(0, count, 5))}:EWX"


def _pack(code: Code) -> bytes:
    texts = [text.encode() for text in (code.origin, code.tenant, code.name)]
    tail = b"".join(bytes([len(text)]) + text for text in texts)
    fixed = struct.pack(">I", code.expiry) + code.connection.bytes + code.public_key
    return sealed(FORMAT, fixed + tail)


def sealed(number: int, content: bytes) -> bytes:
    """Any content with format, length, checksum and padding, the same in every format."""
    hashed = struct.pack(">BH", number, 1 + 2 + len(content) + 5) + content
    raw = hashed + hashlib.sha256(SALT + hashed).digest()[:5]
    return raw + bytes(-len(raw) % 5)


def decode(
    text: str,
    now: float,
    own: Collection[object] = (),
    in_use: Collection[object] = (),
    allowed: Collection[str] | None = None,
) -> Code:
    """The code in a pasted text. `own` and `in_use` hold connection ids (UUID) and public keys (bytes), `allowed` the
    origins that need not be HTTPS on port 443; None lets all pass, which is for one's own machine."""
    first: Refused | None = None
    for transform in (_as_it_is, _quoted_printable, _without_html, lambda mail: _without_html(_quoted_printable(mail))):
        try:
            code = _whole(*_find(transform(text)), allowed)
            _judge(code, now, own, in_use)
        except Refused as refusal:  # the refusal of the first transformation that found a code (§9)
            if first is None or first.reason == "not-a-code":
                first = refusal
        else:
            return code
    raise first or Refused("not-a-code")


def _as_it_is(text: str) -> str:
    return text


def _quoted_printable(text: str) -> str:
    return quopri.decodestring(text.encode()).decode(errors="replace")


def _without_html(text: str) -> str:
    return html.unescape(TAG.sub("", text))


def _find(text: str) -> tuple[int, int, bytes]:
    """The format that the mark names, how many symbols follow, and their bytes, filled up with zero bits."""
    text = text.translate(INVISIBLE)
    begun, complete, start = False, set(), None
    for mark in MARK.finditer(text):
        if mark[1]:
            begun, start = True, mark  # the one nearest to the end counts
        elif start:
            complete.add((int(start[1]), _symbols(text[start.end() : mark.start()])))
            start = None
    if len(complete) > 1 or not begun:
        raise Refused("not-a-code")
    if not complete:
        raise Refused("incomplete")
    ((number, symbols),) = complete
    if any(symbol not in ALPHABET for symbol in symbols):
        raise Refused("changed")
    value = 0
    for symbol in symbols:
        value = value << 5 | ALPHABET.index(symbol)
    missing = -len(symbols) % 8
    return number, len(symbols), (value << 5 * missing).to_bytes((len(symbols) + missing) * 5 // 8, "big")


def _symbols(body: str) -> str:
    kept = "".join(mark for mark in unicodedata.normalize("NFKC", body).upper() if mark.isalnum())
    return kept.translate(str.maketrans("OIL", "011"))


def _whole(number: int, symbols: int, raw: bytes, allowed: Collection[str] | None) -> Code:
    """The code behind a checksum that holds, all of its fields well-formed."""
    length = int.from_bytes(raw[1:3], "big")
    whole = (length + -length % 5) * 8 // 5
    if symbols < max(whole, 16):
        raise Refused("incomplete")
    hashed, checksum = raw[: length - 5], raw[length - 5 : length]
    if symbols > whole or hashlib.sha256(SALT + hashed).digest()[:5] != checksum:
        raise Refused("changed")
    if raw[0] != FORMAT:
        raise Refused("newer")
    code = _unpack(hashed)
    if number != FORMAT or _pack(code) != raw:
        raise Refused("not-a-code")
    if not good_key(code.public_key):
        raise Refused("bad-key")
    standard = re.fullmatch(r"https://(\[.*\]|[^:]*)", code.origin) or allowed is None or code.origin in allowed
    if not (standard and good_origin(code.origin) and TENANT.fullmatch(code.tenant) and _good_name(code)):
        raise Refused("not-a-code")
    return code


def _judge(code: Code, now: float, own: Collection[object], in_use: Collection[object]) -> None:
    if code.connection in own or code.public_key in own:
        raise Refused("own")
    if code.connection in in_use or code.public_key in in_use:
        raise Refused("in-use")
    if now >= code.expiry:
        raise Refused("expired")


def _unpack(hashed: bytes) -> Code:
    try:
        expiry, connection, key = struct.unpack_from(">I16s32s", hashed, 3)
        texts: list[str] = []
        at = 55
        while len(texts) < 3:
            end = at + 1 + hashed[at]
            texts.append(hashed[at + 1 : end].decode())
            at = end
        origin, tenant, name = texts
        return Code(UUID(bytes=connection), key, origin, tenant, name, expiry)
    except (struct.error, IndexError, UnicodeDecodeError) as broken:
        raise Refused("not-a-code") from broken


def good_origin(origin: str) -> bool:
    """In the one spelling of §1. Whether plain HTTP or another port is allowed, the transport decides."""
    if not (match := ORIGIN.fullmatch(origin)):
        return False
    scheme, host, port = match.groups()
    if port and (int(port) > 65535 or int(port) == DEFAULT_PORTS[scheme]):
        return False
    try:
        if host.startswith("["):
            address = ipaddress.IPv6Address(host[1:-1])
            return f"[{address.compressed}]" == host and address.ipv4_mapped is None
        if NUMBER.fullmatch(host.rpartition(".")[2]):  # browsers and resolvers read it as an address
            return str(ipaddress.IPv4Address(host)) == host
        return bool(HOST.fullmatch(host))
    except ValueError:
        return False


def _good_name(code: Code) -> bool:
    name = code.name
    calm = not any(unicodedata.category(mark) in ("Cc", "Zl", "Zp") or mark in BIDI for mark in name)
    return calm and 1 <= len(name.encode()) <= 80 and unicodedata.normalize("NFC", name) == name


def good_key(key: bytes) -> bool:
    """A canonical encoding of a point of Ed25519 that is not of small order (RFC 8032 §5.1.3)."""
    if len(key) != 32:
        return False
    encoded = int.from_bytes(key, "little")
    y, sign = encoded & (1 << 255) - 1, encoded >> 255
    if y >= PRIME:
        return False
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if root * root % PRIME != square or (root == 0 and sign):
        return False
    for _doubling in range(3):  # eight times a point of small order is the neutral element (0, 1)
        product = CURVE_D * root * root * y * y % PRIME
        root, y = (
            2 * root * y * pow(1 + product, -1, PRIME) % PRIME,
            (y * y + root * root) * pow(1 - product, -1, PRIME) % PRIME,
        )
    return (root, y) != (0, 1)


def safety_number(one: Code, other: Code) -> str:
    """Thirty digits in six groups, the same on both screens whoever is first."""
    digits = "".join(sorted([_half(one), _half(other)]))
    return " ".join(digits[at : at + 5] for at in range(0, 30, 5))


@cache
def _half(code: Code) -> str:
    parts = [code.origin.encode(), code.tenant.encode(), code.connection.bytes, code.public_key]
    secret = b"".join(bytes([len(part)]) + part for part in parts)
    key = hashlib.scrypt(secret, salt=b"ewx-safety-1", n=2**15, r=8, p=1, dklen=8, maxmem=2**26)
    return f"{int.from_bytes(key, 'big') % 10**15:015d}"
