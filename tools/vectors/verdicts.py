"""Which requests and answers have to be taken, and why the others have not (protocol §3).

The reasons are the product's own names for its admin. To the sender each is the same 401, so another implementation
need only tell "accepted" from the rest.
"""

import base64
import gzip
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from partners.protocol.keys import keyid
from partners.protocol.wire import Json, dumps
from tools.vectors.cast import (
    AURORA,
    AURORA_NEW,
    BASSLINE,
    BASSLINES_ID,
    BASSLINES_ORIGIN,
    NEUTRAL,
    NOW,
    STRANGER,
)
from tools.vectors.messages import (
    ASKED,
    NONCE,
    OTHER_NONCE,
    ROOT,
    Message,
    answer,
    beyond_the_group,
    digest,
    flipped,
    forged_for_the_neutral_point,
    request,
    respelt,
    seconds,
    vector,
)

_ORDER = request("POST", "/orders", b'{"id":"1"}', idempotent=True)
_SENT = _ORDER.signed()
_FOUND = request("GET", "/articles?q=par%2064&limit=5").signed()
_ROTATION = request(
    "POST", "/keys", dumps({"public_key": base64.b64encode(AURORA_NEW.public).decode()}), idempotent=True
)
_CREATED = int(NOW.timestamp())
_BODY = b'{"version":1}'
_ANSWER = answer(200, _BODY)
_ANSWERED = _ANSWER.signed(key=BASSLINE)


def requests() -> Json:
    return {
        "origin": BASSLINES_ORIGIN,
        "connection": str(BASSLINES_ID),
        "keys": [AURORA.public.hex(), NEUTRAL.hex()],
        "new_key": AURORA_NEW.public.hex(),
        "vectors": [
            *_honest_requests(),
            *_changed_on_the_way(),
            *_wrong_headers(),
            *_covering_something_else(),
            *_saying_something_else(),
            *_of_another_hand(),
            *_out_of_time(),
            *_rotations(),
        ],
    }


def _honest_requests() -> Iterator[Json]:
    yield vector("a search: no body, a query that must not be re-encoded", _FOUND)
    yield vector("an order: body and idempotency key", _SENT)
    yield vector("a body on a route without idempotency key", request("POST", "/availability", b"{}").signed())
    yield vector("an order without its key: covered only if present", _without_key())
    yield vector("a key is ignored where none belongs", _FOUND.having("Idempotency-Key", "anything"))
    yield vector("a command", request("POST", "/orders/17/commands", b"{}", idempotent=True).signed())
    yield vector("a DELETE", request("DELETE", "/keys/0123456789abcdef").signed())
    yield vector(
        "parameters in another order", _ORDER.signed(order=("tag", "nonce", "alg", "keyid", "expires", "created"))
    )
    yield vector("the longest nonce", _ORDER.signed(said={"nonce": f'"{"_" * 86}"'}))
    yield vector("header names in upper case", replace(_SENT, headers=tuple((n.upper(), v) for n, v in _SENT.headers)))
    yield vector("other headers beside", _SENT.having("Date", "now").having("Accept", "*/*"))


def _without_key() -> Message:
    return request("POST", "/orders", b"{}").signed()


def _changed_on_the_way() -> Iterator[Json]:
    yield vector("another body", replace(_SENT, body=b'{"id":"2"}'), "digest")
    yield vector("no body", replace(_SENT, body=b""), "coverage")
    yield vector("another method", replace(_SENT, method="PUT"), "coverage")
    yield vector("another target", replace(_FOUND, target=_FOUND.target + "0"), "signature")
    yield vector("the target encoded anew", replace(_FOUND, target=_FOUND.target.replace("%20", "+")), "signature")
    yield vector("the order sent to another route", replace(_SENT, target=ROOT + "/order-events"), "signature")
    yield vector("another idempotency key", _SENT.having("Idempotency-Key", str(BASSLINES_ID)), "signature")
    yield vector("another media type", _SENT.having("Content-Type", "application/xml"), "signature")
    yield vector("another digest", _SENT.having("Content-Digest", digest(b"other")), "signature")
    yield vector("the compressed body", replace(_SENT, body=gzip.compress(_SENT.body, mtime=0)), "digest")
    yield vector("one bit of the signature", flipped(_SENT), "signature")
    yield vector("the same signature in another spelling", respelt(_SENT), "headers")
    yield vector("the signature with the group's order added", beyond_the_group(_SENT), "signature")


