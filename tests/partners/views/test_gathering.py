""" "Alle Partner" in the job dialog, as sales sees it (mission J1, J2, R4, R6)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from jobs.models import Position
from partners.models import PartnerConnection
from partners.search import gathering, replies
from partners.transport import Fault
from partners.views import gathering as views
from tests.factories import make_article, make_user
from tests.fakes import Mixed
from tests.partners.api.asking import reserve_row
from tests.partners.many import Many, many
from tests.partners.views.dialog import PERIOD, once_more, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trade(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Many]:
    monkeypatch.setattr(gathering, "FIRST_LOOK", 30)  # returns as soon as all have answered
    with many(Mixed()) as found:
        found.add("bassline", "PAR 56", "PAR 64")
        found.add("delta", "PAR 64 floor")
        yield found


@pytest.fixture
def sales(trade: Many) -> Client:
    client = Client()
    client.force_login(trade.asker)
    return client


def search(client: Client, trade: Many, **query: Any) -> HttpResponse:
    response = client.get(
        trade.tenant.url("partners:search", trade.job.pk), {"supplier": "", "q": "par", **PERIOD, **query}
    )
    assert response.status_code == 200
    return response


def link(response: HttpResponse, what: str) -> str:
    found = re.search(rf'{what}"[^>]*hx-get="([^"]+)"|hx-get="([^"]+)"[^>]*{what}', response.content.decode())
    assert found
    return (found[1] or found[2]).replace("&amp;", "&")


def rows(response: HttpResponse) -> list[str]:
    return [hit.listing.name for hit in response.context["shown"]]


def articles(response: HttpResponse) -> list[str]:
    """The names of the hits, from top to bottom."""
    return [hit.listing.name for hit in response.context["found"].hits]


def test_hits_of_all_stand_in_one_table_with_their_partner(sales: Client, trade: Many) -> None:
    page = search(sales, trade)
    found = text_of(page)
    said = "3 Treffer, Antwort von 2 der 2 Partner, Stand"
    for shown in ("PAR 64 floor", "Delta Rental", "Bassline Rental", "10 von 10", said):
        assert shown in found
    assert page.content.decode().count("<table") == 1
    assert "load delay" not in page.content.decode()


def test_all_are_asked_about_the_period_that_is_typed(sales: Client, trade: Many) -> None:
    [article] = trade.lends("delta")
    reserve_row(article, 4, datetime(2027, 7, 10, tzinfo=UTC), datetime(2027, 7, 11, tzinfo=UTC))
    assert "6 von 10" not in text_of(search(sales, trade))
    typed = text_of(search(sales, trade, start="2027-07-10T00:00", end="2027-07-13T00:00"))
    assert (typed.count("10 von 10"), typed.count("6 von 10")) == (2, 1)


def test_it_says_who_has_nothing_and_who_is_silent(sales: Client, trade: Many) -> None:
    trade.says("delta", Fault.REFUSED)
    found = text_of(search(sales, trade, q="PAR 56"))
    assert "1 Treffer, Antwort von 1 der 2 Partner" in found
    assert "Der Server von Delta Rental ist nicht erreichbar." in found
    trade.says("delta", None)
    assert "nichts Passendes" in text_of(search(sales, trade, q="PAR 56"))


def test_answers_follow_until_everybody_has_answered(
    sales: Client, trade: Many, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EWX_PARTNER_DEADLINE_SECONDS = 10.0
    monkeypatch.setattr(gathering, "FIRST_LOOK", 1)
    monkeypatch.setattr(replies, "SLOW_AFTER", timedelta(hours=1))
    trade.is_slow("delta", 2.5)
    page = search(sales, trade)
    assert (articles(page), "wird gefragt" in text_of(page)) == (["PAR 56", "PAR 64"], True)
    nothing_new = sales.get(link(page, "load delay:400ms"))
    assert "HX-Retarget" not in nothing_new.headers
    assert link(nothing_new, "load delay:400ms") == link(page, "load delay:400ms")
    while "HX-Retarget" not in (news := sales.get(link(page, "load delay:400ms"))).headers:
        pass
    assert (news.headers["HX-Retarget"], news.headers["HX-Reswap"]) == ("#gathered", "outerHTML")
    assert articles(news) == ["PAR 56", "PAR 64 floor", "PAR 64"]
    assert "load delay" not in news.content.decode()


def test_what_cannot_be_read_hides_nothing_else(sales: Client, trade: Many, log_in: Callable[..., Client]) -> None:
    Tenant.objects.get(slug="bassline").articles.filter(name="PAR 56").update(name="")
    page = search(sales, trade)
    assert articles(page) == ["PAR 64", "PAR 64 floor"]
    assert text_of(page).count("1 Artikel dieses Partners war nicht lesbar.") == 1
    contact = trade.partners["bassline"].contact
    tab = log_in(trade.tenant, Role.ADMIN).get(trade.tenant.url("partners:tab", contact.pk))
    assert "Ein Artikel in einer Antwort des Partners war nicht lesbar" in text_of(tab)


def test_the_order_is_kept_by_the_next_question_and_by_what_follows(sales: Client, trade: Many) -> None:
    bassline, delta = (Tenant.objects.get(slug=slug) for slug in ("bassline", "delta"))
    make_article(delta, "PAR cheap", owned=1, rental_price=3)
    make_article(bassline, "PAR many", owned=99, rental_price=50)
    page = search(sales, trade)
    by_price = sales.get(link(page, 'id="gathered-sort'), {"sort": "price"})
    assert (articles(by_price)[0], articles(by_price)[-1]) == ("PAR cheap", "PAR many")
    assert '<option value="price" selected>Niedrigster Preis zuerst' in by_price.content.decode()
    assert articles(search(sales, trade, sort="free"))[0] == "PAR many"
    assert articles(search(sales, trade, sort="partner"))[:3] == ["PAR 56", "PAR 64", "PAR many"]
    assert articles(search(sales, trade, sort="nonsense")) == articles(page)


@pytest.mark.parametrize(
    ("terms", "articles", "shown"),
    [
        ({"stock_mode": "yes_no"}, 10, "verfügbar"),
        ({"stock_mode": "yes_no"}, 0, "nicht verfügbar"),
        ({"stock_mode": "capped", "stock_cap": 7}, 10, "mindestens 7"),
        ({"stock_mode": "exact"}, 10, "10 von 10"),
        ({"level": 1}, 10, "keine Bestandsangabe"),
    ],
)
def test_whatever_a_partner_tells_of_his_stock_is_shown(
    sales: Client, trade: Many, terms: dict[str, Any], articles: int, shown: str
) -> None:
    theirs = PartnerConnection.objects.filter(pk=trade.partners["delta"].peer_connection_id)
    theirs.update(**terms)
    Tenant.objects.get(slug="delta").articles.update(owned=articles)
    page = search(sales, trade)
    (row,) = [hit.listing for hit in page.context["found"].hits if hit.connection == trade.partners["delta"]]
    assert shown in text_of(page).split(row.name)[1].split("PAR")[0]


def test_a_way_of_telling_stock_that_we_do_not_know_yet_is_no_figure(sales: Client, trade: Many) -> None:
    asked = search(sales, trade).context["found"].gathering
    document = {"items": [{"id": "1", "number": "1", "name": "PAR", "stock": {"mode": "fuzzy"}}]}
    trade.tenant.gathered_answers.filter(connection=trade.partners["delta"]).update(document=document)
    page = sales.get(trade.tenant.url("partners:gathered", trade.job.pk, asked), {"sort": "free"})
    assert rows(page)[-1] == "PAR"
    assert "keine Bestandsangabe" in text_of(page)


def test_the_table_begins_with_a_hundred_rows_and_loses_none_when_more_come(
    sales: Client, trade: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "ROWS", 2)
    page = search(sales, trade)
    assert (rows(page), "Mehr zeigen (noch 1)" in text_of(page)) == (["PAR 56", "PAR 64 floor"], True)
    more = sales.get(link(page, 'id="more-rows'))
    assert (rows(more), "Mehr zeigen" in text_of(more)) == (["PAR 56", "PAR 64 floor", "PAR 64"], False)
    asked = trade.tenant.url("partners:gathered", trade.job.pk, page.context["found"].gathering)
    # One of three hits came after the page had shown two.
    assert len(rows(sales.get(asked, {"rows": "2", "hits": "2", "seen": "old"}))) == 3
    for odd in ("-1", "x", "1e3", "9" * 30, "²"):
        assert len(rows(sales.get(asked, {"rows": odd, "hits": odd}))) == 2


def test_another_currency_is_last_by_price_and_cannot_be_ordered(sales: Client, trade: Many) -> None:
    Tenant.objects.filter(slug="bassline").update(currency="CHF")
    Tenant.objects.get(slug="delta").articles.update(rental_price=999)
    page = search(sales, trade, sort="price")
    assert articles(page) == ["PAR 64 floor", "PAR 56", "PAR 64"]
    assert text_of(page).count("du rechnest in EUR") == 2
    assert page.content.decode().count(">Auswählen<") == 1


def test_a_hit_leads_into_the_ways_of_its_own_partner(sales: Client, trade: Many) -> None:
    """Pick, connect, quantity: the same as with one partner."""
    own, (lent,) = make_article(trade.tenant, "Scheinwerfer", owned=0), trade.lends("delta")
    page = search(sales, trade).content.decode()
    pick = re.search(rf'hx-post="([^"]+/{trade.partners["delta"].pk}/{lent.pk}/pick/)"', page)
    assert pick
    assert "Welcher deiner Artikel ist „PAR 64 floor“?" in text_of(sales.post(pick[1]))
    form = sales.post(pick[1].replace("/pick/", "/link/"), {"article": own.pk}).content.decode()
    sales.post(pick[1].replace("/pick/", "/add-position/"), {**once_more(form), "quantity": 4})
    position = Position.objects.get()
    assert (position.supplier, position.supplier_article_id) == (trade.partners["delta"].contact, str(lent.pk))
    assert (position.sub_rented_quantity, position.article) == (4, own)


def test_further_hits_come_partner_by_partner(sales: Client, trade: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partners.search.asking.PAGE", 1)
    page = search(sales, trade)
    assert page.content.decode().count("Weitere Treffer von") == 1
    assert "Die ersten 2 Treffer, Antwort von 2 der 2 Partner" in text_of(page)
    more = sales.get(link(page, 'id="further-[^"]*'), {"supplier": "", "q": "par", **PERIOD, "sort": "partner"})
    assert articles(more) == ["PAR 56", "PAR 64", "PAR 64 floor"]
    assert "Weitere Treffer" not in more.content.decode()
    assert "3 Treffer, Antwort von 2 der 2 Partner" in text_of(more)
    other_question = sales.get(link(page, 'id="further-[^"]*'), {"supplier": "", "q": "56", **PERIOD})
    assert other_question.status_code == 200


def test_who_asks_too_often_reads_why(sales: Client, trade: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "PER_MINUTE", 1)
    search(sales, trade)
    assert "Das waren sehr viele Suchen bei allen Partnern." in text_of(search(sales, trade))


def test_nobody_sees_what_another_asked(sales: Client, trade: Many) -> None:
    search(sales, trade)
    asked = trade.tenant.gathered_answers.first().gathering
    url = trade.tenant.url("partners:gathered", trade.job.pk, asked)
    assert sales.get(url).status_code == 200
    assert sales.get(trade.tenant.url("partners:gathered", trade.job.pk, uuid4())).status_code == 404
    for role, status in ((Role.ADMIN, 404), (Role.SALES, 404), (Role.WAREHOUSE, 403), (Role.READ_ONLY, 403)):
        other = Client()
        other.force_login(make_user(trade.tenant, role))
        assert other.get(url).status_code == status
        assert other.get(url, {"seen": "2.0.0"}).status_code == status


@pytest.mark.parametrize("partners", [1, 3])
def test_a_search_costs_the_same_for_any_number_of_partners(
    sales: Client, trade: Many, partners: int, django_assert_num_queries: Any
) -> None:
    """What the partners are asked is asked in other threads."""
    if partners == 1:
        PartnerConnection.objects.filter(pk=trade.partners["delta"].pk).update(paused_at=timezone.now())
    else:
        trade.add("echo", "PAR 20")
    dialog = uuid4()
    search(sales, trade, dialog=dialog)
    # Session, user, membership, job; the limit; in a transaction the former question out, no newer one there, the
    # partners, the new one in; what they said.
    with django_assert_num_queries(12):
        page = search(sales, trade, dialog=dialog)
    assert len(page.context["found"].replies) == partners
    asked = page.context["found"].gathering
    with django_assert_num_queries(5):
        sales.get(trade.tenant.url("partners:gathered", trade.job.pk, asked), {"seen": page.context["found"].news})
    with django_assert_num_queries(6):
        sales.get(trade.tenant.url("partners:gathered", trade.job.pk, asked), {"seen": "0.0.0"})
