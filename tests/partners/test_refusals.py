"""Everything refused is counted and shown to our admin; a flood fills neither table nor log (security.md §4)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from eventworx.limits import Limit
from eventworx.tenants.models import Tenant
from partners import connections, tasks
from partners.connections import note_refused, refusals_of, refusing
from partners.models import PartnerConnection, Refusal
from partners.protocol.signing import Reason
from partners.protocol.wire import ProblemCode
from partners.views.refusals import WORDS
from tests.crowd import at_once
from tests.factories import make_connection
from tests.partners.faults import FAULTS, Draft
from tests.partners.questions import V1, Pair, Question, notice

NOON = "2027-03-01T12:00:00Z"
FORGED = {"Signature": "ewx=:" + "A" * 86 + "==:"}
LogIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def fresh_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "gathering", refusing.Gathering())


def counted(connection: PartnerConnection | None) -> dict[str, int]:
    return dict(Refusal.objects.filter(connection=connection).values_list("reason", "count"))


def refuse(connection: PartnerConnection | None, reason: str = "signature", address: str = "192.0.2.1") -> None:
    note_refused(connection=connection, reason=reason, address=address, now=timezone.now())


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_is_refused_is_counted_for_the_connection_it_concerns(pair: Pair, name: str) -> None:
    draft = Draft(*pair)
    FAULTS[name](draft)
    draft.send()
    assert counted(None) == ({name: 1} if name == "connection" else {})
    assert counted(pair[1]) == ({} if name == "connection" else {name: 1})
    assert counted(pair[0]) == {}


def test_what_is_answered_is_not_counted(pair: Pair) -> None:
    assert Question(pair[0]).ask().status == 200
    assert notice(pair[0]).ask().status == 204
    assert Refusal.objects.count() == 0


def test_who_has_not_been_entered_yet_is_counted_too(pair: Pair) -> None:
    pair[1].keys.filter(side="peer").delete()
    body = json.dumps({"connection": str(pair[0].pk), "partner_connection": str(pair[1].pk)}).encode()
    Question(pair[0], "POST", f"{V1}/pairing", body, uuid4()).ask()
    assert counted(pair[1]) == {"pairing-incomplete": 1}


def test_one_row_a_day_and_reason_however_many_addresses(pair: Pair) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(20):
            refuse(pair[1], address=f"192.0.2.{number}")
        clock.shift(timedelta(days=1))
        refuse(pair[1])
        refuse(pair[1], "time")
        refuse(None, "time")
    assert Refusal.objects.count() == 4
    with time_machine.travel(NOON, tick=False) as clock:
        clock.shift(timedelta(days=1, hours=1))
        found = {found.reason: found for found in refusals_of(connection=pair[1], now=timezone.now())}
    assert (found["signature"].count, found["signature"].last_address) == (21, "192.0.2.1")
    assert found["time"].count == 1


def test_a_flood_is_gathered_and_written_once_a_second(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(refusing, "EXACTLY", Limit("test", 5, 60))
    with time_machine.travel(NOON, tick=False) as clock, caplog.at_level(logging.INFO):
        for _request in range(6):
            refuse(pair[1])
        with django_assert_num_queries(0):
            for _request in range(100):
                refuse(pair[1])
        assert counted(pair[1]) == {"signature": 5}
        clock.shift(timedelta(seconds=1))
        refuse(pair[1])
    assert counted(pair[1]) == {"signature": 107}
    assert Refusal.objects.count() == 1
    assert len(caplog.records) == 6  # a line is written when a row is


def test_a_flood_through_the_door_writes_little(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    with time_machine.travel(NOON, tick=False):
        for _request in range(100):
            Question(pair[0]).ask(**FORGED)
    assert Refusal.objects.count() == 1
    assert 30 <= counted(pair[1])["signature"] <= 32
    assert len(caplog.records) == counted(pair[1])["signature"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_count_is_lost_to_another(aurora: Tenant, bassline: Tenant) -> None:
    ours, _theirs = make_connection(aurora, peer=bassline)

    def refuse_often() -> None:
        for _request in range(10):
            refuse(ours)

    at_once(*[refuse_often] * 8)
    assert counted(ours) == {"signature": 80}


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_with_a_refused_effect_is_not_its_count(aurora: Tenant, bassline: Tenant) -> None:
    pair = make_connection(aurora, peer=bassline)
    assert notice(pair[0], said={}).ask().status == 422
    assert counted(pair[1]) == {"invalid": 1}


def test_after_30_days_it_is_neither_shown_nor_kept(pair: Pair) -> None:
    now = timezone.now()
    for days in (0, 29, 30):
        Refusal.add(connection=pair[1], reason="time", address="", count=1, now=now - timedelta(days=days))
    [found] = refusals_of(connection=pair[1], now=now)
    assert (found.count, found.last_at) == (2, now)
    tasks.sweep()
    assert Refusal.objects.count() == 2


# --- who sees it ------------------------------------------------------------------------------------
def tab(client: Client, connection: PartnerConnection) -> str:
    return client.get(connection.tenant.url("partners:tab", connection.contact_id)).content.decode()


def test_our_admin_reads_what_was_refused_and_nobody_else_does(pair: Pair, log_in: LogIn) -> None:
    admin = log_in(pair[1].tenant)
    assert "In den letzten 30 Tagen wurde nichts abgewiesen." in tab(admin, pair[1])
    connections.note_refused(connection=pair[1], reason="level", address="2001:db8::7", now=timezone.now())
    refuse(pair[1])
    refuse(None, "connection", "198.51.100.66")
    page = tab(admin, pair[1])
    for shown in ("Abgewiesene Anfragen", "Die Art der Partnerverbindung erlaubt es nicht", "2001:db8::7"):
        assert shown in page
    assert "Die Unterschrift stimmte nicht" in page
    assert page.count("nicht bewiesen") == 1
    assert "198.51.100.66" not in page
    assert "192.0.2.1" not in tab(log_in(pair[0].tenant), pair[0])


def test_every_reason_has_words() -> None:
    shown_otherwise = {"in-progress", "order-exists", "key-in-use", "protocol", "quarantine", "signature"}
    assert {*Reason, *ProblemCode} - WORDS.keys() <= shown_otherwise


def test_operators_see_what_concerns_nobody(pair: Pair) -> None:
    refuse(pair[1], "level")
    refuse(None, "connection")
    for as_json in (True, False):
        output = io.StringIO()
        call_command("partner_refusals", stdout=output, as_json=as_json)
        for shown in ("connection", "level", pair[1].tenant.slug, "192.0.2.1"):
            assert shown in output.getvalue()
