"""Orders with one field of the wrong type, range or length: 422 naming it (protocol §4 "Input rules")."""

from collections.abc import Callable
from uuid import uuid4

from partners.conformance.answers import Broken
from partners.conformance.checks import case
from partners.conformance.ordering import Document, line, new_order
from partners.conformance.peer import Peer
from partners.protocol.wire import Json, ProblemCode

# id: (what is wrong, where, the value); a path leads through objects and lists to the field
_WRONG: dict[str, tuple[str, tuple[str | int, ...], Json]] = {
    "id-number": ("an id that is a number", ("id",), 7),
    "id-upper-case": ("an id in upper case", ("id",), "0192D3E4-0000-7000-8000-00000000ABCD"),
    "name-missing": ("a buyer without name", ("buyer", "name"), None),
    "name-long": ("a name of 201 characters", ("buyer", "name"), "n" * 201),
    "reference-long": ("a reference of 101 characters", ("buyer_reference",), "r" * 101),
    "note-long": ("a remark of 4001 characters", ("remark",), "r" * 4001),
    "period-missing": ("no planning period", ("planning_period",), None),
    "period-empty": ("a period that ends where it starts", ("planning_period", "end"), "2020-01-01T00:00:00Z"),
    "period-zone": ("a zone that does not exist", ("usage_period", "zone"), "Europe/Atlantis"),
    "instant-offset": ("an instant that is not in UTC", ("planning_period", "start"), "2026-07-01T08:00:00+02:00"),
    "instant-naive": ("an instant without zone", ("planning_period", "start"), "2026-07-01T08:00:00"),
    "instant-digits": ("an instant with 7 decimals", ("logistics", "out_at"), "2026-07-01T08:00:00.1234567Z"),
    "instant-number": ("an instant that is a number", ("planning_period", "start"), 1_780_000_000),
    "currency-unknown": ("a currency that does not exist", ("currency",), "XYW"),
    "currency-lower-case": ("a currency in lower case", ("currency",), "eur"),
    "quantity-zero": ("quantity 0", ("lines", 0, "quantity"), 0),
    "quantity-great": ("quantity 1000000", ("lines", 0, "quantity"), 1_000_000),
    "quantity-text": ("a quantity that is a string", ("lines", 0, "quantity"), "1"),
    "quantity-fraction": ("quantity 1.5", ("lines", 0, "quantity"), 1.5),
    "quantity-boolean": ("quantity true", ("lines", 0, "quantity"), True),
    "decimal-number": ("an amount that is a number", ("lines", 0, "expected_net"), 12.5),
    "decimal-exponent": ("an amount with an exponent", ("lines", 0, "expected_net"), "1e3"),
    "decimal-digits": ("an amount with 7 decimals", ("lines", 0, "expected_net"), "1.0000001"),
    "lines-empty": ("no line", ("lines",), []),
}


def _enter_each() -> None:
    for name, (what, path, value) in _WRONG.items():
        case(f"orders.field.{name}", f"An order with {what} is 422", "§4")(_wrong(path, value))


def _wrong(path: tuple[str | int, ...], value: Json) -> Callable[[Peer], None]:
    def check(peer: Peer) -> None:
        order = new_order(peer)
        _put(order, path, value)
        _check_refused(peer, order, str(path[0]))

    return check


def _put(order: Json, path: tuple[str | int, ...], value: Json) -> None:
    for step in path[:-1]:
        order = order[step]  # type: ignore[index]
    order[path[-1]] = value  # type: ignore[index]


def _check_refused(peer: Peer, order: Document, field: str) -> None:
    answer = peer.post("/orders", order)
    problem = answer.problem(ProblemCode.INVALID, 422)
    if not any(error.pointer.startswith(f"/{field}") for error in problem.errors):
        raise Broken(f"{answer}: no error points to /{field}")


_enter_each()


@case("orders.field.lines-many", "An order with 501 lines is 422", "§4")
def many_lines(peer: Peer) -> None:
    article = peer.listings()[0].id
    slim: list[Json] = [{"id": str(uuid4()), "article": article, "quantity": 1} for _ in range(501)]
    _check_refused(peer, new_order(peer, lines=slim), "lines")


@case("orders.field.line-twice", "An order with the same line id twice is 422", "§4")
def line_twice(peer: Peer) -> None:
    one = line(peer.listings()[0].id)
    _check_refused(peer, new_order(peer, lines=[one, one]), "lines")


@case("orders.field.nul", "An order with NUL in a text is 400", "§4")
def nul(peer: Peer) -> None:
    peer.post("/orders", new_order(peer, remark="a\0b")).problem(ProblemCode.MALFORMED, 400)
