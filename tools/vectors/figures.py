"""Digests, keys and money (protocol §1, §3, §4)."""

import base64
import hashlib

from partners.protocol.keys import keyid
from partners.protocol.wire import Json
from tools.vectors.cast import AURORA, AURORA_NEW, BASSLINE, STRANGER

_P = 2**255 - 19
_OF_SMALL_ORDER = [
    *("00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f"),
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]


def digests() -> Json:
    """Content-Digest, for bodies in base64."""
    bodies = [b"{}", b'{"hello": "world"}\n', '{"name":"K\u00f6ln"}'.encode(), bytes(range(256)), b" "]
    return [
        {"body": base64.b64encode(body).decode(), "content_digest": f"sha-256=:{_base64_sha256(body)}:"}
        for body in bodies
    ]


def _base64_sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def keys() -> Json:
    """Key ids, and public keys that nobody may take: small order in every encoding, no points, not canonical."""
    pairs = [AURORA, AURORA_NEW, BASSLINE, STRANGER]
    wrong = [
        *((key, "of small order or not canonical") for y in _OF_SMALL_ORDER for key in (y, _signed(y))),
        *((_encoded(_P + excess), "not canonical") for excess in range(2, 19)),
        *((_encoded(y), "not on the curve") for y in (2, 7, 8)),
        *(("05" * 31, "31 bytes"), ("05" * 33, "33 bytes"), ("", "empty")),
    ]
    refused: list[Json] = [{"public": key, "why": why} for key, why in wrong]
    taken: list[Json] = [
        {"secret": pair.secret_bytes().hex(), "public": pair.public.hex(), "keyid": keyid(pair.public)}
        for pair in pairs
    ]
    return {"taken": taken, "refused": refused}


def _encoded(y: int) -> str:
    return y.to_bytes(32, "little").hex()


def _signed(y: str) -> str:
    """The same y with the other sign of x."""
    raw = bytes.fromhex(y)
    return (raw[:31] + bytes([raw[31] ^ 0x80])).hex()


def money() -> Json:
    """Days, factors, nets of lines and orders; all figures worked out by hand."""
    days = [
        ("2026-12-01T08:00:00Z", "2026-12-01T18:00:00Z", "Europe/Berlin", 1),
        ("2026-12-01T08:00:00Z", "2026-12-03T08:00:00Z", "Europe/Berlin", 3),
        ("2026-12-01T22:59:00Z", "2026-12-01T23:01:00Z", "Europe/Berlin", 2),
        ("2026-12-01T22:00:00Z", "2026-12-01T23:00:00Z", "Europe/Berlin", 1),
        ("2026-12-01T22:00:00Z", "2026-12-01T23:00:00Z", "America/New_York", 1),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "Europe/Berlin", 1),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "Europe/Berlin", 1),
    ]
    steps: list[Json] = [{"days": 1, "factor": "1"}, {"days": 3, "factor": "1.8"}, {"days": 7, "factor": "3"}]
    factors = [
        ("rental", 1, "0.25", "1"),
        ("rental", 2, "0.25", "1.25"),
        ("rental", 3, "0.25", "1.8"),
        ("rental", 10, "0.25", "3.75"),
        ("rental", 10, "0", "3"),
        ("sale", 10, "0.25", "1"),
    ]
    return {
        "days": [{"start": start, "end": end, "zone": zone, "days": count} for start, end, zone, count in days],
        "factors": [
            {"kind": kind, "days": count, "steps": steps, "extra_day_factor": extra, "factor": factor}
            for kind, count, extra, factor in factors
        ],
        "lines": [dict(zip(_LINE, figures, strict=True)) for figures in _LINES],
        "orders": [{"nets": ["0.35", "0.35", "1000.00"], "net": "1000.70"}, {"nets": [], "net": "0"}],
    }


_LINE = ("quantity", "unit_price", "factor", "discount_percent", "currency", "net")
_LINES: list[tuple[Json, ...]] = [
    (4, "25.00", "1.8", "10", "EUR", "162.00"),
    (1, "0.345", "1", "0", "EUR", "0.35"),  # half a cent goes up
    (1, "0.3449", "1", "0", "EUR", "0.34"),
    (3, "0.115", "1", "0", "EUR", "0.35"),  # rounded once, at the end
    (1, "100", "1", "33.333", "EUR", "66.67"),
    (1, "2.5", "1", "0", "JPY", "3"),
    (1, "1.0005", "1", "0", "KWD", "1.001"),
    (999999, "999999.99", "1", "0", "EUR", "999998990000.01"),
    (1, "10", "1", "100", "EUR", "0.00"),
]
