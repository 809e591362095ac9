"""Signed requests and answers (protocol §3, security rows 7-14)."""

import base64
import gzip
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.keys import KeyPair, verify
from partners.protocol.signature_headers import inner_list, signature_base
from partners.protocol.signing import (
    Reason,
    SignatureRefused,
    content_digest,
    fresh_nonce,
    needs_idempotency_key,
    verify_new_key,
    verify_request,
)
from tests.partners.protocol.sending import (
    ATTEMPT,
    AURORA,
    BASSLINE,
    CONNECTION,
    CYMBAL,
    FOUND,
    KEYS,
    NONCE,
    NOW,
    ORDERS,
    SENT,
    WHOLE,
    Sent,
    claim,
    reason_of,
    receive,
    resigned,
)
from tests.partners.protocol.strategies import moderate


def test_the_ed25519_example_of_rfc_9421():
    """Appendix B.2.6: key, base and signature as printed there; the base is put together by our own code."""
    secret = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
    base = (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        '"content-type": application/json\n"content-length": 18\n'
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    printed = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    lines = [line.partition(": ") for line in base.splitlines()]
    components = tuple((name, value) for name, _, value in lines[:-1])
    assert signature_base(components, lines[-1][2]) == base.encode()
    assert lines[-1][2].startswith(inner_list(components))
    pair = KeyPair.from_raw(secret)
    assert base64.b64encode(pair.sign(base.encode())).decode() == printed
    assert verify(pair.public, base64.b64decode(printed), base.encode())


def test_the_digest_of_rfc_9530():
    """Appendix D of RFC 9530 prints this one for {"hello": "world"} and a line feed."""
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@pytest.mark.parametrize("sent", [SENT, FOUND], ids=["with body", "without"])
def test_an_honest_request_is_proven(sent: Sent):
    proof = receive(sent)
    assert (proof.keyid, proof.nonce) == (AURORA.keyid, NONCE)
    assert proof.created == NOW
    assert proof.expires == NOW + timedelta(seconds=300)


def test_what_is_claimed_is_known_before_anything_is_proven():
    claimed = claim(SENT)
    assert (claimed.connection_id, claimed.keyid, claimed.idempotency_key) == (CONNECTION, AURORA.keyid, ATTEMPT)
    assert repr(SENT.body) not in repr(claimed)


def test_header_names_are_read_in_any_case():
    assert receive(replace(SENT, headers={name.upper(): value for name, value in SENT.headers.items()}))


def test_parameters_stand_in_any_order():
    for order in permutations(["created", "expires", "keyid", "alg", "nonce", "tag"]):
        assert receive(resigned(SENT, WHOLE, order=order))


# --- coverage ---


def test_every_other_subset_of_components_is_refused():
    for count in range(len(WHOLE)):
        for subset in combinations(WHOLE, count):
            assert reason_of(resigned(SENT, list(subset))) is Reason.COVERAGE
    assert receive(resigned(SENT, WHOLE))


def test_every_other_order_of_components_is_refused():
    for order in permutations(WHOLE):
        if list(order) != WHOLE:
            assert reason_of(resigned(SENT, list(order))) is Reason.COVERAGE


@pytest.mark.parametrize(
    "components",
    [
        [*WHOLE, "signature-input"],
        [*WHOLE, "@method"],
        ["@method", "@target-uri", "ewx-connection", "content-type", "content-digest"],
    ],
)
def test_more_or_fewer_components_are_refused(components: list[str]):
    assert reason_of(resigned(SENT, components)) in {Reason.COVERAGE, Reason.HEADERS}


def test_an_idempotency_key_is_ignored_where_none_belongs():
    assert receive(FOUND.with_header("Idempotency-Key", "anything"))


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "/pairing", True),
        ("POST", "/keys", True),
        ("POST", "/connection/notice", True),
        ("POST", "/orders", True),
        ("POST", "/orders/0192f3a4-0000-7000-8000-000000000000/commands", True),
        ("POST", "/order-events", True),
        ("POST", "/availability", False),
        ("GET", "/orders", False),
        ("DELETE", "/keys/0123456789abcdef", False),
    ],
)
def test_which_routes_take_an_idempotency_key(method: str, path: str, needed: bool):
    assert needs_idempotency_key(method, f"/api/partner/v1{path}?x=1") is needed


