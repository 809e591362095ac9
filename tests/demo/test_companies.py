"""The two demo companies: whole, consistent, and interesting on whatever day they are loaded."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from eventworx.demo.companies import busy_friday, load_company
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.text import fold, sort_key
from inventory.availability import stock_of
from inventory.models import Article
from inventory.spelling import compact
from jobs.models import Position
from jobs.states import JobState
from partners.models import PartnerConnection
from tests.world import around_many_tests

# A Thursday; a Friday, on which the weekend in question is the next one; a day on which clocks change.
NOW = datetime(2027, 6, 10, 9, tzinfo=UTC)
DAYS = [NOW, datetime(2027, 6, 11, 21, tzinfo=UTC), datetime(2027, 10, 27, 9, tzinfo=UTC)]
NAMES = ["aurora", "bassline"]
Companies = dict[str, Tenant]
on_each_day = pytest.mark.parametrize("companies", DAYS, indirect=True)
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", params=[NOW])
def companies(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[Companies]:
    """Both, loaded on one day for all tests that look at them."""
    place = override_settings(EWX_DEMO=True, DATA_DIR=tmp_path_factory.mktemp("demo"))
    with around_many_tests(django_db_blocker), place:
        for name in NAMES:
            load_company(name=name, now=request.param)
        yield {name: Tenant.objects.get(slug=name) for name in NAMES}


@pytest.fixture
def now(request: pytest.FixtureRequest, companies: Companies) -> datetime:
    """The day on which they were loaded."""
    found: datetime = request.node.callspec.params["companies"]
    return found


def free(tenant: Tenant, period: Period) -> dict[str, int]:
    """Free units by article name."""
    articles = list(tenant.articles.all())
    stock = stock_of(articles=articles, period=period)
    return {article.name: stock[article.pk].free for article in articles}


def weekend(tenant: Tenant, now: datetime) -> Period:
    """From Friday noon to Sunday noon."""
    friday = busy_friday(now.astimezone(tenant.zone).date())
    noon = datetime(friday.year, friday.month, friday.day, 12, tzinfo=tenant.zone)
    return Period(noon, noon + timedelta(days=2))


def test_companies_are_as_large_as_they_say(companies: Companies) -> None:
    assert companies["bassline"].articles.count() >= 740
    assert 140 <= companies["aurora"].articles.count() <= 160
    assert Tenant.objects.get(slug="cymbal").articles.count() == 10


@pytest.mark.parametrize("name", NAMES)
def test_search_and_sort_keys_are_those_of_saved_articles(companies: Companies, name: str) -> None:
    for article in companies[name].articles.all():
        written = article.search_key, article.sort_key, article.shuffle
        article.save()
        assert written == (article.search_key, article.sort_key, article.shuffle)
        assert compact(article.name) in article.search_key
        assert article.sort_key == sort_key(article.name)


def test_articles_are_valid(companies: Companies) -> None:
    for tenant in companies.values():
        for article in tenant.articles.all():
            article.clean_fields()


@on_each_day
def test_some_of_bassline_is_sold_out_next_weekend_and_some_partly(companies: Companies, now: datetime) -> None:
    bassline = companies["bassline"]
    left = free(bassline, weekend(bassline, now))
    assert weekend(bassline, now).end < now + timedelta(days=14)
    assert left["Clay Paky Sharpy"] == left["Martin MAC Viper Performance"] == 0
    robins = bassline.articles.get(name="Robe Robin LEDBeam 150")
    assert 8 <= left[robins.name] < robins.owned
    assert min(left.values()) == 0


@on_each_day
def test_bassline_keeps_every_promise(companies: Companies) -> None:
    promised = companies["bassline"].positions.filter(job__state=JobState.ORDER)
    for position in promised.select_related("reservation"):
        assert position.reservation is not None
        assert position.reservation.quantity == position.quantity


@on_each_day
def test_aurora_is_short_in_a_quote_and_in_an_order_of_the_next_weekend(companies: Companies, now: datetime) -> None:
    aurora = companies["aurora"]
    soon = aurora.positions.filter(job__in=aurora.jobs.running_at(weekend(aurora, now))).select_related("reservation")
    lacking = {position.job.state for position in soon if position.quantity > _available(position)}
    assert {JobState.QUOTE, JobState.ORDER} <= lacking


def _available(position: Position) -> int:
    """What an order holds; to a quote, what is left."""
    if position.job.state == JobState.ORDER:
        return position.reservation.quantity if position.reservation else 0
    return free(position.tenant, position.job.planning_period)[position.description]


@on_each_day
def test_nothing_is_promised_twice(companies: Companies) -> None:
    for tenant in companies.values():
        for job in tenant.jobs.all():
            assert min(free(tenant, job.planning_period).values()) >= 0


def test_every_state_of_a_job_is_there(companies: Companies) -> None:
    for tenant in companies.values():
        assert set(tenant.jobs.values_list("state", flat=True)) == set(JobState)


def test_catalogues_overlap_in_four_ways(companies: Companies) -> None:
    ours, theirs = (list(companies[name].articles.all()) for name in NAMES)
    gtins, parts = {article.gtin for article in theirs}, {_part(article) for article in theirs}
    same_gtin = [article for article in ours if article.gtin and article.gtin in gtins]
    same_part = [article for article in ours if article.manufacturer_part_number and _part(article) in parts]
    no_code = [article for article in ours if not article.gtin and not article.manufacturer_part_number]
    assert len(same_gtin) >= 25
    assert len(same_part) >= 25
    assert len([article for article in no_code if article.manufacturer]) >= 25
    assert len([article for article in no_code if not article.manufacturer]) >= 15
    assert not {article.pk for article in same_gtin} & {article.pk for article in same_part}


def _part(article: Article) -> tuple[str, str]:
    return fold(article.manufacturer), fold(article.manufacturer_part_number)


def test_pairing_is_left_to_the_user(companies: Companies) -> None:
    assert not PartnerConnection.objects.exists()
    assert not companies["aurora"].contacts.matching("bassline").exists()
    assert not companies["bassline"].contacts.matching("aurora").exists()


@pytest.mark.parametrize("day", range(7))
def test_the_busy_weekend_is_always_near(day: int) -> None:
    today = date(2027, 6, 7) + timedelta(days=day)
    friday = busy_friday(today)
    assert friday.weekday() == 4
    assert timedelta(days=2) <= friday - today <= timedelta(days=8)
