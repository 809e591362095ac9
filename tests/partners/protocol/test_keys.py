"""Keys that prove something, and those that must not be taken (security row 11)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from partners.protocol.keys import BadKey, KeyPair, check_public_key, keyid, verify

P = 2**255 - 19
# Published by several projects as the points whose order divides 8, here in both signs: 14 encodings.
SMALL_ORDER_Y = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", SMALL_ORDER_Y)
def test_every_encoding_of_small_order_is_refused(y: str, sign: int):
    with pytest.raises(BadKey):
        check_public_key(encoded(int.from_bytes(bytes.fromhex(y), "little"), sign))


def test_the_library_would_take_a_forgery_under_such_a_key():
    neutral, forged = encoded(1), encoded(1) + bytes(32)
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"anything at all")  # raises nothing
    assert not verify(neutral, forged, b"anything at all")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("excess", range(19))
def test_what_is_not_canonical_is_refused(excess: int, sign: int):
    with pytest.raises(BadKey):
        check_public_key(encoded(P + excess, sign))


def test_what_is_not_on_the_curve_is_refused():
    """Of the y that are no key about half belong to no point; 2 is the first."""
    with pytest.raises(BadKey, match="curve"):
        check_public_key(encoded(2))
    refused = 0
    for y in range(2, 202):
        try:
            check_public_key(encoded(y))
        except BadKey:
            refused += 1
    assert 70 < refused < 130


@pytest.mark.parametrize("raw", [b"", bytes(32), b"\x05" * 31, b"\x05" * 33], ids=["empty", "null", "31", "33"])
def test_null_and_wrong_lengths_are_refused(raw: bytes):
    with pytest.raises(BadKey):
        check_public_key(raw)


def test_every_generated_key_is_taken_and_signs():
    for _ in range(50):
        pair = KeyPair.generate()
        check_public_key(pair.public)
        assert verify(pair.public, pair.sign(b"message"), b"message")
        assert not verify(pair.public, pair.sign(b"message"), b"other")


def test_a_pair_comes_back_from_its_secret():
    pair = KeyPair.generate()
    assert KeyPair.from_raw(pair.secret_bytes()) == pair


def test_randomness_is_an_argument():
    assert KeyPair.generate(lambda count: b"\x07" * count) == KeyPair.from_raw(b"\x07" * 32)


def test_key_id_is_the_start_of_the_hash():
    pair = KeyPair.from_raw(b"\x01" * 32)
    assert pair.keyid == keyid(pair.public) == hashlib.sha256(pair.public).hexdigest()[:16]


def test_no_secret_in_repr():
    pair = KeyPair.generate()
    assert repr(pair) == str(pair) == f"KeyPair({pair.keyid})"


def test_signature_with_a_scalar_beyond_the_group_order_is_refused():
    pair, order = KeyPair.generate(), 2**252 + 27742317777372353535851937790883648493
    signature = pair.sign(b"message")
    scalar = int.from_bytes(signature[32:], "little") + order
    assert not verify(pair.public, signature[:32] + scalar.to_bytes(32, "little"), b"message")
