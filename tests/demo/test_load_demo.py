"""The two demo companies: whole, consistent, and interesting on whatever day they are loaded."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from eventworx.demo.companies import busy_friday, load_company
from eventworx.demo.logins import PASSWORD
from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from eventworx.text import fold, sort_key
from inventory.availability import stock_of
from inventory.models import Article
from inventory.spelling import compact
from jobs.models import Position
from jobs.states import JobState
from partners.models import PartnerConnection

# A Thursday; a Friday, on which the weekend in question is the next one; a day on which clocks change.
NOW = datetime(2027, 6, 10, 9, tzinfo=UTC)
DAYS = [NOW, datetime(2027, 6, 11, 21, tzinfo=UTC), datetime(2027, 10, 27, 9, tzinfo=UTC)]


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path, db: None) -> None:
    settings.EWX_DEMO, settings.DATA_DIR = True, tmp_path


def load(name: str, now: datetime = NOW) -> Tenant:
    load_company(name=name, now=now)
    return Tenant.objects.get(slug=name)


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def counts(tenant: Tenant) -> dict[str, int]:
    return {
        name: getattr(tenant, name).count()
        for name in ("articles", "categories", "contacts", "jobs", "positions", "reservations", "memberships")
    }


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


@pytest.mark.parametrize("name", ["aurora", "bassline"])
def test_loading_twice_changes_nothing(name: str) -> None:
    first = command(name, "--json")
    tenant = Tenant.objects.get(slug=name)
    before = counts(tenant)
    assert command(name, "--json") == first
    assert counts(tenant) == before


def test_companies_are_as_large_as_they_say() -> None:
    assert load("bassline").articles.count() >= 740
    assert 140 <= load("aurora").articles.count() <= 160
    assert Tenant.objects.get(slug="cymbal").articles.count() == 10


@pytest.mark.parametrize("name", ["aurora", "bassline"])
def test_search_and_sort_keys_are_those_of_saved_articles(name: str) -> None:
    for article in load(name).articles.all():
        written = article.search_key, article.sort_key, article.shuffle
        article.save()
        assert written == (article.search_key, article.sort_key, article.shuffle)
        assert compact(article.name) in article.search_key
        assert article.sort_key == sort_key(article.name)


def test_articles_are_valid() -> None:
    for tenant in (load("bassline"), load("aurora")):
        for article in tenant.articles.all():
            article.clean_fields()


@pytest.mark.parametrize("now", DAYS)
def test_some_of_bassline_is_sold_out_next_weekend_and_some_partly(now: datetime) -> None:
    bassline = load("bassline", now)
    left = free(bassline, weekend(bassline, now))
    assert weekend(bassline, now).end < now + timedelta(days=14)
    assert left["Clay Paky Sharpy"] == left["Martin MAC Viper Performance"] == 0
    robins = bassline.articles.get(name="Robe Robin LEDBeam 150")
    assert 8 <= left[robins.name] < robins.owned
    assert min(left.values()) == 0


@pytest.mark.parametrize("now", DAYS)
def test_bassline_keeps_every_promise(now: datetime) -> None:
    for position in load("bassline", now).positions.filter(job__state=JobState.ORDER).select_related("reservation"):
        assert position.reservation is not None
        assert position.reservation.quantity == position.quantity


@pytest.mark.parametrize("now", DAYS)
def test_aurora_is_short_in_a_quote_and_in_an_order_of_the_next_weekend(now: datetime) -> None:
    aurora = load("aurora", now)
    soon = aurora.positions.filter(job__in=aurora.jobs.running_at(weekend(aurora, now))).select_related("reservation")
    lacking = {position.job.state for position in soon if position.quantity > _available(position)}
    assert {JobState.QUOTE, JobState.ORDER} <= lacking


def _available(position: Position) -> int:
    """What an order holds; to a quote, what is left."""
    if position.job.state == JobState.ORDER:
        return position.reservation.quantity if position.reservation else 0
    return free(position.tenant, position.job.planning_period)[position.description]


@pytest.mark.parametrize("now", DAYS)
def test_nothing_is_promised_twice(now: datetime) -> None:
    for name in ("aurora", "bassline"):
        tenant = load(name, now)
        for job in tenant.jobs.all():
            assert min(free(tenant, job.planning_period).values()) >= 0


def test_every_state_of_a_job_is_there() -> None:
    for name in ("aurora", "bassline"):
        assert set(load(name).jobs.values_list("state", flat=True)) == set(JobState)


def test_catalogues_overlap_in_four_ways() -> None:
    ours, theirs = (list(load(name).articles.all()) for name in ("aurora", "bassline"))
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


def test_pairing_is_left_to_the_user() -> None:
    aurora, bassline = load("aurora"), load("bassline")
    assert not PartnerConnection.objects.exists()
    assert not aurora.contacts.matching("bassline").exists()
    assert not bassline.contacts.matching("aurora").exists()


def test_people_log_in_with_what_is_printed() -> None:
    logins = json.loads(command("aurora", "--json"))["logins"]
    roles = {login["role"]: login for login in logins if login["tenant"] == "aurora"}
    assert set(roles) == {"admin", "sales", "warehouse", "read_only"}
    for login in logins:
        user = User.objects.get(email=login["email"])
        assert user.check_password(login["password"])
        assert user.memberships.get(tenant__slug=login["tenant"]).role == login["role"]
    for line in command("aurora").splitlines():
        assert PASSWORD in line


def test_one_is_in_both_companies_and_the_stranger_in_one() -> None:
    load("aurora")
    tenants = {user.email: {m.tenant.slug for m in user.memberships.all()} for user in User.objects.all()}
    assert tenants["beide@cymbal.example"] == {"aurora", "cymbal"}
    assert tenants["admin@cymbal.example"] == {"cymbal"}


def test_passwords_are_secret_where_real_people_may_log_in(settings: Settings) -> None:
    settings.EWX_DEMO = False
    passwords = [login.password for login in load_company(name="bassline", now=NOW)]
    assert len({*passwords, PASSWORD}) == len(passwords) + 1


def test_lost_logins_are_said(tmp_path: Path) -> None:
    command("bassline")
    (tmp_path / "demo-logins.json").unlink()
    with pytest.raises(CommandError, match="logins"):
        command("bassline")


@pytest.mark.parametrize("day", range(7))
def test_the_busy_weekend_is_always_near(day: int) -> None:
    today = date(2027, 6, 7) + timedelta(days=day)
    friday = busy_friday(today)
    assert friday.weekday() == 4
    assert timedelta(days=2) <= friday - today <= timedelta(days=8)


def test_the_same_day_gives_the_same_company(settings: Settings) -> None:
    def figures(tenant: Tenant) -> list[Any]:
        return list(tenant.articles.order_by("number").values_list("number", "name", "gtin", "rental_price", "owned"))

    first = figures(load("bassline"))
    Tenant.objects.all().update(slug="former")
    User.objects.all().delete()
    assert figures(load("bassline")) == first