# --- tampering ---


@pytest.mark.parametrize(
    ("tampered", "reason"),
    [
        (replace(SENT, body=b'{"id":2}'), Reason.DIGEST),
        (replace(SENT, body=b""), Reason.COVERAGE),
        (replace(SENT, method="PUT"), Reason.COVERAGE),
        (replace(SENT, target=ORDERS + "?a=1"), Reason.SIGNATURE),
        (replace(SENT, target="/api/partner/v1/%6Frders"), Reason.COVERAGE),
        (replace(SENT, origin="https://cymbal.example"), Reason.SIGNATURE),
        (replace(SENT, origin="http://bassline.example"), Reason.SIGNATURE),
        (SENT.with_header("EWX-Connection", str(ATTEMPT)), Reason.CONNECTION),
        (SENT.with_header("EWX-Connection", str(CONNECTION).replace("2", "A")), Reason.HEADERS),
        (SENT.without_header("EWX-Connection"), Reason.HEADERS),
        (SENT.with_header("Content-Type", "application/xml"), Reason.SIGNATURE),
        (SENT.without_header("Content-Type"), Reason.HEADERS),
        (SENT.with_header("Content-Digest", content_digest(b"other")), Reason.SIGNATURE),
        (SENT.without_header("Content-Digest"), Reason.HEADERS),
        (SENT.with_header("Idempotency-Key", str(CONNECTION)), Reason.SIGNATURE),
        (SENT.with_header("Idempotency-Key", "17"), Reason.HEADERS),
        (SENT.without_header("Idempotency-Key"), Reason.COVERAGE),
        (SENT.without_header("Signature"), Reason.HEADERS),
        (SENT.without_header("Signature-Input"), Reason.HEADERS),
        (SENT.without_header("Signature").without_header("Signature-Input"), Reason.UNSIGNED),
        (SENT.with_header("Content-Encoding", "gzip"), Reason.HEADERS),
        (SENT.with_header("Transfer-Encoding", "chunked"), Reason.HEADERS),
        (replace(SENT, body=gzip.compress(SENT.body)), Reason.DIGEST),
        (replace(FOUND, body=b"{}"), Reason.HEADERS),
        (replace(FOUND, method="DELETE", body=b"{}"), Reason.HEADERS),
        (replace(FOUND, target=FOUND.target.replace("%20", "+")), Reason.SIGNATURE),
        (replace(FOUND, target="http://evil.example/"), Reason.HEADERS),
        (replace(FOUND, target="/a b"), Reason.HEADERS),
        (replace(FOUND, target="/ä"), Reason.HEADERS),
    ],
)
def test_tampering_is_seen(tampered: Sent, reason: Reason):
    assert reason_of(tampered) is reason


@pytest.mark.parametrize("name", ["EWX-Connection", "Content-Type", "Content-Digest", "Signature", "Signature-Input"])
def test_no_header_twice(name: str):
    assert reason_of(replace(SENT, more=((name.lower(), SENT.headers[name]),))) is Reason.HEADERS
    joined = f"{SENT.headers[name]}, {SENT.headers[name]}"
    assert reason_of(SENT.with_header(name, joined)) in {Reason.HEADERS, Reason.SIGNATURE}


@pytest.mark.parametrize(
    "digest",
    [
        "sha-512=:" + base64.b64encode(bytes(64)).decode() + ":",
        "md5=:" + base64.b64encode(bytes(16)).decode() + ":",
        content_digest(SENT.body) + ", sha-512=:" + base64.b64encode(bytes(64)).decode() + ":",
        content_digest(SENT.body) + ", " + content_digest(SENT.body),
        content_digest(SENT.body).strip("sha-256="),
        "sha-256=::",
    ],
)
def test_exactly_one_digest_even_if_signed(digest: str):
    assert reason_of(resigned(SENT.with_header("Content-Digest", digest), WHOLE)) is Reason.HEADERS


