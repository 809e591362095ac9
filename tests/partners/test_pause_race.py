"""Pausing is immediate and free of races (protocol §3, security.md row 27)."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.limits import Limit
from eventworx.tenants.models import Tenant
from partners import connections
from partners.api import rates
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signing import fresh_nonce, sign_request
from tests.amounts import amount
from tests.crowd import at_once
from tests.factories import make_connection
from tests.fakes import deliver
from tests.partners.questions import V1, Question, notice

ADMIN = Actor(label="Ada")
WAITS = 0.5  # seconds that the request has to stand at the lock


def effect(caller: PartnerConnection) -> Question:
    ids = {"connection": str(caller.pk), "partner_connection": str(caller.peer_connection_id)}
    return Question(caller, "POST", f"{V1}/pairing", json.dumps(ids).encode(), uuid4())


def ask(caller: PartnerConnection, answers: list[int]) -> None:
    """A request with an effect, from a thread of its own."""
    try:
        answers.append(effect(caller).ask().status)
    finally:
        database.close()


def waiting_while(caller: PartnerConnection, change: Callable[[], Any]) -> int:
    """The status of a request that arrives before `change` commits and can be answered only afterwards."""
    answers: list[int] = []
    request = threading.Thread(target=ask, args=(caller, answers))
    with transaction.atomic():
        change()
        request.start()
        time.sleep(WAITS)
        assert answers == []  # it stands at the lock
    request.join(10)
    return answers[0]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_request_that_waited_on_the_lock_is_refused(aurora: Tenant, bassline: Tenant) -> None:
    ours, theirs = make_connection(aurora, peer=bassline)
    assert waiting_while(ours, lambda: theirs.locked()) == 200
    pause = lambda: connections.switch_off(connection=theirs, actor=ADMIN, now=timezone.now())  # noqa: E731
    assert waiting_while(ours, pause) == 403
    answers: list[int] = []
    ask(ours, answers)
    assert answers == [403]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_after_the_end_a_waiting_request_is_gone(aurora: Tenant, bassline: Tenant) -> None:
    ours, theirs = make_connection(aurora, peer=bassline)
    assert waiting_while(ours, lambda: connections.close(connection=theirs, actor=ADMIN, now=timezone.now())) == 410


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_contact_is_read_after_the_lock(aurora: Tenant, bassline: Tenant) -> None:
    """A level that falls while the request waits counts: the contact is read anew, not as the wait began."""
    _ours, theirs = make_connection(aurora, peer=bassline)
    seen: list[int] = []

    def wait() -> None:
        with transaction.atomic():
            seen.append(theirs.locked().effective_level)
        database.close()

    waiting = threading.Thread(target=wait)
    with transaction.atomic():
        connections.set_contact_roles(contact=theirs.contact, is_customer=False, is_supplier=True, actor=ADMIN)
        waiting.start()
        time.sleep(WAITS)
    waiting.join(10)
    assert seen == [0]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_replays_at_once_have_one_success(aurora: Tenant, bassline: Tenant) -> None:
    ours, _theirs = make_connection(aurora, peer=bassline)
    question = notice(ours)
    headers = question.signed()
    answers = at_once(*[lambda: deliver("POST", question.target, headers, question.body).status] * 20)
    assert sorted(answers) == [204] + [401] * 19


# Many at once (security.md row 27)

THREADS = 6
EACH = amount("EWX_RACE_REQUESTS", 1_500) // THREADS  # the row's own 10,000 take minutes


@dataclass(frozen=True)
class Asked:
    """One request: when it was sent, when its answer was there, what it said."""

    sent: float
    answered: float
    status: int


def keep_asking(caller: PartnerConnection, key: KeyPair, asked: list[Asked]) -> None:
    """Questions and effects in turn, as fast as they go."""
    ids = {"connection": str(caller.pk), "partner_connection": str(caller.peer_connection_id)}
    peer = caller.peer_connection_id
    assert peer
    for at in range(EACH):
        body = json.dumps(ids).encode() if at % 2 else b""
        method, target = ("POST", "/api/partner/v1/pairing") if body else ("GET", "/api/partner/v1/categories")
        headers = sign_request(
            method=method,
            origin=caller.peer_origin,
            target=target,
            connection_id=peer,
            key=key,
            now=timezone.now(),
            nonce=fresh_nonce(),
            body=body,
            idempotency_key=uuid4() if body else None,
        )
        sent = time.monotonic()
        status = deliver(method, target, headers, body).status
        asked.append(Asked(sent, time.monotonic(), status))
    database.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_success_begins_after_a_pause(aurora: Tenant, bassline: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many requests by six callers while somebody switches off and on: the very next one is refused (mission P8)."""
    monkeypatch.setitem(rates.PER_CONNECTION, "signed", Limit("test-signed", 100_000, 60))
    ours, theirs = make_connection(aurora, peer=bassline)
    asked: list[Asked] = []
    key = ours.own_key()
    callers = [threading.Thread(target=keep_asking, args=(ours, key, asked)) for _ in range(THREADS)]
    pauses: list[tuple[float, float]] = []  # from the commit of the pause to the moment before its end begins
    runs: list[tuple[float, float]] = []
    resumed = time.monotonic()
    for caller in callers:
        caller.start()
    while any(caller.is_alive() for caller in callers):
        time.sleep(0.15)
        runs.append((resumed, time.monotonic()))
        connections.switch_off(connection=theirs, actor=ADMIN, now=timezone.now())
        paused = time.monotonic()
        time.sleep(0.15)
        pauses.append((paused, time.monotonic()))
        connections.switch_on(contact=theirs.contact, actor=ADMIN, now=timezone.now())
        resumed = time.monotonic()
    assert len(asked) == THREADS * EACH
    in_pauses = [one.status for one in asked for start, end in pauses if start <= one.sent and one.answered <= end]
    in_runs = [one.status for one in asked for start, end in runs if start <= one.sent and one.answered <= end]
    assert (set(in_pauses), set(in_runs)) == ({403}, {200})
    assert len(pauses) > 5
    assert min(len(in_pauses), len(in_runs)) > 100
