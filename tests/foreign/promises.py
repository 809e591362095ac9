"""What the page promises, one line per fault: how it is probed, and what a server says that has not got the fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.foreign import probes
from tests.foreign.probes import Ask, Stage, event, get, notice, order, post, seen, without

Promise = tuple[Callable[[Stage], str], str]
REFUSED = "401 signature unsigned"
ELSEWHERE = "http://elsewhere.example"

AUTHENTICATION: Mapping[str, Promise] = {
    "no-size-limit": (lambda stage: notice(stage, raw=b" " * (256 * 1024 + 1)), "413 too-large unsigned"),
    "accepts-content-encoding": (lambda stage: get(stage, lines=[("Content-Encoding", "gzip")]), REFUSED),
    "accepts-body-on-get": (lambda stage: get(stage, body={}), REFUSED),
    "accepts-chunked": (
        lambda stage: notice(stage, lines=[("Transfer-Encoding", "chunked")], sent=probes.chunked),
        REFUSED,
    ),
    "no-connection-check": (probes.stolen_connection, REFUSED),
    "accepts-two-signatures": (lambda stage: get(stage, beside="other"), REFUSED),
    "accepts-twice": (
        lambda stage: notice(stage, lines=[("Content-Digest", "sha-256=:AAAA:")]),
        REFUSED,
    ),
    "any-coverage": (lambda stage: get(stage, covered=without('"@method"')), REFUSED),
    "too-much-coverage": (lambda stage: get(stage, covered=lambda known: {**known, '"@scheme"': "http"}), REFUSED),
    "any-parameters": (lambda stage: get(stage, edited=lambda text: text.replace("partner-1", "partner-2")), REFUSED),
    "ignores-target": (lambda stage: get(stage, origin=ELSEWHERE, host="elsewhere.example"), REFUSED),
    "no-signature-check": (lambda stage: get(stage, forged=lambda raw: raw[::-1]), REFUSED),
    "no-digest-check": (lambda stage: notice(stage, sent=lambda raw: raw.replace(b"probe", b"prose")), REFUSED),
    "no-time-check": (lambda stage: get(stage, before=302), REFUSED),
    "any-lifetime": (lambda stage: get(stage, before=302, lifetime=3600), REFUSED),
    "no-nonce-check": (probes.nonce_twice, f"200, {REFUSED}"),
    "nonce-before-signature": (probes.nonce_after_forgery, f"{REFUSED}, 200"),
    "tells-reason-in-401": (probes.two_401, "alike"),
    "instance-in-401": (probes.two_401, "alike"),
    "signs-401": (lambda stage: get(stage, before=302), REFUSED),
    "closed-is-open": (probes.after_the_end, "410 closed unsigned"),
    "signs-410": (probes.after_the_end, "410 closed unsigned"),
}

REQUESTS: Mapping[str, Promise] = {
    "unknown-route-200": (lambda stage: get(stage, "/nonsense"), "404 not-found"),
    "no-405": (lambda stage: seen(Ask(stage.client, "PUT")), "405 method"),
    "no-415": (lambda stage: notice(stage, media="text/plain"), "415 media-type"),
    "no-428": (lambda stage: notice(stage, key=""), "428 idempotency-required"),
    "no-426": (lambda stage: get(stage, prefix="/api/partner/v2"), "426 protocol unsigned"),
    "no-idempotency": (probes.repeated_order, "201, 201 replayed"),
    "replays-other-fingerprint": (
        lambda stage: probes.repeated_order(stage, remark="other"),
        "201, 422 idempotency-reuse",
    ),
    "replays-silently": (probes.repeated_order, "201, 201 replayed"),
    "state-before-stored": (lambda stage: probes.repeated_order(stage, stage.pause, stage.resume), "201, 201 replayed"),
    "ignores-pause": (lambda stage: probes.while_paused(stage, "/articles"), "403 paused"),
    "ignores-level": (
        lambda stage: probes.without_level(stage, "/articles"),
        "403 level",
    ),
    "json-before-level": (
        lambda stage: probes.without_level(stage, "/orders", method="POST", raw=b"{"),
        "403 level",
    ),
    "duplicate-keys-json": (lambda stage: notice(stage, raw=b'{"notice":"a","notice":"b"}'), "400 malformed"),
    "nul-in-json": (lambda stage: notice(stage, raw=b'{"notice":"\\u0000"}'), "400 malformed"),
    "surrogates-in-json": (lambda stage: notice(stage, raw=b'{"notice":"\\ud800"}'), "400 malformed"),
    "deep-json": (
        lambda stage: notice(stage, raw=b'{"notice":"a","x":' + b"[" * 16 + b"]" * 16 + b"}"),
        "400 malformed",
    ),
    "no-field-check": (lambda stage: post(stage, "/orders", order(stage.article, 0)), "422 invalid"),
}

ANSWERS: Mapping[str, Promise] = {
    "unsigned-answers": (get, "200"),
    "unsigned-errors": (lambda stage: get(stage, "/nonsense"), "404 not-found"),
    "signs-wrong-request": (get, "200"),
    "signs-with-another-key": (get, "200"),
    "signs-stale": (get, "200"),
    "answer-digest-wrong": (get, "200"),
    "plain-json-problems": (probes.media_of_problems, "application/problem+json"),
    "redirects": (get, "200"),
}

ENDPOINTS: Mapping[str, Promise] = {
    "well-known-chatty": (probes.well_known, "protocols"),
    "pairing-open": (lambda stage: probes.unentered(stage, 1), "409 pairing-incomplete unsigned"),
    "pairing-unlimited": (lambda stage: probes.unentered(stage, 11), "429 rate unsigned"),
    "pairing-any-body": (
        lambda stage: post(stage, "/pairing", dict.fromkeys(("connection", "partner_connection"), probes.NO_ONE)),
        "422 invalid",
    ),
    "wrong-tenant": (probes.tenant, "as in the code"),
    "leaks-unreleased": (lambda stage: get(stage, f"/articles/{stage.hidden}"), "404 not-found"),
    "leaks-stock-at-level-1": (probes.stock_at_level_1, "None"),
    "cursor-not-bound": (probes.foreign_cursor, "422 cursor"),
    "no-period-check": (lambda stage: get(stage, "/articles?start=2030-05-01T08:00:00Z"), "422 invalid"),
    "accepts-unreleased-order": (lambda stage: post(stage, "/orders", order(stage.hidden)), "422 invalid"),
    "order-twice": (probes.order_again, "201, 200"),
    "order-exists-ignored": (lambda stage: probes.order_again(stage, remark="other"), "201, 409 order-exists"),
    "orders-of-others": (probes.strange_order, "404 not-found"),
    "stale-version-accepted": (lambda stage: probes.command(stage, 99, "withdraw"), "409 version-conflict"),
    "any-state": (lambda stage: probes.command(stage, 1, "request_cancel"), "409 state"),
    "events-downgrade": (event, "200 {'applied': False}"),
    "events-unknown-200": (lambda stage: event(stage, id=probes.NO_ONE, version=9), "404 not-found"),
    "events-any-currency": (lambda stage: event(stage, currency="CHF", version=9), "422 invalid"),
    "events-any-lines": (probes.strange_lines, "422 invalid"),
}

KEYS: Mapping[str, Promise] = {
    "accepts-small-order-key": (probes.small_order_key, REFUSED),
    "key-replace-without-new-signature": (
        lambda stage: post(stage, "/keys", probes.key_body(probes.GENERATOR)),
        REFUSED,
    ),
    "forgets-old-key-at-once": (probes.old_key_after_rotation, "200"),
    "keeps-every-staged-key": (probes.replaced_staged_key, REFUSED),
    "deletes-key-in-use": (probes.own_key_deleted, "409 key-in-use"),
}

GROUPS = {
    "requests": REQUESTS,
    "answers": ANSWERS,
    "endpoints": ENDPOINTS,
    "keys": KEYS,
    "authentication": AUTHENTICATION,
}
PROMISES: Mapping[str, Promise] = {**AUTHENTICATION, **REQUESTS, **ANSWERS, **ENDPOINTS, **KEYS}
