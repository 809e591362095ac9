"""What a partner sees of our catalogue, asked through the door as his server asks (mission R1-R3, R6; protocol §4)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from eventworx import prepared
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article, FactorScale
from inventory.reservations import ReservationClaim, reserve
from partners.access import AccessLevel
from partners.client import PartnerPaused, PartnerRefused
from partners.models import PartnerConnection
from partners.protocol.sizes import MAX_ANSWER_BYTES
from partners.protocol.wire import ProblemCode
from partners.releases import release
from tests.factories import make_article, make_category
from tests.fakes import InProcess
from tests.partners.api.asking import ADMIN, PERIOD, Ask, queries_of, refusal, reserve_row, set_level, statements_of

USAGE = {"use_start": "2027-07-02T06:00:00Z", "use_end": "2027-07-04T06:00:00Z", "zone": "Europe/Berlin"}
# Gateway: connection with tenant, contact and keys, nonce, limits; catalogue: estimate, and the page with releases,
# articles and stock. The same at every level.
QUERIES = 5
# And where something of them moves with time: their courses, and what moves.
QUERIES_WITH_HOLDS = 7
LEVELS = [AccessLevel.ARTICLES, AccessLevel.STOCK, AccessLevel.AUTOMATIC]

COPIED = [field.name for field in Article._meta.concrete_fields if field.name not in {"id", "number"}]


def names(page: Any) -> list[str]:
    return [item["name"] for item in page["items"]]


def test_only_what_is_released_is_found(
    pair: tuple[PartnerConnection, PartnerConnection], ask: Ask, bassline: Tenant, cymbal: Tenant
) -> None:
    shown, _hidden = make_article(bassline, "Shown"), make_article(bassline, "Hidden")
    make_article(cymbal, "Cymbal's")
    assert names(ask("/articles")) == []
    release(connection=pair[1], actor=ADMIN, articles=[shown])
    assert names(ask("/articles")) == ["Shown"]


@pytest.mark.parametrize("letter", ["x", "ж", "𝄞", "\x01"], ids=ascii)
@pytest.mark.parametrize("query", ["", "par"])
def test_a_page_of_the_largest_listings_ends_before_it_is_too_large(
    lent: PartnerConnection, ask: Ask, bassline: Tenant, letter: str, query: str
) -> None:
    """No answer is larger than a server takes; the cursor goes on where it ends, and nothing is lost or twice."""
    steps = [{"days": days, "factor": "9999.9999"} for days in range(3551, 3651)]
    category = make_category(bassline, letter * 100)
    scale = bassline.factor_scales.create(name="Lang", steps=steps, extra_day_factor=Decimal("9999.9999"))
    texts = {"description": 4000, "manufacturer": 200, "manufacturer_part_number": 100, "unit": 30}
    facts = {name: letter * length for name, length in texts.items()} | {"factor_scale": scale, "category": category}
    largest = make_article(bassline, f"PAR {letter * 196}", **facts)
    copies = [Article(**{f: getattr(largest, f) for f in COPIED}, number=f"{n:050}") for n in range(99)]
    Article.objects.bulk_create(copies)
    found, cursor, sizes = list[str](), "", list[int]()
    while cursor is not None:
        asked = {"q": query, "limit": 100, **PERIOD, **USAGE} | ({"cursor": cursor} if cursor else {})
        page = ask("/articles", **asked)
        found += [item["id"] for item in page["items"]]
        sizes.append(len(orjson.dumps(page)))
        cursor = page["next"]
    assert (len(found), len(set(found))) == (100, 100)
    assert max(sizes) <= MAX_ANSWER_BYTES
    assert len(sizes) == -(-sum(sizes) // MAX_ANSWER_BYTES)  # and none ends sooner than it has to


@pytest.mark.parametrize("path", ["/articles", "/articles/1", "/orders"])
def test_however_many_parameters_get_an_answer_of_the_protocol(lent: PartnerConnection, ask: Ask, path: str) -> None:
    """Signed and one of the statuses of protocol §5; unknown parameters are ignored as unknown fields are."""
    too_many_for_django = {f"p{number}": "1" for number in range(1500)}
    try:
        answered = set(ask(path, **too_many_for_django))
    except PartnerRefused as refused:
        answered = {refused.problem.code}
    assert answered in ({"items", "next", "as_of"}, {ProblemCode.NOT_FOUND})


def test_a_listing_carries_everything_but_what_is_ours_alone(
    lent: PartnerConnection, ask: Ask, bassline: Tenant
) -> None:
    lent.contact.discount_percent = Decimal("12.50")
    lent.contact.save()
    scale = FactorScale.objects.create(
        tenant=bassline,
        name="Staffel",
        steps=[{"days": 1, "factor": "1"}, {"days": 2, "factor": "1.5"}],
        extra_day_factor=Decimal("0.5"),
    )
    article = make_article(
        bassline,
        "MAC Aura XB",
        owned=10,
        number="4711",
        category=make_category(bassline, "Licht"),
        manufacturer="Martin",
        manufacturer_part_number="90232010",
        gtin="5706681229042",
        rental_price=Decimal("25.00"),
        factor_scale=scale,
        weight_kg=Decimal("6.500"),
    )
    [listing] = ask("/articles", q="aura", **PERIOD, **USAGE)["items"]
    updated_at = listing.pop("updated_at")
    assert updated_at.endswith("Z")
    assert listing == {
        "id": str(article.pk),
        "number": "4711",
        "name": "MAC Aura XB",
        "description": None,
        "manufacturer": "Martin",
        "manufacturer_part_number": "90232010",
        "gtin": "5706681229042",
        "category": {"id": str(article.category_id), "name": "Licht"},
        "unit": "Stück",
        "kind": "rental",
        "weight_kg": "6.500",
        "has_picture": False,
        "price": {
            "currency": "EUR",
            "per": "day",
            "list": "25.00",
            "discount_percent": "12.50",
            "net": "21.88",
            "factors": [{"days": 1, "factor": "1"}, {"days": 2, "factor": "1.5"}],
            "extra_day_factor": "0.5000",
            # Three calendar days in Berlin: 1.5 + 0.5, at 25.00 less 12.5 %.
            "net_for_period": "43.75",
        },
        "stock": {"mode": "exact", "owned": 10, "free": 10},
    }


def test_without_usage_there_is_no_net_for_the_period(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    make_article(bassline)
    assert ask("/articles", **PERIOD)["items"][0]["price"]["net_for_period"] is None


def test_stock_is_what_is_free_in_the_period_and_without_one_now(
    lent: PartnerConnection, ask: Ask, bassline: Tenant
) -> None:
    article = make_article(bassline, owned=10)
    start, end = datetime(2027, 7, 2, tzinfo=UTC), datetime(2027, 7, 3, tzinfo=UTC)
    reserve_row(article, 4, start, end)
    now = timezone.now()
    reserve_row(article, 10, now - timedelta(hours=1), now + timedelta(hours=1))
    article.owned = 8
    article.save()
    assert ask("/articles", **PERIOD)["items"][0]["stock"]["free"] == 4
    assert ask("/articles")["items"][0]["stock"] == {"mode": "exact", "owned": 8, "free": 0}


def test_levels_hold_with_the_next_request(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    make_article(bassline, owned=10)
    assert ask("/articles")["items"][0]["stock"] is not None
    set_level(lent, AccessLevel.ARTICLES)
    assert ask("/articles")["items"][0]["stock"] is None
    set_level(lent, AccessLevel.NONE)
    for path in ("/articles", "/categories", "/articles/1"):
        assert refusal(ask, path)[:2] == (403, "level")
    set_level(lent, AccessLevel.STOCK)
    assert ask("/articles")["items"][0]["stock"] is not None


def test_whoever_is_no_customer_of_ours_sees_nothing(lent: PartnerConnection, ask: Ask) -> None:
    lent.contact.is_customer = False
    lent.contact.save()
    assert refusal(ask)[:2] == (403, "level")


def test_a_pause_holds_with_the_next_request(lent: PartnerConnection, ask: Ask) -> None:
    lent.paused_at = timezone.now()
    lent.save()
    with pytest.raises(PartnerPaused):
        ask("/articles")


def test_words_in_any_order_folded_and_in_parts(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    make_article(bassline, "Bühnenpodest 2 × 1 m", manufacturer="Guß & Söhne")
    make_article(bassline, "Traverse")
    assert names(ask("/articles", q="guss BUEHNEN")) == ["Bühnenpodest 2 × 1 m"]
    assert names(ask("/articles", q="podest traverse")) == []


def test_a_category_includes_what_lies_below(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    light = make_category(bassline, "Licht")
    heads = make_category(bassline, "Moving Heads", parent=light)
    make_article(bassline, "Head", category=heads)
    make_article(bassline, "Kabel")
    assert names(ask("/articles", category=str(light.pk))) == ["Head"]
    assert names(ask("/articles", category="unknown")) == []


def test_categories_are_those_with_something_to_see_and_those_above(
    pair: tuple[PartnerConnection, PartnerConnection], ask: Ask, bassline: Tenant
) -> None:
    light = make_category(bassline, "Licht")
    heads = make_category(bassline, "Moving Heads", parent=light)
    make_category(bassline, "Leer", parent=light)
    make_article(bassline, "Kabel", category=make_category(bassline, "Kabel"))
    release(connection=pair[1], actor=ADMIN, articles=[make_article(bassline, "Head", category=heads)])
    assert ask("/categories")["items"] == [
        {"id": str(light.pk), "name": "Licht", "parent": None},
        {"id": str(heads.pk), "name": "Moving Heads", "parent": str(light.pk)},
    ]


def test_one_article_and_404_for_every_other(
    pair: tuple[PartnerConnection, PartnerConnection], ask: Ask, bassline: Tenant, cymbal: Tenant
) -> None:
    shown, hidden, foreign = make_article(bassline, "Shown"), make_article(bassline), make_article(cymbal)
    release(connection=pair[1], actor=ADMIN, articles=[shown])
    assert ask(f"/articles/{shown.pk}", **PERIOD)["name"] == "Shown"
    for article_id in (hidden.pk, foreign.pk, "abc", "9" * 30):
        assert refusal(ask, f"/articles/{article_id}")[:2] == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"start": "2027-07-01T06:00:00Z"}, ("/end", "required")),
        ({"use_end": "2027-07-01T06:00:00Z"}, ("/use_start", "required")),
        ({"start": "2027-07-01T06:00:00Z", "end": "2027-07-01T06:00:00Z"}, ("/end", "period")),
        ({"start": "2027-07-01T06:00:00Z", "end": "2029-07-03T06:00:00Z"}, ("/end", "range")),
        ({"start": "gestern", "end": "2027-07-01T06:00:00Z"}, ("/start", "format")),
        ({"start": "2027-07-01T06:00:00+02:00", "end": "2027-07-02T06:00:00Z"}, ("/start", "format")),
        ({"zone": "Mars/Olympus"}, ("/zone", "zone")),
        ({"limit": "0"}, ("/limit", "range")),
        ({"limit": "101"}, ("/limit", "range")),
        ({"limit": "many"}, ("/limit", "type")),
        ({"limit": "٣"}, ("/limit", "type")),
        ({"q": "x" * 201}, ("/q", "length")),
        ({"category": "a b"}, ("/category", "format")),
        ({"cursor": "?"}, ("/cursor", "format")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_naming_the_field(
    lent: PartnerConnection, ask: Ask, query: dict[str, str], error: tuple[str, str]
) -> None:
    assert refusal(ask, **query) == (422, "invalid", [error])


def test_pages_follow_each_other_without_gaps_while_articles_come(
    lent: PartnerConnection, ask: Ask, bassline: Tenant
) -> None:
    for name in ("Äpfel", "Birnen", "Birnen", "Citrus", "界" * 200):
        make_article(bassline, name)
    seen, cursor = [], None
    while cursor is not None or not seen:
        page = ask("/articles", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += names(page)
        cursor = page["next"]
        make_article(bassline, "Aal")
    assert seen == ["Äpfel", "Birnen", "Birnen", "Citrus", "界" * 200]


def test_a_cursor_is_good_for_its_question_and_for_an_hour(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    for name in ("A", "B"):
        make_article(bassline, f"{name} PAR")
    cursor = ask("/articles", q="par", limit=1)["next"]
    assert names(ask("/articles", q="par", limit=1, cursor=cursor)) == ["B PAR"]
    forged = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for query in ({"q": "par", "cursor": forged}, {"q": "p", "cursor": cursor}, {"cursor": "x"}):
        assert refusal(ask, **query)[:2] == (422, "cursor")
    with time_machine.travel(timezone.now() + timedelta(seconds=3601), tick=False):
        assert refusal(ask, q="par", cursor=cursor)[:2] == (422, "cursor")


@pytest.mark.parametrize("hits", [1, 3])
def test_what_moves_with_time_costs_two_more_for_all_hits_together(
    lent: PartnerConnection, ask: Ask, network: InProcess, bassline: Tenant, hits: int
) -> None:
    period = Period(datetime(2027, 7, 2, tzinfo=UTC), datetime(2027, 7, 3, tzinfo=UTC))
    soon = timezone.now() + timedelta(days=1)
    for number in range(hits):
        article = make_article(bassline, f"PAR {number}")
        reserve(tenant=bassline, claims=[ReservationClaim(article.pk, 1, period, expires_at=soon)])
    assert answering(ask, network, hits) == QUERIES_WITH_HOLDS


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("hits", [1, 3, 50])
def test_queries_do_not_depend_on_hits(
    lent: PartnerConnection, ask: Ask, network: InProcess, bassline: Tenant, level: int, hits: int
) -> None:
    lent.verified_at = timezone.now()
    lent.save()
    set_level(lent, level)
    category = make_category(bassline)
    for number in range(hits):
        article = make_article(bassline, f"PAR {number}", category=category)
        reserve_row(article, 1, datetime(2027, 7, 2, tzinfo=UTC), datetime(2027, 7, 3, tzinfo=UTC))
    assert answering(ask, network, hits) == QUERIES


@pytest.mark.parametrize("level", LEVELS[:2])
@pytest.mark.parametrize("releases", [1, 10_000])
def test_queries_do_not_depend_on_releases(
    pair: tuple[PartnerConnection, PartnerConnection],
    ask: Ask,
    network: InProcess,
    bassline: Tenant,
    level: int,
    releases: int,
) -> None:
    lent = pair[1]
    set_level(lent, level)
    articles = Article.objects.bulk_create(
        Article(tenant=bassline, number=str(number), name="PAR", search_key="par") for number in range(releases)
    )
    mark = lent.releases.model
    mark.objects.bulk_create(mark(tenant=bassline, connection=lent, article=article) for article in articles)
    assert answering(ask, network, min(releases, 50)) == QUERIES


@pytest.mark.postgres
@pytest.mark.django_db
def test_of_a_look_up_by_number_nothing_is_planned_again(
    bassline: Tenant, lent: PartnerConnection, ask: Ask, network: InProcess
) -> None:
    with database.cursor() as cursor:  # which has seen other tests
        cursor.execute("DEALLOCATE ALL")
    prepared._kept.pop(database.connection, None)
    set_level(lent, 2)
    make_article(bassline, "PAR 64", number="L-100-1")
    asked = [statements_of(lambda: ask("/articles", q="l-100-1"), network) for _time in range(2)][1]
    planned = [statement for statement in asked if not statement.startswith("EXECUTE ewx_")]
    assert (len(asked), [statement for statement in planned if "eventworx_hitcount" not in statement]) == (4, [])


def answering(ask: Ask, network: InProcess, hits: int) -> int:
    """How many queries a search costs the supplier."""
    ask("/articles", q="warm")
    pages: list[Any] = []
    queries = queries_of(lambda: pages.append(ask("/articles", q="par", **PERIOD, **USAGE)), network)
    assert len(pages[0]["items"]) == hits
    return queries
