"""The vectors in docs/vectors hold in both directions: they are what we produce, and we judge as they say.

Beside them the vectors of others: RFC 8032 for Ed25519. Those of RFC 9421 and 9530 stand in `test_signing`.
"""

import base64
import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from eventworx.periods import Period
from partners.protocol.keys import BadKey, KeyPair, check_public_key, keyid, verify
from partners.protocol.money import billable_days, line_net, order_net, rental_factor
from partners.protocol.pairing_code import CodeRefused, PairingCode, decode
from partners.protocol.safety_number import Side, safety_number
from partners.protocol.signing import (
    SignatureRefused,
    content_digest,
    parse_request,
    verify_new_key,
    verify_request,
    verify_response,
)
from tests.source import ROOT
from tools.vectors import VECTORS

FILES = {path.stem: json.loads(path.read_text(encoding="ascii")) for path in (ROOT / "docs" / "vectors").glob("*.json")}
CODES, REQUESTS, ANSWERS, MONEY = (FILES[name] for name in ("pairing-codes", "requests", "answers", "money"))
moment = datetime.fromisoformat


def about(vector: Any) -> str:
    return vector["about"] if isinstance(vector, dict) else ""


# --- the files are what the code produces ---


def test_every_file_is_built() -> None:
    assert set(FILES) == set(VECTORS)


@pytest.mark.parametrize("name", VECTORS)
def test_a_file_is_what_is_built(name: str) -> None:
    assert json.loads(json.dumps(VECTORS[name]())) == FILES[name], "python -m tools.vectors writes it anew"


# --- the code judges as the files say ---


def judged(vector: dict[str, Any]) -> PairingCode | tuple[str, datetime | None]:
    try:
        return decode(
            vector["text"],
            now=moment(CODES["now"]),
            is_own=lambda _code: vector.get("issued", False),
            is_in_use=lambda _code: vector.get("entered", False),
            allow_origin=CODES["allowed_origins"].__contains__,
        )
    except CodeRefused as refused:
        return refused.refusal.value, refused.expired_at


@pytest.mark.parametrize("vector", CODES["taken"], ids=about)
def test_a_code_that_is_taken(vector: dict[str, Any]) -> None:
    said = vector["code"]
    assert judged(vector) == PairingCode(
        connection_id=UUID(said["connection_id"]),
        public_key=bytes.fromhex(said["public_key"]),
        origin=said["origin"],
        tenant_id=said["tenant_id"],
        display_name=said["display_name"],
        expires_at=moment(said["expires_at"]),
    )


@pytest.mark.parametrize("vector", CODES["refused"], ids=about)
def test_a_code_that_is_refused(vector: dict[str, Any]) -> None:
    expired_at = moment(vector["expired_at"]) if "expired_at" in vector else None
    assert judged(vector) == (vector["refusal"], expired_at)


def sides(vector: dict[str, Any]) -> list[Side]:
    return [
        Side(
            origin=side["origin"],
            tenant_id=side["tenant_id"],
            connection_id=UUID(side["connection_id"]),
            pairing_key=bytes.fromhex(side["pairing_key"]),
        )
        for side in vector["sides"]
    ]


@pytest.mark.parametrize("vector", FILES["safety-numbers"], ids=range(len(FILES["safety-numbers"])))
def test_safety_numbers(vector: dict[str, Any]) -> None:
    assert safety_number(*sides(vector)) == vector["safety_number"]


def by_id(keys: list[str]) -> dict[str, bytes]:
    return {keyid(bytes.fromhex(key)): bytes.fromhex(key) for key in keys}


def verdict_on_request(vector: dict[str, Any]) -> str:
    now = moment(vector["now"])
    try:
        claimed = parse_request(
            method=vector["method"],
            origin=REQUESTS["origin"],
            target=vector["target"],
            headers=vector["headers"],
            body=base64.b64decode(vector["body"]),
        )
        verify_request(claimed, keys=by_id(REQUESTS["keys"]), now=now)
        if claimed.new_key_signature:
            verify_new_key(claimed, public_key=bytes.fromhex(REQUESTS["new_key"]), now=now)
    except SignatureRefused as refused:
        return refused.reason.value
    return "accepted" if str(claimed.connection_id) == REQUESTS["connection"] else "connection"


@pytest.mark.parametrize("vector", REQUESTS["vectors"], ids=about)
def test_requests(vector: dict[str, Any]) -> None:
    assert verdict_on_request(vector) == vector["verdict"]


def verdict_on_answer(vector: dict[str, Any]) -> str:
    try:
        verify_response(
            status=vector["status"],
            headers=vector["headers"],
            body=base64.b64decode(vector["body"]),
            request_signature=ANSWERS["request_signature"],
            keys=by_id(ANSWERS["keys"]),
            now=moment(vector["now"]),
        )
    except SignatureRefused as refused:
        return refused.reason.value
    return "accepted"


@pytest.mark.parametrize("vector", ANSWERS["vectors"], ids=about)
def test_answers(vector: dict[str, Any]) -> None:
    assert verdict_on_answer(vector) == vector["verdict"]


def test_every_reason_that_needs_no_memory_has_its_vector() -> None:
    reasons = {vector["verdict"] for vector in REQUESTS["vectors"]}
    assert reasons == {"accepted", "unsigned", "headers", "key", "coverage", "signature", "digest", "time"}


def test_digests() -> None:
    for vector in FILES["digests"]:
        assert content_digest(base64.b64decode(vector["body"])) == vector["content_digest"]


def test_keys() -> None:
    for vector in FILES["keys"]["taken"]:
        pair = KeyPair.from_raw(bytes.fromhex(vector["secret"]))
        assert (pair.public.hex(), pair.keyid) == (vector["public"], vector["keyid"])
        check_public_key(pair.public)


@pytest.mark.parametrize("vector", FILES["keys"]["refused"], ids=lambda vector: vector["public"][:8])
def test_keys_that_nobody_may_take(vector: dict[str, str]) -> None:
    with pytest.raises(BadKey):
        check_public_key(bytes.fromhex(vector["public"]))


def test_days() -> None:
    for vector in MONEY["days"]:
        assert billable_days(Period(moment(vector["start"]), moment(vector["end"])), vector["zone"]) == vector["days"]


def test_factors() -> None:
    for vector in MONEY["factors"]:
        factor = rental_factor(
            kind=vector["kind"],
            days=vector["days"],
            steps=[(step["days"], Decimal(step["factor"])) for step in vector["steps"]],
            extra_day_factor=Decimal(vector["extra_day_factor"]),
        )
        assert factor == Decimal(vector["factor"]), vector


def test_nets() -> None:
    for vector in MONEY["lines"]:
        net = line_net(
            quantity=vector["quantity"],
            unit_price=Decimal(vector["unit_price"]),
            factor=Decimal(vector["factor"]),
            discount_percent=Decimal(vector["discount_percent"]),
            currency=vector["currency"],
        )
        assert str(net) == vector["net"], vector
    for vector in MONEY["orders"]:
        assert str(order_net(map(Decimal, vector["nets"]))) == vector["net"]


# --- the vectors of others ---

RFC_8032 = [  # §7.1: secret, public key, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032, ids=range(4))
def test_the_vectors_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    pair = KeyPair.from_raw(bytes.fromhex(secret))
    assert pair.public.hex() == public
    assert pair.sign(bytes.fromhex(message)).hex() == signature
    assert verify(pair.public, bytes.fromhex(signature), bytes.fromhex(message))
    assert not verify(pair.public, bytes.fromhex(signature), bytes.fromhex(message) + b"\x00")
