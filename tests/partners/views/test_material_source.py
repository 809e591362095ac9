"""Materialquelle "Partner": search, pick, connect or create, quantity, as sales does it (mission J1, J4, J5)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from inventory.models import Article, ArticleKind
from jobs.models import Job, Position
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.search import asking
from tests.factories import make_article, make_connection, make_contact, make_job
from tests.fakes import InProcess
from tests.partners.api.asking import reserve_row
from tests.partners.views.dialog import PERIOD, search, step, text_of, url


# --- searching -------------------------------------------------------------------------------------
def test_the_only_supplier_and_the_jobs_period_are_proposed(sales: Client, job: Job, ours: PartnerConnection) -> None:
    page = sales.get(url(job, "material_source")).content.decode()
    assert f'<option value="{ours.pk}" selected>Bassline Rental</option>' in page
    assert 'value="2027-07-01T08:00"' in page
    assert 'value="2027-07-04T20:00"' in page


def test_of_two_suppliers_both_are_proposed(sales: Client, job: Job, ours: PartnerConnection, cymbal: Tenant) -> None:
    assert "Alle Partner" not in sales.get(url(job, "material_source")).content.decode()
    make_connection(job.tenant, peer=cymbal)
    page = sales.get(url(job, "material_source")).content.decode()
    assert '<option value="" selected>Alle Partner</option>' in page
    assert "Cymbal Events" in page
    assert f'value="{ours.pk}" selected' not in page


@pytest.mark.parametrize("change", ["closed_at", "paused_at", "nothing offered", "no supplier"])
def test_who_cannot_be_asked_is_not_offered(sales: Client, job: Job, ours: PartnerConnection, change: str) -> None:
    if change == "nothing offered":
        ours.peer_level = 0
    elif change == "no supplier":
        ours.contact.is_supplier = False
        ours.contact.save()
    else:
        setattr(ours, change, timezone.now())
    ours.save()
    page = sales.get(url(job, "material_source")).content.decode()
    assert "Noch bietet dir kein Partner Material an" in page
    assert "Zurzeit bietet dir kein Partner Material an." in text_of(
        sales.get(url(job, "search"), {"supplier": "", **PERIOD})
    )


def test_hits_show_number_manufacturer_prices_and_what_is_free(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    found = search(sales, job, ours, q="aura martin")
    for shown in ("MAC Aura XB", "4711", "Martin", "25,00", "10 von 10", "1 Treffer bei Bassline Rental, Stand"):
        assert shown in found
    assert "Bassline Rental bietet nichts Passendes an." in search(sales, job, ours, q="traverse")
    assert "Verkauf" not in found


def test_the_period_that_is_typed_is_the_one_that_is_asked_about(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    """What is free in it, and the net for as much of the job's usage as lies in it, else for all of it (mission J1)."""
    steps = [{"days": days, "factor": str(days)} for days in range(1, 5)]
    theirs.factor_scale = bassline.factor_scales.create(name="Tage", steps=steps)
    theirs.save()
    reserve_row(theirs, 4, datetime(2027, 7, 10, tzinfo=UTC), datetime(2027, 7, 11, tzinfo=UTC))
    for typed, free, net in (
        ({}, 10, 100),  # the job's own planning: usage on four days
        ({"start": "2027-07-03T00:00", "end": "2027-07-08T00:00"}, 10, 50),  # its last two days
        ({"start": "2027-07-10T00:00", "end": "2027-07-13T00:00"}, 6, 75),  # none of it
    ):
        assert f"25,00 € {net},00 € {free} von 10" in search(sales, job, ours, q="aura", **typed)


