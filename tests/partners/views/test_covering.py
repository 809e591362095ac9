""" "Bei Partnern decken": partners with a linked article are asked, the best is proposed, one click splits needs."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from eventworx.audit import Actor
from eventworx.periods import Period
from eventworx.tenants.models import User
from eventworx.tenants.roles import Role
from eventworx.web.templatetags.ewx import unbroken
from jobs.models import Job, Position
from jobs.positions import add_position, remove_position, update_position
from jobs.states import JobState
from partners import matching
from partners.search import gathering
from partners.transport import Fault
from tests.factories import SUMMER, make_article, make_job
from tests.fakes import Mixed
from tests.partners.many import Many, many
from tests.partners.trade import shown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trade(transactional_db: None, settings: Settings) -> Iterator[Many]:
    settings.EWX_PARTNER_DEADLINE_SECONDS = 1.0
    with many(Mixed()) as found:
        for name in ("bassline", "delta", "echo"):
            found.add(name, "PAR 64")
        found.lends("delta")[0].tenant.articles.update(owned=3, rental_price=1)
        found.lends("echo")[0].tenant.articles.update(rental_price=7)
        found.lends("bassline")[0].tenant.articles.update(rental_price=9)
        yield found


def link(trade: Many, name: str, position: Position) -> str:
    """Their article is ours; how a form names the offer."""
    article_id, connection = str(trade.lends(name)[0].pk), trade.partners[name]
    if position.article:
        matching.link_article(
            tenant=trade.tenant,
            contact=connection.contact,
            partner_article_id=article_id,
            article=position.article,
            actor=Actor(label="Anna"),
        )
    return f"{connection.pk}/{article_id}"


@pytest.fixture
def short(trade: Many) -> Position:
    """14 of 10."""
    article = make_article(trade.tenant, "PAR 64", owned=10)
    job = make_job(trade.tenant, state=JobState.ORDER)
    return add_position(job=job, article=article, quantity=14)


@pytest.fixture
def client(trade: Many, log_in: Callable[..., Client]) -> Client:
    return log_in(trade.tenant, Role.SALES)


def offers(trade: Many, client: Client, *positions: Position) -> str:
    url = trade.tenant.url("partners:cover_offers")
    return client.get(url, {"position": [row.pk for row in positions]}).content.decode().replace("\xa0", " ")


def chosen(page: str) -> list[str]:
    """The offers, without the price that is carried with each."""
    return re.findall(r'value="([^"/]*/[^"/]*)/[^"]*" checked', page)


def carried(trade: Many, offer: str, position: Position) -> str:
    """The offer as the page has it, with the price as it is known now."""
    connection_id, _slash, article_id = offer.partition("/")
    found = [one.contact for one in trade.partners.values() if str(one.pk) == connection_id]
    is_kept = found and found[0].partner_listings.filter(partner_article_id=article_id).exists()
    return f"{offer}/{shown(position.job, found[0], article_id)}" if is_kept else offer


def take(trade: Many, client: Client, offer: str, quantity: int, *positions: Position) -> str:
    data = {f"offer-{row.pk}": carried(trade, offer, row) for row in positions}
    data |= {f"quantity-{row.pk}": str(quantity) for row in positions}
    named = {"position": [row.pk for row in positions]}
    return client.post(trade.tenant.url("partners:cover_take"), data | named, follow=True).content.decode()


def parts(job: Job) -> list[tuple[int, int]]:
    return list(job.positions.in_order().values_list("quantity", "sub_rented_quantity"))


def test_the_page_asks_nobody_but_loads_what_asks(trade: Many, client: Client, short: Position) -> None:
    link(trade, "bassline", short)
    trade.network.sent.clear()
    page = client.get(trade.tenant.url("partners:cover"), {"position": short.pk}).content.decode()
    assert f"{trade.tenant.url('partners:cover_offers')}?position={short.pk}" in page
    assert trade.network.sent == []


def test_who_ticks_nothing_does_not_read_that_nothing_is_short(trade: Many, client: Client, short: Position) -> None:
    page = client.get(trade.tenant.url("partners:cover")).content.decode()
    assert ("Nichts ausgewählt" in page, "Es fehlt nichts" in page) == (True, False)
    missing = client.get(trade.tenant.url("partners:cover"), {"position": short.pk + 1}).content.decode()
    assert ("Nichts ausgewählt" in missing, "Es fehlt nichts" in missing) == (False, True)


@pytest.mark.parametrize(("more", "left_out"), [(99, ""), (100, "1 weitere"), (129, "30 weitere")])
def test_positions_beyond_those_that_are_asked_about_at_once_are_said(
    trade: Many, client: Client, short: Position, more: int, left_out: str
) -> None:
    named = range(short.pk, short.pk + 1 + more)
    page = client.get(trade.tenant.url("partners:cover"), {"position": list(named)}).content.decode()
    assert left_out in page.replace("\xa0", " ")
    assert ("die du gewählt hast" in page, f'name="position" value="{short.pk}"' in page) == (bool(left_out), True)


def test_the_cheapest_that_covers_is_proposed_and_taken(trade: Many, client: Client, short: Position) -> None:
    named = [link(trade, name, short) for name in ("bassline", "delta", "echo")]
    page = offers(trade, client, short)
    assert (chosen(page), "Wie ausgewählt decken" in page) == ([named[2]], True)
    assert page.index("Echo Rental") < page.index("Bassline Rental") < page.index("Delta Rental")
    for said in ("3 von 3", "10 von 10", "7,00 € pro Tag", "Unterdeckung 4"):
        assert said in page
    assert "4 × PAR 64 (Echo Rental)" in take(trade, client, named[2], 4, short)
    assert parts(short.job) == [(14, 4)]
    assert "fehlt nichts mehr" in offers(trade, client, short)


def test_what_is_proposed_for_one_is_not_there_for_another_at_the_same_time(
    trade: Many, client: Client, short: Position
) -> None:
    """Two jobs of one weekend lack the same article, which is what covering in one go is for."""
    dear, _few, cheap = [link(trade, name, short) for name in ("bassline", "delta", "echo")]
    later = Period(SUMMER.end, SUMMER.end + timedelta(days=2))
    jobs = [make_job(trade.tenant, state=JobState.ORDER, period=period) for period in (SUMMER, SUMMER, later)]
    rows = [add_position(job=job, article=short.article, quantity=n) for job, n in zip(jobs, (7, 4, 20), strict=True)]
    page = offers(trade, client, *rows)
    assert chosen(page) == [cheap, dear, cheap]


def test_who_does_not_answer_is_named_and_hides_nobody(trade: Many, client: Client, short: Position) -> None:
    named = [link(trade, name, short) for name in ("bassline", "delta", "echo")]
    trade.is_slow("echo", 5)
    trade.says("delta", Fault.REFUSED)
    page = offers(trade, client, short)
    assert chosen(page) == [named[0]]
    assert all(f"{name} Rental" in page for name in ("Echo", "Delta"))


def test_who_asks_reads_his_own_language(trade: Many, client: Client, short: Position) -> None:
    """Also what a call says that was made in a thread of its own."""
    link(trade, "delta", short)
    trade.says("delta", Fault.REFUSED)
    User.objects.update(language="en")
    page = offers(trade, client, short)
    assert "The server of Delta Rental cannot be reached" in page
    assert "Der Server" not in page


def test_nobody_is_asked_about_more_than_two_years(trade: Many, client: Client, short: Position) -> None:
    link(trade, "delta", short)
    Job.objects.filter(pk=short.job_id).update(planning_end=SUMMER.start + timedelta(days=733))
    page = offers(trade, client, short)
    assert ("Der Zeitraum darf höchstens zwei Jahre lang sein." in page, chosen(page)) == (True, [])


def test_a_partner_who_refuses_says_why(trade: Many, client: Client, short: Position) -> None:
    """That he has no such article is nothing to tell; that he lends nothing any more is."""
    link(trade, "delta", short)
    trade.lends("delta")[0].tenant.partner_connections.update(level=0)
    page = offers(trade, client, short)
    assert ("Delta Rental" in page, "ewx-alert-warning" in page, chosen(page)) == (True, True, [])


def test_without_a_link_there_is_the_search(trade: Many, client: Client, short: Position) -> None:
    page = offers(trade, client, short)
    search = f"{short.job.get_absolute_url()}?cover={short.pk}#add-title"
    assert (chosen(page), search in page, "Wie ausgewählt decken" in page) == ([], True, False)
    job_page = client.get(short.job.get_absolute_url(), {"cover": short.pk}).content.decode()
    source = f"{trade.tenant.url('partners:material_source', short.job.pk)}?covers={short.pk}"
    assert source in job_page
    panel = client.get(source).content.decode()
    assert 'value="PAR 64"' in panel
    assert f'{{"covers": "{short.pk}"}}' in panel


def test_the_search_splits_the_position_it_was_started_from(trade: Many, client: Client, short: Position) -> None:
    connection_id, article_id = link(trade, "bassline", short).split("/")
    way = short.job.pk, connection_id, article_id
    step = client.post(trade.tenant.url("partners:pick", *way), {"covers": short.pk}).content.decode()
    assert 'name="quantity" value="4"' in step
    url = trade.tenant.url("partners:add_position", *way)
    seen = {"seen": carried(trade, f"{connection_id}/{article_id}", short).rpartition("/")[2]}
    refused = client.post(url, {"covers": short.pk, "quantity": 5} | seen).content.decode()
    assert "nur noch 4" in refused
    client.post(url, {"covers": short.pk, "quantity": 4} | seen)
    assert parts(short.job) == [(14, 4)]
    client.post(url, {"quantity": 1} | seen)
    assert parts(short.job) == [(14, 4), (1, 1)]


def test_several_jobs_at_once_each_whole_or_not_at_all(trade: Many, client: Client, short: Position) -> None:
    offer = link(trade, "bassline", short)
    other = add_position(job=make_job(trade.tenant, state=JobState.ORDER), article=short.article, quantity=6)
    offers(trade, client, short, other)
    update_position(position=other, quantity=3)
    page = take(trade, client, offer, 4, short, other)
    assert unbroken(f"{other.job}: „3 × PAR 64“: Es fehlen inzwischen nur noch 3") in page
    assert (parts(short.job), parts(other.job)) == ([(14, 4)], [(3, 0)])


def test_what_lacks_nothing_any_more_is_said_to_be_passed_over(trade: Many, client: Client, short: Position) -> None:
    """Somebody else was quicker with one of two; the other is hired, and alone the last is no success."""
    offer = link(trade, "bassline", short)
    other = add_position(job=make_job(trade.tenant, state=JobState.ORDER), article=short.article, quantity=6)
    offers(trade, client, short, other)
    remove_position(position=other)
    said = "1 gewählten Position fehlt nichts mehr: Für sie wurde nichts angemietet."
    page = take(trade, client, offer, 4, short, other)
    assert (said in page, parts(short.job)) == (True, [(14, 4)])
    page = take(trade, client, offer, 4, short)
    assert (said in page, parts(short.job)) == (True, [(14, 4)])


def test_another_price_than_was_seen_takes_nothing_of_any_job(trade: Many, client: Client, short: Position) -> None:
    """A colleague asked in between and the partner's price had risen: all lines wait for one more click, none is
    taken at a price that nobody saw; what was chosen is still chosen (mission J6)."""
    cheap, dear = link(trade, "echo", short), link(trade, "bassline", short)
    other = add_position(job=make_job(trade.tenant, state=JobState.ORDER), article=short.article, quantity=3)
    offers(trade, client, short, other)
    form = {f"offer-{short.pk}": carried(trade, dear, short), f"offer-{other.pk}": carried(trade, cheap, other)}
    form |= {f"quantity-{short.pk}": "3", f"quantity-{other.pk}": "2"}
    named = {"position": [short.pk, other.pk]}
    trade.lends("bassline")[0].tenant.articles.update(rental_price=11)
    offers(trade, client, short)
    url = trade.tenant.url("partners:cover_take")
    page = client.post(url, form | named).content.decode().replace("\xa0", " ")
    assert ("Nichts wurde übernommen." in page, f"<li>PAR 64 ({short.job.number}): Bassline Rental nennt" in page) == (
        True,
        True,
    )
    assert "„PAR 64“ inzwischen einen anderen Preis: 11,00 € pro Tag (11,00 € für den Zeitraum) statt 9,00 €" in page
    assert (parts(short.job), parts(other.job)) == ([(14, 0)], [(3, 0)])
    assert chosen(page) == [dear, cheap]
    again = f"{trade.tenant.url('partners:cover')}?position={short.pk}&amp;position={other.pk}"
    assert f'name="next" value="{again}"' in page  # where the language is changed: this address takes no GET
    once_more = dict(re.findall(r'name="(offer-\d+)"[^>]* value="([^"]*)" checked', page))
    once_more |= dict(re.findall(r'name="(quantity-\d+)" value="(\d+)"', page))
    client.post(url, once_more | named)
    assert (parts(short.job), parts(other.job)) == ([(14, 3)], [(3, 2)])
    assert short.job.positions.get().unit_cost == 11


@pytest.mark.parametrize("seen", ["", "/", "/0.01 0.01 EUR", "/9.00 9.00 CHF", f"/{'7' * 60}"])
def test_a_price_that_nobody_showed_buys_nothing(trade: Many, client: Client, short: Position, seen: str) -> None:
    """It is compared, and never what we pay."""
    offer = link(trade, "bassline", short)
    offers(trade, client, short)
    data = {"position": short.pk, f"offer-{short.pk}": f"{offer}{seen}", f"quantity-{short.pk}": 1}
    page = client.post(trade.tenant.url("partners:cover_take"), data).content.decode()
    assert "Nichts wurde übernommen." in page
    assert parts(short.job) == [(14, 0)]


def test_who_asks_for_offers_too_often_reads_why(
    trade: Many, client: Client, short: Position, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same limit as for searches at all partners; nobody is asked, also not after something has changed."""
    monkeypatch.setattr(gathering, "PER_MINUTE", 1)
    offer = link(trade, "bassline", short)
    assert chosen(offers(trade, client, short)) == [offer]
    trade.network.sent.clear()
    assert "sehr viele Fragen an die Partner. Bitte" in offers(trade, client, short)
    data = {"position": short.pk, f"offer-{short.pk}": offer, f"quantity-{short.pk}": 1}
    page = client.post(trade.tenant.url("partners:cover_take"), data).content.decode()
    assert ("Nichts wurde übernommen." in page, "sehr viele Fragen" in page) == (True, True)
    assert trade.network.sent == []


