"""People find what they look for: queries over the catalogue of a real rental company (mission J3).

`relevance.json` names for each query an article that has to be among the first five. What is found at all, both
databases answer alike: the reference says what holds a key, in plain Python.
"""

import json
from dataclasses import replace

import pytest

from eventworx.demo.catalogue import load_catalogue
from eventworx.demo.luminaires import DATA
from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.search import Columns, finding
from inventory.search.dialects import dialect
from inventory.search.finding import find_rows
from inventory.spelling import Wanted
from tests.source import ROOT

CASES = json.loads((ROOT / "tests" / "data" / "relevance.json").read_text())
FIRST = 5
NUMBER = Columns([("inventory_article", Article, ["number"])])


def matches(query: str, key: str) -> bool:
    """Whether an article with this search key is a hit."""
    wanted = Wanted.of(query)
    if not wanted.words:
        return wanted.is_blank
    has_all = all(any(spelling in key for spelling in spellings) for spellings in wanted.words)
    return has_all or bool(wanted.block and wanted.block in key)


@pytest.fixture
def lender(bassline: Tenant) -> Tenant:
    plan = json.loads((DATA / "bassline.json").read_text())
    load_catalogue(
        tenant=bassline, company=next(company for company in plan["tenants"] if company["slug"] == "bassline")
    )
    return bassline


def numbers(tenant: Tenant, query: str, limit: int = FIRST) -> list[str]:
    scope = tenant.articles.active()
    found = find_rows(tenant=tenant, scope=scope, query=query, limit=limit, columns=NUMBER)
    return [row[3] for row in found.rows]


def paged(tenant: Tenant, query: str) -> list[str]:
    """All hits, three at a time."""
    seen, place = [], None
    while place or not seen:
        asked = {"tenant": tenant, "scope": tenant.articles.active(), "query": query, "limit": 3, "after": place}
        page = find_rows(**asked, columns=NUMBER)
        seen += [row[3] for row in page.rows]
        place = page.next
        if not page.rows:
            break
    return seen


def missed(tenant: Tenant, cases: list[dict[str, str]]) -> list[str]:
    found = {case["query"]: numbers(tenant, case["query"]) for case in cases}
    return [f"{case}: {found[case['query']]}" for case in cases if case["article"] not in found[case["query"]]]


def test_what_people_look_for_is_among_the_first(lender: Tenant) -> None:
    assert len(CASES["strict"]) >= 150
    assert missed(lender, CASES["strict"]) == []


@pytest.mark.parametrize("way", ["parts", "parts of all", "reading", "walking"])
def test_every_way_finds_the_same_page_by_page(lender: Tenant, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(finding, "MANY", 0 if way == "walking" else 10**9)
    monkeypatch.setattr(finding, "LARGE", 1 if way == "parts of all" else 10**9)
    if way == "reading":
        spoken = replace(dialect(), has_parts=False)
        monkeypatch.setattr(finding, "dialect", lambda: spoken)
    keys = dict(lender.articles.values_list("number", "search_key"))
    for query in [case["query"] for case in CASES["strict"][::3]] + [
        "",
        "e",
        "58",
        "par",
        "&",
        "led wash rgbw",
        "T-0001",
        "t-0014",
        "T-000",
    ]:
        expected = sorted(number for number, key in keys.items() if matches(query, key))
        assert sorted(paged(lender, query)) == expected, query
        assert sorted(lender.articles.matching(query).values_list("number", flat=True)) == expected, query


@pytest.mark.postgres
@pytest.mark.django_db
def test_small_typos_find_what_was_meant(lender: Tenant) -> None:
    assert len(CASES["typos"]) >= 50
    lost = missed(lender, CASES["typos"])
    assert lost == []
