"""For every case of the kit a defect under which it must report that the server failed.

A defect is one mistake that somebody would make; everything else about the server stays right.
"""

from tests.partners.conformance import kind_callers, kind_gates
from tests.partners.conformance.defects import (
    answers,
    any_currency,
    around,
    body_of,
    cookies,
    counting_down,
    earlier,
    first_value,
    has_no_json,
    has_no_key,
    has_other_type,
    ignores,
    incomplete,
    is_pairing,
    items,
    keeps,
    key_everywhere,
    lenient,
    line_by_line,
    lines,
    old_signatures,
    other_level,
    price,
    reads,
    refuses,
    repaired,
    replaced,
    route_first,
    says,
    sets,
    shallow,
    size_last,
    small_limit,
    stores_refusals,
    too_early,
    turns,
    typed_emptiness,
    unquoted,
    vectors,
    without_escapes,
    without_nfc,
)
from tests.partners.conformance.kind_gates import kind
from tests.partners.conformance.spoilt_server import Defect

# Faults of the foreign server's own: name -> cases.
_NAMED = {
    "accepts-body-on-get": "body.on-get body.on-delete",
    "accepts-chunked": "body.chunked",
    "accepts-content-encoding": "body.encoded body.encoded-identity",
    "accepts-small-order-key": "keys.small-order",
    "accepts-twice": "header.twice-ewx-connection header.twice-idempotency-key",
    "accepts-two-signatures": "label.two label.new-elsewhere",
    "accepts-unreleased-order": "orders.not-released",
    "any-coverage": "coverage.without-method coverage.without-target-uri coverage.without-ewx-connection "
    "coverage.without-content-type coverage.without-content-digest coverage.without-idempotency-key coverage.nothing",
    "any-lifetime": "parameter.expires-later parameter.expires-sooner",
    "any-parameters": "parameter.without-alg parameter.without-tag parameter.more parameter.tag parameter.alg "
    "parameter.twice-created parameter.twice-expires parameter.twice-keyid parameter.twice-alg parameter.twice-nonce "
    "parameter.twice-tag parameter.created-text nonce.short nonce.long nonce.padded",
    "any-state": "command.state command.again command.unknown",
    "closed-is-open": "closed.gone closed.writes",
    "cursor-not-bound": "cursor.other-query cursor.other-period",
    "deep-json": "json.depth",
    "deletes-key-in-use": "keys.delete-signing",
    "duplicate-keys-json": "json.duplicate-keys",
    "events-unknown-200": "events.unknown-order",
    "forgets-old-key-at-once": "keys.use",
    "ignores-level": "level-1.availability level-0.catalogue level-0.availability level-0.orders",
    "ignores-pause": "paused.catalogue paused.commands paused.pairing paused.availability",
    "ignores-target": "target.host",
    "instance-in-401": "refusal.silent",
    "json-before-level": "level-0.before-json paused.new-orders",
    "keeps-every-staged-key": "keys.replace",
    "key-replace-without-new-signature": "keys.without-new keys.new-by-old keys.new-of-another keys.same-nonce "
    "keys.new-coverage keys.new-stale",
    "key-replace-without-new-signature accepts-small-order-key": "keys.not-a-key",
    "leaks-stock-at-level-1": "level-1.no-stock",
    "leaks-unreleased": "articles.not-released availability.unknown",
    "no-405": "route.method ",
    "no-415": "route.media-type ",
    "no-426": "version.unknown-major",
    "no-428": "route.key-required ",
    "no-connection-check": "connection.unknown connection.callers",
    "no-digest-check": "digest.wrong digest.other-body digest.two digest.sha-512",
    "no-field-check": "field.null field.type field.length availability.lines "
    "availability.fields list.wrong-question articles.question.limit-zero "
    "articles.question.limit-great articles.question.backwards articles.question.offset "
    "articles.question.naive articles.question.zone articles.question.words-long orders.field.id-number "
    "orders.field.id-upper-case orders.field.name-missing orders.field.name-long orders.field.reference-long "
    "orders.field.note-long orders.field.period-empty "
    "orders.field.instant-offset orders.field.instant-naive orders.field.instant-digits "
    "orders.field.quantity-zero orders.field.quantity-great "
    "orders.field.quantity-boolean orders.field.decimal-number orders.field.decimal-exponent "
    "orders.field.decimal-digits orders.field.lines-empty orders.field.lines-many",
    "no-idempotency": "repeat.together",
    "no-nonce-check": "nonce.replayed-write nonce.replayed-read nonce.before-route nonce.other-request "
    "nonce.replayed-together",
    "no-period-check": "articles.question.start-alone articles.question.end-alone articles.question.use-start-alone",
    "no-signature-check": "signature.flipped signature.zeros signature.foreign-key-as-ours target.method target.path "
    "target.query target.origin",
    "no-size-limit": "size.too-large ",
    "no-time-check": "time.stale time.future",
    "nonce-before-signature": "nonce.after-signature nonce.after-digest",
    "nul-in-json": "json.nul orders.field.nul",
    "order-exists-ignored": "orders.known-other",
    "order-twice": "orders.known-same",
    "pairing-any-body": "pairing.other-ids",
    "pairing-open": "unpaired.pairing",
    "pairing-unlimited": "unpaired.limit",
    "replays-other-fingerprint": "repeat.other-body repeat.other-path ",
    "replays-silently": "repeat.replayed repeat.refusal-stored",
    "signs-wrong-request": "answer.signed",
    "stale-version-accepted": "command.version-conflict command.superseded",
    "state-before-stored": "paused.repeat",
    "surrogates-in-json": "json.surrogate",
    "tells-reason-in-401": "refusal.identical",
    "too-much-coverage": "coverage.more digest.no-body",
    "unsigned-errors": "answer.problem-signed",
    "well-known-chatty": "well-known",
    "wrong-tenant": "connection.document pairing.repeated",
}