def test_a_refusal_names_the_position_it_is_about(trade: Many, client: Client, short: Position) -> None:
    """Also one that knows of no article, like that nothing was picked; here one of two lines, in the second job."""
    offer = link(trade, "bassline", short)
    other = add_position(job=make_job(trade.tenant, state=JobState.ORDER), article=short.article, quantity=3)
    offers(trade, client, short)
    form = {f"offer-{short.pk}": carried(trade, offer, short), f"offer-{other.pk}": f"{trade.partners['delta'].pk}/1/"}
    form |= {f"quantity-{row.pk}": "1" for row in (short, other)} | {"position": [short.pk, other.pk]}
    page = client.post(trade.tenant.url("partners:cover_take"), form).content.decode()
    assert f"<li>PAR 64 ({other.job.number}): Bitte wähle den Artikel in der Suche" in page
    assert (parts(short.job), parts(other.job)) == ([(14, 0)], [(3, 0)])


def test_who_moved_the_job_does_not_read_that_the_partner_did_it(trade: Many, client: Client, short: Position) -> None:
    """What is seen follows the usage period: the price per day is the same, the job is shorter."""
    offer = link(trade, "bassline", short)
    offers(trade, client, short)
    kept = trade.partners["bassline"].contact.partner_listings.get()
    kept.document["price"]["factors"] = [{"days": 1, "factor": "1"}, {"days": 4, "factor": "2"}]
    kept.save()
    seen = carried(trade, offer, short)
    Job.objects.filter(pk=short.job_id).update(usage_start=SUMMER.start, usage_end=SUMMER.start + timedelta(hours=1))
    data = {"position": short.pk, f"offer-{short.pk}": seen, f"quantity-{short.pk}": 1}
    page = client.post(trade.tenant.url("partners:cover_take"), data).content.decode().replace("\xa0", " ")
    assert "„PAR 64“ von Bassline Rental kostet inzwischen 9,00 € für den Zeitraum statt 18,00 €: der Nutzungs" in page
    assert ("anderen Preis" in page, parts(short.job)) == (False, [(14, 0)])


