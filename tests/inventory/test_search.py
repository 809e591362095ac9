"""Search is what people type (mission J3)."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.categories import descendants
from inventory.models import Article, lowest_over
from inventory.reservations import ReservationClaim, reserve
from inventory.search import Columns, all_articles, find_rows, finding, search_articles
from inventory.search.places import Place
from inventory.search.typos import mistakes
from inventory.steps import span_of
from tests.factories import SUMMER, make_article, make_category

NUMBER = Columns([("inventory_article", Article, ["number"])])


def search(**asked: Any) -> list[Article]:
    return list(search_articles(**{"category_ids": None, "archived": False, **asked}))


@pytest.fixture
def stocked(aurora: Tenant) -> Tenant:
    rows = [
        ("L-100", "Bühnenscheinwerfer PAR 64", {"manufacturer": "Thomas"}),
        ("T-58", "Gesangsmikrofon SM 58", {"manufacturer": "Shure", "manufacturer_part_number": "SM58-LCE"}),
        ("T-58-2", "Straßenkabel 20 m", {"gtin": "4006381333931"}),
        ("K-1", "Ångström-Lampe", {}),
    ]
    for number, name, fields in rows:
        make_article(aurora, name, number=number, **fields)
    return aurora


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["K-1", "L-100", "T-58", "T-58-2"]),
        ("par 64", ["L-100"]),
        ("64 PAR", ["L-100"]),
        ("par64", ["L-100"]),
        ("scheinwerf", ["L-100"]),
        ("buehnen", ["L-100"]),
        ("BÜHNEN", ["L-100"]),
        ("thomas par", ["L-100"]),
        ("strasse", ["T-58-2"]),
        ("STRASSENKABEL", ["T-58-2"]),
        ("angstroem LAMPE", ["K-1"]),
        ("sm58lce", ["T-58"]),
        ("SM-58", ["T-58"]),
        ("shure mikro", ["T-58"]),
        ("4006381333931", ["T-58-2"]),
        ("40 06381 33393 1", ["T-58-2"]),
        ("4006381-333931", ["T-58-2"]),
        ("04006381333931", ["T-58-2"]),  # as scanners fill it up
        ("0 40 06381 33393 1", ["T-58-2"]),
        ("0000000058", []),
        ("Lampe-Ångström", ["K-1"]),  # words joined by a hyphen stand in any order, too
        ("PAR-64-Bühnenscheinwerfer", ["L-100"]),
        ("shure SM58/gesang", ["T-58"]),
        ("Kabel-Lampe", []),
        ("64-PA", []),  # a number stays one
        ("LAMPE-58", []),
        ("Lampe-Angstrom-58", []),
        ("t58", ["T-58", "T-58-2"]),
        ("T-58", ["T-58", "T-58-2"]),
        ("T-58-2", ["T-58-2"]),
        ("par 65", []),
        ("-", []),
        ("st", ["T-58-2"]),  # up to two letters only where a word begins
        ("ch", []),
        ("p 6", ["L-100"]),
        ("par - 64", ["L-100"]),
        ("l%p", []),
        ("p_r", []),
    ],
)
def test_what_people_type(stocked: Tenant, query: str, numbers: list[str]) -> None:
    found = [article.number for article in search(tenant=stocked, query=query)]
    assert sorted(found) == sorted(numbers)


def test_the_article_of_that_number_comes_first_then_by_name(aurora: Tenant) -> None:
    for number, name in (("X-2", "Zange"), ("X-21", "Ätzer"), ("X-22", "Bohrer")):
        make_article(aurora, name, number=number)
    assert [article.number for article in search(tenant=aurora, query=" x-2 ")] == ["X-2", "X-21", "X-22"]


def test_categories_and_archived_ones(aurora: Tenant) -> None:
    light = make_category(aurora)
    inner = make_category(aurora, "Spots", parent=light)
    make_article(aurora, "Spot", category=inner)
    make_article(aurora, "Spotlos")
    make_article(aurora, "Spot alt", archived_at="2027-07-01T00:00Z")
    within = search(tenant=aurora, query="spot", category_ids=descendants(aurora, light.pk))
    assert [article.name for article in within] == ["Spot"]
    assert not search(tenant=aurora, query="spot", category_ids=[])
    for query in ("", "spot", "alt spot"):
        assert [article.name for article in search(tenant=aurora, query=query, archived=True)] == ["Spot alt"]
    assert search(tenant=aurora, query="spotlos", archived=True) == []


def test_another_tenants_articles_are_never_found(stocked: Tenant, cymbal: Tenant) -> None:
    assert not search(tenant=cymbal, query="par")


@pytest.mark.postgres
@pytest.mark.django_db
def test_words_are_written_down_with_the_articles_whoever_writes_them(aurora: Tenant, bassline: Tenant) -> None:
    article = make_article(aurora, "Bühnenpodest 2 × 1 m", number="X-1")
    aurora.articles.filter(pk=article.pk).update(search_key=" x1 verfolger ")
    many = [Article(tenant=bassline, number=str(number), name="Traverse") for number in range(3)]
    for row in many:
        row.fill_keys()
    bassline.articles.bulk_create(many)
    assert set(aurora.catalogue_words.values_list("word", flat=True)) == {"buehnenpodest", "buhnenpodest", "verfolger"}
    assert [word.word for word in bassline.catalogue_words.all()] == ["traverse"]
    assert [found.pk for found in search(tenant=aurora, query="verfloger")] == [article.pk]
    assert search(tenant=aurora, query="trawerse") == []


@pytest.mark.postgres
@pytest.mark.django_db
def test_what_goes_on_with_a_list_means_what_it_shows(stocked: Tenant) -> None:
    """Marking, exporting and the timeline: typos are corrected there, too, and words cut at their hyphens."""
    verfolger = make_article(stocked, "Verfolger")
    everywhere: Any = {"tenant": stocked, "category_ids": None, "archived": False}
    for typed in ("verfloger", "Lampe-Ångström", "Lampe-Verfolger", "par", "nirgends", ""):
        listed = search_articles(query=typed, **everywhere)
        assert set(all_articles(query=typed, **everywhere)) == set(listed)
    assert list(all_articles(query="verfloger", **everywhere)) == [verfolger]


@pytest.mark.parametrize("typed", ["kabel-dmx", "kabel-verfloger"])
def test_what_was_read_otherwise_is_read_so_on_every_page(aurora: Tenant, typed: str) -> None:
    for number in range(5):
        make_article(aurora, f"DMX Kabel Verfolger {number} m")
    asked: Any = {"tenant": aurora, "scope": aurora.articles.active(), "query": typed, "limit": 2, "columns": NUMBER}
    seen, place = list[str](), None
    for _page in range(3):
        page = find_rows(**asked, after=place)
        seen += [row[3] for row in page.rows]
        place = page.next and Place.of(json.loads(json.dumps(page.next)))
    assert place is None
    corrected = connection.vendor == "postgresql" or typed == "kabel-dmx"
    assert sorted(seen) == (sorted(aurora.articles.values_list("number", flat=True)) if corrected else [])


def test_a_place_of_another_reading_is_none() -> None:
    with pytest.raises(ValueError, match="another reading"):
        Place.of(["best", 0, 1, 1, 3])


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_word_of_another_catalogue_corrects_nothing(stocked: Tenant, cymbal: Tenant) -> None:
    make_article(cymbal, "Verfolger")
    assert search(tenant=stocked, query="verfloger") == []


@pytest.mark.parametrize(
    ("typed", "word", "count"),
    [
        ("shure", "shure", 0),
        ("shrue", "shure", 1),
        ("sure", "shure", 1),
        ("shurre", "shure", 1),
        ("shire", "shure", 1),
        ("gelnaender", "buehnengelaender", 1),
        ("robe", "shure", 2),
        ("abcd", "", 4),
    ],
)
def test_mistakes_are_counted_in_the_nearest_part_of_a_word(typed: str, word: str, count: int) -> None:
    assert mistakes(typed, word) == count


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_number_is_found_in_one_statement_with_all_that_hold_it(
    stocked: Tenant, django_assert_num_queries: Any
) -> None:
    for number in ("AB-1234", "AB-1234-5", "XAB-1234"):
        make_article(stocked, "PAR", number=number)
    scope = stocked.articles.active()
    with django_assert_num_queries(1):
        found = find_rows(tenant=stocked, scope=scope, query="ab-1234", limit=3, columns=NUMBER)
    assert [row[3] for row in found.rows] == ["AB-1234", "AB-1234-5", "XAB-1234"]
    with django_assert_num_queries(3):  # more than fit on a page are looked at as ever
        assert find_rows(tenant=stocked, scope=scope, query="ab-1234", limit=2).next


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_compiles_no_search(stocked: Tenant) -> None:
    assert search(tenant=stocked, query="par")
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("large", "condition"), [(10**9, "Index Cond: ((tenant_id ="), (1, "Filter: ((tenant_id + 0) =")]
)
def test_the_index_of_parts_is_asked_for_the_company(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch, large: int, condition: str
) -> None:
    """Unless that has so many articles that others hold fewer."""
    monkeypatch.setattr(finding, "LARGE", large)
    articles = [Article(tenant=aurora, number=f"{number}", name=f"Kabel {number}") for number in range(3000)]
    for article in articles:
        article.fill_keys()
    Article.objects.bulk_create(articles)
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('articles_by_parts'); SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE inventory_article")
        with CaptureQueriesContext(connection) as asked:
            assert len(search(tenant=aurora, query="kabel 77")) > 10
        [page] = [query["sql"] for query in asked if "tenant_id + 0" in query["sql"]]
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {page}")
        plan = [line.strip() for (line,) in cursor.fetchall()]
    scanned = next(place for place, line in enumerate(plan) if "articles_by_parts" in line and "never" not in line)
    assert any(line.startswith(condition) for line in plan[scanned - 3 : scanned + 2])


@pytest.mark.parametrize("order", ["name", "best", "any"])
def test_pages_go_on_where_they_ended_while_articles_come_and_go(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    """By the place where a page ended, not by a count: what is there all the time is on exactly one page."""
    monkeypatch.setattr(finding, "MANY", 0 if order == "any" else 10**9)
    leaving, *staying = [make_article(aurora, f"PAR {number}", owned=number).pk for number in range(9)]
    reserve(tenant=aurora, claims=[ReservationClaim(pk, 1, SUMMER) for pk in staying[3:]])
    seen, place, span = list[int](), None, span_of(SUMMER)
    while place or not seen:
        asked = {"tenant": aurora, "scope": aurora.articles.active(), "query": "" if order == "name" else "par"}
        page = find_rows(**asked, limit=2, after=place, stock_over=span)  # type: ignore[arg-type]
        found = [row[2] for row in page.rows]
        assert (page.order, page.lowest) == (order, lowest_over(found, span))
        seen, place = seen + found, page.next
        make_article(aurora, "A PAR")
        aurora.articles.filter(pk=leaving).update(archived_at=timezone.now())
    assert sorted(set(seen) & set(staying)) == staying
    assert len(set(seen)) == len(seen)
