"""Strict JSON (protocol §4 "Input rules", security row 25)."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol import wire
from partners.protocol.wire import MAX_DEPTH, Malformed, dumps, loads_strict
from tests.partners.protocol.strategies import json_values, moderate


@given(json_values)
@moderate
def test_what_is_dumped_is_loaded(value):
    assert loads_strict(dumps(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{]",
        b"[1,]",
        b"{'a':1}",
        b'{"a":1}x',
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"\\u0061":2}}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'"a\x00b"',
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'["\\udc00\\ud800"]',
        b"\xff\xfe[\x001\x00",
        b'\xef\xbb\xbf{"a":1}',
        '"ä"'.encode("latin-1"),
        b'"\xed\xa0\x80"',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b"[" * 260_000,
        b"[" + b"9" * 5_000 + b"]",
    ],
    ids=lambda data: ascii(data[:24].decode("latin-1")),
)
def test_what_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        loads_strict(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (b'"[[[[[[[[[[[[[[[[[[[[[["', "[" * 22),
        (b'"\\"[[[[[[[[[[[[[[[[[[[[[["', '"' + "[" * 22),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b' {"a" : 1.5}\n', {"a": 1.5}),
    ],
    ids=range(6),
)
def test_what_only_looks_malformed(data: bytes, value):
    assert loads_strict(data) == (json.loads(data) if value is None else value)


@given(st.binary(max_size=60) | st.text('[]{}",:\\u0d8e1tfn ', max_size=60).map(str.encode))
@moderate
def test_any_bytes_give_a_value_or_malformed(data: bytes):
    try:
        value = loads_strict(data)
    except Malformed:
        return
    assert value == json.loads(data)


@pytest.mark.parametrize("unit", [b'"', b'\\"', b'"\\"', b"[]", b"{", b"9"])
def test_hostile_bytes_take_no_time(unit: bytes):
    started = time.thread_time()
    for data in (unit * 200_000, b'"' + unit * 200_000):
        with pytest.raises(Malformed):
            loads_strict(data)
    assert time.thread_time() - started < 3


def test_a_decimal_is_written_without_exponent():
    assert wire.to_wire(Decimal("1E+3")) == "1000"
    assert wire.to_wire(Decimal("1E-6")) == "0.000001"
