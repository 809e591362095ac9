"""Asking a partner, and what each kind of answer means for users: one row per case, the German sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.db import transaction
from django.utils import timezone, translation

from eventworx.tenants.models import Tenant
from partners import client
from partners.client import PartnerPaused, PartnerProblem, PartnerRefused, PartnerUnreachable
from partners.models import PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.signing import fresh_nonce, sign_response
from partners.transport import Fault, RawAnswer
from tests.factories import make_connection
from tests.fakes import RUBBISH, SERVER_ERROR, InProcess

Pair = tuple[PartnerConnection, PartnerConnection]
REMEMBERED = {"last_problem", "last_problem_at", "failures", "failing_since"}
JSON = (("Content-Type", "application/problem+json"),)


def ask(connection: PartnerConnection) -> client.Answer:
    return client.call(connection=connection, method="GET", path="/connection")


def test_ask_for_the_connection(pair: Pair) -> None:
    answer = ask(pair[0])
    assert answer.status == 200
    assert isinstance(answer.document, dict)
    assert answer.document["display_name"] == "Bassline Rental"


def unsigned(status: int, code: str = "", **headers: str) -> RawAnswer:
    body = f'{{"type":"urn:ewx:problem/{code}","title":"{code}","status":{status}}}'.encode()
    return RawAnswer(status, (*JSON, *headers.items()), body)


def skewed() -> RawAnswer:
    """By so much that it does not matter how long the tests before this one take."""
    return unsigned(401, "signature", Date=format_datetime(timezone.now() + timedelta(days=3), usegmt=False))


@pytest.mark.parametrize(
    ("fault", "reason", "sentence"),
    [
        (Fault.NAME, "name", "Der Server von Bassline Rental wird nicht gefunden"),
        (Fault.REFUSED, "refused", "Der Server von Bassline Rental ist nicht erreichbar"),
        (Fault.CERTIFICATE, "certificate", "Das Zertifikat des Servers von Bassline Rental ist nicht gültig"),
        (Fault.TIMEOUT, "timeout", "Der Server von Bassline Rental hat nicht rechtzeitig geantwortet"),
        (Fault.BROKEN, "broken", "Der Server von Bassline Rental hat die Verbindung abgebrochen"),
        (Fault.TOO_LARGE, "answer-too-large", "Der Server von Bassline Rental hat mehr geschickt"),
        (Fault.NOT_ALLOWED, "not-allowed", "Der Server von Bassline Rental liegt an einer Adresse"),
        (RUBBISH, "rubbish", "Unter der Adresse von Bassline Rental antwortet nicht deren Eventworx"),
        (SERVER_ERROR, "server-error", "Der Server von Bassline Rental meldet einen eigenen Fehler"),
        (unsigned(302), "rubbish", "Unter der Adresse von Bassline Rental antwortet nicht deren Eventworx"),
        (unsigned(401, "signature"), "key", "Bassline Rental nimmt unseren Schlüssel nicht mehr an"),
        (skewed(), "clock", "Die Uhren der beiden Server gehen um mehr als eine Minute auseinander"),
        (unsigned(409, "pairing-incomplete"), "not-entered-there", "Bassline Rental hat unseren Code noch nicht"),
        (unsigned(410, "closed"), "closed", "Der Server von Bassline Rental sagt, dass diese Verbindung dort beendet"),
        (unsigned(426, "protocol"), "version", "Der Server von Bassline Rental spricht eine andere Version"),
        (unsigned(429, "rate"), "busy", "Der Server von Bassline Rental ist gerade beschäftigt"),
        (unsigned(503, "maintenance"), "busy", "Der Server von Bassline Rental ist gerade beschäftigt"),
    ],
)
def test_no_answer_has_a_sentence_and_changes_nothing(
    pair: Pair, network: InProcess, fault: Fault | RawAnswer, reason: str, sentence: str
) -> None:
    before = PartnerConnection.objects.get(pk=pair[0].pk)
    network.fault = fault
    with pytest.raises(PartnerUnreachable) as caught:
        ask(pair[0])
    assert caught.value.reason == reason
    with translation.override("de"):
        assert str(caught.value).startswith(sentence)
    after = PartnerConnection.objects.get(pk=pair[0].pk)
    assert {name for name, value in vars(after).items() if value != vars(before)[name]} - {"_state"} <= REMEMBERED
    assert (after.last_problem, after.last_problem_at is None) == (reason, False)


def other_body(answer: RawAnswer) -> RawAnswer:
    return replace(answer, body=answer.body.replace(b"Bassline", b"Basslyne"))


def other_status(answer: RawAnswer) -> RawAnswer:
    return replace(answer, status=201)


@pytest.mark.parametrize("change", [other_body, other_status])
def test_a_tampered_answer_is_thrown_away(
    pair: Pair, network: InProcess, change: Callable[[RawAnswer], RawAnswer]
) -> None:
    network.change = change
    with pytest.raises(PartnerUnreachable, match=r"Bassline Rental"):
        ask(pair[0])


def test_an_answer_to_another_question_is_thrown_away(pair: Pair, network: InProcess) -> None:
    kept: list[RawAnswer] = []
    network.change = lambda answer: kept.append(answer) or kept[0]  # type: ignore[func-returns-value]
    ask(pair[0])
    with pytest.raises(PartnerUnreachable) as caught:
        ask(pair[0])
    assert caught.value.reason == "wrong-signature"


def test_a_foreign_key_signs_nothing(pair: Pair, network: InProcess) -> None:
    foreign = KeyPair.generate()
    key = pair[1].keys.get(side="own")
    key.seal_private_key(foreign.secret_bytes())
    key.save()
    with pytest.raises(PartnerUnreachable) as caught:
        ask(pair[0])
    assert caught.value.reason == "wrong-signature"


def test_paused_there(pair: Pair) -> None:
    pair[1].paused_at = timezone.now()
    pair[1].save()
    with pytest.raises(PartnerPaused) as caught:
        client.call(connection=pair[0], method="POST", path="/pairing", body={}, idempotency_key=pair[0].pk)
    with translation.override("de"):
        assert str(caught.value).startswith("Bassline Rental hat die Verbindung pausiert")


def test_a_signed_no_is_final(pair: Pair) -> None:
    with pytest.raises(PartnerRefused) as caught:
        client.call(connection=pair[0], method="GET", path="/nowhere")
    assert caught.value.problem.code == "not-found"


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (409, "in-progress", PartnerUnreachable),
        (503, "maintenance", PartnerUnreachable),
        (425, "early", PartnerUnreachable),
        (403, "paused", PartnerPaused),
        (403, "level", PartnerRefused),
        (409, "paused", PartnerRefused),
        (400, "in-progress", PartnerRefused),
    ],
)
def test_a_signed_no_means_what_the_table_of_retries_says(
    pair: Pair, network: InProcess, status: int, code: str, meaning: type[PartnerProblem]
) -> None:
    def say(_answer: RawAnswer) -> RawAnswer:
        said = unsigned(status, code)
        signature = sign_response(
            status=status,
            request_signature=network.sent[-1].headers["Signature"],
            key=pair[1].own_key(),
            now=timezone.now(),
            nonce=fresh_nonce(),
            body=said.body,
            content_type="application/problem+json",
        )
        return replace(said, headers=tuple(signature.items()))

    network.change = say
    with pytest.raises(PartnerProblem) as caught:
        ask(pair[0])
    assert type(caught.value) is meaning


def test_before_the_partners_code_is_entered(pair: Pair, network: InProcess) -> None:
    pair[0].keys.filter(side="peer").delete()
    with pytest.raises(PartnerUnreachable) as caught:
        ask(pair[0])
    assert caught.value.reason == "code-missing"
    assert network.sent == []


def test_every_reason_has_a_sentence() -> None:
    with translation.override("en"):
        otherwise = client.sentence("never heard of", "Bassline")
        sentences = [client.sentence(reason, "Bassline") for reason in client.Reason]
    assert otherwise == "Bassline refused this."
    assert otherwise not in sentences


@pytest.mark.django_db(transaction=True)
def test_no_call_inside_a_transaction(aurora: Tenant, bassline: Tenant, network: InProcess) -> None:
    ours, _theirs = make_connection(aurora, peer=bassline)
    assert ask(ours).status == 200
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        ask(ours)
    assert isinstance(network.sent, list)
    assert len(network.sent) == 1