def test_a_signed_digest_of_another_body_is_refused():
    other = SENT.with_header("Content-Digest", content_digest(b"other"))
    assert reason_of(resigned(other, WHOLE)) is Reason.DIGEST


@pytest.mark.parametrize(
    "parameters",
    [
        *({name: ""} for name in ("created", "expires", "keyid", "alg", "nonce", "tag")),
        {"alg": '"rsa-pss-sha512"'},
        {"tag": '"ewx-partner-2"'},
        {"nonce": '"short"'},
        {"nonce": f'"{"a" * 87}"'},
        {"nonce": '"abcdefghijklmnopqrst+/"'},
        {"keyid": '"ABCDEF0123456789"'},
        {"created": f"0{int(NOW.timestamp())}"},
        {"created": f'"{int(NOW.timestamp())}"'},
        {"created": "-5", "expires": "295"},
        {"expires": str(int(NOW.timestamp()) + 301)},
        {"expires": str(int(NOW.timestamp()) + 299)},
        {"extra": "1"},
        {"extra": "1", "tag": ""},
    ],
    ids=str,
)
def test_exactly_the_six_parameters(parameters: dict[str, str]):
    assert reason_of(resigned(SENT, WHOLE, **parameters)) is Reason.HEADERS


@pytest.mark.parametrize("parameter", ["created", "nonce", "tag"])
def test_no_parameter_twice(parameter: str):
    value = f"{int(NOW.timestamp())}" if parameter == "created" else f'"{NONCE}"'
    doubled = SENT.headers["Signature-Input"] + f";{parameter}={value}"
    assert reason_of(SENT.with_header("Signature-Input", doubled)) is Reason.HEADERS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Signature-Input", ""),
        ("Signature-Input", "ewx"),
        ("Signature-Input", "ewx=()"),
        ("Signature-Input", SENT.headers["Signature-Input"].replace("ewx=", "other=")),
        ("Signature-Input", SENT.headers["Signature-Input"].replace("ewx=", "EWX=")),
        ("Signature-Input", SENT.headers["Signature-Input"].replace('"@method"', '"@method";req')),
        ("Signature-Input", SENT.headers["Signature-Input"].replace('" "', '"  "')),
        ("Signature-Input", SENT.headers["Signature-Input"] + ", more=1"),
        ("Signature", "ewx=::"),
        ("Signature", "ewx=:" + base64.b64encode(bytes(63)).decode() + ":"),
        ("Signature", "ewx=:" + base64.b64encode(bytes(65)).decode() + ":"),
        ("Signature", SENT.headers["Signature"].replace("==:", "=:")),
        ("Signature", SENT.headers["Signature"] + ", more=:AA==:"),
        ("Signature", SENT.headers["Signature"] + "x" * 10_000),
        ("Signature", SENT.headers["Signature"].replace("ewx", "ëwx")),
    ],
    ids=range(15),
)
def test_odd_signature_headers_are_refused(name: str, value: str):
    assert reason_of(SENT.with_header(name, value)) in {Reason.HEADERS, Reason.COVERAGE}


def test_a_signature_has_one_spelling():
    """Four bits of the last symbol carry nothing; set, they would make a second signature of the first."""
    signature = SENT.headers["Signature"]
    last = signature[-4]
    respelt = signature[:-4] + chr(ord(last) + 1) + signature[-3:]
    assert base64.b64decode(respelt[5:-1]) == base64.b64decode(signature[5:-1])
    assert reason_of(SENT.with_header("Signature", respelt)) is Reason.HEADERS


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_no_body_where_none_belongs_even_if_signed(method: str):
    assert reason_of(Sent(method=method).signed()) is Reason.HEADERS


@given(
    st.sampled_from(["Signature-Input", "Signature", "EWX-Connection", "Content-Digest", "Idempotency-Key"]),
    st.integers(0, 400),
    st.characters(),
)
@moderate
def test_any_garbage_in_a_header_is_refused_politely(name: str, at: int, character: str):
    value = SENT.headers[name]
    changed = value[: at % len(value)] + character + value[at % len(value) + 1 :]
    if changed.strip(" \t") != value:
        assert reason_of(SENT.with_header(name, changed)) in set(Reason)


