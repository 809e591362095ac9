"""The attack table of the partner network, and for each defence what stands in the product while it is off.

Standard library only: `./dev mutate` reads it before anything else is known to be installed.
"""

from __future__ import annotations

from typing import NamedTuple

ATTACKS = {
    1: "somebody in between replaces both mails",
    2: "a reader of the mails uses the code",
    3: "code damaged by a mail program",
    4: "code tampered with, padding malleable",
    5: "old or reused code",
    6: "look-alike host",
    7: "replay of a captured request",
    8: "replay to another server or tenant",
    9: "signature over too little",
    10: "body, digest or encoding swapped",
    11: "empty, foreign or small-order key",
    12: "proxy changes host, scheme or path",
    13: "clock off",
    14: "header garbage before authentication",
    15: "flood of the nonce table",
    16: "private and special addresses in all spellings",
    17: "DNS rebinding, mixed answers",
    18: "redirect inwards, proxy of the environment",
    19: "slow headers or body, bomb, endless body",
    20: "connection test as port scanner",
    21: "answer lost after the commit",
    24: "buyer accepts a superseded offer",
    25: "poisoned message",
    27: "pause races with requests and queued work",
    29: "database dump stolen, row moved",
    30: "foreign data, other tenant",
}


class Defence(NamedTuple):
    """`old` stands in `file` exactly once; `new` instead of it is the product without this defence."""

    row: int
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    on_postgres: bool = False


SIGNING, KEYS = "partners/protocol/signing.py", "partners/protocol/keys.py"
TEST_SIGNING = "tests/partners/protocol/test_signing.py"
TEST_GATEWAY = "tests/partners/test_gateway.py"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        9,
        "coverage is exactly the profile's",
        SIGNING,
        "if signature.components != inner_list(components):",
        "if False:",
        (TEST_SIGNING,),
    ),
    Defence(
        10,
        "the digest is that of the body",
        SIGNING,
        "if body and digest != content_digest(body):",
        "if False:",
        (TEST_SIGNING, TEST_GATEWAY),
    ),
    Defence(
        13,
        "time is looked at",
        SIGNING,
        "if not signature.created - SKEW <= now.timestamp() <= signature.expires:",
        "if False:",
        (TEST_SIGNING, TEST_GATEWAY),
    ),
    Defence(
        11,
        "keys of small order are refused",
        KEYS,
        "    if _has_small_order(y):\n",
        "    if False:\n",
        ("tests/partners/protocol/test_keys.py",),
    ),
)
