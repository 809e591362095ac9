"""The published vectors, held by an implementation that was not used to make them."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.foreign import codes, orders, signatures, strict
from tests.foreign.codes import Code, good_key

FOLDER = Path(__file__).parents[2] / "docs" / "vectors"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_bytes())


CODES, REQUESTS, ANSWERS, MONEY, KEYS = (load(name) for name in "pairing-codes requests answers money keys".split())


def about(vector: dict[str, Any]) -> str:
    return str(vector["about"])


def seconds(text: str) -> float:
    return strict.instant(text).timestamp()


# --- §1 --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("vector", CODES["taken"], ids=about)
def test_codes_that_are_taken(vector: dict[str, Any]) -> None:
    wanted = vector["code"]
    code = codes.decode(vector["text"], seconds(CODES["now"]), allowed=CODES["allowed_origins"])
    assert code == Code(
        UUID(wanted["connection_id"]),
        bytes.fromhex(wanted["public_key"]),
        wanted["origin"],
        wanted["tenant_id"],
        wanted["display_name"],
        int(seconds(wanted["expires_at"])),
    )
    assert codes.decode(codes.encode(code), seconds(CODES["now"]), allowed=CODES["allowed_origins"]) == code


@pytest.mark.parametrize("vector", CODES["refused"], ids=about)
def test_codes_that_are_refused(vector: dict[str, Any]) -> None:
    known = Everything()
    own, in_use = (known if vector.get(name) else () for name in ("issued", "entered"))
    with pytest.raises(codes.Refused) as refused:
        codes.decode(vector["text"], seconds(CODES["now"]), own, in_use, CODES["allowed_origins"])
    assert refused.value.reason == vector["refusal"]


class Everything(frozenset[object]):
    """Whatever is looked for is in it."""

    def __contains__(self, thing: object) -> bool:
        return True


@pytest.mark.parametrize("vector", load("safety-numbers"))
def test_safety_numbers(vector: dict[str, Any]) -> None:
    one, other = (
        Code(UUID(side["connection_id"]), bytes.fromhex(side["pairing_key"]), side["origin"], side["tenant_id"], "", 0)
        for side in vector["sides"]
    )
    assert codes.safety_number(one, other) == vector["safety_number"]


@pytest.mark.parametrize("vector", KEYS["refused"])
def test_keys_that_nobody_may_take(vector: dict[str, str]) -> None:
    assert not good_key(bytes.fromhex(vector["public"]))


@pytest.mark.parametrize("vector", KEYS["taken"])
def test_keys(vector: dict[str, str]) -> None:
    public = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["secret"])).public_key().public_bytes_raw()
    assert (public.hex(), signatures.keyid(public)) == (vector["public"], vector["keyid"])
    assert good_key(public)


# --- §3 --------------------------------------------------------------------------------------------
def known(keys: list[str]) -> dict[str, bytes]:
    """What a vendor would have stored: never a key that proves nothing."""
    found = [raw for raw in map(bytes.fromhex, keys) if good_key(raw)]
    return {signatures.keyid(raw): raw for raw in found}


def request_is_believed(vector: dict[str, Any]) -> bool:
    lines, body, now = vector["headers"], base64.b64decode(vector["body"]), seconds(vector["now"])
    method, target = vector["method"], vector["target"]
    rotates = (method, target.partition("?")[0]) == ("POST", "/api/partner/v1/keys")
    try:
        signatures.check_request(method, target, lines, body)
        components = signatures.request_components(method, REQUESTS["origin"], target, lines, body)
        signed = signatures.read(lines, ("ewx", "ewx-new") if rotates else ("ewx",))
        new = bytes.fromhex(REQUESTS["new_key"])
        for label, one in signed.items():
            key = new if label == "ewx-new" else known(REQUESTS["keys"]).get(one.values["keyid"], b"")
            signatures.check_coverage(one, components)
            signatures.check_signature(one, components, key)
            signatures.check_digest(lines, body)
            signatures.check_time(one, now)
    except signatures.Refused:
        return False
    nonces = {one.values["nonce"] for one in signed.values()}
    bases = [signatures.base(components, one.params).decode() for one in signed.values()]
    assert vector.get("signature_bases", bases) == bases
    return signatures.header(lines, "ewx-connection") == REQUESTS["connection"] and len(nonces) == len(signed)


@pytest.mark.parametrize("vector", REQUESTS["vectors"], ids=about)
def test_requests(vector: dict[str, Any]) -> None:
    assert request_is_believed(vector) == (vector["verdict"] == "accepted")


def answer_is_believed(vector: dict[str, Any]) -> bool:
    lines, body = vector["headers"], base64.b64decode(vector["body"])
    asked = base64.b64decode(ANSWERS["request_signature"].removeprefix("ewx=:").removesuffix(":"))
    try:
        key = known(ANSWERS["keys"]).get(signatures.read(lines)["ewx"].values["keyid"], b"")
        components = signatures.answer_components(vector["status"], lines, body, asked)
        signatures.verify(lines, body, components, key, seconds(vector["now"]))
    except signatures.Refused:
        return False
    return True


@pytest.mark.parametrize("vector", ANSWERS["vectors"], ids=about)
def test_answers(vector: dict[str, Any]) -> None:
    assert answer_is_believed(vector) == (vector["verdict"] == "accepted")


@pytest.mark.parametrize("vector", load("digests"))
def test_digests(vector: dict[str, str]) -> None:
    assert signatures.digest(base64.b64decode(vector["body"])) == vector["content_digest"]


# --- §4 --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("vector", MONEY["days"])
def test_days(vector: dict[str, Any]) -> None:
    assert strict.days_touched(vector) == vector["days"]


@pytest.mark.parametrize("vector", MONEY["factors"])
def test_factors(vector: dict[str, Any]) -> None:
    steps = [(step["days"], Decimal(step["factor"])) for step in vector["steps"] if vector["kind"] != "sale"]
    assert orders.factor_for(vector["days"], steps, Decimal(vector["extra_day_factor"])) == Decimal(vector["factor"])


@pytest.mark.parametrize("vector", MONEY["lines"])
def test_nets(vector: dict[str, Any]) -> None:
    assert str(orders.net(vector["quantity"], vector, vector["currency"])) == vector["net"]


@pytest.mark.parametrize("vector", MONEY["orders"])
def test_totals(vector: dict[str, Any]) -> None:
    assert Decimal(orders.total([{"net": net} for net in vector["nets"]])) == Decimal(vector["net"])
