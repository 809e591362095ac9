"""One question to all partners: nobody delays or hides another, slow and dead ones are named (mission J2)."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from eventworx.audit import Actor
from partners import search, transport
from partners.connections import pull_brake
from partners.models import GatheredAnswer, PartnerConnection
from partners.search import Standing, TooManyQuestions, callers, gathering
from partners.tasks import sweep
from partners.transport import Fault, NetworkTransport
from tests.crowd import at_once, somebody_waits
from tests.factories import make_user
from tests.fakes import RUBBISH, Mixed
from tests.partners.gatherings import DEADLINE, ask, follow, is_gone, look, names, standings, until_answered
from tests.partners.many import Many, many
from tests.partners.test_hostile_servers import closed_port
from tests.partners.test_transport import answering, server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trade(transactional_db: None, settings: Settings) -> Iterator[Many]:
    """Three partners: bassline, delta and echo; calls end after a second."""
    settings.EWX_PARTNER_DEADLINE_SECONDS = DEADLINE
    with many(Mixed()) as found:
        found.add("bassline", "PAR 56", "PAR 64")
        found.add("delta", "PAR 64 floor")
        found.add("echo", "PAR 20")
        yield found


def test_no_call_outlives_its_test(transactional_db: None) -> None:
    with many(Mixed()) as trade:
        trade.add("delta", "PAR 64")
        trade.is_slow("delta", 30)
        asked = [ask(trade) for _ in range(callers.PER_PARTNER + 1)]
        assert {look(trade, one).is_open for one in asked} == {True}
    assert {look(trade, one).is_open for one in asked} == {False}


# --- nobody waits for another ----------------------------------------------------------------------
def test_the_first_look_shows_what_the_quick_ones_say(trade: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "FIRST_LOOK", 30)
    started = time.monotonic()
    found = look(trade, ask(trade))
    assert time.monotonic() - started < 5
    assert not found.is_open
    assert set(standings(found).values()) == {Standing.ANSWERED}
    assert sorted(names(found)) == ["PAR 20", "PAR 56", "PAR 64", "PAR 64 floor"]
    assert [reply.has_further for reply in found.replies] == [False] * 3


def test_a_slow_and_a_dead_partner_delay_and_hide_nobody(trade: Many) -> None:
    trade.is_slow("delta", 30)
    trade.says("echo", Fault.REFUSED)
    started = time.monotonic()
    asked = ask(trade)
    assert time.monotonic() - started < gathering.FIRST_LOOK + 0.5
    found = until_answered(trade, asked, "bassline", "echo")
    assert standings(found) == {
        "bassline": Standing.ANSWERED,
        "delta": Standing.WAITING,
        "echo": Standing.SILENT,
    }
    assert sorted(names(found)) == ["PAR 56", "PAR 64"]
    assert standings(look(trade, asked, later=2))["delta"] is Standing.SLOW
    found = follow(trade, asked)
    assert time.monotonic() - started < DEADLINE + 1
    assert standings(found)["delta"] is Standing.SILENT
    problems = {reply.connection.contact.name: reply.problem for reply in found.replies}
    assert "Delta Rental hat nicht rechtzeitig geantwortet" in problems["Delta Rental"]
    assert "Echo Rental ist nicht erreichbar" in problems["Echo Rental"]
    assert problems["Bassline Rental"] == ""


def test_who_is_slow_still_comes(trade: Many) -> None:
    trade.is_slow("delta", 0.6)
    asked = ask(trade)
    early = until_answered(trade, asked, "bassline", "echo")
    assert early.is_open
    found = follow(trade, asked)
    assert set(standings(found).values()) == {Standing.ANSWERED}
    assert "PAR 64 floor" in names(found)
    assert [name for name in names(found) if name in names(early)] == names(early)
    assert found.news != early.news


def test_who_rests_is_named_at_once_and_not_asked(trade: Many) -> None:
    trade.rests("echo")
    found = follow(trade, ask(trade))
    assert standings(found)["echo"] is Standing.RESTS
    assert not found.is_open
    (problem,) = [reply.problem for reply in found.replies if reply.problem]
    assert problem.startswith("Echo Rental antwortet seit")
    assert len(trade.network.sent) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"level": 0}, "Echo Rental bietet euch das zurzeit nicht an."),
        ({"paused_at": timezone.now()}, "Echo Rental hat die Verbindung pausiert."),
    ],
)
def test_who_says_no_is_named_with_his_reason(trade: Many, change: dict[str, object], sentence: str) -> None:
    theirs = PartnerConnection.objects.filter(pk=trade.partners["echo"].peer_connection_id)
    theirs.update(**change)
    found = follow(trade, ask(trade))
    assert standings(found)["echo"] is Standing.REFUSED
    assert next(reply.problem for reply in found.replies if reply.problem).startswith(sentence)


def test_rubbish_is_no_answer(trade: Many) -> None:
    trade.says("echo", RUBBISH)
    found = follow(trade, ask(trade))
    assert standings(found) == {
        "bassline": Standing.ANSWERED,
        "delta": Standing.ANSWERED,
        "echo": Standing.REFUSED,
    }


# --- a newer question ------------------------------------------------------------------------------
def test_the_next_question_takes_the_place_of_the_last(trade: Many) -> None:
    dialog, other_page = uuid4(), uuid4()
    first, elsewhere = ask(trade, "par 6", dialog), ask(trade, "par", other_page)
    second = ask(trade, "par 64", dialog)
    assert is_gone(trade, first)
    assert sorted(names(follow(trade, second))) == ["PAR 64", "PAR 64 floor"]
    assert len(follow(trade, elsewhere).hits) == 4


def test_a_question_that_comes_late_does_not_take_the_place_of_a_newer_one(trade: Many) -> None:
    dialog = uuid4()
    newer = ask(trade, "par 64", dialog)
    sent = len(follow(trade, newer).hits) and len(trade.network.sent)
    late = search.gather(
        tenant=trade.tenant, asker=trade.asker, dialog=dialog, turn=-1, wanted=trade.wanted("p"), now=timezone.now()
    )
    assert late is None
    assert sorted(names(look(trade, newer))) == ["PAR 64", "PAR 64 floor"]
    assert len(trade.network.sent) == sent


def test_an_outdated_question_is_not_asked_and_its_answer_not_kept(trade: Many, settings: Settings) -> None:
    settings.EWX_PARTNER_DEADLINE_SECONDS = 4
    trade.is_slow("delta", 2.5)
    dialog, before = uuid4(), len(trade.network.sent)
    for typed in ("p", "pa", "par", "par ", "par 6", "par 64"):
        last = ask(trade, typed, dialog)
    found = follow(trade, last, seconds=10)
    to_delta = [
        sent
        for sent in trade.network.sent[before:]
        if sent.headers["EWX-Connection"] == str(trade.partners["delta"].peer_connection_id)
    ]
    assert sorted(names(found)) == ["PAR 64", "PAR 64 floor"]
    assert len(to_delta) <= callers.PER_PARTNER + 1
    assert trade.tenant.gathered_answers.count() == 3


def test_who_waited_for_his_turn_too_long_is_not_asked(trade: Many) -> None:
    trade.is_slow("delta", 30)
    for _ in range(3 * callers.PER_PARTNER):
        asked = ask(trade)
    found = follow(trade, asked, seconds=10)
    assert standings(found)["delta"] in {Standing.REFUSED, Standing.RESTS}
    assert standings(found)["bassline"] is Standing.ANSWERED


def test_what_a_lost_process_asked_is_waited_for_no_longer_than_two_deadlines(trade: Many) -> None:
    asked = ask(trade)
    follow(trade, asked)
    GatheredAnswer.objects.filter(connection=trade.partners["echo"]).update(answered_at=None, document=None)
    assert look(trade, asked).is_open
    found = look(trade, asked, later=2 * DEADLINE + 3)
    assert not found.is_open
    assert "ging hier verloren" in next(reply.problem for reply in found.replies if reply.problem)


# --- further hits ----------------------------------------------------------------------------------
def test_each_partner_has_his_own_further_hits(trade: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partners.search.asking.PAGE", 1)
    asked = ask(trade)
    assert {reply.connection.contact.name for reply in follow(trade, asked).replies if reply.has_further} == {
        "Bassline Rental"
    }
    for connection in (trade.partners["bassline"], trade.partners["delta"]):
        search.gather_further(
            tenant=trade.tenant,
            asker=trade.asker,
            gathering=asked,
            connection_id=connection.pk,
            wanted=trade.wanted("par"),
            now=timezone.now(),
        )
    found = follow(trade, asked)
    assert sorted(names(found)) == ["PAR 20", "PAR 56", "PAR 64", "PAR 64 floor"]
    assert [hit.rank for hit in found.hits if hit.connection == trade.partners["bassline"]] == [0, 1]
    assert not any(reply.has_further for reply in found.replies)


def test_an_article_that_is_named_twice_is_shown_once(trade: Many) -> None:
    """It moved to the next page meanwhile, or the partner's server repeats itself: rows of the table have its id."""
    asked = ask(trade)
    before = names(follow(trade, asked))
    row = GatheredAnswer.objects.get(connection=trade.partners["bassline"])
    row.document["items"] *= 2
    row.save()
    assert names(look(trade, asked)) == before


