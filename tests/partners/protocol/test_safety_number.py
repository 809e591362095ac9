"""The number two people compare by phone (protocol §1)."""

import hashlib
import re
from dataclasses import replace
from uuid import UUID

import pytest

from partners.protocol.safety_number import Side, safety_number

AURORA = Side(
    origin="https://aurora.example",
    tenant_id="aurora",
    connection_id=UUID("11111111-1111-4111-8111-111111111111"),
    pairing_key=b"\x11" * 32,
)
BASSLINE = Side(
    origin="https://bassline.example",
    tenant_id="bassline",
    connection_id=UUID("22222222-2222-4222-8222-222222222222"),
    pairing_key=b"\x22" * 32,
)


def half(origin: bytes, tenant: bytes, connection: bytes, key: bytes) -> str:
    """The page of the protocol once more, written out by hand."""
    described = bytes([len(origin)]) + origin + bytes([len(tenant)]) + tenant + b"\x10" + connection + b"\x20" + key
    raw = hashlib.scrypt(described, salt=b"ewx-safety-1", n=32768, r=8, p=1, dklen=8, maxmem=2**26)
    return str(int.from_bytes(raw, "big") % 1_000_000_000_000_000).zfill(15)


def test_it_is_what_the_protocol_says():
    halves = sorted(
        [
            half(b"https://aurora.example", b"aurora", AURORA.connection_id.bytes, b"\x11" * 32),
            half(b"https://bassline.example", b"bassline", BASSLINE.connection_id.bytes, b"\x22" * 32),
        ]
    )
    assert safety_number(AURORA, BASSLINE).replace(" ", "") == "".join(halves)


def test_both_screens_show_the_same_six_groups():
    number = safety_number(AURORA, BASSLINE)
    assert number == safety_number(BASSLINE, AURORA)
    assert re.fullmatch(r"\d{5}( \d{5}){5}", number)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://aur0ra.example"},
        {"tenant_id": "aurora2"},
        {"connection_id": BASSLINE.connection_id},
        {"pairing_key": b"\x33" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_side_gives_another_number(change: dict):
    assert safety_number(replace(AURORA, **change), BASSLINE) != safety_number(AURORA, BASSLINE)
