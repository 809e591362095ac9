"""Marking what a partner may see, in his tab (mission R1, P7)."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.reservations import ReservationClaim, reserve
from partners import releases
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.releases import released_articles
from tests.factories import make_article, make_category, make_connection, make_tenant
from tests.partners.views.dialog import text_of

VIEW_QUERIES = 7


@pytest.fixture
def lent(pair: tuple[PartnerConnection, PartnerConnection]) -> PartnerConnection:
    return pair[1]


@pytest.fixture
def admin(log_in: Callable[..., Client], bassline: Tenant) -> Client:
    return log_in(bassline, Role.ADMIN)


def path(connection: PartnerConnection, name: str = "releases", *args: int) -> str:
    return connection.tenant.url(f"partners:{name}", connection.contact_id, *args)


def visible(admin: Client, connection: PartnerConnection) -> str:
    """The sentence that the panel loads when it is there."""
    return text_of(admin.get(path(connection, "release_visible")))


def test_an_empty_list_says_that_nothing_is_visible(admin: Client, lent: PartnerConnection) -> None:
    page = text_of(admin.get(path(lent)))
    assert "Noch ist nichts freigegeben" in page
    assert visible(admin, lent) == "0 Artikel sind für diesen Partner sichtbar."


def test_article_category_and_everything_with_the_count_of_visible_articles(
    admin: Client, lent: PartnerConnection, bassline: Tenant
) -> None:
    light = make_category(bassline, "Licht")
    par, _spot, cable = (
        make_article(bassline, "PAR", category=light),
        make_article(bassline, "Spot", category=light),
        make_article(bassline, "Kabel"),
    )
    admin.post(path(lent, "release_add"), {"article": cable.pk})
    assert "1 Artikel ist" in visible(admin, lent)
    admin.post(path(lent, "release_add"), {"category": light.pk})
    assert "3 Artikel sind" in visible(admin, lent)
    assert "ausgenommen" in text_of(admin.post(path(lent, "release_add"), {"article": par.pk, "excluded": "on"}))
    assert "2 Artikel sind" in visible(admin, lent)
    admin.post(path(lent, "release_add"), {"everything": "on"})
    assert "2 Artikel sind" in visible(admin, lent)


def test_a_mark_is_removed_again(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    admin.post(path(lent, "release_add"), {"article": make_article(bassline).pk})
    mark = lent.releases.get()
    admin.post(path(lent, "release_remove", mark.pk))
    assert "0 Artikel sind" in visible(admin, lent)
    assert not lent.releases.exists()
    assert bassline.audit_entries.count() == 2


def test_what_was_excluded_meanwhile_is_not_shown_by_removing_the_release_of_before(
    admin: Client, lent: PartnerConnection, bassline: Tenant
) -> None:
    """The mark is the same one: who takes it for a release and removes it would show what another has just hidden."""
    par = make_article(bassline)
    admin.post(path(lent, "release_add"), {"everything": "on"})
    shown = admin.post(path(lent, "release_add"), {"article": par.pk}).content.decode()
    mark = lent.releases.get(article=par)
    [seen] = re.findall(rf'"{path(lent, "release_remove", mark.pk)}"[^>]* name="seen" value="([a-z]+)"', shown)
    admin.post(path(lent, "release_add"), {"article": par.pk, "excluded": "on"})
    refused = admin.post(path(lent, "release_remove", mark.pk), {"seen": seen})
    assert (refused.status_code, refused["HX-Trigger"]) == (409, '{"marks-changed": {}}')
    assert "wurde inzwischen anders markiert" in refused.content.decode()
    assert not released_articles(lent).exists()
    assert admin.post(path(lent, "release_remove", mark.pk), {"seen": "excluded"}).status_code == 200
    assert released_articles(lent).exists()


def test_searching_own_articles_shows_whether_the_partner_sees_them(
    admin: Client, lent: PartnerConnection, bassline: Tenant, cymbal: Tenant
) -> None:
    make_article(bassline, "PAR 64")
    make_article(cymbal, "PAR Cymbal")
    admin.post(path(lent, "release_add"), {"article": bassline.articles.get().pk})
    found = text_of(admin.get(path(lent, "release_search"), {"q": "par"}))
    assert "PAR 64" in found
    assert " ja " in found
    assert "Cymbal" not in found
    assert "PAR" not in text_of(admin.get(path(lent, "release_search"), {"q": " "}))


def test_ids_stay_ids_beyond_a_thousand(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    make_article(bassline, "PAR 64", id=12345)
    assert 'value="12345"' in admin.get(path(lent, "release_search"), {"q": "par"}).content.decode()


def test_choosing_nothing_is_a_sentence(admin: Client, lent: PartnerConnection) -> None:
    page = text_of(admin.post(path(lent, "release_add"), {"category": ""}))
    assert "Wähle, was freigegeben werden soll: einen Artikel, eine Kategorie oder alles." in page
    assert not lent.releases.exists()


def test_foreign_articles_and_connections_do_not_exist(
    admin: Client, lent: PartnerConnection, bassline: Tenant, cymbal: Tenant
) -> None:
    admin.post(path(lent, "release_add"), {"article": make_article(cymbal).pk})
    admin.post(path(lent, "release_add"), {"category": make_category(cymbal).pk})
    assert not lent.releases.exists()
    foreign = make_connection(cymbal, peer=bassline)[0]
    assert admin.get(bassline.url("partners:releases", foreign.contact_id)).status_code == 404
    other = make_connection(bassline, peer=cymbal)[0]
    other.releases.create(tenant=bassline, everything=True)
    assert admin.post(path(lent, "release_remove", other.releases.get().pk)).status_code == 404


@pytest.mark.parametrize("role", [Role.SALES, Role.WAREHOUSE, Role.READ_ONLY])
def test_only_admins_release(log_in: Callable[..., Client], lent: PartnerConnection, role: Role) -> None:
    client = log_in(lent.tenant, role)
    assert client.get(path(lent)).status_code == 403
    assert client.get(path(lent, "release_visible")).status_code == 403
    assert client.get(path(lent, "release_search"), {"q": "par"}).status_code == 403
    assert client.post(path(lent, "release_add"), {"everything": "on"}).status_code == 403
    assert not lent.releases.exists()


@pytest.mark.parametrize("marks", [1, 3])
@pytest.mark.parametrize(("many", "queries"), [(releases.MANY, 9), (0, 10)])
def test_the_panel_costs_the_same_for_any_number_of_marks(
    admin: Client,
    lent: PartnerConnection,
    bassline: Tenant,
    marks: int,
    many: int,
    queries: int,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr(releases, "MANY", many)
    for _mark in range(marks):
        admin.post(path(lent, "release_add"), {"article": make_article(bassline).pk})
        admin.post(path(lent, "release_add"), {"category": make_category(bassline, f"Licht {_mark}").pk})
    # Session, user, membership; connection; categories and everything, articles counted and shown with their names (of
    # many the names before); categories to choose from, twice.
    with django_assert_num_queries(queries):
        admin.get(path(lent))


def test_all_hits_of_a_filter_are_marked_in_one_go(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    light = make_category(bassline, "Licht")
    spots = make_category(bassline, "Spots", parent=light)
    for number in range(25):
        make_article(bassline, f"PAR {number}", category=spots)
    make_article(bassline, "Kabel", category=light)
    asked = {"q": "par", "within": light.pk}
    assert "25 Treffer, die ersten 20 gezeigt" in text_of(admin.get(path(lent, "release_search"), asked))
    admin.post(path(lent, "release_mark"), asked)
    assert "25 Artikel sind" in visible(admin, lent)
    admin.post(path(lent, "release_mark"), asked | {"mark": "excluded"})
    assert "0 Artikel sind" in visible(admin, lent)
    admin.post(path(lent, "release_add"), {"category": light.pk})
    admin.post(path(lent, "release_mark"), asked | {"mark": "none"})
    assert "26 Artikel sind" in visible(admin, lent)
    deeds = bassline.audit_entries.filter(action__startswith="partner.article_").order_by("pk")
    assert [(entry.detail["release"], entry.detail.get("marks")) for entry in deeds][:2] == [("“par” · Licht", 25)] * 2


def test_a_filter_that_finds_nothing_marks_nothing(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    make_article(bassline, "PAR")
    assert "Kein Artikel passt" in text_of(admin.post(path(lent, "release_mark"), {"q": "nebel", "within": ""}))
    admin.post(path(lent, "release_mark"), {"q": "", "within": ""})
    admin.post(path(lent, "release_mark"), {"q": "par", "within": "", "mark": "for ever"})
    half = admin.post(path(lent, "release_mark"), {"q": "par", "category": make_category(bassline).pk})
    assert "Treffer" not in text_of(half)
    admin.post(path(lent, "release_mark"), {"q": "par", "within": make_category(make_tenant("other")).pk})
    assert not lent.releases.exists()


def test_every_mark_leaves_the_search_as_it_was(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    """Else "release all hits" would be asked of one search and answered with another."""
    light = make_category(bassline, "Licht")
    cable = make_article(bassline, "Kabel", category=light)
    make_article(bassline, "Kabel geheim", category=make_category(bassline, "Ton"))
    asked = {"q": "kabel", "within": light.pk}
    answers = [admin.get(path(lent, "release_search"), asked)]
    marks = ({"article": cable.pk}, {"category": light.pk}, {"everything": "on"})
    answers += [admin.post(path(lent, "release_add"), asked | mark) for mark in marks]
    answers.append(admin.post(path(lent, "release_remove", lent.releases.get(article=cable).pk), asked))
    answers.append(admin.get(path(lent), asked | {"page": 1}))
    for answer in answers:
        html = answer.content.decode()
        assert "1 Treffer" in text_of(answer)
        forms = re.findall(
            r'<input type="hidden" name="q" value="kabel"><input type="hidden" name="within" value="(\d*)">', html
        )
        assert forms == [str(light.pk)] * 2  # of all hits, and of the one


def test_many_marks_are_shown_page_by_page(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    for number in range(51):
        make_article(bassline, f"PAR {number:02}")
    page = text_of(admin.post(path(lent, "release_mark"), {"q": "par", "within": ""}))
    assert "1–50 von 51" in page
    assert "PAR 50" in text_of(admin.get(path(lent), {"page": 2}))


# --- "Ansicht als Partner" ---------------------------------------------------------------------------
def view(client: Client, connection: PartnerConnection, **asked: Any) -> str:
    return text_of(client.get(path(connection, "view_as_partner"), asked))


def test_the_view_is_what_the_partner_gets(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    make_article(bassline, "PAR 64", owned=8, rental_price=Decimal(20))
    hidden = make_article(bassline, "Geheim")
    admin.post(path(lent, "release_add"), {"everything": "on"})
    admin.post(path(lent, "release_add"), {"article": hidden.pk, "excluded": "on"})
    lent.contact.discount_percent = Decimal(25)
    lent.contact.save()
    page = view(admin, lent)
    assert "PAR 64" in page
    assert "20,00 €" in page
    assert "15,00 €" in page
    assert "8 von 8 Stand jetzt" in page
    assert "Geheim" not in page
    period = {"start": "2027-07-01T08:00", "end": "2027-07-03T08:00"}
    reserve(
        tenant=bassline,
        claims=[ReservationClaim(bassline.articles.get(name="PAR 64").pk, 3, Period(*map(berlin, period.values())))],
    )
    dated = view(admin, lent, **period)
    assert "5 von 8" in dated
    assert "Stand jetzt" not in dated
    assert "Der Zeitraum muss enden, nachdem er begonnen hat" in view(
        admin, lent, start=period["end"], end=period["start"]
    )


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def test_the_view_keeps_to_the_level_in_force(admin: Client, lent: PartnerConnection, bassline: Tenant) -> None:
    make_article(bassline, "PAR 64")
    admin.post(path(lent, "release_add"), {"everything": "on"})
    lent.level = AccessLevel.ARTICLES
    lent.save()
    page = view(admin, lent)
    assert "keine Bestandsangabe" in page
    assert "Stand jetzt" not in page
    lent.level = AccessLevel.NONE
    lent.save()
    page = view(admin, lent)
    assert "PAR 64" not in page
    assert "sieht der Partner nichts" in page


@pytest.mark.parametrize("articles", [1, 3])
def test_the_view_costs_the_same_for_any_number_of_articles(
    admin: Client, lent: PartnerConnection, bassline: Tenant, articles: int, django_assert_num_queries: Any
) -> None:
    for number in range(articles):
        make_article(bassline, f"PAR {number}")
    admin.post(path(lent, "release_add"), {"everything": "on"})
    with django_assert_num_queries(VIEW_QUERIES):
        admin.get(path(lent, "view_as_partner"))
