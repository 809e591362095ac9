"""The door for partners: the order of checks, what is signed, and that nothing gets past (protocol §3)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request

from eventworx.tenants.models import Tenant
from partners import connections
from partners.api.base import PartnerAPIView
from partners.models import KeySide, PartnerConnection, SeenNonce, StoredAnswer
from partners.transport import RawAnswer
from tests.factories import make_connection
from tests.fakes import deliver
from tests.partners.questions import V1, Pair, Question, is_signed, notice, problem


def test_well_known() -> None:
    assert Client().get("/.well-known/ewx-partner").json() == {"protocols": ["1.0"]}


def test_other_major_version_names_ours() -> None:
    answer = Client().get("/api/partner/v2/connection")
    assert (answer.status_code, answer.json()["min"], answer.json()["max"]) == (426, "1.0", "1.0")


def test_answers_are_signed(pair: Pair) -> None:
    question = Question(pair[0])
    headers = question.signed()
    answer = deliver("GET", question.target, headers, b"")
    assert answer.status == 200
    assert is_signed(question, answer, headers["Signature"])


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", f"{V1}/nowhere", 404, "not-found"),
        ("GET", f"{V1}/connection/", 404, "not-found"),
        ("DELETE", f"{V1}/connection", 405, "method"),
        ("GET", f"{V1}/connection/notice", 405, "method"),
    ],
)
def test_refusals_after_authentication_are_signed(pair: Pair, method: str, target: str, status: int, code: str) -> None:
    question = Question(pair[0], method, target)
    headers = question.signed()
    answer = deliver(method, target, headers, b"")
    assert (answer.status, problem(answer)) == (status, code)
    assert json.loads(answer.body)["instance"].startswith("urn:uuid:")
    assert is_signed(question, answer, headers["Signature"])


def sent_elsewhere(pair: Pair) -> RawAnswer:
    return deliver("GET", f"{V1}/connection?x=1", Question(pair[0]).signed(), b"")


def escaped(pair: Pair) -> RawAnswer:
    return Question(pair[0], target=f"{V1}/%63onnection").ask()


def escaped_slash(pair: Pair) -> RawAnswer:
    return Question(pair[0], target=f"{V1}/orders/a%2F..%2Fb").ask()


def with_another_body(pair: Pair) -> RawAnswer:
    question = notice(pair[0])
    return deliver("POST", question.target, question.signed(), b'{"notice":"closing"}')


def with_a_body_on_get(pair: Pair) -> RawAnswer:
    return deliver("GET", f"{V1}/connection", Question(pair[0]).signed(), b"{}")


BAD_REQUESTS: dict[str, Callable[[Pair], RawAnswer]] = {
    "too old": lambda pair: Question(pair[0], age=timedelta(seconds=301)).ask(),
    "from the future": lambda pair: Question(pair[0], age=-timedelta(seconds=62)).ask(),
    "unknown connection": lambda pair: Question(pair[0]).ask(EWX_Connection=str(uuid4())),
    "other connection": lambda pair: Question(pair[0]).ask(EWX_Connection=str(pair[0].pk)),
    "no connection id": lambda pair: Question(pair[0]).ask(EWX_Connection="nonsense"),
    "encoded": lambda pair: Question(pair[0]).ask(Content_Encoding="gzip"),
    "chunked": lambda pair: Question(pair[0]).ask(Transfer_Encoding="chunked"),
    "without signature": lambda pair: Question(pair[0]).ask(Signature=""),
    "other target": sent_elsewhere,
    "escaped path": escaped,
    "escaped slash": escaped_slash,
    "other body": with_another_body,
    "body on GET": with_a_body_on_get,
}


@pytest.mark.parametrize("ask", list(BAD_REQUESTS.values()), ids=list(BAD_REQUESTS))
def test_everything_unproven_gets_one_identical_answer(pair: Pair, ask: Callable[[Pair], RawAnswer]) -> None:
    plain = deliver("GET", f"{V1}/connection", {}, b"")
    answer = ask(pair)
    assert (answer.status, answer.body) == (401, plain.body)
    assert "signature" not in {name.lower() for name, _ in answer.headers}
    assert SeenNonce.objects.count() == 0


def test_skew_is_visible_in_the_date(pair: Pair) -> None:
    answer = deliver("GET", f"{V1}/connection", {}, b"")
    assert "date" in {name.lower() for name, _ in answer.headers}


@pytest.mark.parametrize(("seconds", "status"), [(-59, 200), (0, 200), (299, 200), (-61, 401), (301, 401)])
def test_clock(pair: Pair, seconds: int, status: int) -> None:
    with time_machine.travel("2027-01-01T12:00:00Z", tick=False):
        assert Question(pair[0], age=timedelta(seconds=seconds)).ask().status == status


def test_too_large_is_refused_unread(pair: Pair) -> None:
    answer = deliver("POST", f"{V1}/connection/notice", {}, b"x" * (256 * 1024 + 1))
    assert (answer.status, problem(answer)) == (413, "too-large")


def test_each_nonce_passes_once(pair: Pair) -> None:
    for question in (Question(pair[0]), notice(pair[0])):
        headers = question.signed()
        statuses = [deliver(question.method, question.target, headers, question.body).status for _ in range(3)]
        assert statuses in ([200, 401, 401], [204, 401, 401])


def test_media_type(pair: Pair) -> None:
    question = notice(pair[0])
    headers = question.signed()
    assert deliver("POST", question.target, headers | {"Content-Type": "text/plain"}, question.body).status == 401


def test_key_is_required(pair: Pair) -> None:
    answer = notice(pair[0], key=None).ask()
    assert (answer.status, problem(answer)) == (428, "idempotency-required")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b'{"notice":"a","notice":"b"}', 400, "malformed"),
        (b'{"notice":"\\u0000"}', 400, "malformed"),
        (b'{"notice":3}', 422, "invalid"),
        (b"{}", 422, "invalid"),
    ],
)
def test_body(pair: Pair, body: bytes, status: int, code: str) -> None:
    question = Question(pair[0], "POST", f"{V1}/connection/notice", body, uuid4())
    answer = question.ask()
    assert (answer.status, problem(answer)) == (status, code)
    assert StoredAnswer.objects.count() == 0


def test_a_repeated_key_gets_the_stored_answer(pair: Pair) -> None:
    key = uuid4()
    first = notice(pair[0], key=key, said={"notice": "paused"}).ask()
    PartnerConnection.objects.update(peer_paused_at=None)
    again = notice(pair[0], key=key, said={"notice": "paused"})
    headers = again.signed()
    answer = deliver("POST", again.target, headers, again.body)
    assert (first.status, answer.status) == (204, 204)
    assert ("Idempotent-Replayed", "true") in answer.headers
    assert is_signed(again, answer, headers["Signature"])
    pair[1].refresh_from_db()
    assert pair[1].peer_paused_at is None  # no second effect


def test_a_key_is_good_for_one_request(pair: Pair) -> None:
    key = uuid4()
    notice(pair[0], key=key).ask()
    answer = notice(pair[0], key=key, said={"notice": "paused"}).ask()
    assert (answer.status, problem(answer)) == (422, "idempotency-reuse")


def test_closed_is_said_unsigned_and_only_to_the_partner(pair: Pair) -> None:
    ours = pair[0]
    headers, forged = Question(ours).signed(), Question(ours).signed()
    connections.end(connection=pair[1], now=timezone.now())
    answer = deliver("GET", f"{V1}/connection", headers, b"")
    assert (answer.status, problem(answer)) == (410, "closed")
    assert "signature" not in {name.lower() for name, _ in answer.headers}
    assert deliver("GET", f"{V1}/connection?", forged | {"Signature": headers["Signature"]}, b"").status == 401


def test_what_ended_before_the_callers_code_was_entered_is_closed_for_whoever_names_it(pair: Pair) -> None:
    """Nobody can be checked there (protocol §9); unsigned like every 410."""
    forged = Question(pair[0]).signed() | {"Signature": f"ewx=:{'A' * 86}==:"}
    pair[1].keys.filter(side=KeySide.PEER).delete()
    connections.end(connection=pair[1], now=timezone.now())
    answer = deliver("GET", f"{V1}/connection", forged, b"")
    assert (answer.status, problem(answer)) == (410, "closed")
    assert "signature" not in {name.lower() for name, _ in answer.headers}


def test_pausing_leaves_the_connection_itself_open(pair: Pair) -> None:
    pair[1].paused_at = timezone.now()
    pair[1].save()
    answer = Question(pair[0]).ask()
    assert json.loads(answer.body)["paused_by"] == ["us"]
    assert notice(pair[0]).ask().status == 204
    body = json.dumps({"connection": str(pair[0].pk), "partner_connection": str(pair[1].pk)}).encode()
    refused = Question(pair[0], "POST", f"{V1}/pairing", body, uuid4()).ask()
    assert (refused.status, problem(refused)) == (403, "paused")


def test_pairing_before_our_code_is_entered(pair: Pair) -> None:
    body = json.dumps({"connection": str(pair[0].pk), "partner_connection": str(pair[1].pk)}).encode()
    pair[1].keys.filter(side="peer").delete()
    answers = [Question(pair[0], "POST", f"{V1}/pairing", body, uuid4()).ask() for _ in range(11)]
    assert [answer.status for answer in answers] == [409] * 10 + [429]
    assert problem(answers[0]) == "pairing-incomplete"
    assert Question(pair[0]).ask().status == 401
    assert SeenNonce.objects.count() == 0


def test_pairing_with_foreign_ids(pair: Pair) -> None:
    body = json.dumps({"connection": str(uuid4()), "partner_connection": str(pair[1].pk)}).encode()
    answer = Question(pair[0], "POST", f"{V1}/pairing", body, uuid4()).ask()
    assert json.loads(answer.body)["errors"] == [{"pointer": "/connection", "code": "mismatch"}]


def test_a_strangers_key_opens_nothing(pair: Pair, cymbal: Tenant) -> None:
    stranger, _other = make_connection(cymbal, peer=pair[1].tenant)
    stranger.peer_connection_id = pair[1].pk
    assert Question(stranger).ask().status == 401


def test_a_question_costs_three_queries_before_it_is_answered(pair: Pair, django_assert_num_queries: Any) -> None:
    """The connection with tenant, contact and keys, the nonce, the limit of all requests; nothing else in the second
    minute."""
    Question(pair[0]).ask()
    question = Question(pair[0])
    headers = question.signed()
    with django_assert_num_queries(3):
        assert deliver("GET", question.target, headers, b"").status == 200


def test_an_endpoint_that_does_not_say_what_it_needs_stops_the_start() -> None:
    def get(self: PartnerAPIView, request: Request) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(TypeError, match="does not say what it needs"):
        type("Forgotten", (PartnerAPIView,), {"get": get})