# Checks that a gate leaves out which verifies everything else: names -> cases.
_LEFT_OUT = {
    "signed": "signature.none signature.input-alone signature.value-alone",
    "signature": "signature.short",
    "keyid signature": "signature.foreign-key",
    "keyid": "parameter.keyid-unknown parameter.keyid-upper-case",
    "connection": "connection.missing",
    "lower-case": "connection.upper-case",
    "label": "label.other",
    "one": "label.twice",
    "once": "header.twice-content-digest header.twice-signature-input header.twice-signature",
    "order": "coverage.order",
    "parameter-on-component": "coverage.parameter",
    "component-twice": "coverage.twice",
    "without-created": "parameter.without-created",
    "without-expires": "parameter.without-expires",
    "without-keyid keyid": "parameter.without-keyid",
    "without-nonce": "parameter.without-nonce",
    "content-digest": "digest.missing",
    "content-type": "body.without-type",
    "key": "header.key-not-uuid",
}

_GATES = {
    "target.forwarded-host": kind_gates.ForwardedHost,
    "target.raw-query": kind_gates.TidyQuery,
    "signature.not-canonical": kind_gates.ReducedSignature,
    "keys.without-old": kind_gates.SelfVouching,
    "answer.own-nonce": kind_gates.OneNonce,
    "time.nearly-stale": kind_gates.ShortLife,
    "time.slightly-ahead": kind_gates.NoTolerance,
    "parameter.any-order": kind_gates.FixedOrder,
}

_CALLERS = {
    "delivery.pairing": kind_callers.WrongIds,
    "delivery.event": kind_callers.OldState,
    "delivery.retry": kind_callers.NewKeyPerAttempt,
    "delivery.unsigned": kind_callers.BelievesEverything,
    "delivery.forged": kind_callers.BelievesEverything,
    "delivery.unbound": kind_callers.BelievesEverything,
    "delivery.redirect": kind_callers.FollowsRedirects,
    "delivery.profile": kind_callers.SendsCookies,
    "answered.event": kind_callers.OldState,
    "level-3.event": kind_callers.SaysNothingOfConfirming,
    "rotated.key": kind_callers.KeepsItsKey,
}

_ORDER = ("POST", "/orders")

