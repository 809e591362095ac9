"""A captured request works once (security.md row 7), whichever of our processes it is sent to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from eventworx import limits
from eventworx.limits import Limit
from eventworx.tenants.models import Tenant
from partners import tasks
from partners.api import rates
from partners.models import SeenNonce
from tests.crowd import at_once
from tests.factories import make_connection
from tests.fakes import deliver
from tests.partners.questions import Pair, Question, notice

REPLAYS = 20
Ask = Callable[[Pair], Question]
ASKS: dict[str, Ask] = {"GET": lambda pair: Question(pair[0]), "POST": lambda pair: notice(pair[0])}
either = pytest.mark.parametrize("ask", list(ASKS.values()), ids=list(ASKS))


@pytest.fixture
def pair(aurora: Tenant, bassline: Tenant) -> Pair:
    return make_connection(aurora, peer=bassline)


def captured(question: Question) -> Callable[[], int]:
    """Send one and the same request, as a process that has never seen it."""
    headers = question.signed()

    def replay() -> int:
        limits._used_up.clear()
        return deliver(question.method, question.target, headers, question.body).status

    return replay


def check_one_success(found: list[int]) -> None:
    """The others are unproven; after thirty of them in a minute that is said as 429."""
    counted = Counter(found)
    assert counted.pop(200, 0) + counted.pop(204, 0) == 1
    assert counted.keys() <= {401, 429}


@pytest.mark.django_db
def test_whoever_repeats_a_captured_question_uses_up_nothing_of_the_partners(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a stranger with one captured request could shut the partner out."""
    monkeypatch.setitem(rates.PER_CONNECTION, "signed", Limit("test-signed", 2, 60))
    replay = captured(Question(pair[0]))
    assert [replay() for _turn in range(4)] == [200, 401, 401, 401]
    assert captured(Question(pair[0]))() == 200
    assert captured(Question(pair[0]))() == 429


@either
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_20_at_once_and_20_after_one_another_one_succeeds(pair: Pair, ask: Ask) -> None:
    replay = captured(ask(pair))
    check_one_success(at_once(*[replay] * REPLAYS) + [replay() for _replay in range(REPLAYS)])


@either
@pytest.mark.redis
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_and_so_with_redis(pair: Pair, ask: Ask, settings: Settings, redis_url: str) -> None:
    settings.REDIS_URL = redis_url
    replay = captured(ask(pair))
    check_one_success(at_once(*[replay] * REPLAYS) + [replay() for _replay in range(REPLAYS)])


@either
@pytest.mark.django_db
def test_a_replay_never_succeeds(pair: Pair, ask: Ask) -> None:
    replay = captured(ask(pair))
    check_one_success([replay() for _replay in range(REPLAYS)])


@pytest.mark.django_db
def test_what_changes_something_is_remembered_in_the_database(pair: Pair, settings: Settings) -> None:
    """DELETE changes something although it has no body; a GET may be forgotten with Redis."""
    for method in ("GET", "DELETE", "POST"):
        body = b"{}" if method == "POST" else b""
        Question(pair[0], method, "/api/partner/v1/categories", body).ask()
    assert SeenNonce.objects.count() == 2


@pytest.mark.django_db
def test_nonces_are_kept_for_15_minutes_and_swept_a_few_at_a_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "SWEPT_AT_ONCE", 3)
    old, kept = timezone.now() - timedelta(minutes=16), timezone.now() - timedelta(minutes=14)
    for number in range(8):
        pair[1].seen_nonces.create(nonce=str(number), seen_at=old)
    pair[1].seen_nonces.create(nonce="kept", seen_at=kept)
    tasks.sweep()
    assert list(SeenNonce.objects.values_list("nonce", flat=True)) == ["kept"]
