"""POST /availability: what is free of up to 100 articles, and when it is scarcest (protocol §4, mission E3, §6)."""

import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from eventworx.periods import ticks
from eventworx.tenants.models import Tenant
from inventory.models import ArticleKind, StockMovementKind, StockStep
from inventory.stock import add_movement
from jobs.positions import SupplierTerms, add_position, add_sub_rental_position
from jobs.states import JobState
from partners import search
from partners.access import AccessLevel
from partners.client import PartnerPaused
from partners.models import PartnerConnection, StoredAnswer
from partners.protocol.wire import parse_availability, parse_availability_request
from partners.releases import release
from tests.factories import make_article, make_contact, make_job
from tests.fakes import InProcess
from tests.partners.api.asking import ADMIN, PERIOD, Ask, queries_of, refusal, reserve_row, set_level

ZONED = {**PERIOD, "zone": "Europe/Berlin"}
# Gateway: connection with tenant, contact and keys, the nonce between savepoint and release, our key anew because
# there was a body to wait for, the limits; the connection anew; the released articles; in a
# transaction (two) what of them moves with time, and their steps.
QUERIES = 12


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2027, 7, number, hour, tzinfo=UTC)


def asking(*lines: tuple[Any, int], **period: str) -> dict[str, Any]:
    return {
        "period": ZONED | period,
        "lines": [{"article": str(article), "quantity": quantity} for article, quantity in lines],
    }