FULL = {"mode": "exact", "owned": 9, "free": 9}  # whatever is reserved
_OTHERS = {
    # before and beside authentication
    "target.escaped-path": Defect(asks=unquoted),
    "refusal.before-route": around(route_first),
    "size.largest": around(small_limit),
    "route.key-ignored-elsewhere": around(key_everywhere),
    "availability.keyless": around(key_everywhere),
    "time.clock": Defect(hours_late=1),
    "unpaired.others": incomplete(lambda server, _: server.connection().theirs is None),
    "unpaired.unknown": incomplete(lambda server, request: is_pairing(request)),
    "unpaired.unsigned": incomplete(lambda _, request: is_pairing(request) and not request.line("signature")),
    "size.before-signature": around(size_last),
    # answers and routes
    "order.route-before-media-type": too_early(415, "media-type", has_other_type),
    "order.media-type-before-key": too_early(428, "idempotency-required", has_no_key),
    "order.key-before-json": too_early(400, "malformed", has_no_json),
    "order.repeat-before-json": too_early(400, "malformed", has_no_json),
    "answer.without-content": Defect(says=typed_emptiness),
    "answer.plain": Defect(says=cookies),
    "route.unknown": turns(404, 200),
    # connection and notices
    "connection.state": says("GET", "/connection", sets(state="waiting_for_partner")),
    "connection.time": says("GET", "/connection", sets(time="2026-01-01T00:00:00Z")),
    "notice.unknown": refuses("POST", "/connection/notice", 422, "invalid"),
    "notice.known": refuses("POST", "/connection/notice", 422, "invalid", lambda a: b"resumed" in a.request.body),
    # JSON and fields
    "json.cut-off": reads(repaired),
    "json.empty": reads(repaired),
    "json.trailing": reads(first_value),
    "json.not-utf-8": reads(replaced),
    "json.utf-16": reads(lenient),
    "json.nan": reads(lenient),
    "json.infinity": reads(lenient),
    "json.too-great": reads(lenient),
    "json.deepest": reads(shallow),
    "json.escapes": reads(without_escapes),
    "field.missing": answers("POST", "/connection/notice", 204, None),
    "field.list": answers("POST", "/connection/notice", 204, None),
    "field.unknown": refuses("POST", "/connection/notice", 422, "invalid", lambda a: len(body_of(a)) > 1),
    # the catalogue
    "articles.page": says("GET", "/articles", sets(as_of=None)),
    "articles.priced": says("GET", "/articles", price(net="1.23")),
    "articles.stock": says("GET", "/articles", items(sets(stock=None))),
    "articles.one": says("GET", "/articles/*", sets(id="a1x")),
    "articles.unknown": turns(404, 200),
    "articles.net-for-period": says("GET", "/articles", price(net_for_period="1.23")),
    "articles.question.limit-word": ignores("limit"),
    "search.words": keeps(lambda item, query: query.get("q", item["name"]) in item["name"]),
    "search.number": keeps(lambda item, query: query.get("q") != item["number"]),
    "search.umlauts": keeps(lambda item, query: query.get("q", "").casefold() in item["name"].casefold()),
    "search.nothing": ignores("q"),
    "search.category": ignores("category"),
    "categories.list": keeps(lambda item, _: item.get("parent", "") is not None),
    "picture.image": vectors(),
    "picture.none": turns(404, 200),
    "paging.limit": ignores("limit"),
    "paging.all": ignores("cursor"),
    "cursor.other-limit": refuses(
        "GET", "/articles", 422, "cursor", lambda a: "cursor" in a.request.query and "limit=100" in a.request.query
    ),
    "cursor.tampered": ignores("cursor"),
    "cursor.not-ours": ignores("cursor"),
    "cursor.alphabet": ignores("cursor"),
    # availability
    "availability.order": says("POST", "/availability", lambda content: content["lines"].reverse()),
    "availability.stock": says("POST", "/availability", lines(sets(stock=None))),
    "availability.sum": says("POST", "/availability", line_by_line),
    "availability.read-only": says("POST", "/availability", counting_down()),
    # repeats
    "repeat.signed-anew": old_signatures(),
    "repeat.malformed-not-stored": Defect(says=stores_refusals),
    # orders
    "orders.create": says(*_ORDER, sets(remark=None)),
    "orders.minimal": refuses(*_ORDER, 422, "invalid", lambda a: "remark" not in body_of(a)),
    "orders.null": refuses(*_ORDER, 422, "invalid", lambda a: None in body_of(a).values()),
    "orders.unknown-fields": refuses(*_ORDER, 422, "invalid", lambda a: "x_kit" in body_of(a)),
    "orders.text-nfc": reads(without_nfc),
    "orders.get": says("GET", "/orders/*", lambda content: content["lines"][0].update(quantity=7)),
    "orders.unknown": turns(404, 200),
    "orders.money": says(*_ORDER, lines(sets(net="1.23"))),
    "orders.factor": says(*_ORDER, lines(sets(factor="9"))),
    "orders.field.currency-unknown": Defect(asks=any_currency),
    "orders.field.currency-lower-case": Defect(asks=any_currency),
    "orders.field.line-twice": turns(422, 201),
    "orders.field.period-missing": turns(422, 201),
    "orders.field.period-zone": turns(422, 201),
    "orders.field.instant-number": turns(422, 201),
    "orders.field.quantity-text": turns(422, 201),
    "orders.field.quantity-fraction": turns(422, 201),
    "command.suppliers": turns(409, 200),
    "command.fields": turns(422, 200),
    "command.withdraw": says("POST", "/orders/*", lambda content: content.update(version=content["version"] - 1)),
    "list.contains": ignores("role"),
    "list.changed-after": Defect(asks=earlier),
    "list.moves": keeps(lambda item, query: "changed_after" not in query or item["state"] == "requested"),
    "list.sorted": says("GET", "/orders", lambda content: content["items"].reverse()),
    "list.cursor": ignores("cursor"),
    # levels
    "level-0.document": says("GET", "/connection", other_level),
    "level-1.document": says("GET", "/connection", other_level),
    "level-2.document": says("GET", "/connection", other_level),
    "level-3.document": says("GET", "/connection", other_level),
    "level-0.running-orders": refuses("GET", "/orders", 403, "level"),
    "level-1.orders": refuses(*_ORDER, 403, "level"),
    "level-2.no-automatic": says(*_ORDER, sets(state="confirmed")),
    "level-3.confirmed": says(*_ORDER, sets(state="requested")),
    "level-3.answers": says(*_ORDER, lines(sets(answer={"outcome": "pending"}))),
    "level-3.reserved": says("POST", "/availability", lines(sets(stock=FULL))),
    "level-3.whole": says("POST", "/availability", counting_down()),
    "level-3.sum": says(*_ORDER, sets(state="confirmed")),
    "level-3.option": says(*_ORDER, sets(state="confirmed")),
    "level-3.short": says(*_ORDER, sets(state="confirmed")),
    "level-3.inquiry": says(*_ORDER, sets(state="confirmed")),
    # keys
    "keys.list": says("GET", "/keys", sets(items=[])),
    "keys.stage": says("POST", "/keys", sets(state="active")),
    "keys.delete-unknown": turns(404, 204, method="DELETE"),
    "keys.delete": answers("DELETE", "/keys/*", 204, None),
    # paused
    "paused.connection": says("GET", "/connection", sets(paused_by=[])),
    "paused.notice": refuses("POST", "/connection/notice", 403, "paused"),
    "paused.keys": refuses("GET", "/keys", 403, "paused"),
    "paused.orders": refuses("GET", "/orders", 403, "paused"),
    "paused.order-events": refuses("POST", "/order-events", 403, "paused"),
}

FAULTS: dict[str, Defect] = (
    {case: Defect(named=name) for name, cases in _NAMED.items() for case in cases.split()}
    | {case: Defect(gate=kind(*names.split())) for names, cases in _LEFT_OUT.items() for case in cases.split()}
    | {case: Defect(gate=gate) for case, gate in _GATES.items()}
    | {case: Defect(calls=caller) for case, caller in _CALLERS.items()}
    | _OTHERS
)
