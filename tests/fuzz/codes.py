"""Fuzz targets around the partner code: codes, mails, names, origins, versions, cursors (protocol §1, §4, §8).

Each target takes bytes and raises AssertionError where a promise is broken; every other exception is a finding too.
"""

import html
import ipaddress
import quopri
import socket
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from partners.protocol.cursors import CursorRefused, open_cursor, seal_cursor
from partners.protocol.keys import KeyPair
from partners.protocol.origins import is_canonical, is_standard
from partners.protocol.pairing_code import (
    CodeRefused,
    PairingCode,
    Refusal,
    as_display_name,
    decode,
    encode,
    is_display_name,
)
from partners.protocol.versions import NoCommonVersion, Version
from tests.partners.protocol.armour import armoured, sealed, symbols_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CODES = [
    PairingCode(
        connection_id=UUID(int=number << 64 | 0x4000_0000_0000_8000),
        public_key=KeyPair.from_raw(bytes([number]) * 32).public,
        origin=origin,
        tenant_id=tenant,
        display_name=name,
        expires_at=datetime(2030, 1, number, tzinfo=UTC),
    )
    for number, (origin, tenant, name) in enumerate(
        [
            ("https://ewx.bassline.example", "bassline", "Bassline Rental Köln"),
            ("https://[2001:db8::1]:8443", "a", "株式会社"),
        ],
        start=1,
    )
]
TEXTS = [encode(code) for code in CODES]


def read(text: str) -> PairingCode | None:
    """The code of a text, None where it is refused as it should be."""
    try:
        return decode(text, now=NOW, is_own=_nobody, is_in_use=_nobody, allow_origin=lambda _origin: True)
    except CodeRefused as refused:
        _check_reason(refused)
        return None


def _check_reason(refused: CodeRefused) -> None:
    assert refused.refusal in Refusal
    assert (refused.expired_at is not None) is (refused.refusal is Refusal.EXPIRED)


def _nobody(_code: PairingCode) -> bool:
    return False


def pairing_text(data: bytes) -> None:
    """Any text at all. Whatever is read was issued: nothing else carries its checksum."""
    code = read(_text(data))
    assert code is None or code in CODES


def pairing_sealed(data: bytes) -> None:
    """Any bytes behind a checksum that holds: what is read has no second spelling."""
    body = data[1:]
    if data[:1] >= b"\x80":  # else the stated length is what the bytes say
        body = body[:1] + (len(body) + 5).to_bytes(2, "big") + body[3:]
    text = armoured(sealed(body))
    code = read(text)
    if code is not None:
        assert symbols_of(encode(code)) == symbols_of(text)
        assert read(encode(code)) == code


def quoted_mail(data: bytes) -> None:
    """A mail with a code through whatever the bytes say: it is that code or none, never one that was not sent."""
    text = f"Guten Tag,\n\nunser Partner-Code:\n\n{TEXTS[0]}\n\nViele Grüße – Bassline <post@bassline.example>\n"
    steps = memoryview(data)
    while steps and len(text) < 20_000:
        text, steps = _damaged(text, steps)
    assert read(text) in (CODES[0], *([CODES[1]] if _another_came_along(data) else []), None)


def _another_came_along(data: bytes) -> bool:
    return _WHOLE.index(_with_another) in data


def _damaged(text: str, steps: memoryview) -> tuple[str, memoryview]:
    """One step: a byte names the damage; for cutting and pasting the next three say where and how much."""
    kind = steps[0]
    if kind < len(_WHOLE):
        return _WHOLE[kind](text), steps[1:]
    at = int.from_bytes(steps[1:3], "big") % (len(text) + 1)
    length = steps[3] if len(steps) > 3 else 1
    piece = bytes(steps[4 : 4 + length]).decode("utf-8", "surrogateescape")
    if kind % 3 == 0:
        return text[:at] + text[at + length :], steps[4:]
    if kind % 3 == 1:
        return text[:at] + piece + text[at:], steps[4 + length :]
    return text[:at] + piece + text[at + len(piece) :], steps[4 + length :]


def _prefixed(prefix: str) -> Callable[[str], str]:
    return lambda text: textwrap.indent(text, prefix, lambda _line: True)


def _with_another(text: str) -> str:
    return text + "\n" + TEXTS[1]


_WHOLE: list[Callable[[str], str]] = [
    _prefixed("> "),
    _prefixed("| "),
    str.lower,
    str.swapcase,
    lambda text: quopri.encodestring(text.encode("utf-8", "replace")).decode(),
    html.escape,
    lambda text: "<p>" + text.replace("\n", "<br>\n") + "</p>",
    lambda text: text.replace(" ", "&nbsp;"),
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: "\u00ad".join(text),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "\n".join(textwrap.wrap(text, 40)),
    lambda text: text + "\n" + text,
    _with_another,
    lambda text: text.encode("utf-8", "replace").decode("latin-1"),
    lambda text: text.replace("0", "O").replace("1", "l"),
]


def origin(data: bytes) -> None:
    """What is canonical is read by everybody else as the same host and port."""
    written = _text(data)
    if not is_canonical(written):
        return
    parts = urlsplit(written)
    assert f"{parts.scheme}://{parts.netloc}" == written == written.lower()
    assert is_standard(written) is (parts.scheme == "https" and parts.port is None)
    host = parts.hostname or ""
    if "[" in written:
        assert parts.netloc.startswith(f"[{ipaddress.IPv6Address(host)}]")
    elif _is_number(host):
        assert str(ipaddress.IPv4Address(host)) == host


def _is_number(host: str) -> bool:
    """Whether a resolver would read the host as an address: 127.1, 0x7f.1 and 2130706433 are."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def display_name(data: bytes) -> None:
    """A company's name, whatever it is made of, becomes one that codes carry, and stays that."""
    name = as_display_name(_text(data))
    assert name == "" or is_display_name(name)
    assert as_display_name(name) == name


def version(data: bytes) -> None:
    text = _text(data)
    try:
        found = Version.parse(text)
    except NoCommonVersion:
        return
    assert str(found) == text


CURSORS = {
    seal_cursor(place, question="q", key=b"key", now=NOW): list(place)
    for place in (["par", 7], ["", 0], ["Ähre 界", 2**63 - 1])
}


def cursor(data: bytes) -> None:
    """What opens is what was sealed, letter by letter."""
    text = _text(data)
    try:
        place = open_cursor(text, question="q", key=b"key", now=NOW)
    except CursorRefused:
        return
    assert CURSORS[text] == place


def _text(data: bytes) -> str:
    """The bytes as text; what is no UTF-8 becomes a lone surrogate."""
    return data.decode("utf-8", "surrogateescape")
