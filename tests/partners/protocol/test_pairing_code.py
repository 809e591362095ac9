"""Partner codes: what a mail does to them, and what must never be taken (protocol §1, security rows 3-6)."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import (
    MAX_TEXT,
    CodeRefused,
    PairingCode,
    Refusal,
    decode,
    encode,
    is_display_name,
)
from tests.partners.protocol.armour import armoured, sealed, symbols_of
from tests.partners.protocol.strategies import moderate, pairing_codes

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CODE = PairingCode(
    connection_id=UUID("6f1f4b0e-7a3c-4b5d-9e52-0d6a1c2b3e4f"),
    public_key=KeyPair.from_raw(b"\x2a" * 32).public,
    origin="https://ewx.bassline.example",
    tenant_id="bassline",
    display_name="Bassline Rental Köln",
    expires_at=NOW + timedelta(days=14),
)


def read(text: str, **judges) -> PairingCode:
    def nobody(_: object) -> bool:
        return False

    known = {"now": NOW, "is_own": nobody, "is_in_use": nobody, "allow_origin": nobody}
    return decode(text, **(known | judges))


def refusal_of(text: str, **judges) -> Refusal:
    with pytest.raises(CodeRefused) as caught:
        read(text, **judges)
    return caught.value.refusal


def raw(
    *,
    version: int = 1,
    expiry: int = int(CODE.expires_at.timestamp()),
    key: bytes = CODE.public_key,
    origin: bytes = b"https://ewx.bassline.example",
    tenant: bytes = b"bassline",
    name: bytes = b"Bassline",
    extra: bytes = b"",
) -> bytes:
    tail = b"".join(bytes([len(part)]) + part for part in (origin, tenant, name)) + extra
    middle = expiry.to_bytes(4, "big") + CODE.connection_id.bytes + key
    length = 3 + len(middle) + len(tail) + 5
    return sealed(bytes([version]) + length.to_bytes(2, "big") + middle + tail)


# --- layout ---


def test_the_bytes_are_those_of_the_protocol():
    assert symbols_of(encode(replace(CODE, display_name="Bassline"))) == symbols_of(armoured(raw()))


def test_a_code_is_safe_for_mail():
    text = encode(CODE)
    assert text.isascii()
    assert text.startswith("EWX1:")
    assert text.endswith(":EWX")
    assert max(map(len, text.splitlines())) < 70
    groups = text.partition("EWX1:")[2].partition(":EWX")[0].split()
    assert {len(group) for group in groups[:-1]} == {5}


@given(pairing_codes())
@moderate
def test_what_is_encoded_is_decoded(code: PairingCode):
    assert read(encode(code)) == code


def test_a_longest_code_is_read():
    host = ".".join(["a" * 61] * 3 + ["b" * 61])
    longest = replace(CODE, origin=f"https://{host}", tenant_id="t" * 64, display_name="n" * 80)
    assert len(longest.origin) == 255
    assert read(encode(longest)) == longest


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://Ewx.example"},
        {"origin": "https://ewx.example/"},
        {"tenant_id": "has blank"},
        {"display_name": ""},
        {"display_name": "two\nlines"},
    ],
)
def test_what_nobody_would_take_is_not_encoded(change: dict):
    with pytest.raises(ValueError, match="malformed"):
        encode(replace(CODE, **change))


# --- order of judgement ---


def test_own_comes_before_in_use_comes_before_expired():
    late = {"now": CODE.expires_at}
    text = encode(CODE)
    assert refusal_of(text, is_own=lambda c: c == CODE, is_in_use=lambda c: c == CODE, **late) is Refusal.OWN
    assert refusal_of(text, is_in_use=lambda c: c == CODE, **late) is Refusal.IN_USE
    assert refusal_of(text, **late) is Refusal.EXPIRED


def test_expired_says_since_when():
    assert read(encode(CODE), now=CODE.expires_at - timedelta(seconds=1)) == CODE
    with pytest.raises(CodeRefused) as caught:
        read(encode(CODE), now=CODE.expires_at)
    assert caught.value.expired_at == CODE.expires_at


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", Refusal.NOT_A_CODE),
        ("Dear partner, the code is in the attachment.", Refusal.NOT_A_CODE),
        ("ABCDE FGHJK :EWX", Refusal.NOT_A_CODE),
        (encode(CODE).replace(":EWX", ""), Refusal.INCOMPLETE),
        ("EWX1: :EWX", Refusal.INCOMPLETE),
        ("EWX1: 04 :EWX", Refusal.INCOMPLETE),
        ("EWX1: " + symbols_of(encode(CODE))[:-1] + " :EWX", Refusal.INCOMPLETE),
        ("EWX1: " + symbols_of(encode(CODE))[:-30] + " :EWX", Refusal.INCOMPLETE),
        ("EWX1: " + symbols_of(encode(CODE)) + "0 :EWX", Refusal.CHANGED),
        ("EWX1: " + symbols_of(encode(CODE)) + "00000000 :EWX", Refusal.CHANGED),
        ("EWX1: U" + symbols_of(encode(CODE))[1:] + " :EWX", Refusal.CHANGED),
        ("EWX1: Ä" + symbols_of(encode(CODE))[1:] + " :EWX", Refusal.CHANGED),
        ("EWX1: ٣" + symbols_of(encode(CODE))[1:] + " :EWX", Refusal.CHANGED),
        (armoured(b"\x01\x00\x05ab"), Refusal.CHANGED),
        (armoured(raw()[:-1] + b"\x00"), Refusal.CHANGED),
        (armoured(raw(version=2)), Refusal.NEWER),
        (armoured(raw(version=2), "EWX2:"), Refusal.NEWER),
        (armoured(raw(version=2, key=bytes(32), origin=b"nonsense")), Refusal.NEWER),
        (armoured(raw(), "EWX2:"), Refusal.NOT_A_CODE),
        (armoured(raw(extra=b"x")), Refusal.NOT_A_CODE),
        (armoured(raw(key=b"short")), Refusal.NOT_A_CODE),
        (armoured(raw(name=b"\xff\xfe")), Refusal.NOT_A_CODE),
        (armoured(raw(name=b"")), Refusal.NOT_A_CODE),
        (armoured(raw(name=b"x" * 81)), Refusal.NOT_A_CODE),
        (armoured(raw(name="Ko\u0308ln".encode())), Refusal.NOT_A_CODE),
        (armoured(raw(name="evil\u202egnp".encode())), Refusal.NOT_A_CODE),
        (armoured(raw(name=b"two\nlines")), Refusal.NOT_A_CODE),
        (armoured(raw(tenant=b"")), Refusal.NOT_A_CODE),
        (armoured(raw(tenant=b"../etc")), Refusal.NOT_A_CODE),
        (armoured(raw(tenant=b"t" * 65)), Refusal.NOT_A_CODE),
        (armoured(raw(key=bytes(32))), Refusal.BAD_KEY),
        (armoured(raw(key=bytes(32), origin=b"nonsense")), Refusal.BAD_KEY),
        (armoured(raw(key=b"\x02" + bytes(31))), Refusal.BAD_KEY),
        (armoured(raw(origin=b"https://EWX.example")), Refusal.NOT_A_CODE),
        (armoured(raw(origin=b"http://ewx.example")), Refusal.NOT_A_CODE),
        (encode(CODE) + "\n" + encode(replace(CODE, tenant_id="other")), Refusal.NOT_A_CODE),
        # As it is there is no code in it: the refusal is that of the reading which finds one.
        (armoured(raw(version=2)).replace("EWX1:", "EW=\nX1:"), Refusal.NEWER),
        (encode(CODE).replace("EWX1:", "EWX1=\n:").replace(":EWX", ""), Refusal.INCOMPLETE),
    ],
)
def test_refusals(text: str, refusal: Refusal):
    assert refusal_of(text) is refusal


def test_padding_is_canonical():
    """Bits behind the checksum are not hashed, so a changed one has to show in the comparison."""
    body = raw(name=b"Bassline R")
    missing = -len(body) % 5
    assert missing
    padding = bytes(missing - 1) + b"\x01"
    assert refusal_of(armoured(body + padding)) is Refusal.NOT_A_CODE


def test_other_origins_need_the_operators_leave():
    for origin in ("http://127.0.0.1:8001", "https://ewx.example:8443", "http://[2001:db8::1]"):
        text = encode(replace(CODE, origin=origin))
        assert refusal_of(text) is Refusal.NOT_A_CODE
        asked: list[str] = []
        assert read(text, allow_origin=lambda asks, asked=asked: not asked.append(asks)).origin == origin
        assert asked == [origin]


def test_no_leave_is_asked_for_the_standard_port():
    asked: list[str] = []
    read(encode(CODE), allow_origin=lambda origin: bool(asked.append(origin)))
    assert not asked


# --- damage ---


def test_no_changed_symbol_is_taken():
    """Each symbol replaced by ten others; by three of them the value stays (O for 0, I and L for 1)."""
    symbols = symbols_of(encode(CODE))
    for at, symbol in enumerate(symbols):
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[at % 3 :: 3]:
            if other != symbol:
                with pytest.raises(CodeRefused):
                    read(f"EWX1:{symbols[:at]}{other}{symbols[at + 1 :]}:EWX")


@given(pairing_codes(), st.randoms())
@moderate
def test_no_swapped_lost_or_doubled_piece_is_taken(code: PairingCode, rng):
    symbols = symbols_of(encode(code))
    at, to = sorted(rng.sample(range(len(symbols)), 2))
    for damaged in (
        symbols[:at] + symbols[at + 1 :],
        symbols[:at] + symbols[to:],
        symbols[:to] + symbols[at:],
        symbols[:at] + symbols[to] + symbols[at + 1 : to] + symbols[at] + symbols[to + 1 :],
    ):
        if damaged != symbols:
            with pytest.raises(CodeRefused):
                read(f"EWX1:{damaged}:EWX")


@given(st.text(max_size=300))
@moderate
def test_any_text_is_refused_politely(text: str):
    for hostile in (text, f"EWX1:{text}:EWX", f"ewx1:{text}", encode(CODE)[:-9] + text):
        with pytest.raises(CodeRefused):
            read(hostile)


@given(st.binary(max_size=200))
@moderate
def test_any_sealed_bytes_are_refused_politely(body: bytes):
    length = len(body) + 8
    with pytest.raises(CodeRefused):
        read(armoured(sealed(b"\x01" + length.to_bytes(2, "big") + body)))


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a",
        "&",
        "&#",
        "&#1",
        "=",
        "EWX1:",
        ":EWX",
        "EWX1:0:EWX ",
        "\u0301\u0316",
        "\ufdfa",
        "\u00ad",
        "\ud800",
        "0",
        "\t",
        " >",
        "ab>",
        "1 \n",
        "EWX1 :",
        "\u00c2\u00a0",
        "A" * 76 + "\n",
    ],
    ids=ascii,
)
def test_hostile_input_takes_no_time(unit: str):
    flood = (unit * MAX_TEXT)[: MAX_TEXT - 20]
    started = time.thread_time()
    for text in (flood, f"EWX1:{flood}:EWX", f"EWX1:a{flood}:EWX", flood * 40):
        with pytest.raises(CodeRefused):
            read(text)
    assert time.thread_time() - started < 3


def test_piles_of_marks_between_many_markers_take_no_time():
    """Normalising one such pile takes a fifth of a second, and a mail has room for sixteen."""
    pile = "\u0301\u0316" * 8_000
    started = time.thread_time()
    refusal_of("".join(f"EWX1:{number}{pile}:EWX " for number in range(16)))
    assert time.thread_time() - started < 1


def test_a_number_too_long_for_an_entity_is_no_crash():
    assert refusal_of("EWX1: &#" + "9" * 100_000 + "; :EWX") is Refusal.CHANGED


@pytest.mark.parametrize("name", ["Köln", "株式会社", "O'Brien & Söhne", "x" * 80])
def test_display_names(name: str):
    assert is_display_name(name)


@pytest.mark.parametrize("name", ["", "x" * 81, "ä" * 41, "a\u0000", "a\u2067b", "a\u2028b", "\ud800", "e\u0301"])
def test_no_display_names(name: str):
    assert not is_display_name(name)
