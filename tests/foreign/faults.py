"""The deliberate defects of the server: one small mistake each, where somebody would really make it."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

from tests.foreign import signatures
from tests.foreign.signatures import Headers, Signed

FAULTS: dict[str, str] = {
    # --- before authentication (§3)
    "no-size-limit": "reads and treats requests over 256 KiB",
    "accepts-content-encoding": "passes over Content-Encoding",
    "accepts-body-on-get": "takes a body on GET and DELETE if it is signed like any other",
    "accepts-chunked": "reads chunked bodies",
    "no-connection-check": "finds the key by its id alone, whatever connection is named",
    "accepts-two-signatures": "takes `ewx` and passes over other signatures beside it",
    "accepts-twice": "takes the first of two lines of a covered header",
    "any-coverage": "believes a signature over less than it must cover",
    "too-much-coverage": "believes a signature over more than it must cover",
    "any-parameters": "does not look at alg and tag",
    "ignores-target": "builds @target-uri from the Host header",
    "no-signature-check": "does not verify the signature",
    "no-digest-check": "does not compare Content-Digest with the body",
    "no-time-check": "believes signatures of any age and from the future",
    "any-lifetime": "lets the sender choose how long a signature is valid",
    "no-nonce-check": "does not remember nonces",
    "nonce-before-signature": "remembers the nonce of a forged request, so that the honest one is refused",
    "tells-reason-in-401": "says in the 401 what was wrong",
    "instance-in-401": "numbers its 401",
    "signs-401": "signs the 401, which tells that the connection exists",
    "closed-is-open": "serves a closed connection",
    "signs-410": "signs the 410",
    # --- after authentication, before the effect (§3, §6)
    "unknown-route-200": "answers unknown paths with 200",
    "no-405": "answers a wrong verb like an unknown path",
    "no-415": "does not look at the media type",
    "no-428": "does not ask for the Idempotency-Key",
    "no-426": "answers other major versions like unknown paths",
    "no-idempotency": "treats a repeated key like a new one",
    "replays-other-fingerprint": "answers a repeated key with what it stored, whatever is asked now",
    "replays-silently": "leaves out Idempotent-Replayed",
    "state-before-stored": "judges state and level before it looks for the stored answer",
    "ignores-pause": "serves a paused partner",
    "ignores-level": "serves what the level does not allow",
    "json-before-level": "reads the body before it judges state and level",
    "duplicate-keys-json": "lets the last of two equal keys win",
    "nul-in-json": "takes texts with NUL",
    "surrogates-in-json": "takes texts with lone surrogates",
    "deep-json": "takes any depth",
    "no-field-check": "does not look at types, ranges and lengths",
    # --- answers (§3, §5)
    "unsigned-answers": "signs nothing",
    "unsigned-errors": "signs successes only",
    "signs-wrong-request": "binds the answer to another request's signature",
    "signs-with-another-key": "signs answers with a key nobody knows",
    "signs-stale": "signs answers with times long past",
    "answer-digest-wrong": "sends the digest of another body",
    "plain-json-problems": "sends problems as application/json",
    "redirects": "answers GET /connection with a redirect",
    # --- endpoints (§4)
    "well-known-chatty": "tells strangers its name and software",
    "pairing-open": "answers 200 before the caller's code is entered",
    "pairing-unlimited": "answers 409 pairing-incomplete without limit",
    "pairing-any-body": "does not compare the ids in POST /pairing",
    "wrong-tenant": "answers with another tenant's connection document",
    "leaks-unreleased": "lists and serves what is not released",
    "leaks-stock-at-level-1": "shows stock below level 2",
    "cursor-not-bound": "takes a cursor with another query",
    "no-period-check": "takes half a period",
    "accepts-unreleased-order": "takes orders for what is not released",
    "order-twice": "makes a second order of a known id",
    "order-exists-ignored": "answers 200 to a known id with other content",
    "orders-of-others": "reads orders of any connection",
    "stale-version-accepted": "does not compare expected_version",
    "any-state": "takes commands in any state",
    "events-downgrade": "applies older versions",
    "events-unknown-200": "says that it applied an event of an unknown order",
    "events-any-currency": "lets the currency of an order change",
    "events-any-lines": "lets lines appear from nowhere",
    # --- keys (§4)
    "accepts-small-order-key": "stages keys of small order",
    "key-replace-without-new-signature": "stages a key without the signature of its owner",
    "forgets-old-key-at-once": "drops the old key at the first use of the new one",
    "keeps-every-staged-key": "lets several staged keys stand side by side",
    "deletes-key-in-use": "deletes the key that signs the request",
}


# --- a verifier that is too kind, for the faults that need one -------------------------------------
def kind_read(headers: Headers, any_parameters: bool) -> dict[str, Signed]:
    """The signature `ewx`, whatever stands beside it and, if asked, whatever its alg and tag are."""
    inputs = signatures.members(headers, "signature-input", signatures.INPUT)
    raws = signatures.members(headers, "signature", signatures.SIGNATURE)
    if signatures.LABEL not in inputs or signatures.LABEL not in raws:
        raise signatures.Refused("labels")
    match, raw = inputs[signatures.LABEL], base64.b64decode(raws[signatures.LABEL].group(2))
    if not any_parameters:
        return {signatures.LABEL: signatures.signed(match, raw)}
    values = {name: text or number for name, text, number in signatures.PARAMETER.findall(match.group(4))}
    kind = values | {name: values.get(name, "0") for name in ("created", "expires", "keyid", "nonce")}
    return {signatures.LABEL: Signed(match.group(2), match.group(3), kind, raw)}


def whatever_is_covered(signed: Signed, method: str, target_uri: str, headers: Headers) -> dict[str, str]:
    """The values of what the sender chose to cover."""
    url = urlsplit(target_uri)
    known = {
        "@method": method,
        "@target-uri": target_uri,
        "@authority": url.netloc,
        "@scheme": url.scheme,
        "@path": url.path,
        "@query": f"?{url.query}",
        "@request-target": target_uri.removeprefix(f"{url.scheme}://{url.netloc}"),
    }
    names = re.findall(r'"([^"]*)"', signed.covered)
    return {f'"{name}"': known.get(name) or signatures.header(headers, name) or "" for name in names}
