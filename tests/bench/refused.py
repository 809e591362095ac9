"""What the time of a 401 tells: whether the connection exists, whose key it is, or that the signature was wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.wsgi import get_wsgi_application

from eventworx.limits import Verdict
from partners.api import gateway, rates
from partners.protocol.keys import KeyPair
from tests.bench.catalogue import Market
from tests.bench.side_by_side import Replacement, Taken, answered, interleaved, median, row
from tests.bench.signed_search import signed

TITLE = "The time of a refusal (401)"
TARGET = "/api/partner/v1/connection"
WRONG = "wrong signature"


def measure(market: Market, *, rounds: int, runs: int) -> dict[str, Any]:
    hirer, own, stranger = market.hirer, market.hirer.own_key(), KeyPair.generate()
    forged = {"Signature": f"ewx=:{'A' * 86}==:"}
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
    application = get_wsgi_application()

    def run(name: str, _round: int) -> Taken:
        return answered(application, TARGET, asks[name](), "401 Unauthorized")

    times = interleaved(dict.fromkeys(asks, uncounted), run, rounds=rounds, runs=runs)
    return {"title": TITLE, "rows": [row(name, median(found), median(times[WRONG])) for name, found in times.items()]}
