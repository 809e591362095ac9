"""The order document, its money and its states: protocol §4 "Order document" and "Money", §7.

The supplier owns the document. It is kept as it goes over the wire; every function here changes it in place, under the
server's lock, and raises `WrongState` before anything is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.foreign import strict
from tests.foreign.store import Article, Order
from tests.foreign.strict import is_list, is_record, is_text

BUYER, SUPPLIER = "buyer", "supplier"
DIGITS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
DIGITS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
# (state, event) -> (next state, who); an accepted or agreed change ends in confirmed with the new content (§7)
TABLE: dict[tuple[str, str], tuple[str, str]] = {
    ("requested", "confirm"): ("confirmed", SUPPLIER),
    ("requested", "decline"): ("declined", SUPPLIER),
    ("requested", "propose"): ("proposed", SUPPLIER),
    ("proposed", "propose"): ("proposed", SUPPLIER),
    ("proposed", "accept"): ("confirmed", BUYER),
    ("requested", "withdraw"): ("withdrawn", BUYER),
    ("proposed", "withdraw"): ("withdrawn", BUYER),
    ("requested", "expire"): ("expired", SUPPLIER),
    ("proposed", "expire"): ("expired", SUPPLIER),
    ("confirmed", "request_cancel"): ("cancel_requested", BUYER),
    ("confirmed", "request_change"): ("change_requested", BUYER),
    ("cancel_requested", "agree"): ("cancelled", SUPPLIER),
    ("cancel_requested", "refuse"): ("confirmed", SUPPLIER),
    ("change_requested", "agree"): ("confirmed", SUPPLIER),
    ("change_requested", "refuse"): ("confirmed", SUPPLIER),
    ("change_requested", "propose_change"): ("change_proposed", SUPPLIER),
    ("confirmed", "propose_change"): ("change_proposed", SUPPLIER),
    ("change_requested", "withdraw"): ("confirmed", BUYER),
    ("change_proposed", "accept"): ("confirmed", BUYER),
    ("change_proposed", "refuse"): ("confirmed", BUYER),
    ("change_proposed", "expire"): ("confirmed", SUPPLIER),
    **{
        (state, "cancel"): ("cancelled", SUPPLIER)
        for state in ("confirmed", "cancel_requested", "change_requested", "change_proposed")
    },
    ("confirmed", "dispatch"): ("dispatched", SUPPLIER),
    ("dispatched", "undo_dispatch"): ("confirmed", SUPPLIER),
    ("dispatched", "return"): ("returned", SUPPLIER),
    ("returned", "close"): ("closed", SUPPLIER),
}
RESERVING = {"confirmed", "cancel_requested", "change_requested", "change_proposed", "dispatched"}
REASONED = {"decline", "refuse", "cancel", "request_cancel", "expire"}

is_name, is_word = is_text(shortest=1), is_text(strict.REFERENCE, 1)
_person = is_record({}, {name: is_text() for name in ("name", "email", "phone")})
_address = is_record({}, {name: is_text() for name in ("street", "postcode", "city", "country")})
LINE = is_record(
    {"id": strict.is_uuid, "article": strict.is_id, "quantity": strict.is_quantity},
    {
        "expected_net": strict.is_amount,
        "buyer_article": is_record({"number": is_text(strict.REFERENCE, 1), "name": is_name}),
    },
)
ORDER = is_record(
    {
        "id": strict.is_uuid,
        "planning_period": strict.is_period,
        "usage_period": strict.is_period,
        "currency": strict.is_currency,
        "buyer": is_record({"name": is_name}, {"contact": _person, "address": _address}),
        "lines": is_list(LINE, 1, 500),
    },
    {
        "intent": is_text(strict.REFERENCE),
        "buyer_reference": is_text(strict.REFERENCE),
        "logistics": is_record(
            {},
            {
                "out": is_text(strict.REFERENCE),
                "out_at": strict.is_instant,
                "back": is_text(strict.REFERENCE),
                "back_at": strict.is_instant,
                "address": _address,
                "note": is_text(strict.NOTE),
            },
        ),
        "remark": is_text(strict.NOTE),
    },
)
PROPOSAL = is_record(
    {"lines": is_list(LINE, 1, 500)}, {"planning_period": strict.is_period, "usage_period": strict.is_period}
)
COMMAND = is_record(
    {"command": is_word, "expected_version": strict.is_integer(1, 2**31)},
    {"lines": is_list(strict.is_uuid, 1, 500), "reason": is_text(strict.NOTE), "proposal": PROPOSAL},
)
EVENT = is_record(
    {
        "event": is_word,
        "order": is_record(
            {
                "id": strict.is_uuid,
                "version": strict.is_integer(1, 2**31),
                "state": is_word,
                "currency": strict.is_currency,
                "lines": is_list(is_record({"id": strict.is_uuid}), 1, 500),
            }
        ),
    }
)
CONTENT = (
    "id intent buyer_reference buyer planning_period usage_period logistics remark currency lines".split()
)  # what the buyer says; the rest of the document is the supplier's


class WrongState(Exception):
    """The table of §7 has no such row."""


def money(amount: Decimal, currency: str = "EUR") -> Decimal:
    """Half-up to the currency's digits."""
    return amount.quantize(Decimal(1).scaleb(-DIGITS.get(currency, 2)), ROUND_HALF_UP)