def test_the_hour_that_comes_twice_can_be_asked_about(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    """The job's own times are meant as they are; of others the first."""
    start = datetime(2027, 10, 31, 1, 15, tzinfo=UTC)  # 02:15 for the second time
    end = start + timedelta(minutes=30)
    job.tenant.jobs.update(planning_start=start, planning_end=end, usage_start=start, usage_end=end)
    reserve_row(theirs, 4, start, end)
    for typed, free in ((("02:15", "02:45"), 6), (("02:16", "02:44"), 10)):
        period = {name: f"2027-10-31T{clock}" for name, clock in zip(("start", "end"), typed, strict=True)}
        assert f"{free} von 10" in search(sales, job, ours, q="aura", **period)


def test_what_is_for_sale_says_so_before_it_is_ordered(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    theirs.kind = ArticleKind.SALE
    theirs.save()
    assert re.search("MAC Aura XB Verkauf .* – 25,00 €", search(sales, job, ours, q="aura"))
    step(sales, job, "pick", ours, theirs)
    offered = text_of(sales.get(url(job, "new_article", ours.pk, str(theirs.pk))))
    assert ("Unser Preis *" in offered, "pro Tag" in offered) == (True, False)
    own = make_article(job.tenant, "MAC Aura")
    chosen = text_of(step(sales, job, "link", ours, theirs, article=own.pk))
    assert ("Verkauf" in chosen, "Dein Preis 25,00" in chosen, "pro Tag" in chosen) == (True, True, False)


def test_below_level_2_no_quantities_are_shown(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    bassline.partner_connections.update(level=AccessLevel.ARTICLES)
    assert "keine Bestandsangabe" in search(sales, job, ours, q="aura")
    bassline.partner_connections.update(level=AccessLevel.NONE)
    assert "Bassline Rental bietet euch das zurzeit nicht an." in search(sales, job, ours, q="aura")


def test_a_paused_partner_is_named_with_who_can_change_it(
    sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant
) -> None:
    bassline.partner_connections.update(paused_at=timezone.now())
    assert "Bassline Rental hat die Verbindung pausiert." in search(sales, job, ours, q="aura")


def test_a_page_from_before_the_change_still_gets_the_sentence(
    sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant
) -> None:
    """The partner's notice may be here before the next key is pressed."""
    bassline.partner_connections.update(paused_at=timezone.now())
    PartnerConnection.objects.filter(pk=ours.pk).update(peer_paused_at=timezone.now())
    assert "Bassline Rental hat die Verbindung pausiert." in search(sales, job, ours, q="aura")
    bassline.partner_connections.update(paused_at=None, level=AccessLevel.NONE)
    PartnerConnection.objects.filter(pk=ours.pk).update(peer_paused_at=None, peer_level=0)
    assert "Bassline Rental bietet euch das zurzeit nicht an." in search(sales, job, ours, q="aura")


def test_our_own_pause_asks_nobody(sales: Client, job: Job, ours: PartnerConnection, network: InProcess) -> None:
    PartnerConnection.objects.filter(pk=ours.pk).update(paused_at=timezone.now())
    sent = len(network.sent)
    assert "Die Verbindung mit Bassline Rental ist hier pausiert." in search(sales, job, ours, q="aura")
    assert len(network.sent) == sent


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"start": "2027-07-04T20:00", "end": "2027-07-01T08:00"}, "Der Zeitraum muss enden, nachdem er begonnen hat."),
        ({"start": "2027-07-01T08:00", "end": "2029-07-04T08:00"}, "höchstens zwei Jahre lang"),
        ({"start": "0001-01-01T00:00"}, "Dieser Wert muss größer oder gleich"),
        ({"end": "9999-12-31T23:59"}, "Dieser Wert muss kleiner oder gleich"),
        ({"start": "2027-03-28T02:30"}, "Diese Uhrzeit gibt es nicht"),
    ],
)
def test_a_search_needs_a_period_that_can_be(
    sales: Client, job: Job, ours: PartnerConnection, network: InProcess, typed: dict[str, str], sentence: str
) -> None:
    assert sentence in search(sales, job, ours, **typed)
    assert network.sent == []


def test_another_currency_is_shown_and_cannot_be_ordered(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant
) -> None:
    bassline.currency = "CHF"
    bassline.save()
    found = search(sales, job, ours, q="aura")
    assert "CHF" in found
    assert "du rechnest in EUR" in found
    assert "Auswählen" not in found
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=make_article(job.tenant).pk)
    answer = text_of(step(sales, job, "add_position", ours, theirs, quantity=1))
    assert "CHF" in answer
    assert not Position.objects.exists()


def test_further_hits_follow(sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant) -> None:
    for number in range(51):
        make_article(bassline, f"PAR {number:02}")
    page = sales.get(url(job, "search"), {"supplier": ours.pk, "q": "par", **PERIOD}).content.decode()
    values = re.search(r"hx-vals='([^']+)'", page)
    assert values
    cursor = json.loads(values[1])["cursor"]
    assert "PAR 50" not in page
    assert "Die ersten 50 Treffer bei Bassline Rental" in page
    further = search(sales, job, ours, q="par", cursor=cursor)
    assert "PAR 50" in further
    assert "1 weiterer Treffer bei Bassline Rental" in further


def test_what_cannot_be_read_hides_nothing_else(
    sales: Client, job: Job, ours: PartnerConnection, bassline: Tenant
) -> None:
    """Left out, counted for the user and for our admin; the next page is where it was (docs/protocol.md §9)."""
    for number in range(52):
        make_article(bassline, f"PAR {number:02}")
    bassline.articles.filter(name="PAR 07").update(name="", sort_key="par 07")
    first = sales.get(url(job, "search"), {"supplier": ours.pk, "q": "", **PERIOD})
    assert "Die ersten 49 Treffer bei Bassline Rental" in text_of(first)
    assert "1 Artikel dieses Partners war nicht lesbar." in text_of(first)
    further = search(sales, job, ours, q="", cursor=first.context["answer"].next)
    assert ("PAR 50" in further, "PAR 51" in further, "nicht lesbar" in further) == (True, True, False)
    counted = ours.refusals.get()
    assert (counted.reason, counted.count) == ("unreadable-listing", 1)
    broken = bassline.articles.get(name="")
    assert step(sales, job, "pick", ours, broken).status_code == 502
    bassline.articles.update(name="")
    assert "antwortet nicht deren Eventworx" in search(sales, job, ours, q="")