def test_what_is_free_and_when_it_is_scarcest(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    article = make_article(bassline, owned=10, out_of_service=1)
    reserve_row(article, 4, day(1, 12), day(3))
    reserve_row(article, 2, day(2), day(2, 6))
    answer = ask("/availability", asking((article.pk, 5)))
    assert answer["as_of"].endswith("Z")
    assert answer["lines"] == [
        {
            "article": str(article.pk),
            "stock": {"mode": "exact", "owned": 10, "free": 3},
            "bottleneck": {"start": "2027-07-02T00:00:00Z", "end": "2027-07-02T06:00:00Z"},
        }
    ]


def test_where_nothing_moves_the_bottleneck_is_the_whole_period(
    lent: PartnerConnection, ask: Ask, bassline: Tenant
) -> None:
    article = make_article(bassline, owned=10, buffer_before_minutes=120, buffer_after_minutes=60)
    [line] = ask("/availability", asking((article.pk, 1)))["lines"]
    assert (line["stock"]["free"], line["bottleneck"]) == (10, PERIOD)


def test_what_lies_in_the_buffers_alone_is_told_as_it_is(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    article = make_article(bassline, owned=3, buffer_before_minutes=120)
    reserve_row(article, 3, day(1), day(1, 5))
    [line] = ask("/availability", asking((article.pk, 1)))["lines"]
    assert line["stock"]["free"] == 0
    assert line["bottleneck"] == {"start": "2027-07-01T04:00:00Z", "end": "2027-07-01T05:00:00Z"}
    reserve_row(article, 3, day(2), day(2, 1))
    [line] = ask("/availability", asking((article.pk, 1)))["lines"]
    assert line["bottleneck"] == {"start": "2027-07-01T22:00:00Z", "end": "2027-07-02T01:00:00Z"}


def test_a_repair_counts_and_a_shortage_is_our_own_affair(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    article = make_article(bassline, owned=2)
    reserve_row(article, 2, day(2), day(4))
    add_movement(article=article, kind=StockMovementKind.OUT_OF_SERVICE, quantity=1, start=day(3))
    [line] = ask("/availability", asking((article.pk, 1)))["lines"]
    assert line["stock"] == {"mode": "exact", "owned": 2, "free": 0}
    assert line["bottleneck"] == {"start": "2027-07-03T00:00:00Z", "end": "2027-07-04T00:00:00Z"}


def test_lines_in_order_and_a_repeated_article_as_a_whole(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    one, other = make_article(bassline, owned=7), make_article(bassline, owned=5)
    lines = ask("/availability", asking((other.pk, 1), (one.pk, 6), (other.pk, 5)))["lines"]
    assert [(line["article"], line["stock"]["free"]) for line in lines] == [
        (str(other.pk), 5),
        (str(one.pk), 7),
        (str(other.pk), 5),
    ]


def test_unknown_foreign_archived_and_unreleased_articles_are_all_the_same(
    pair: tuple[PartnerConnection, PartnerConnection], ask: Ask, bassline: Tenant, aurora: Tenant, cymbal: Tenant
) -> None:
    shown, archived = make_article(bassline), make_article(bassline, archived_at=timezone.now())
    hidden = [make_article(tenant).pk for tenant in (bassline, aurora, cymbal)]
    release(connection=pair[1], actor=ADMIN, articles=[shown, archived])
    ids = [*hidden, archived.pk, "abc", "0", f"0{shown.pk}", "9" * 30, "-1"]
    lines = ask("/availability", asking(*((article, 1) for article in [*ids, shown.pk])))["lines"]
    assert lines[:-1] == [{"article": str(article), "stock": None, "bottleneck": None} for article in ids]
    assert lines[-1]["stock"] is not None


def test_level_two_is_needed_with_the_very_next_question(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    asked = asking((make_article(bassline).pk, 1))
    for level in (AccessLevel.NONE, AccessLevel.ARTICLES):
        set_level(lent, level)
        assert refusal(ask, "/availability", body=asked)[:2] == (403, "level")
    set_level(lent, AccessLevel.STOCK)
    assert ask("/availability", asked)["lines"][0]["stock"]
    lent.contact.is_customer = False
    lent.contact.save()
    assert refusal(ask, "/availability", body=asked)[:2] == (403, "level")


def test_a_pause_holds_with_the_very_next_question(lent: PartnerConnection, ask: Ask) -> None:
    lent.paused_at = timezone.now()
    lent.save()
    with pytest.raises(PartnerPaused):
        ask("/availability", asking((1, 1)))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (asking(), ("/lines", "length")),
        (asking(*[(1, 1)] * 101), ("/lines", "length")),
        (asking((1, 0)), ("/lines/0/quantity", "range")),
        (asking((1, 1_000_000)), ("/lines/0/quantity", "range")),
        (asking(("a b", 1)), ("/lines/0/article", "format")),
        (asking((1, 1), end="2027-07-01T06:00:00Z"), ("/period", "period")),
        (asking((1, 1), end="2029-07-03T06:00:00Z"), ("/period", "range")),
        (asking((1, 1), zone="Mars/Olympus"), ("/period/zone", "zone")),
        ({"lines": [{"article": "1", "quantity": 1}]}, ("/period", "required")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_naming_the_field(
    lent: PartnerConnection, ask: Ask, body: dict[str, Any], error: tuple[str, str]
) -> None:
    assert refusal(ask, "/availability", body=body) == (422, "invalid", [error])


@pytest.mark.parametrize("lines", [1, 3, 100])
def test_a_question_costs_the_same_for_any_number_of_lines_and_leaves_nothing(
    lent: PartnerConnection, ask: Ask, network: InProcess, bassline: Tenant, lines: int
) -> None:
    articles = [make_article(bassline, f"PAR {number}") for number in range(lines)]
    for article in articles:
        reserve_row(article, 1, day(2), day(3))
    asked = asking(*((article.pk, 1) for article in articles))
    ask("/availability", asked)
    assert queries_of(lambda: ask("/availability", asked), network) == QUERIES
    assert StoredAnswer.objects.count() == 0


def test_however_much_begins_and_ends_in_the_period_little_of_it_lies_in_memory(
    lent: PartnerConnection, bassline: Tenant
) -> None:
    """100 articles over two years may have hundreds of thousands of steps."""
    articles, first, steps = [make_article(bassline) for _number in range(6)], ticks(day(1)), 2_000
    for article in articles:
        article.stock_steps.bulk_create(
            StockStep(article=article, instant=first + place * 60_000_000, reserved=1 + place % 7)
            for place in range(steps)
        )
    asked = parse_availability_request(asking(*((article.pk, 1) for article in articles)))
    tracemalloc.start()
    answer = search.answer_availability(connection=lent, request=asked, now=timezone.now())
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [line.bottleneck is None for line in answer.lines] == [False] * len(articles)
    assert most < 100 * len(articles) * steps  # bytes


def test_what_is_for_sale_may_be_scarcest_after_the_period(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    """What is promised for later cannot be sold before; and an instant is told that every partner can read."""
    article = make_article(bassline, owned=3, kind=ArticleKind.SALE)
    reserve_row(article, 2, day(20), day(21))
    answer = ask("/availability", asking((article.pk, 1)))
    assert parse_availability(answer).lines
    [line] = answer["lines"]
    assert line["stock"]["free"] == 1
    assert line["bottleneck"] == {"start": "2027-07-20T00:00:00Z", "end": "2199-12-31T23:59:59Z"}


def test_what_is_hired_for_a_job_is_offered_to_nobody(lent: PartnerConnection, ask: Ask, bassline: Tenant) -> None:
    """Sub-rented units count for their job alone (mission J7); its own part counts as ever."""
    article, job = make_article(bassline, owned=2), make_job(bassline, state=JobState.ORDER)
    terms = SupplierTerms("77", "B-77", Decimal(20), Decimal(0), (), Decimal(0), "EUR")
    supplier = make_contact(bassline, "Cymbal", is_supplier=True)
    add_sub_rental_position(job=job, article=article, supplier=supplier, quantity=5, terms=terms)
    add_position(job=job, article=article, quantity=1)
    [line] = ask("/availability", asking((article.pk, 1)))["lines"]
    [hit] = ask("/articles", **PERIOD)["items"]
    assert line["stock"] == hit["stock"] == {"mode": "exact", "owned": 2, "free": 1}
