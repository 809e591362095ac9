"""What the time of a 401 tells: whether the connection exists, whose key it is, or that the signature was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import uuid4

from eventworx.limits import Verdict
from eventworx.wsgi import application
from partners.api import gateway, rates
from partners.protocol.keys import KeyPair
from tests.bench.catalogue import Market, Scale
from tests.bench.rows import Figures, Row
from tests.bench.side_by_side import Replacement, answered, interleaved, medians
from tests.bench.signed_search import signed

TARGET = "/api/partner/v1/connection"
WRONG = "wrong signature"


def measure(markets: Sequence[Market], _scale: Scale, *, rounds: int, runs: int) -> Figures:
    hirer, stranger = markets[0].hirer, KeyPair.generate()
    own, forged = hirer.own_key(), {"Signature": f"ewx=:{'A' * 86}==:"}
    asks: dict[str, Callable[[], dict[str, str]]] = {
        WRONG: lambda: signed(hirer, own, TARGET) | forged,
        "wrong key": lambda: signed(hirer, stranger, TARGET) | forged,
        "no such connection": lambda: signed(hirer, own, TARGET) | forged | {"EWX-Connection": str(uuid4())},
    }
    # The counters would answer 429 at once; that all three are counted alike is a test's to show.
    uncounted = [
        Replacement(rates, "count_failed", lambda **_request: Verdict(is_allowed=True)),
        Replacement(gateway, "note_refused", lambda **_request: None),
    ]

    def run(name: str, _round: int) -> float:
        return answered(application, TARGET, asks[name](), "401 Unauthorized").milliseconds

    p50 = medians(interleaved(dict.fromkeys(asks, uncounted), run, rounds=rounds, runs=runs))
    return Figures([Row("", f"401, {name}", taken, p50[WRONG], WRONG) for name, taken in p50.items()])