# --- who may ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.READ_ONLY])
def test_only_who_edits_jobs_searches_and_adds(
    log_in: Callable[..., Client], job: Job, ours: PartnerConnection, theirs: Article, network: InProcess, role: Role
) -> None:
    client = log_in(job.tenant, role)
    assert client.get(url(job, "search"), {"supplier": ours.pk, **PERIOD}).status_code == 403
    assert step(client, job, "pick", ours, theirs).status_code == 403
    assert step(client, job, "add_position", ours, theirs, quantity=1).status_code == 403
    assert network.sent == []


def test_foreign_jobs_and_connections_do_not_exist(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article, bassline: Tenant, cymbal: Tenant
) -> None:
    stranger = make_connection(cymbal, peer=bassline)[0]
    assert step(sales, job, "pick", stranger, theirs).status_code == 404
    foreign = make_job(cymbal)
    assert sales.get(job.tenant.url("partners:material_source", foreign.pk)).status_code == 404
    make_contact(cymbal)
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=make_article(cymbal).pk)
    assert not job.tenant.article_links.exists()


# --- the ledger ------------------------------------------------------------------------------------
def test_the_ledger_lists_links_and_releases_them(
    sales: Client, job: Job, ours: PartnerConnection, theirs: Article
) -> None:
    own = make_article(job.tenant, "LED-Wash")
    step(sales, job, "pick", ours, theirs)
    step(sales, job, "link", ours, theirs, article=own.pk)
    page = text_of(sales.get(job.tenant.url("partners:links")))
    for shown in ("LED-Wash", "Bassline Rental", "MAC Aura XB", "4711", "Verknüpfung lösen"):
        assert shown in page
    link = job.tenant.article_links.get()
    sales.post(job.tenant.url("partners:unlink", link.pk))
    assert not job.tenant.article_links.exists()
    assert "Welcher deiner Artikel" in text_of(step(sales, job, "pick", ours, theirs))


# --- who asks too often ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Das waren sehr viele Fragen an einzelne Partner. Bitte 60 Sekunden warten."),
        ("en", "Those were very many questions to single partners. Please wait 60 seconds."),
    ],
)
@time_machine.travel(timezone.now(), tick=False)
def test_who_asks_a_partner_too_often_reads_why_and_the_partner_is_not_asked(
    sales: Client,
    log_in: Callable[..., Client],
    aurora: Tenant,
    ours: PartnerConnection,
    network: InProcess,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    sentence: str,
) -> None:
    """At whichever partner and for whichever job; a colleague still may."""
    monkeypatch.setattr(asking, "PER_MINUTE", 2)
    User.objects.filter(pk=get_user(sales).pk).update(language=language)
    for word in ("par", "wash"):
        assert sentence not in search(sales, make_job(aurora), ours, q=word)
    asked = len(network.sent)
    assert sentence in search(sales, make_job(aurora), ours, q="par")
    assert sentence in text_of(sales.get(url(make_job(aurora), "proof", ours.pk, "1")))
    picked = sales.post(url(make_job(aurora), "pick", ours.pk, "1"))
    assert (picked.status_code, sentence in picked.content.decode()) == (429, True)
    assert len(network.sent) == asked
    assert sentence not in search(log_in(aurora, Role.SALES), make_job(aurora), ours, q="par")
    assert len(network.sent) == asked + 1


# --- what it costs ---------------------------------------------------------------------------------
@pytest.mark.parametrize("hits", [1, 3, 50])
def test_a_search_costs_the_same_for_any_number_of_hits(
    sales: Client, aurora: Tenant, ours: PartnerConnection, bassline: Tenant, hits: int, django_assert_num_queries: Any
) -> None:
    job = make_job(aurora)
    for number in range(hits):
        make_article(bassline, f"PAR {number}")
    search(sales, job, ours, q="warm")
    # Here: session, user, membership, job, the supplier chosen, how often, keys of both sides. There: the five of the
    # catalogue.
    with django_assert_num_queries(8 + 5):
        assert f"{hits} Treffer" in search(sales, job, ours, q="par")


@pytest.mark.parametrize("links", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_links(
    sales: Client, aurora: Tenant, ours: PartnerConnection, links: int, django_assert_num_queries: Any
) -> None:
    for number in range(links):
        own = make_article(aurora, f"PAR {number}")
        aurora.article_links.create(contact=ours.contact, partner_article_id=str(number), article=own)
    # Session, user, membership; count and page of links; unread messages and companies of the shell.
    with django_assert_num_queries(7):
        assert sales.get(aurora.url("partners:links")).status_code == 200
