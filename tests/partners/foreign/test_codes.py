"""Pairing codes and safety numbers: both implementations write the same text and read it alike, damaged or not."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from partners.protocol import pairing_code
from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import CodeRefused, PairingCode
from partners.protocol.safety_number import Side, safety_number
from tests.foreign import codes

NOW = 1_800_000_000
HOSTS = "ewx.example a.b.example xn--bhne-5qa.example 203.0.113.9 [2001:db8::1] x.co".split()
NAMES = "Aurora|Müller & Söhne GmbH|株式会社|Ünï|X|Technik „Nord“ 24/7|" + "n" * 80
CODES, DAMAGED, SEALED = 300, 1200, 900
ODD_ORIGINS = (
    "https://EWX.example https://ewx.example. https://ewx.example:443 https://ewx.example:8443 https://ewx.example/ "
    "http://ewx.example https://u@ewx.example https://ewx..example https://-a.example https://bühne.example "
    "https://[2001:DB8::1] https://[2001:db8:0::1] https://[::1%25lo] https://1.2.3 https://01.2.3.4 https://1.2.3.999 "
    "https://a_b.example https://ewx.example:0 https://ewx.example:08443 https://ewx.example:99999 https:// "
    "ewx.example https://1.0x7f https://0x7f.1 https://a.123 https://xn--a.example "
    "https://[::1]:443 https://[::ffff:1.2.3.4] https://[::ffff:102:304]"
).split()
ODD_NAMES = "|a\nb|a\u202eb|a\u200fb|e\u0301|\u2028|a\u0085b|\u212b|\x7f| |" + "ü" * 41
WEAK_KEYS = [
    bytes.fromhex(text.ljust(64, "0"))
    for text in (
        "00",
        "01",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "02",
        "07",
        "0" * 62 + "80",
    )
]


def drawn(rng: Random) -> codes.Code:
    tenant = "".join(rng.choices("abcXYZ019_-", k=rng.randrange(1, 65)))
    key = KeyPair.from_raw(rng.randbytes(32)).public
    origin, expiry = "https://" + rng.choice(HOSTS), rng.choice([NOW, NOW + 1, NOW + rng.randrange(10**8)])
    return codes.Code(UUID(bytes=rng.randbytes(16)), key, origin, tenant, rng.choice(NAMES.split("|")), expiry)


def as_ours(code: codes.Code) -> PairingCode:
    return PairingCode(
        connection_id=code.connection,
        public_key=code.public_key,
        origin=code.origin,
        tenant_id=code.tenant,
        display_name=code.name,
        expires_at=datetime.fromtimestamp(code.expiry, UTC),
    )


def read_by_us(text: str) -> PairingCode | str:
    try:
        return pairing_code.decode(
            text,
            now=datetime.fromtimestamp(NOW, UTC),
            is_own=lambda _: False,
            is_in_use=lambda _: False,
            allow_origin=lambda _: True,
        )
    except CodeRefused as refused:
        return refused.refusal.value


def read_by_them(text: str) -> PairingCode | str:
    try:
        return as_ours(codes.decode(text, NOW))
    except codes.Refused as refused:
        return refused.reason


def test_a_thousand_codes():
    rng = Random(1)
    for _ in range(CODES):
        code = drawn(rng)
        text = codes.encode(code)
        assert "".join(pairing_code.encode(as_ours(code)).split()) == "".join(text.split())
        read = read_by_us(text)
        assert read == read_by_them(text) == (as_ours(code) if code.expiry > NOW else "expired")


def test_damaged_codes_are_judged_alike():
    """Where they find no whole code, we may find one still: we read pasted mails in more ways (protocol §9)."""
    rng = Random(2)
    for _ in range(DAMAGED):
        text = codes.encode(drawn(rng))
        for _change in range(rng.randrange(1, 3)):
            text = damaged(rng, text)
        theirs = read_by_them(text)
        assert read_by_us(text) == theirs or theirs in ("not-a-code", "incomplete"), text


def test_what_is_wrong_inside_a_whole_code_is_refused_alike():
    rng, seen = Random(3), set()
    for _ in range(SEALED):
        code = odd(rng, drawn(rng))
        text = codes.as_text(odd_bytes(rng, content(code)))
        read = read_by_us(text)
        assert read == read_by_them(text), (text, code)
        seen.add(read if isinstance(read, str) else "")
    assert seen == {"", "not-a-code", "bad-key", "expired", "newer", "changed"}


def odd(rng: Random, code: codes.Code) -> codes.Code:
    """One field of another kind."""
    wrong: dict[str, object] = rng.choice(
        [
            {},
            {"origin": rng.choice(ODD_ORIGINS)},
            {"origin": rng.choice(ODD_ORIGINS)},
            {"name": rng.choice(ODD_NAMES.split("|"))},
            {"tenant": rng.choice(["", "a b", "ä", "a" * 65, "a.b"])},
            {"public_key": rng.choice([*WEAK_KEYS, rng.randbytes(32)])},
        ]
    )
    return replace(code, **wrong)


def content(code: codes.Code) -> bytes:
    texts = b"".join(
        bytes([len(raw)]) + raw for raw in (text.encode() for text in (code.origin, code.tenant, code.name))
    )
    return code.expiry.to_bytes(4, "big") + code.connection.bytes + code.public_key + texts


def odd_bytes(rng: Random, inside: bytes) -> bytes:
    """The sealed code, now and then of another format, length or padding."""
    cut = inside[: rng.randrange(len(inside))] if rng.random() < 0.1 else inside
    raw = bytearray(codes.sealed(rng.choice([1] * 9 + [2, 0]), cut + rng.randbytes(rng.choice([0] * 9 + [1, 5]))))
    if rng.random() < 0.1:
        raw[-1] ^= rng.choice([1, 2, 128])
    return bytes(raw) + rng.choice([b""] * 9 + [bytes(5)])


def damaged(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    mark = rng.choice("ABCXYZ0189UILOuilo -=<>&;\n\u00a0\u200bé①")
    start, end = text[:at], text[at:]
    return rng.choice(
        [
            start + mark + end[1:],
            start + mark + end,
            start + end[1:],
            start + "\n> " + end,
            start + "=\n" + end,
            start + "<br>\n" + end,
            start + "&nbsp;" + end,
            start,
            end,
            text.lower(),
            f"Dear all,\n{text}\n--\nFay",
            f"{text} and {text}",
            text.replace("EWX1:", rng.choice(["EWX2:", "EWX10:", "EWX:", "ewx1 :"])),
        ]
    )


@pytest.mark.parametrize("seed", range(8))
def test_safety_numbers(seed: int):
    rng = Random(seed)
    one, other = drawn(rng), drawn(rng)
    sides = [
        Side(origin=code.origin, tenant_id=code.tenant, connection_id=code.connection, pairing_key=code.public_key)
        for code in (one, other)
    ]
    assert safety_number(*sides) == codes.safety_number(one, other) == codes.safety_number(other, one)