def _wrong_headers() -> Iterator[Json]:
    yield vector("unsigned", _SENT.without("Signature", "Signature-Input"), "unsigned")
    for name in ("Signature", "Signature-Input", "EWX-Connection", "Content-Type", "Content-Digest"):
        yield vector(f"without {name}", _SENT.without(name), "headers")
        yield vector(f"{name} twice", _SENT.twice(name), "headers")
    yield vector("without Idempotency-Key, which is covered", _SENT.without("Idempotency-Key"), "coverage")
    yield vector("a key that is no UUID", _SENT.having("Idempotency-Key", "17"), "headers")
    yield vector(
        "a connection in upper case", _SENT.having("EWX-Connection", str(BASSLINES_ID).upper() + " A"), "headers"
    )
    yield vector("Content-Encoding", _SENT.having("Content-Encoding", "gzip"), "headers")
    yield vector("Transfer-Encoding", _SENT.having("Transfer-Encoding", "chunked"), "headers")
    yield vector("a body on GET, signed", replace(request("POST", "/orders", b"{}"), method="GET").signed(), "headers")
    for about, value in (
        ("SHA-512 for a digest, signed", digest(_ORDER.body, "sha512")),
        ("two digests, signed", f"{digest(_ORDER.body)}, {digest(_ORDER.body, 'sha512')}"),
        ("half a digest, signed", digest(_ORDER.body)[:-3] + ":"),
    ):
        yield vector(about, _ORDER.having("Content-Digest", value).signed(), "headers")
    yield vector(
        "a digest of another body, signed", _ORDER.having("Content-Digest", digest(b"other")).signed(), "digest"
    )
    yield vector("a second signature", _SENT.signed(label="other"), "headers")
    yield vector("another label", _ORDER.signed(label="sig1"), "headers")


def _covering_something_else() -> Iterator[Json]:
    whole = _ORDER.profile
    for count in (0, len(whole) - 1):
        for covered in combinations(whole, count):
            missing = " ".join(name for name in whole if name not in covered)
            yield vector(f"not covered: {missing}", _ORDER.signed(covered=[*covered]), "coverage")
    yield vector("another order of components", _ORDER.signed(covered=whole[::-1]), "coverage")
    yield vector("a component twice", _ORDER.signed(covered=[*whole, whole[0]]), "coverage")
    more = _ORDER.having("Date", "now")
    yield vector("a component more", more.signed(covered=[*whole, '"date"']), "coverage")
    yield vector("a component with a parameter", _ORDER.signed(covered=['"@method";req', *whole[1:]]), "coverage")
    split = ['"@method"', '"@authority"', '"@path"', *whole[2:]]
    yield vector("authority and path instead of the target", _ORDER.signed(covered=split), "coverage")


def _saying_something_else() -> Iterator[Json]:
    for name in ("created", "expires", "keyid", "alg", "nonce", "tag"):
        yield vector(f"without {name}", _ORDER.signed(said={name: ""}), "headers")
    for name, value in (
        ("alg", '"ed448"'),
        ("alg", '"hmac-sha256"'),
        ("tag", '"ewx-partner-2"'),
        ("nonce", '"tooshort"'),
        ("nonce", f'"{"a" * 87}"'),
        ("nonce", '"abcdefghijklmnopqrst+/"'),
        ("keyid", f'"{AURORA.keyid.upper()}"'),
        ("expires", f"{_CREATED + 299}"),
        ("expires", f"{_CREATED + 301}"),
        ("expires", f"{_CREATED + 300}.0"),
        ("created", f"0{_CREATED}"),
        ("extra", "1"),
    ):
        yield vector(f"{name}={value}", _ORDER.signed(said={name: value}), "headers")
    yield vector(
        "nonce twice", _SENT.having("Signature-Input", _SENT.value("Signature-Input") + f';nonce="{NONCE}"'), "headers"
    )