# --- at the same moment ----------------------------------------------------------------------------
@pytest.mark.postgres
def test_two_clicks_on_further_hits_ask_once(trade: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partners.search.asking.PAGE", 1)
    asked = ask(trade)
    follow(trade, asked)
    named = {"tenant": trade.tenant, "asker": trade.asker, "gathering": asked, "now": timezone.now()}
    click = partial(
        search.gather_further, connection_id=trade.partners["bassline"].pk, wanted=trade.wanted("par"), **named
    )
    before = len(trade.network.sent)
    at_once(*[click] * 8)
    assert len(follow(trade, asked).hits) == 4
    assert len(trade.network.sent) == before + 1


@pytest.mark.postgres
def test_of_questions_at_the_same_moment_the_newest_stands(trade: Many, settings: Settings) -> None:
    settings.EWX_PARTNER_DEADLINE_SECONDS = 30
    dialog, asked = uuid4(), {}

    def one(turn: int) -> None:
        asked[turn] = search.gather(
            tenant=trade.tenant,
            asker=trade.asker,
            dialog=dialog,
            turn=turn,
            wanted=trade.wanted("par"),
            now=timezone.now(),
        )

    for round_ in range(5):
        numbers = [round_ * 8 + number for number in (7, 3, 5, 1, 6, 2, 4, 0)]
        at_once(*(partial(one, number) for number in numbers))
        newest = asked[max(numbers)]
        assert newest
        assert len(follow(trade, newest, seconds=30).hits) == 4
    one(1000)
    assert trade.tenant.gathered_answers.count() == 3


# --- who may, how often, how long ------------------------------------------------------------------
@pytest.mark.postgres
def test_a_question_to_all_and_the_brake_for_all_do_not_wait_for_each_other(trade: Many) -> None:
    """Both hold on to every connection: in one order, or the emergency brake fails where somebody searches."""
    by_key = list(trade.tenant.partner_connections.select_related("contact").order_by("pk"))
    for name, connection in zip("zyx", by_key, strict=True):
        trade.tenant.contacts.filter(pk=connection.contact_id).update(sort_key=name)
    admin = Actor(label="Ada")
    with ThreadPoolExecutor(2) as crowd:
        with transaction.atomic():
            by_key[-1].locked()
            asked = crowd.submit(in_a_thread, lambda: ask(trade))
            waited_for(1)
            pulled = crowd.submit(in_a_thread, lambda: pull_brake(tenant=trade.tenant, actor=admin, now=timezone.now()))
            waited_for(2)
        pulled.result()
        asked.result()
    assert trade.tenant.partner_brakes.count() == 1


def in_a_thread(deed: Callable[[], object]) -> object:
    try:
        return deed()
    finally:
        connections.close_all()


def waited_for(many: int) -> None:
    while not somebody_waits(many):
        time.sleep(0.01)


def test_a_gathering_is_its_askers_alone(trade: Many) -> None:
    asked, dialog = ask(trade), uuid4()
    kept = ask(trade, dialog=dialog)
    trade.asker = make_user(trade.tenant)
    assert is_gone(trade, asked)
    with pytest.raises(Http404):
        search.gather_further(
            tenant=trade.tenant,
            asker=trade.asker,
            gathering=asked,
            connection_id=trade.partners["bassline"].pk,
            wanted=trade.wanted(),
            now=timezone.now(),
        )
    ask(trade, dialog=dialog)
    assert trade.tenant.gathered_answers.filter(gathering=kept).count() == 3


def test_one_person_cannot_make_us_hammer_partners(trade: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "PER_MINUTE", 3)
    for _ in range(3):
        asked = ask(trade)
    assert not follow(trade, asked).is_open
    before = len(trade.network.sent)
    with pytest.raises(TooManyQuestions):
        ask(trade)
    assert len(trade.network.sent) == before
    ask(trade, asker=make_user(trade.tenant))


def test_answers_are_forgotten(trade: Many) -> None:
    follow(trade, ask(trade))
    GatheredAnswer.objects.filter(connection=trade.partners["echo"]).update(
        asked_at=timezone.now() - timedelta(hours=2)
    )
    sweep()
    assert trade.tenant.gathered_answers.count() == 2


# --- real servers ----------------------------------------------------------------------------------
def drip(connection: socket.socket) -> None:
    """A byte now and then, for ever."""
    connection.recv(65536)
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 4096:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)


