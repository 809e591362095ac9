"""What proof costs within one signed partner search with dated availability: each part is replaced by nothing in turn.

The whole runs through the WSGI application, without a server and a network around it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median
from typing import Any

from django.utils import timezone

from eventworx.limits import Limit, Verdict
from eventworx.wsgi import application
from partners.api import authentication, gateway, rates
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signing import Proof, fresh_nonce, sign_request
from tests.bench.catalogue import PERIOD, Market, Scale
from tests.bench.rows import Figures, Row
from tests.bench.side_by_side import Replacement, answered, interleaved

TARGET = f"/api/partner/v1/articles?q=martin%20spot&{PERIOD}"
WHOLE, ALL = "the whole request", "all of these together"


def measure(markets: Sequence[Market], _scale: Scale, *, rounds: int, runs: int) -> Figures:
    hirer, lender = markets[0].hirer, markets[0].lender
    key, signer = lender.own_key(), hirer.own_key()
    parts: dict[str, list[Replacement]] = {
        "verifying the signature": [Replacement(authentication, "verify_request", _believe)],
        "nonce and limits": [Replacement(rates, "count_question", _allow)],
        "opening our own key": [Replacement(authentication, "_own_key", lambda *_known: key)],
        "signing the answer": [Replacement(gateway, "sign_response", lambda **_answer: {})],
    }
    variants = {WHOLE: [], **parts, ALL: list(itertools.chain(*parts.values()))}
    rates.PER_CONNECTION |= {name: Limit(name, 10**9, 60) for name in rates.PER_CONNECTION}

    def run(_variant: str, _number: int) -> float:
        return answered(application, TARGET, signed(hirer, signer, TARGET)).milliseconds

    times = interleaved(variants, run, rounds=rounds, runs=runs)
    whole = times.pop(WHOLE)
    less = {name: median(a - b for a, b in zip(whole, without, strict=True)) for name, without in times.items()}
    rows = [Row("", name, taken, median(whole), WHOLE) for name, taken in less.items()]
    return Figures(rows)


def signed(hirer: PartnerConnection, key: KeyPair, target: str) -> dict[str, str]:
    assert hirer.peer_connection_id
    return sign_request(
        method="GET",
        origin=hirer.peer_origin,
        target=target,
        connection_id=hirer.peer_connection_id,
        key=key,
        now=timezone.now(),
        nonce=fresh_nonce(),
    )


def _believe(claimed: Any, *, keys: Any, now: Any) -> Proof:
    return Proof(claimed.keyid, claimed.signature.nonce, now, now)


def _allow(**_request: Any) -> Verdict:
    return Verdict(is_allowed=True)
