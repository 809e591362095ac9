"""Pages of the timeline: what they show, how they are asked, what they cost."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from eventworx.web.templatetags.ewx import unbroken
from inventory.hand_overs import hand_over
from inventory.models import Article, StockMovementKind
from inventory.stock import add_movement
from jobs.positions import add_position
from jobs.states import JobState
from tests.factories import make_article, make_category, make_job
from tests.inventory.timeline.scene import HOUR, busy_article, take

LogIn = Callable[..., Client]
NOW = datetime(2027, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def shown(client: Client, url: str, **asked: str) -> str:
    answer = client.get(url, query_params=asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def lanes(page: str) -> list[str]:
    """Names of the articles that have a lane."""
    return re.findall(r'<th scope="row"><div class="ewx-lane-head"><div><a [^>]*>([^<]*)</a>', page)


def board_url(tenant: Tenant) -> str:
    return tenant.url("inventory:timeline")


def own_url(article: Article) -> str:
    return article.tenant.url("inventory:article_timeline", article.pk)


def test_where_there_is_no_article_nobody_is_told_to_search_with_fewer_words(aurora: Tenant, log_in: LogIn) -> None:
    page = shown(log_in(aurora, Role.READ_ONLY), board_url(aurora))
    assert ("Noch keine Artikel" in page, "Kein Artikel passt" in page) == (True, False)


def test_articles_of_a_category_with_its_branches_and_of_a_search(aurora: Tenant, log_in: LogIn) -> None:
    light = make_category(aurora)
    spots = make_category(aurora, "Spots", parent=light)
    for name, category in (("Wash", light), ("Spot", spots), ("Kabel", None)):
        make_article(aurora, name, category=category)
    client = log_in(aurora, Role.READ_ONLY)
    assert lanes(shown(client, board_url(aurora))) == ["Kabel", "Spot", "Wash"]
    assert lanes(shown(client, board_url(aurora), category=str(light.pk))) == ["Spot", "Wash"]
    assert lanes(shown(client, board_url(aurora), category=str(spots.pk), q="sp")) == ["Spot"]
    assert "Nichts gefunden" in shown(client, board_url(aurora), q="nirgends")


def test_a_shortage_is_said_in_words_and_in_the_drawing(aurora: Tenant, log_in: LogIn) -> None:
    busy_article(aurora, NOW)
    page = shown(log_in(aurora), board_url(aurora), reach="week")
    assert '<span class="ewx-badge ewx-badge-bad">1 zu wenig</span>' in page
    assert 'aria-label="Bis zu 1 zu wenig, höchstens 11 frei"' in page
    assert re.search(r'class="ewx-short" fill="url\(#ewx-short\)" d="M', page)
    assert ">−1</text>" in page


def test_a_figure_below_what_the_window_shows_says_what_it_counts(aurora: Tenant, log_in: LogIn) -> None:
    """All of the day is free, and nobody can have it for the day: on the evening before it is being prepared."""
    article = make_article(aurora, owned=5, buffer_before_minutes=120)
    take(article, 5, NOW - 24 * HOUR, NOW - 15 * HOUR)
    page = shown(log_in(aurora), own_url(article), reach="day")
    figure = '<span class="ewx-badge ewx-badge-warn">0 von 5</span>'
    assert f"Durchgehend frei, Vorbereitung und Nachbereitung eingerechnet: {figure}" in page
    assert 'aria-label="Zwischen 5 und 5 frei"' in page


def test_only_where_units_are_missing(aurora: Tenant, log_in: LogIn) -> None:
    """By steps, by what moves with time, by the standing figures: in the window, neither before nor after."""
    names = ("Reparatur", "Vorher", "Nachher", "Option", "Abgelaufen", "Verspätet", "Defekt", "Genug", "Knapp", "Lang")
    found = {name: make_article(aurora, name, owned=2) for name in names}
    client = log_in(aurora)
    repair = {"kind": StockMovementKind.OUT_OF_SERVICE, "quantity": 3}
    add_movement(article=found["Reparatur"], start=NOW + HOUR, end=NOW + 2 * HOUR, **repair)
    add_movement(article=found["Vorher"], start=NOW - 240 * HOUR, end=NOW - 200 * HOUR, **repair)
    add_movement(article=found["Nachher"], start=NOW + 200 * HOUR, end=None, **repair)
    add_movement(article=found["Lang"], start=NOW - 9000 * HOUR, end=None, **repair)
    for name, until in (("Option", NOW + HOUR), ("Abgelaufen", NOW + timedelta(seconds=1))):
        take(found[name], 2, NOW, NOW + HOUR, until=until)
    for name in ("Option", "Abgelaufen", "Knapp"):
        broken = add_movement(article=found[name], start=NOW, end=NOW + HOUR, **repair | {"quantity": 1})
        assert broken
    late = take(found["Verspätet"], 2, NOW - 99 * HOUR, NOW - 98 * HOUR)
    take(found["Verspätet"], 1, NOW + HOUR, NOW + 2 * HOUR)
    hand_over(tenant=aurora, reservations=[late], at=NOW - 99 * HOUR)
    aurora.articles.filter(pk=found["Defekt"].pk).update(out_of_service=3)
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        page = shown(client, board_url(aurora), short="on", reach="week")
        assert lanes(page) == ["Defekt", "Lang", "Option", "Reparatur", "Verspätet"]
        later = shown(client, board_url(aurora), short="on", reach="week", day="2027-07-20")
    assert lanes(later) == ["Defekt", "Lang", "Nachher"]
    assert "In diesem Zeitraum fehlt nichts." in shown(client, board_url(aurora), short="on", q="Genug")


def test_the_same_as_a_table(aurora: Tenant, log_in: LogIn) -> None:
    busy_article(aurora, NOW)
    for number in range(11):
        make_article(aurora, f"Kabel {number:02}")
    page = shown(log_in(aurora), board_url(aurora), table="on")
    assert '<svg class="ewx-lane' not in page
    assert page.count("<tbody>") == 10
    for text in ("02.07.2027 08:00", "1 zu wenig", "J-1003 Messe", "Option bis 03.07.2027 14:00", "überfällig seit"):
        assert unbroken(text) in page
    assert "Kabel 09" in shown(log_in(aurora), board_url(aurora), table="on", page="2")


def test_ranges_follow_each_other_and_keep_the_question(aurora: Tenant, log_in: LogIn) -> None:
    make_article(aurora, "PAR")
    page = shown(log_in(aurora), board_url(aurora), reach="month", day="2027-07-15", q="par", page="1")
    assert "Do 01.07.2027 – Sa 31.07." in page.replace("\N{NO-BREAK SPACE}", " ")
    assert 'aria-keyshortcuts="ArrowLeft" href="?reach=month&amp;day=2027-06-01&amp;q=par"' in page
    assert 'aria-keyshortcuts="ArrowRight" href="?reach=month&amp;day=2027-08-01&amp;q=par"' in page
    assert 'aria-keyshortcuts="g t" href="?reach=month&amp;q=par"' in page
    assert 'href="?reach=day&amp;day=2027-07-15&amp;q=par"' in page


@pytest.mark.parametrize(
    "asked", [{"reach": "year"}, {"day": "gestern"}, {"day": "0001-01-01"}, {"day": "9999-12-31"}, {"page": "x"}]
)
def test_what_is_not_understood_does_not_count(aurora: Tenant, log_in: LogIn, asked: dict[str, str]) -> None:
    article = make_article(aurora)
    for url in (board_url(aurora), own_url(article)):
        assert "Belegung" in shown(log_in(aurora), url, **asked)


@pytest.mark.parametrize(("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25)])
def test_the_nights_in_which_the_clock_changes(aurora: Tenant, log_in: LogIn, day: str, hours: int) -> None:
    """What is taken from 01:30 to 03:30 lasts one hour or three."""
    article = make_article(aurora)
    changes = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + HOUR
    start, end = (
        changes - timedelta(minutes=90 if hours == 25 else 30),
        changes + timedelta(minutes=90 if hours == 25 else 30),
    )
    take(article, 4, start, end, "J-1 Nacht")
    page = shown(log_in(aurora), own_url(article), reach="day", day=day)
    assert page.count('class="ewx-column"') == hours - 1
    local = f"{day[8:]}.{day[5:7]}.{day[:4]}"
    assert f"{local} 01:30" in page
    assert f"{local} 03:30" in page
    width = (end - start) / timedelta(hours=hours)
    assert f'class="ewx-core" x="{1.5 / hours * 100:.3f}%" y="18" width="{width * 100:.3f}%"' in page


def test_bars_lead_to_their_job(aurora: Tenant, log_in: LogIn) -> None:
    article, job = make_article(aurora), make_job(aurora, state=JobState.ORDER)
    position = add_position(job=job, article=article, quantity=4)
    client = log_in(aurora, Role.WAREHOUSE)
    page = shown(client, own_url(article), day=job.planning_start.date().isoformat())
    url = aurora.url("jobs:of_reservation", position.reservation_id)
    assert page.count(f'<a href="{url}">') == 3  # the bar, and where the goods leave and return
    assert client.get(url)["Location"] == aurora.url("jobs:detail", job.pk)
    assert f'<a href="{url}">' in shown(client, article.get_absolute_url())


def test_of_very_much_the_first_is_shown(aurora: Tenant, log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.timeline.board.MOST_BARS", 2)
    monkeypatch.setattr("inventory.timeline.board.MOST_CHANGES", 3)
    page = shown(log_in(aurora), own_url(busy_article(aurora, NOW)))
    assert "4 weitere Belegungen sind nicht gezeichnet." in page
    assert "7 weitere Änderungen." in page


def test_shortages_beyond_those_that_were_looked_at_are_said(
    aurora: Tenant, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Box", "Kabel", "Spot"):
        make_article(aurora, name, owned=1, out_of_service=2)
    said, client = "Nur die ersten 2 Artikel, von denen etwas fehlen könnte, sind geprüft.", log_in(aurora)
    assert said not in shown(client, board_url(aurora), short="on")
    for module in ("board", "views"):
        monkeypatch.setattr(f"inventory.timeline.{module}.MOST_SHORT", 2)
    page = shown(client, board_url(aurora), short="on")
    assert lanes(page) == ["Box", "Kabel"]
    assert said in page
    assert said not in shown(client, board_url(aurora), short="on", q="spot")


@pytest.mark.parametrize("rows", [1, 3, 500])
def test_a_fixed_number_of_queries(
    aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    """Something is held and overdue, which costs one statement more than where nothing moves with time."""
    client, article = log_in(aurora), busy_article(aurora, NOW)
    others = [Article(tenant=aurora, number=f"K-{number}", name="Kabel", owned=3) for number in range(1, rows)]
    for other in others:
        other.fill_keys()
    aurora.articles.bulk_create(others)
    for asked, queries in (({}, 10), ({"short": "on"}, 9), ({"table": "on"}, 12)):
        with django_assert_num_queries(queries):
            client.get(board_url(aurora), query_params=asked)
    with django_assert_num_queries(10):
        client.get(own_url(article))


# --- the proof of a figure ------------------------------------------------------------------------------
def ask(client: Client, article: Article, start: str, end: str) -> str:
    return shown(client, article.tenant.url("inventory:article_availability", article.pk), start=start, end=end)


def test_a_figure_comes_with_its_proof(aurora: Tenant, log_in: LogIn) -> None:
    page = ask(log_in(aurora, Role.READ_ONLY), busy_article(aurora, NOW), "2027-07-01T20:00", "2027-07-03T08:00")
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<html" not in page
    assert "1 zu wenig" in page
    assert "<dt>Am wenigsten frei</dt><dd>Fr 02.07.2027 08:00 – Sa 03.07. 00:00</dd>" in page
    assert "10 im Bestand − 1 außer Betrieb − 10 reserviert = −1" in page
    assert "<dt>Vorbereitung</dt><dd>120 Minuten</dd>" in page
    assert "<dt>Stand</dt><dd>01.07.2027 14:00</dd>" in page
    for text in (
        "2 × ",
        "J-1001 Gala",
        "überfällig",
        "J-1002 Sommerfest",
        "J-1003 Messe",
        "Option bis",
        "Lampe defekt",
    ):
        assert unbroken(text) in page
    assert "J-1004" not in page


def test_what_only_the_buffers_touch_is_said(aurora: Tenant, log_in: LogIn) -> None:
    article = make_article(aurora, owned=5, buffer_before_minutes=120)
    take(article, 3, NOW, NOW + HOUR, "J-1 Gala")
    page = ask(log_in(aurora), article, "2027-07-01T16:00", "2027-07-01T20:00")
    assert "2 frei" in page
    assert "(während der Vorbereitung oder Nachbereitung)" in page


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("2027-07-01T08:00", "2027-07-01T08:00", "Das Ende muss nach dem Beginn liegen."),
        ("", "2027-07-01T08:00", "Dieses Feld ist zwingend erforderlich."),
        ("0001-01-01T00:00", "2027-07-01T08:00", "größer oder gleich"),
        ("2027-03-28T02:30", "2027-11-01T08:00", "Diese Uhrzeit gibt es nicht"),
    ],
)
def test_a_period_that_is_none_gets_a_sentence(
    aurora: Tenant, log_in: LogIn, start: str, end: str, sentence: str
) -> None:
    page = ask(log_in(aurora), make_article(aurora), start, end)
    assert sentence in page
    assert "invalid-feedback" in page
    assert "Was dann zählt" not in page