def test_a_price_too_high_to_be_booked_was_named_and_cannot_be_chosen(
    trade: Many, client: Client, short: Position
) -> None:
    link(trade, "bassline", short)
    theirs = trade.lends("bassline")[0]
    scale = theirs.tenant.factor_scales.create(name="Unmöglich", steps=[{"days": 1, "factor": "9999"}])
    theirs.tenant.articles.update(factor_scale=scale)
    page = offers(trade, client, short)
    assert "der genannte Preis ist höher als alles, was hier gebucht werden kann" in page
    assert ("kein Preis genannt" in page, chosen(page)) == (False, [])
    assert re.search(r'value="[^"/]*/[^"/]*/" disabled', page)


def test_another_currency_is_shown_and_cannot_be_chosen(trade: Many, client: Client, short: Position) -> None:
    """With a sentence (mission R6)."""
    offer = link(trade, "bassline", short)
    tenant = trade.lends("bassline")[0].tenant
    tenant.currency = "CHF"
    tenant.save()
    page = offers(trade, client, short)
    assert "Preis in CHF: du rechnest in EUR, deshalb ist er hier nicht bestellbar." in page
    assert "CHF pro Tag" in page
    assert chosen(page) == []
    assert re.search(rf'value="{offer}/[^"]*" disabled', page)


def test_an_offer_that_is_gone_takes_nothing(trade: Many, client: Client, short: Position) -> None:
    offer = link(trade, "bassline", short)
    offers(trade, client, short)
    seen = carried(trade, offer, short)
    trade.lends("bassline")[0].tenant.partner_connections.get().releases.all().delete()
    offers(trade, client, short)
    data = {"position": short.pk, f"offer-{short.pk}": seen, f"quantity-{short.pk}": 1}
    page = client.post(trade.tenant.url("partners:cover_take"), data).content.decode()
    assert "Bassline Rental bietet „PAR 64“ nicht mehr an." in page
    assert (chosen(page), parts(short.job)) == ([], [(14, 0)])


def test_what_nobody_offered_or_linked_is_refused(trade: Many, client: Client, short: Position) -> None:
    connection = trade.partners["bassline"].pk
    for offer, said in ((f"{connection}/4711", "wähle den Artikel"), ("x" * 30, "PAR 64:"), ("", "Unterdeckungen")):
        assert said in take(trade, client, offer, 4, short)
    assert parts(short.job) == [(14, 0)]
