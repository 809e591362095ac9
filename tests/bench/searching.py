"""Whole signed searches with dated availability beside a floor that does nothing but their SQL (F1), at three sizes of
the catalogue (F3); look-ups by article number beside a trivial Django view (F4); searches with a typo beside the same
ones without (F10).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from typing import Any
from urllib.parse import quote

import orjson

from eventworx.limits import Limit
from eventworx.wsgi import application
from partners.api import rates
from tests.bench.bare import Bare, by_name, statements_of, trivial_application
from tests.bench.catalogue import PERIOD, Market, Scale
from tests.bench.rows import Figures, Row
from tests.bench.side_by_side import Answer, answered, interleaved, p95
from tests.bench.signed_search import signed

# What people type; one finds a tenth of the catalogue, another a few articles.
QUERIES = ["martin spot", "lautsprecher", "traverse 3 m", "buehnen", "shure 8-kanal", "nebelmaschine ip65"]
QUERIES += ["sennheiser funkmikrofon", "podest layher", "led-wand", "prolyte kettenzug", "mischpult", "robe verfol"]
NUMBERS = ["B-000017", "b-000031", "B-000205", "B-000250"]
F1_GOALS = ("≤ 1.7", "≤ 1.35", "≤ 1.15")  # the smallest catalogue first
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# A letter missing, doubled, wrong, or in its neighbour's place.
MISTAKES: list[Callable[[str, int, str], str]] = [
    lambda word, place, _other: word[:place] + word[place + 1 :],
    lambda word, place, _other: word[: place + 1] + word[place:],
    lambda word, place, other: word[:place] + other + word[place + 1 :],
    lambda word, place, _other: word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
]


def measure(markets: Sequence[Market], _scale: Scale, *, rounds: int, runs: int) -> Figures:
    rates.PER_CONNECTION |= {name: Limit(name, 10**9, 60) for name in rates.PER_CONNECTION}
    asked = [Asked(market) for market in markets]
    variants = {(each, kind): () for each in asked for kind in each.kinds}
    times = interleaved(variants, lambda variant, number: variant[0].run(variant[1], number), rounds=rounds, runs=runs)
    rows = []
    for each, goal in zip(asked, F1_GOALS, strict=True):
        rows += each.rows({kind: median(times[each, kind]) for kind in each.kinds}, goal)
    largest, smallest = p95(times[asked[-1], "search"]), p95(times[asked[0], "search"])
    growth = f"signed search, {asked[-1].size}, 95th percentile"
    return Figures([*rows, Row("F3", growth, largest, smallest, asked[0].size, "≤ 2")])


class Asked:
    """One supplier, asked in several ways."""

    def __init__(self, market: Market) -> None:
        self.market, self.size = market, f"{market.articles:,} articles"
        self.signer, trivial = market.hirer.own_key(), trivial_application()
        named = {_target(query): by_name(lambda query=query: self.ask(query)) for query in QUERIES}
        preparing = ChainMap(*(first for _said, first in named.values()))
        keeping = Bare({target: said for target, (said, _first) in named.items()}, preparing.values())
        bare = Bare({_target(query): statements_of(lambda query=query: self.ask(query)) for query in QUERIES})
        stock = f"/{market.lender.tenant_id}"
        self.kinds: dict[str, Callable[[int], Answer]] = {
            "search": lambda number: self.ask(_nth(QUERIES, number)),
            "floor": lambda number: answered(bare, _target(_nth(QUERIES, number)), {}),
            "keeping": lambda number: answered(keeping, _target(_nth(QUERIES, number)), {}),
            "typo": lambda number: self.ask(mistyped(_nth(QUERIES, number), number)),
            "number": lambda number: self.ask(_nth(NUMBERS, number)),
            "view": lambda number: answered(trivial, f"{stock}/B-{number:06}", {}),
        }

    def ask(self, query: str) -> Answer:
        target = _target(query)
        return answered(application, target, signed(self.market.hirer, self.signer, target))

    def run(self, kind: str, number: int) -> float:
        return self.kinds[kind](number).milliseconds

    def rows(self, p50: dict[str, float], goal: str) -> list[Row]:
        found = [self.finds(query, number) for query in QUERIES for number in range(len(MISTAKES))]
        known = [is_found for is_found in found if is_found is not None]
        search, number, typo = (f"{what}, {self.size}" for what in ("signed search", "look-up by number", "typo"))
        return [
            Row("F1", search, p50["search"], p50["floor"], "the same SQL alone", goal),
            Row("F1", search, p50["search"], p50["keeping"], "the same SQL alone, plans kept"),
            Row("F4", number, p50["number"], p50["view"], "a trivial Django view", "≤ 3"),
            Row("F10", typo, p50["typo"], p50["search"], "the same without typo", "≤ 2"),
            Row("F10", f"{typo}: finds", sum(known), len(known), "the same without typo", "≥ 0.9", ""),
        ]

    def finds(self, query: str, number: int) -> bool | None:
        """Whether the first hit is found with a typo, too; None where there is none."""
        right, wrong = (_ids(self.ask(typed)) for typed in (query, mistyped(query, number)))
        return right[0] in wrong if right else None


def mistyped(query: str, number: int) -> str:
    """With one mistake in its longest word, another one for each number."""
    word, random = max(query.split(), key=len), Random(f"{query} {number}")
    mistake = MISTAKES[number % len(MISTAKES)]
    return query.replace(word, mistake(word, random.randrange(1, len(word)), random.choice(LETTERS)))


def _ids(answer: Answer) -> list[Any]:
    return [item["id"] for item in orjson.loads(answer.body)["items"]]


def _target(query: str) -> str:
    return f"/api/partner/v1/articles?q={quote(query)}&{PERIOD}"


def _nth(texts: Sequence[str], number: int) -> str:
    return texts[number % len(texts)]