# --- whose key ---


def test_a_foreign_key_is_refused():
    assert reason_of(Sent().signed(CYMBAL)) is Reason.KEY
    assert reason_of(SENT, keys={}) is Reason.KEY
    assert reason_of(SENT, keys={AURORA.keyid: CYMBAL.public}) is Reason.KEY
    claims_to_be_aurora = resigned(SENT, WHOLE, key=CYMBAL, keyid=f'"{AURORA.keyid}"')
    assert reason_of(claims_to_be_aurora) is Reason.SIGNATURE


def test_a_signature_is_good_at_one_place_only():
    """A request for one server, connection, method, path or attempt proves nothing at another."""
    for other in (
        replace(SENT, origin="https://aurora.example"),
        replace(SENT, target="/api/partner/v1/order-events"),
        SENT.with_header("Idempotency-Key", str(CONNECTION)),
    ):
        assert reason_of(other) is Reason.SIGNATURE


# --- time ---


@pytest.mark.parametrize("ahead", [-300, -65, -55, 0, 55, 60])
def test_a_clock_a_little_off_does_no_harm(ahead: int):
    """`ahead`: by how many seconds the signer's clock is before ours."""
    assert receive(Sent().signed(now=NOW + timedelta(seconds=ahead)))


@pytest.mark.parametrize("ahead", [-365, -301, 61, 65])
def test_a_clock_too_far_off_is_refused(ahead: int):
    assert reason_of(Sent().signed(now=NOW + timedelta(seconds=ahead))) is Reason.TIME


def test_time_is_looked_at_last():
    late = {"now": NOW + timedelta(hours=1)}
    assert reason_of(SENT, **late) is Reason.TIME
    assert reason_of(replace(SENT, body=b"x"), **late) is Reason.DIGEST
    assert reason_of(replace(SENT, body=b"x", origin="https://x.example"), **late) is Reason.SIGNATURE
    assert reason_of(SENT, keys={}, **late) is Reason.KEY


# --- a second signature for a new key ---


def rotation(new: KeyPair = CYMBAL, nonce: str = "z" * 22) -> Sent:
    return Sent(target=KEYS).signed(new_key=(new, nonce))


def test_a_new_key_is_proven_beside_the_old_one():
    claimed = claim(rotation())
    verify_request(claimed, keys={AURORA.keyid: AURORA.public}, now=NOW)
    assert verify_new_key(claimed, public_key=CYMBAL.public, now=NOW).nonce == "z" * 22


def test_a_new_key_that_signed_nothing_is_refused():
    one_only = Sent(target=KEYS).signed()
    assert reason_of(one_only) is Reason.HEADERS
    for claimed in (claim(rotation(new=BASSLINE)), claim(rotation(nonce=NONCE))):
        with pytest.raises(SignatureRefused):
            verify_new_key(claimed, public_key=CYMBAL.public, now=NOW)


def test_a_new_key_of_small_order_is_refused():
    claimed = claim(rotation())
    with pytest.raises(SignatureRefused):
        verify_new_key(claimed, public_key=b"\x01" + bytes(31), now=NOW)


def test_a_second_signature_belongs_nowhere_else():
    assert reason_of(Sent().signed(new_key=(CYMBAL, "z" * 22))) is Reason.HEADERS


# --- what we never send ---


@pytest.mark.parametrize(
    "arguments",
    [{"nonce": "short"}, {"target": "/api/partner/v1/articles"}, {"target": "/api/partner/v1/orders\nX: 1"}],
    ids=str,
)
def test_nothing_is_signed_that_nobody_would_take(arguments: dict):
    with pytest.raises(ValueError, match=r".+"):
        Sent().signed(**arguments)


def test_nonces_are_fresh():
    assert len({fresh_nonce() for _ in range(1000)}) == 1000
    assert fresh_nonce(lambda count: b"\xff" * count) == "_" * 24
