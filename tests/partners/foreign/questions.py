"""Two hundred questions at the edges of the page, and how a server answers each: status and problem.

What the page leaves to each server (how much of an odd path it sees, parameters sent twice) is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.foreign import probes
from tests.foreign.probes import NO_ONE, PERIOD, Ask, Stage, order, seen

GET_PATHS = [
    *("", "/", "/nonsense", "/connection/", "//connection", "/keys", f"/articles/{'a' * 65}", "/articles/nope"),
    *(
        "/articles?q=",
        "/articles?q=%zz",
        f"/articles?q={'a' * 201}",
        f"/articles?q={'a' * 9000}",
        "/articles?unknown=1",
    ),
    *(f"/articles?limit={text}" for text in ("", "0", "1", "100", "101", "-1", "1.5", "x", "%D9%A3")),
    *(f"/articles?category={text}" for text in ("", "a.b", "nope")),
    *(f"/articles?cursor={text}" for text in ("", "a.b", "abc", "a" * 513)),
    *(f"/articles?zone={text}" for text in ("", "Europe/Berlin", "europe/berlin", "Mars/X", "../x", "EST", "UTC")),
    *(f"/articles?{name}={PERIOD['start']}" for name in ("start", "end", "use_start", "use_end")),
    *("/orders", "/orders?limit=1", "/orders?changed_after=x", "/orders?changed_after=", "/orders?cursor=abc"),
    *(
        "/orders?role=buyer",
        "/orders?role=supplier",
        "/orders?role=x",
        "/orders?role=",
        "/orders/abc",
        f"/orders/{NO_ONE}",
    ),
]
INSTANTS = (
    "2030-05-01T08:00:00.123456Z 2030-05-01T08:00:00.1234567Z 2030-05-01T08:00Z 2030-05-01t08:00:00z 2030-05-01 "
    "2030-05-01T08:00:00%2B02:00 2030-05-01T08:00:00%2B00:00 "
    "2030-05-01T08:00:00 2030-02-30T08:00:00Z "
    "2030-05-05T00:00:00Z 2030-02-28T23:59:60Z 2030-02-28T24:00:00Z 0000-02-28T00:00:00Z "
    "0001-01-01T00:00:00Z 1969-12-31T23:59:59Z "
    "2030-05-04T08:00:00Z"
).split()
NOTICES = [
    *(
        b"[]",
        b'"a"',
        b"null",
        b"{}",
        b"{",
        b"",
        b'{"notice":5}',
        b'{"notice":null}',
        b'{"notice":""}',
        b'{"notice":"x"} x',
    ),
    *(b'{"notice":"%s"}' % (b"x" * length) for length in (100, 101)),
    *('{"notice":"x"}'.encode(name) for name in ("utf-16", "utf-8-sig", "utf-32")),
    *(
        b'{"notice":"\xff"}',
        b' {"notice":"x"}\n',
        b'{"notice":"a\nb"}',
        b'{"notice":"\\ud83d\\ude00"}',
        b"{'notice':'x'}",
    ),
    *(
        b'{"notice":"x","y":%s}' % value
        for value in (b"NaN", b"-Infinity", b"1e999", b"9" * 30, b"9" * 5000, b"01", b"1.")
    ),
    *(b'{"notice":"x","y":%s}' % (b"[" * deep + b"]" * deep) for deep in (15, 16, 20_000)),
    *(
        b'{"notice":"x","y":[{"a":1,"a":2}]}',
        b'{"notice":"x","\\u0000":1}',
        b'{"notice":"x","\\udc00":1}',
        b'{"\\u006eotice":"x"}',
    ),
]
MEDIA = ["application/json; charset=utf-8", "Application/JSON", "application/problem+json", "text/json", "json"]
ABSENT = object()
FOREIGN_YEAR = {"start": "2030-04-01T08:00:00Z", "end": PERIOD["end"], "zone": "Europe/Berlin"}
ORDERS: list[dict[str, Any]] = [
    *(
        {name: ABSENT}
        for name in ("id", "intent", "buyer", "planning_period", "usage_period", "logistics", "currency", "lines")
    ),
    *({name: None} for name in ("id", "intent", "buyer", "usage_period", "logistics", "remark", "currency", "lines")),
    *({"buyer": value} for value in ({}, {"name": "x"}, {"name": ""}, {"name": "x" * 201}, {"name": 5}, [], "x")),
    *(
        {"buyer": {"name": "x", "contact": value}}
        for value in ({}, None, {"email": "a@b.example"}, {"name": "y" * 201}, 7)
    ),
    *({"intent": value} for value in ("order", "gift", 5, "x" * 201)),
    *(
        {"logistics": value}
        for value in ({}, {"out": "fly", "out_at": PERIOD["start"]}, {"out_at": "soon"}, {"note": "x" * 4001})
    ),
    *({"remark": value} for value in ("x" * 4000, "x" * 4001, "Ko\u0308ln", 5, ["x"])),
    *({"buyer_reference": value} for value in ("x" * 100, "x" * 101, 5)),
    *({"currency": value} for value in ("USD", "eur", "XXZ", "EURO", "", 978)),
    *({"id": value} for value in ("abc", "ABCDEF00-0000-4000-8000-000000000000", 5, "")),
    *(
        {"usage_period": PERIOD | value}
        for value in ({"zone": "X/Y"}, {"end": PERIOD["start"]}, {"zone": 1}, {"start": "2030"})
    ),
    *({"usage_period": FOREIGN_YEAR}, {"planning_period": []}, {"lines": []}, {"lines": {}}, {"lines": [5]}),
]
LINES: list[dict[str, Any]] = [
    *({name: ABSENT} for name in ("id", "article", "quantity")),
    *({"quantity": value} for value in ("1", 1.0, True, None, 0, -1, 999_999, 1_000_000)),
    *(
        {"expected_net": value}
        for value in (5, "1.123456", "1.1234567", "123456789012", "1234567890123", "-1.00", "٣", "+1", "1.", "", None)
    ),
    *(
        {"buyer_article": value}
        for value in (None, {}, {"name": "x"}, {"number": "1", "name": "x"}, {"number": "1" * 101, "name": "x"})
    ),
    *({"article": "a b"}, {"article": ""}, {"article": 5}, {"id": "1"}, {"unknown": {"a": [1]}}),
]
LINE = {"article": "a", "quantity": 1}
AVAILABILITY: list[Any] = [
    *({"period": PERIOD, "lines": value} for value in ([], [LINE], [LINE] * 100, [LINE] * 101, None, LINE)),
    *(
        {"period": PERIOD, "lines": [LINE | value]}
        for value in ({"quantity": 0}, {"quantity": "1"}, {"article": "a.b"})
    ),
    *(
        {"period": value, "lines": [LINE]}
        for value in (None, {}, PERIOD | {"zone": None}, PERIOD | {"end": PERIOD["start"]})
    ),
]
COMMANDS: list[dict[str, Any]] = [
    *(
        {"command": value, "expected_version": 1}
        for value in ("dance", "confirm", "accept", "request_change", "", None, 5)
    ),
    *({"command": "withdraw", "expected_version": value} for value in (1, 0, 2, "1", None, 1.0, True)),
    {"command": "withdraw", "expected_version": 1, "reason": None, "lines": None, "proposal": None},
    {"command": "withdraw", "expected_version": 1, "lines": [NO_ONE]},
    {"command": "withdraw", "expected_version": 1, "reason": "x" * 4001},
    {"command": "accept", "expected_version": 5},
    {"command": "withdraw"},
]
STATES = [
    *(("GET", path) for path in ("/nonsense", "/categories", "/orders", f"/orders/{NO_ONE}", "/keys", "/connection")),
    *(
        ("POST", path)
        for path in ("/pairing", "/orders", "/availability", f"/orders/{NO_ONE}/commands", "/order-events")
    ),
    *(
        ("GET", "/articles/{article}"),
        ("GET", "/articles/{article}/picture"),
        ("DELETE", "/articles"),
        ("DELETE", "/keys/xyz"),
    ),
]


def answers(stage: Stage) -> Iterator[tuple[str, str]]:
    """Each question in words, and the answer."""
    yield from ((f"GET {path}", seen(Ask(stage.client, path=path))) for path in GET_PATHS)
    ends = ((f"/articles?start={text}&end={PERIOD['end']}", text) for text in INSTANTS)
    yield from ((f"start {text}", seen(Ask(stage.client, path=path))) for path, text in ends)
    for method, path in (("HEAD", ""), ("OPTIONS", "/connection"), ("PATCH", "/orders"), ("DELETE", "/keys/xyz")):
        yield f"{method} {path}", seen(Ask(stage.client, method, path))
    for version in ("v0", "v2", "v10", "v1x"):
        yield version, seen(Ask(stage.client, prefix=f"/api/partner/{version}"))
    for place, raw in _bodies(stage):
        yield f"{place} {raw!r}"[:200], seen(Ask(stage.client, "POST", place, **raw))
    yield from _in_states(stage)


def _bodies(stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from (("/connection/notice", {"raw": raw}) for raw in NOTICES)
    yield from (("/connection/notice", {"body": {"notice": "x"}, "media": media}) for media in MEDIA)
    yield from (
        ("/connection/notice", {"body": {"notice": "x"}, "key": key}) for key in ("", "abc", NO_ONE.upper() + "A")
    )
    yield from (
        ("/nonsense", {"raw": b"{", "media": "text/plain"}),
        ("/connection", {"raw": b"{"}),
        ("/availability", {}),
    )
    yield from (("/orders", {"body": _changed(order(stage.article), change)}) for change in ORDERS)
    for change in LINES:
        content = order(stage.article)
        yield "/orders", {"body": content | {"lines": [_changed(content["lines"][0], change)]}}
    yield from (("/availability", {"body": body}) for body in AVAILABILITY)
    for body in COMMANDS:
        content = order(stage.article)
        probes.post(stage, "/orders", content)
        yield f"/orders/{content['id']}/commands", {"body": body}
    yield from (("/order-events", {"body": body}) for body in ({}, {"event": "seen", "order": {"id": NO_ONE}}))
    yield from (("/keys", {"raw": raw, "also": stage.client.connection.key}) for raw in (b"{", b"{}"))


def _changed(content: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (content | change).items() if value is not ABSENT}


def _in_states(stage: Stage) -> Iterator[tuple[str, str]]:
    """The same under each state of the connection, with a body that cannot be read; the end is the last."""
    for name, begin, end in (
        ("paused", stage.pause, stage.resume),
        ("level 0", lambda: stage.set_level(0), lambda: stage.set_level(2)),
        ("closed", stage.close, lambda: None),
    ):
        begin()
        for method, path in STATES:
            raw = b"{" if method == "POST" else b""
            ask = Ask(stage.client, method, path.format(article=stage.article), raw=raw)
            yield f"{name}: {method} {path}", seen(ask)
        end()
    yield "closed: stale", seen(Ask(stage.client, before=400))