def _of_another_hand() -> Iterator[Json]:
    yield vector("a key of somebody else", _ORDER.signed(key=STRANGER), "key")
    yield vector(
        "a key of somebody else under our name",
        _ORDER.signed(key=STRANGER, said={"keyid": f'"{AURORA.keyid}"'}),
        "signature",
    )
    forged = forged_for_the_neutral_point(_ORDER.signed(said={"keyid": f'"{keyid(NEUTRAL)}"'}))
    yield vector("a forgery under a key of small order that was taken", forged, "signature")


def _out_of_time() -> Iterator[Json]:
    for late, verdict in ((300, "accepted"), (301, "time"), (-60, "accepted"), (-61, "time")):
        yield vector(f"read {late} s after it was made", _SENT, verdict, now=seconds(late))


def _rotations() -> Iterator[Json]:
    once = _ROTATION.signed()
    new = once.signed(key=AURORA_NEW, label="ewx-new", said={"nonce": f'"{OTHER_NONCE}"'})
    yield vector("a new key, vouched for by both", new)
    yield vector("a new key that signed nothing", once, "headers")
    yield vector("a new key with the nonce of the old one", once.signed(key=AURORA_NEW, label="ewx-new"), "headers")
    other = once.signed(key=STRANGER, label="ewx-new", said={"nonce": f'"{OTHER_NONCE}"'})
    yield vector("another key than the body names", other, "key")
    yield vector("a second signature where none belongs", _SENT.signed(key=AURORA_NEW, label="ewx-new"), "headers")


def answers() -> Json:
    problem = answer(422, b'{"status":422}', "application/problem+json").signed(key=BASSLINE)
    return {
        "request_signature": f"ewx=:{ASKED}:",
        "keys": [BASSLINE.public.hex()],
        "vectors": [
            vector("with content", _ANSWERED),
            vector("a problem", problem),
            vector("without content", answer(204).signed(key=BASSLINE)),
            vector("other headers beside", _ANSWERED.having("Date", "now").having("Idempotent-Replayed", "true")),
            *_wrong_answers(),
        ],
    }


def _wrong_answers() -> Iterator[Json]:
    yield vector("another status", replace(_ANSWERED, status=201), "signature")
    yield vector("another body", replace(_ANSWERED, body=b'{"version":2}'), "digest")
    yield vector("no body", replace(_ANSWERED, body=b""), "coverage")
    yield vector("a body that was not there", replace(answer(204).signed(key=BASSLINE), body=_BODY), "headers")
    yield vector("another media type", _ANSWERED.having("Content-Type", "text/html"), "signature")
    yield vector("Content-Encoding", _ANSWERED.having("Content-Encoding", "gzip"), "headers")
    yield vector("unsigned", _ANSWERED.without("Signature", "Signature-Input"), "unsigned")
    yield vector("a key of somebody else", _ANSWER.signed(key=STRANGER), "key")
    yield vector("one bit of the signature", flipped(_ANSWERED), "signature")
    not_bound = [name for name in _ANSWER.profile if "signature" not in name]
    yield vector("not bound to the request", _ANSWER.signed(key=BASSLINE, covered=not_bound), "coverage")
    yield vector("the status is not covered", _ANSWER.signed(key=BASSLINE, covered=_ANSWER.profile[1:]), "coverage")
    for late, verdict in ((300, "accepted"), (301, "time"), (-60, "accepted"), (-61, "time")):
        yield vector(f"read {late} s after it was made", _ANSWERED, verdict, now=seconds(late))
