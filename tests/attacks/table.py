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


SIGNING, HEADERS = "partners/protocol/signing.py", "partners/protocol/signature_headers.py"
KEYS, CODE, SAFETY = (
    "partners/protocol/keys.py",
    "partners/protocol/pairing_code.py",
    "partners/protocol/safety_number.py",
)
DOOR, ENDPOINTS, TRANSPORT = "partners/api/authentication.py", "partners/api/base.py", "partners/transport.py"

TEST_SIGNING, TEST_CODE = "tests/partners/protocol/test_signing.py", "tests/partners/protocol/test_pairing_code.py"
TEST_MAILS, TEST_KEYS = "tests/partners/protocol/test_pairing_mails.py", "tests/partners/protocol/test_keys.py"
TEST_GATEWAY, TEST_PAIRING = "tests/partners/test_gateway.py", "tests/partners/test_pairing.py"
TEST_BETWEEN, TEST_ELSEWHERE = "tests/attacks/test_between.py", "tests/attacks/test_elsewhere.py"
TEST_ORDERS, TEST_TRANSPORT = "tests/partners/orders/test_orders.py", "tests/partners/test_transport.py"
TEST_CATALOGUE, TEST_CLIENT = "tests/partners/api/test_catalogue.py", "tests/partners/test_client.py"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        1,
        "the safety number covers the key",
        SAFETY,
        "side.connection_id.bytes, side.pairing_key)",
        "side.connection_id.bytes)",
        (f"{TEST_BETWEEN}::test_the_number_covers_the_key_alone_too",),
    ),
    Defence(
        1,
        "the safety number covers where the server is",
        SAFETY,
        "parts = (side.origin.encode(), ",
        "parts = (",
        ("tests/partners/protocol/test_safety_number.py",),
    ),
    Defence(
        1,
        "automatic reservation needs a compared number",
        "partners/access.py",
        "return AccessLevel.STOCK if needs_proof and not is_verified else AccessLevel(level)",
        "return AccessLevel(level)",
        (f"{TEST_BETWEEN}::test_no_machine_reserves_for_somebody_whose_number_nobody_compared",),
    ),
    Defence(
        2,
        "a key counts only for the connection it was entered for",
        SIGNING,
        "    if public_key is None or keyid(public_key) != signature.keyid:\n        raise SignatureRefused(Reason.KEY)\n",
        "    if public_key is None:\n        return Proof(signature.keyid, signature.nonce, now, now)\n",
        (f"{TEST_BETWEEN}::test_who_reads_a_code_opens_nothing_with_it",),
    ),
    Defence(
        3,
        "invisible characters are dropped",
        CODE,
        "found = _find(text.translate(_INVISIBLE))",
        "found = _find(text)",
        (TEST_MAILS,),
    ),
    Defence(
        3,
        "quoted-printable is decoded",
        CODE,
        "return dict.fromkeys((text, unquoted, ",
        "return dict.fromkeys((text, ",
        (TEST_MAILS,),
    ),
    Defence(
        4,
        "the checksum is compared",
        CODE,
        " or _checksum(body) != checksum:",
        ":",
        (TEST_CODE,),
    ),
    Defence(
        4,
        "what is read is encoded anew and compared",
        CODE,
        " or _to_bytes(code) != data:",
        ":",
        (f"{TEST_CODE}::test_padding_is_canonical", f"{TEST_CODE}::test_refusals"),
    ),
    Defence(
        5,
        "an expired code is refused",
        CODE,
        "    if now >= code.expires_at:\n",
        "    if False:\n",
        (TEST_CODE, TEST_PAIRING),
    ),
    Defence(
        5,
        "a code of our own is refused",
        CODE,
        "    if is_own(code):\n",
        "    if False:\n",
        (TEST_CODE, TEST_PAIRING),
    ),
    Defence(
        5,
        "a code that is entered elsewhere is refused",
        CODE,
        "    if is_in_use(code):\n",
        "    if False:\n",
        (TEST_CODE, TEST_PAIRING),
    ),
    Defence(
        8,
        "the target with our own origin is covered",
        SIGNING,
        "covered = [('\"@method\"', method), ('\"@target-uri\"', target_uri)]",
        "covered = [('\"@method\"', method), ('\"@target-uri\"', target_uri[:1])]",
        (f"{TEST_ELSEWHERE}::test_a_request_is_good_at_one_server_and_one_target",),
    ),
    Defence(
        8,
        "the method is covered",
        SIGNING,
        "covered = [('\"@method\"', method), ",
        'covered = [(\'"@method"\', "GET"), ',
        (f"{TEST_ELSEWHERE}::test_a_signature_over_another_method_opens_nothing",),
    ),
    Defence(
        9,
        "coverage is exactly the profile's",
        SIGNING,
        "if signature.components != inner_list(components):",
        "if False:",
        (TEST_SIGNING,),
    ),
    Defence(
        9,
        "the six parameters, no other, none twice",
        HEADERS,
        "    if parameters.keys() != _PARAMETERS.keys():\n",
        "    if False:\n",
        (TEST_SIGNING,),
    ),
    Defence(
        9,
        "the signature is verified at all",
        KEYS,
        "        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)\n",
        "",
        (TEST_SIGNING, TEST_GATEWAY),
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
        10,
        "one digest, of one algorithm",
        SIGNING,
        "    if not _DIGEST.fullmatch(digest) or ",
        "    if ",
        (f"{TEST_SIGNING}::test_exactly_one_digest_even_if_signed",),
    ),
    Defence(
        10,
        "no encodings and no chunks",
        SIGNING,
        '    encoded = any(name.lower() in {"content-encoding", "transfer-encoding"} for name, _ in headers)\n',
        "    encoded = False\n",
        (TEST_GATEWAY,),
    ),
    Defence(
        11,
        "keys of small order are refused",
        KEYS,
        "    if _has_small_order(y):\n",
        "    if False:\n",
        (TEST_KEYS,),
    ),
    Defence(
        11,
        "keys have one spelling",
        KEYS,
        "    if y >= _P:\n",
        "    if False:\n",
        (TEST_KEYS,),
    ),
    Defence(
        11,
        "a key id belongs to its key",
        SIGNING,
        "    if public_key is None or keyid(public_key) != signature.keyid:",
        "    if public_key is None:",
        (f"{TEST_SIGNING}::test_a_foreign_key_is_refused",),
    ),
    Defence(
        12,
        "the origin is the configured one, never one of a header",
        DOOR,
        "        origin=settings.EWX_ORIGIN,\n",
        '        origin=request.build_absolute_uri("/")[:-1],\n',
        ("tests/attacks/test_tls_proxy.py",),
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
        13,
        "a minute is forgiven",
        SIGNING,
        "SKEW = 60 ",
        "SKEW = 0 ",
        (TEST_SIGNING, TEST_GATEWAY),
    ),
    Defence(
        21,
        "an answer is kept with the effect",
        ENDPOINTS,
        "        if stored:\n            return stored\n",
        "",
        (TEST_GATEWAY, "tests/partners/test_outbox.py"),
    ),
    Defence(
        24,
        "a command names the version it is about",
        "partners/orders/receiving.py",
        "    if command.expected_version != locked.version:\n",
        "    if False:\n",
        (TEST_ORDERS,),
    ),
    Defence(
        29,
        "a sealed value is bound to its row",
        "eventworx/encryption/sealing.py",
        'return "\\x1f".join((self.table, self.row, self.field, str(self.tenant))).encode()',
        'return b""',
        (
            "tests/encryption/test_sealing.py",
            "tests/encryption/test_rotation.py::test_a_sealed_key_moved_in_the_database_does_not_open",
        ),
    ),
    Defence(
        30,
        "a partner sees what was released to him",
        "partners/releases.py",
        "        .filter(Q(own_mark=False) | (Q(own_mark__isnull=True) & by_category))\n",
        "",
        ("tests/partners/test_releases.py", TEST_CATALOGUE),
    ),
    Defence(
        30,
        "the level is looked at",
        ENDPOINTS,
        "    if rules.needs and not getattr(ALLOWS[connection.effective_level], rules.needs):\n",
        "    if False:\n",
        (TEST_CATALOGUE,),
    ),
    Defence(
        30,
        "strangers do not reach a tenant's pages",
        "eventworx/tenants/middleware.py",
        ".filter(tenant__slug=slug)",
        "",
        ("tests/test_tenant_isolation.py::test_a_page_works_for_its_owner_and_does_not_exist_for_a_stranger",),
    ),
)
