"""What is JSON and what is not, and fields of the wrong kind (protocol §4 "Input rules")."""

from collections.abc import Callable

from partners.conformance.answers import Broken
from partners.conformance.checks import case
from partners.conformance.peer import NOTICE, Peer
from partners.protocol.wire import MAX_DEPTH, Json, ProblemCode

_MALFORMED = {
    "cut-off": ("JSON that is cut off", b'{"notice":"x"'),
    "empty": ("no body at all", b""),
    "trailing": ("something behind the JSON", b'{"notice":"x"}{}'),
    "not-utf-8": ("text that is not UTF-8", b'{"notice":"\xff"}'),
    "utf-16": ("UTF-16", '{"notice":"x"}'.encode("utf-16")),
    "duplicate-keys": ("the same key twice", b'{"notice":"x","notice":"y"}'),
    "nul": ("NUL in a text", b'{"notice":"x\\u0000"}'),
    "surrogate": ("a lone surrogate in a text", b'{"notice":"\\ud800"}'),
    "nan": ("NaN", b'{"notice":"x","a":NaN}'),
    "infinity": ("Infinity", b'{"notice":"x","a":-Infinity}'),
    "too-great": ("a number that becomes Infinity", b'{"notice":"x","a":1e999}'),
    "depth": (
        f"depth {MAX_DEPTH + 1}",
        b'{"notice":"x","a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
    ),
}
_INVALID: dict[str, tuple[str, Json]] = {
    "missing": ("A required field that is missing", {}),
    "null": ("A required field that is null", {"notice": None}),
    "type": ("A field of another type", {"notice": 3}),
    "list": ("A list instead of an object", []),
    "length": ("A text that is too long", {"notice": "x" * 5000}),
}


def _enter_each() -> None:
    for name, (what, body) in _MALFORMED.items():
        case(f"json.{name}", f"{what[0].upper()}{what[1:]} is 400", "§4")(_malformed(body))
    for name, (what, document) in _INVALID.items():
        case(f"field.{name}", f"{what} is 422 with its pointer", "§4, §5")(_invalid(document))


def _malformed(body: bytes) -> Callable[[Peer], None]:
    return lambda peer: _check_malformed(peer, body)


def _check_malformed(peer: Peer, body: bytes) -> None:
    peer.post(NOTICE, body=body).problem(ProblemCode.MALFORMED, 400)


def _invalid(document: Json) -> Callable[[Peer], None]:
    def check(peer: Peer) -> None:
        answer = peer.post(NOTICE, document)
        problem = answer.problem(ProblemCode.INVALID, 422)
        if document != [] and "/notice" not in {error.pointer for error in problem.errors}:
            raise Broken(f"{answer}: no error points to /notice")

    return check


_enter_each()


@case("json.deepest", f"Depth {MAX_DEPTH} is taken", "§4")
def deepest(peer: Peer) -> None:
    nested = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
    peer.post(NOTICE, body=b'{"notice":"x","a":' + nested + b"}").signed(204)


@case("json.escapes", "Escapes stand for their characters, surrogate pairs included", "§4")
def escapes(peer: Peer) -> None:
    peer.post(NOTICE, body=b'{"notice":"\\u00e4 \\ud83c\\udfb8"}').signed(204)


@case("field.unknown", "Unknown fields are ignored", "§4")
def unknown(peer: Peer) -> None:
    peer.post(NOTICE, {"notice": "conformance", "x_unknown": {"a": [1, None, "b"]}}).signed(204)
