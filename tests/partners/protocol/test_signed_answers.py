"""Signed answers: they belong to one request, one status, one body (protocol §3)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.signing import Proof, Reason, SignatureRefused, sign_response, verify_response
from tests.partners.protocol.sending import AURORA, BASSLINE, CYMBAL, FOUND, NOW, SENT
from tests.partners.protocol.strategies import moderate

NONCE = "answer-nonce-0123456789"
ASKED = SENT.headers["Signature"]
BODY = b'{"version":1}'


def answered(**arguments) -> dict[str, str]:
    known = {"status": 201, "request_signature": ASKED, "key": BASSLINE, "now": NOW, "nonce": NONCE, "body": BODY}
    return sign_response(**(known | arguments))


def check(headers: dict[str, str], **arguments) -> Proof:
    known = {
        "status": 201,
        "headers": [*headers.items()],
        "body": BODY,
        "request_signature": ASKED,
        "keys": {BASSLINE.keyid: BASSLINE.public},
        "now": NOW,
    }
    return verify_response(**(known | arguments))


def reason_of(headers: dict[str, str], **arguments) -> Reason:
    with pytest.raises(SignatureRefused) as caught:
        check(headers, **arguments)
    return caught.value.reason


def test_an_honest_answer_is_proven():
    proof = check(answered())
    assert (proof.keyid, proof.nonce) == (BASSLINE.keyid, NONCE)


def test_an_answer_without_content_covers_status_and_request():
    headers = answered(status=204, body=b"")
    assert headers.keys() == {"Signature-Input", "Signature"}
    assert headers["Signature-Input"].startswith('ewx=("@status" "signature";req;key="ewx");created=')
    assert check(headers, status=204, body=b"")


def test_an_answer_with_content_covers_it():
    headers = answered(content_type="application/problem+json", status=422)
    listed = 'ewx=("@status" "content-type" "content-digest" "signature";req;key="ewx");'
    assert headers["Signature-Input"].startswith(listed)
    assert check(headers, status=422)


def test_other_headers_may_come_along():
    assert check(answered() | {"Date": "now", "Transfer-Encoding": "chunked", "Idempotent-Replayed": "true"})


@pytest.mark.parametrize(
    ("headers", "arguments", "reason"),
    [
        (answered(), {"status": 200}, Reason.SIGNATURE),
        (answered(), {"body": b'{"version":2}'}, Reason.DIGEST),
        (answered(), {"body": b""}, Reason.COVERAGE),
        (answered(body=b""), {}, Reason.HEADERS),
        (answered(), {"request_signature": FOUND.headers["Signature"]}, Reason.SIGNATURE),
        (answered(), {"keys": {AURORA.keyid: AURORA.public}}, Reason.KEY),
        (answered(key=CYMBAL), {}, Reason.KEY),
        (answered() | {"Content-Type": "text/html"}, {}, Reason.SIGNATURE),
        (answered() | {"Content-Encoding": "gzip"}, {}, Reason.HEADERS),
        (answered() | {"Signature": SENT.headers["Signature"]}, {}, Reason.SIGNATURE),
        (SENT.headers, {"keys": {AURORA.keyid: AURORA.public}}, Reason.COVERAGE),
        ({"Content-Type": "application/json"}, {}, Reason.UNSIGNED),
        (answered(), {"now": NOW + timedelta(seconds=301)}, Reason.TIME),
        (answered(), {"now": NOW - timedelta(seconds=65)}, Reason.TIME),
    ],
    ids=range(14),
)
def test_what_is_no_answer_to_this(headers: dict[str, str], arguments: dict, reason: Reason):
    assert reason_of(headers, **arguments) is reason


@pytest.mark.parametrize("seconds", [-55, 0, 295])
def test_a_clock_a_little_off_does_no_harm(seconds: int):
    assert check(answered(), now=later(seconds))


@given(
    st.sampled_from(["Signature-Input", "Signature", "Content-Type", "Content-Digest"]),
    st.integers(0, 400),
    st.characters(),
)
@moderate
def test_any_garbage_in_a_header_is_refused_politely(name: str, at: int, character: str):
    headers = answered()
    value = headers[name]
    changed = value[: at % len(value)] + character + value[at % len(value) + 1 :]
    if changed.strip(" \t") != value:
        assert reason_of(headers | {name: changed}) in set(Reason)


@given(st.integers(100, 599), st.binary(max_size=80))
@moderate
def test_an_answer_is_good_for_its_status_and_body_alone(status: int, body: bytes):
    headers = answered(status=status, body=body)
    assert check(headers, status=status, body=body)
    assert reason_of(headers, status=status, body=body + b"x") in {Reason.DIGEST, Reason.HEADERS}
    assert reason_of(headers, status=status + 1, body=body) is Reason.SIGNATURE


def later(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)
