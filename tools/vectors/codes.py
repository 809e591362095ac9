"""Partner codes, taken and refused, and safety numbers (protocol §1)."""

import hashlib
import quopri
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import PairingCode, encode
from partners.protocol.safety_number import Side, safety_number
from partners.protocol.wire import Json
from tools.vectors.cast import (
    AURORA,
    AURORAS_ID,
    AURORAS_ORIGIN,
    BASSLINE,
    BASSLINES_ID,
    BASSLINES_ORIGIN,
    NEUTRAL,
    NOW,
    instant,
)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE = PairingCode(
    connection_id=BASSLINES_ID,
    public_key=BASSLINE.public,
    origin=BASSLINES_ORIGIN,
    tenant_id="bassline",
    display_name="Bassline Rental K\u00f6ln",
    expires_at=NOW + timedelta(days=14),
)
_TEXT = encode(_CODE)
_MAIL = f"Hallo,\n\nunser Partner-Code:\n\n{_TEXT}\n\nGr\u00fc\u00dfe\nBassline <post@bassline.example>\n"


def pairing_codes() -> Json:
    other_origin = replace(_CODE, origin="https://[2001:db8::1]:8443")
    least = replace(_CODE, tenant_id="b", display_name="B", origin="https://b")
    longest = replace(
        _CODE, tenant_id="t" * 64, display_name="n" * 80, origin="https://" + ".".join(["a" * 61] * 3 + ["b" * 61])
    )
    taken = [
        *(_taken(about, text, _CODE) for about, text in _READABLE.items()),
        _taken("another port, where the operator allows this origin", encode(other_origin), other_origin),
        _taken("all texts as short as they may be", encode(least), least),
        _taken("all texts as long as they may be", encode(longest), longest),
    ]
    refused = [{"about": about, "text": text, "refusal": why, **known} for about, text, why, known in _refused()]
    return {"now": instant(NOW), "allowed_origins": [other_origin.origin], "taken": [*taken], "refused": [*refused]}


def _taken(about: str, text: str, code: PairingCode) -> dict[str, Json]:
    return {
        "about": about,
        "text": text,
        "code": {
            "connection_id": str(code.connection_id),
            "public_key": code.public_key.hex(),
            "origin": code.origin,
            "tenant_id": code.tenant_id,
            "display_name": code.display_name,
            "expires_at": instant(code.expires_at),
        },
    }


_READABLE = {
    "as it is written": _TEXT,
    "a whole mail": _MAIL,
    "lower case": _TEXT.lower(),
    "without blanks": "".join(_TEXT.split()),
    "O for 0, I and l for 1": "EWX1:" + _TEXT[5:].replace("0", "O").replace("1", "l", 3).replace("1", "I"),
    "quoted": "".join(f"> {line}\r\n" for line in _MAIL.splitlines()),
    "non-breaking spaces": _TEXT.replace(" ", "\u00a0"),
    "soft hyphens": "\u00ad".join(_TEXT),
    "quoted-printable": quopri.encodestring(_MAIL.encode()).decode("ascii"),
    "HTML": "<p>" + _TEXT.replace(" ", "&nbsp;").replace("\n", "<br>\n") + "</p>",
    "HTML in quoted-printable": quopri.encodestring(f"<p>{_TEXT}</p>".replace(" ", "&nbsp;").encode()).decode("ascii"),
    "twice the same": _TEXT + "\n" + _TEXT.lower(),
}


def _refused() -> list[tuple[str, str, str, dict[str, Json]]]:
    symbols = "".join(_TEXT[5:-4].split())
    known: dict[str, Json] = {"issued": True, "entered": True}
    damage: list[tuple[str, str, str, dict[str, Json]]] = [
        ("no code at all", "Hallo!", "not-a-code", {}),
        ("the end mark is missing", _TEXT.removesuffix(":EWX"), "incomplete", {}),
        ("a symbol is missing", f"EWX1:{symbols[:-1]}:EWX", "incomplete", {}),
        ("a symbol too many", f"EWX1:{symbols}0:EWX", "changed", {}),
        ("a symbol replaced", f"EWX1:{symbols[:40]}{_next(symbols[40])}{symbols[41:]}:EWX", "changed", {}),
        ("a U", f"EWX1:{symbols[:40]}U{symbols[41:]}:EWX", "changed", {}),
        ("two different codes", _TEXT + "\n" + encode(replace(_CODE, tenant_id="other")), "not-a-code", {}),
        ("issued here, entered here and expired", _TEXT_EXPIRED, "own", known),
        ("entered here and expired", _TEXT_EXPIRED, "in-use", {"entered": True}),
        ("expired this very second", _TEXT_EXPIRED, "expired", {"expired_at": instant(NOW)}),
    ]
    return [*damage, *((about, _armoured(data, start), why, {}) for about, data, why, start in _malformed())]