def factor(article: Article, usage: Mapping[str, str]) -> Decimal:
    """Of the greatest step that fits, plus the extra days; 1 for sale or where no step fits."""
    steps = () if article.kind == "sale" else article.factors
    return factor_for(strict.days_touched(usage), steps, article.extra_day_factor)


def factor_for(days: int, steps: Iterable[tuple[int, Decimal]], extra_day: Decimal) -> Decimal:
    fitting = [step for step in steps if step[0] <= days]
    if not fitting:
        return Decimal(1)
    step, value = max(fitting)
    return value + extra_day * (days - step)


def net(quantity: int, terms: Mapping[str, Any], currency: str = "EUR") -> Decimal:
    """Of one line: quantity x unit price x factor x (1 - discount), half-up."""
    part = 1 - Decimal(terms["discount_percent"]) / 100
    return money(quantity * Decimal(terms["unit_price"]) * Decimal(terms["factor"]) * part, currency)


def total(lines: Iterable[Mapping[str, Any]]) -> str:
    return str(sum((Decimal(line["net"]) for line in lines), Decimal("0.00")))


def priced(line: Mapping[str, Any], article: Article, usage: Mapping[str, str]) -> dict[str, Any]:
    """A line of the document from what the buyer sent: the supplier's figures count."""
    terms = {
        "unit_price": str(article.price),
        "factor": format(factor(article, usage), "f"),
        "discount_percent": str(article.discount_percent),
    }
    own = {"number": article.number, "name": article.name, **terms, "net": str(net(line["quantity"], terms))}
    kept = {name: line.get(name) for name in ("id", "article", "quantity", "expected_net", "buyer_article")}
    return kept | own | {"answer": answer("pending")}


def answer(outcome: str, **values: Any) -> dict[str, Any]:
    names = "quantity period article unit_price factor discount_percent net reason note".split()
    return {"outcome": outcome} | {name: values.get(name) for name in names}


def create(content: dict[str, Any], articles: Mapping[str, Article], now: float) -> dict[str, Any]:
    """The document of a new order, requested."""
    lines = [priced(line, articles[line["article"]], content["usage_period"]) for line in content["lines"]]
    return {name: content.get(name) for name in CONTENT} | {
        "intent": content.get("intent") or "inquiry",
        "lines": lines,
        "version": 1,
        "state": "requested",
        "supplier_reference": None,
        "created_at": strict.wire(now),
        "updated_at": strict.wire(now),
        "seen_at": None,
        "valid_until": content["planning_period"]["start"],
        "reason": None,
        "net": total(lines),
        "proposal": None,
    }


def move(document: dict[str, Any], event: str, who: str, now: float, reason: str | None = None) -> None:
    """The next state and version. Contents are settled by the caller, who has asked `may` before."""
    document["state"] = may(document, event, who)
    document["version"] += 1
    document["updated_at"] = strict.wire(now)
    if event in REASONED:
        document["reason"] = reason


def may(document: Mapping[str, Any], event: str, who: str) -> str:
    """The state that follows, or WrongState."""
    state, by = TABLE.get((document["state"], event), ("", ""))
    if by != who:
        raise WrongState(f"{event} in {document['state']}")
    return state


def settle(document: dict[str, Any], event: str, lines: Collection[str] | None = None) -> None:
    """What an event does to the contents, before `move`. `lines` are those a buyer accepts, None for all."""
    if event == "confirm":
        for line in document["lines"]:
            line["answer"] = answer("confirmed", quantity=line["quantity"], net=line["net"])
    elif event == "decline":
        for line in document["lines"]:
            _fall_away(line)
    elif event == "accept" and document["state"] == "proposed":
        for line in document["lines"]:
            _accept(line) if lines is None or line["id"] in lines else _fall_away(line)
    elif document["proposal"] and (event == "accept" or (event, document["state"]) == ("agree", "change_requested")):
        document |= {name: document["proposal"][name] for name in ("planning_period", "usage_period", "lines")}
    document["net"] = total(document["lines"])
    if event not in ("request_change", "propose_change"):
        document["proposal"] = None


def _fall_away(line: dict[str, Any]) -> None:
    line["answer"] = answer("declined") | {"reason": line["answer"].get("reason")}
    line["net"] = "0.00"


def _accept(line: dict[str, Any]) -> None:
    """The values of the answer become the line's own."""
    if line["answer"]["outcome"] == "declined":
        return _fall_away(line)
    names = ("quantity", "article", "unit_price", "factor", "discount_percent")
    line |= {name: line["answer"][name] for name in names if line["answer"][name] is not None}
    line["net"] = str(net(line["quantity"], line))
    return None


def proposal(document: Mapping[str, Any], wanted: Mapping[str, Any], articles: Mapping[str, Article]) -> dict[str, Any]:
    """A change as the document carries it: what is not named stays, the prices are the supplier's."""
    planning, usage = (wanted.get(name) or document[name] for name in ("planning_period", "usage_period"))
    lines = [priced(line, articles[line["article"]], usage) for line in wanted["lines"]]
    return {"planning_period": planning, "usage_period": usage, "lines": lines, "net": total(lines)}


def line_ids(order: Order | Mapping[str, Any]) -> set[str]:
    """Of the document and of its proposal: the only ones that an event may name."""
    document = order.document if isinstance(order, Order) else order
    proposed = (document.get("proposal") or {}).get("lines", ())
    return {line["id"] for line in [*document["lines"], *proposed]}