@contextlib.contextmanager
def network(
    trade: Many, live_server: LiveServer, settings: Settings, **serves: Callable[[socket.socket], None]
) -> Iterator[None]:
    """Sockets: bassline and delta answer as they should, the others as they are told; who is not named is dead."""
    settings.EWX_ORIGIN, origins = live_server.url, {"bassline": live_server.url, "delta": live_server.url}
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "current", stack.enter_context(contextlib.closing(NetworkTransport())))
        for name in set(trade.partners) - set(origins):
            port = stack.enter_context(server(serves[name])) if name in serves else closed_port()
            origins[name] = f"http://127.0.0.1:{port}"
        settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset(origins.values())
        for name, origin in origins.items():
            PartnerConnection.objects.filter(pk=trade.partners[name].pk).update(peer_origin=origin)
        yield


def test_slow_dead_and_rubbish_servers_keep_nobody_waiting(
    trade: Many, live_server: LiveServer, settings: Settings
) -> None:
    for name in ("foxtrot", "golf", "hotel"):
        trade.add(name)
    rubbish = answering("HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 5", b"<h1>!")
    silence = threading.Event()
    with network(
        trade, live_server, settings, echo=drip, foxtrot=rubbish, golf=lambda _connection: silence.wait(10) and None
    ):
        started = time.monotonic()
        asked = ask(trade)
        assert len(until_answered(trade, asked, "bassline", "delta").hits) == 3
        found = follow(trade, asked)
        took = time.monotonic() - started
        silence.set()
    assert DEADLINE * 0.9 < took < DEADLINE + 1
    assert standings(found) == {
        "bassline": Standing.ANSWERED,
        "delta": Standing.ANSWERED,
        "echo": Standing.SILENT,
        "foxtrot": Standing.REFUSED,
        "golf": Standing.SILENT,
        "hotel": Standing.SILENT,
    }
    [silent] = [reply for reply in found.replies if reply.connection == trade.partners["golf"]]
    assert DEADLINE * 0.9 < silent.seconds <= DEADLINE + 1