_TEXT_EXPIRED = encode(replace(_CODE, expires_at=NOW))


def _malformed() -> list[tuple[str, bytes, str, str]]:
    """Bytes under a checksum that holds, except in the first line."""
    plain = _sealed()
    return [
        ("another checksum", plain[:-1] + bytes([plain[-1] ^ 1]), "changed", "EWX1:"),
        ("format 2", _sealed(version=2), "newer", "EWX2:"),
        ("format 2 behind the mark of format 1", _sealed(version=2), "newer", "EWX1:"),
        ("format 1 behind the mark of format 2", plain, "not-a-code", "EWX2:"),
        ("a set bit in the padding", plain + bytes(-len(plain) % 5 - 1) + b"\x01", "not-a-code", "EWX1:"),
        ("bytes behind the name", _sealed(extra=b"x"), "not-a-code", "EWX1:"),
        ("an empty tenant id", _sealed(tenant=b""), "not-a-code", "EWX1:"),
        ("a tenant id with a slash", _sealed(tenant=b"../x"), "not-a-code", "EWX1:"),
        ("an empty name", _sealed(name=b""), "not-a-code", "EWX1:"),
        ("a name that is not NFC", _sealed(name=b"Ko\xcc\x88ln"), "not-a-code", "EWX1:"),
        ("a name with a direction mark", _sealed(name="a\u202eb".encode()), "not-a-code", "EWX1:"),
        ("a name that is no UTF-8", _sealed(name=b"\xff"), "not-a-code", "EWX1:"),
        ("upper case in the origin", _sealed(origin=b"https://Ewx.example"), "not-a-code", "EWX1:"),
        ("a path in the origin", _sealed(origin=b"https://ewx.example/"), "not-a-code", "EWX1:"),
        ("the default port", _sealed(origin=b"https://ewx.example:443"), "not-a-code", "EWX1:"),
        ("a number as host", _sealed(origin=b"https://2130706433"), "not-a-code", "EWX1:"),
        ("plain HTTP that nobody allowed", _sealed(origin=b"http://ewx.example"), "not-a-code", "EWX1:"),
        ("a key of small order", _sealed(key=NEUTRAL), "bad-key", "EWX1:"),
        ("a key that is no point", _sealed(key=b"\x02" + bytes(31)), "bad-key", "EWX1:"),
        ("a bad key is said before a bad origin", _sealed(key=NEUTRAL, origin=b"x"), "bad-key", "EWX1:"),
    ]


def _sealed(
    *,
    version: int = 1,
    key: bytes = _CODE.public_key,
    origin: bytes = _CODE.origin.encode(),
    tenant: bytes = b"bassline",
    name: bytes = b"Bassline R",
    extra: bytes = b"",
) -> bytes:
    texts = b"".join(bytes([len(text)]) + text for text in (origin, tenant, name))
    rest = int(_CODE.expires_at.timestamp()).to_bytes(4, "big") + _CODE.connection_id.bytes + key + texts + extra
    body = bytes([version]) + (3 + len(rest) + 5).to_bytes(2, "big") + rest
    return body + hashlib.sha256(b"ewx-pair-1" + body).digest()[:5]


def _armoured(data: bytes, start: str) -> str:
    padded = data + bytes(-len(data) % 5)
    number, count = int.from_bytes(padded, "big"), len(padded) * 8 // 5
    return start + "".join(_ALPHABET[number >> 5 * (count - at - 1) & 31] for at in range(count)) + ":EWX"


def _next(symbol: str) -> str:
    return _ALPHABET[(_ALPHABET.index(symbol) + 1) % 32]


def safety_numbers() -> Json:
    aurora = Side(origin=AURORAS_ORIGIN, tenant_id="aurora", connection_id=AURORAS_ID, pairing_key=AURORA.public)
    bassline = Side(
        origin=BASSLINES_ORIGIN, tenant_id="bassline", connection_id=BASSLINES_ID, pairing_key=BASSLINE.public
    )
    odd = Side(
        origin="https://[2001:db8::1]:8443",
        tenant_id="T" * 64,
        connection_id=UUID(int=0),
        pairing_key=KeyPair.from_raw(bytes(32)).public,
    )
    pairs = [(aurora, bassline), (bassline, aurora), (aurora, odd), (odd, odd)]
    return [{"sides": [_side(one), _side(other)], "safety_number": safety_number(one, other)} for one, other in pairs]


def _side(side: Side) -> Json:
    return {
        "origin": side.origin,
        "tenant_id": side.tenant_id,
        "connection_id": str(side.connection_id),
        "pairing_key": side.pairing_key.hex(),
    }
