"""Whatever the facts are, the tab names one next step and who takes it, or says that all is well (mission P5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from eventworx.contacts.models import Contact
from eventworx.messaging.models import MailMessage, MailState
from eventworx.tenants.models import Tenant
from partners.client import Reason
from partners.models import PartnerConnection
from partners.protocol.connection_state import ConnectionState
from partners.protocol.wire import ProblemCode
from partners.views.standing import Beside, StepState, Who, standing, steps

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
MINUTES_AGO = NOW - timedelta(minutes=5)
TENANT = Tenant(pk=1, slug="aurora", name="Aurora")
CONTACT = Contact(pk=1, tenant=TENANT, name="Bassline")
WORDS = ["", *Reason, *ProblemCode, "a word of tomorrow"]


def connection(**facts: Any) -> PartnerConnection:
    return PartnerConnection(tenant=TENANT, contact=CONTACT, **facts)


def happened() -> st.SearchStrategy[datetime | None]:
    return st.sampled_from([None, EARLIER, MINUTES_AGO])


connections = st.builds(
    connection,
    code_expires_at=st.sampled_from([None, EARLIER, LATER]),
    code_sent_at=happened(),
    peer_code_expires_at=st.sampled_from([None, EARLIER, LATER]),
    peer_key_at=happened(),
    connected_at=happened(),
    verified_at=happened(),
    paused_at=happened(),
    peer_paused_at=happened(),
    closed_at=happened(),
    closed_by_peer=st.booleans(),
    last_problem=st.sampled_from(WORDS),
    last_problem_at=happened(),
    failures=st.integers(0, 5),
    failing_since=happened(),
    retry_at=st.sampled_from([None, EARLIER, LATER]),
)
mails = st.builds(
    MailMessage, state=st.sampled_from(MailState.values), to=st.just("b@x.example"), last_error=st.just("550")
)
besides = st.builds(Beside, mail=st.none() | mails, is_key_lost=st.booleans(), refusal=st.sampled_from(WORDS))


def exists(page: str) -> bool:
    try:
        return bool(reverse(f"partners:{page}", args=["aurora", 1]))
    except NoReverseMatch:
        return False


@settings(max_examples=800, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=connections, beside=besides)
@example(
    found=connection(peer_key_at=EARLIER, connected_at=EARLIER, verified_at=EARLIER), beside=Beside(is_key_lost=True)
)
@pytest.mark.parametrize("language", ["de", "en"])
def test_one_next_step_or_all_is_well(language: str, found: PartnerConnection, beside: Beside) -> None:
    with translation.override(language), time_machine.travel(NOW, tick=False):
        stands = standing(found, NOW, beside)
        shown = steps(found, stands)
    assert stands.label
    assert stands.sentence
    assert "%(" not in stands.sentence
    current = [step for step in shown if step.state in {StepState.OURS, StepState.THEIRS}]
    # One next step: a step of pairing exactly where the standing says so, and then by whom it says.
    assert len(current) == stands.is_step
    assert all((step.state is StepState.OURS) == (stands.who is not Who.THEM) for step in current)
    # All is well: nobody has to act. Else somebody, and where it is us there is a page for it.
    is_well = stands.who is Who.NOBODY
    assert is_well == (stands.tone == "good" and found.verified_at is not None)
    assert bool(stands.action) >= (stands.who is Who.US)
    assert not stands.action or exists(stands.action)
    if is_well:
        assert found.state is ConnectionState.CONNECTED
        assert not any([found.paused_at, found.peer_paused_at, found.last_problem, beside.is_key_lost])


CONNECTED = {
    "code_expires_at": LATER,
    "code_sent_at": EARLIER,
    "peer_key_at": EARLIER,
    "connected_at": EARLIER,
    "verified_at": EARLIER,
}
WAITING = CONNECTED | {"connected_at": None, "verified_at": None}
FAILED_MAIL = MailMessage(state=MailState.FAILED, to="b@x.example", last_error="550 unbekannt.")
AGAIN = "Bitte hier und dort noch einmal „Verbinden mit dem Partner“ drücken."


@pytest.mark.parametrize(
    ("facts", "beside", "who", "action", "text"),
    [
        ({}, {}, Who.US, "connect", "„Verbinden mit dem Partner“ erzeugt ein Schlüsselpaar."),
        ({"code_expires_at": LATER}, {}, Who.US, "send_code", "„Sende E-Mail“ schickt"),
        (
            {"code_expires_at": LATER, "code_sent_at": EARLIER},
            {},
            Who.THEM,
            "enter_code",
            "Warten auf den Schlüssel von",
        ),
        (
            {"code_expires_at": LATER, "code_sent_at": EARLIER},
            {"mail": FAILED_MAIL},
            Who.US,
            "send_code",
            "Die E-Mail mit unserem Code an b@x.example wurde nicht gesendet: 550 unbekannt. Bitte noch einmal senden.",
        ),
        (WAITING | {"code_sent_at": None}, {}, Who.US, "send_code", "„Sende E-Mail“ schickt"),
        (WAITING, {}, Who.THEM, "", "Warten auf Bassline: dort muss ein Admin unseren Code eintragen."),
        (WAITING | {"last_problem": "not-entered-there"}, {}, Who.THEM, "", "Warten auf Bassline"),
        (WAITING | {"peer_code_expires_at": EARLIER}, {}, Who.THEM, "", "Warten auf Bassline"),
        (
            WAITING | {"code_expires_at": EARLIER},
            {},
            Who.US,
            "connect",
            f"Unser Code ist abgelaufen, bevor Bassline ihn eingetragen hatte. {AGAIN}",
        ),
        (
            {"code_expires_at": EARLIER, "code_sent_at": EARLIER},
            {},
            Who.US,
            "enter_code",
            "Unser Code ist abgelaufen. Hatte Bassline ihn vorher eingetragen und den eigenen geschickt: „Eintragen“",
        ),
        ({"code_expires_at": EARLIER}, {}, Who.US, "connect", "Unser Code ist abgelaufen, bevor Bassline"),
        (
            WAITING | {"code_expires_at": EARLIER, "peer_key_at": MINUTES_AGO, "last_problem": "not-entered-there"},
            {},
            Who.ITSELF,
            "",
            "Unser Code ist abgelaufen. Wir fragen noch eine Weile nach, ob Bassline ihn vorher eingetragen hatte.",
        ),
        (
            WAITING | {"code_expires_at": EARLIER, "peer_key_at": MINUTES_AGO, "last_problem": "name"},
            {},
            Who.THEIR_OPERATOR,
            "",
            "Der Server von Bassline wird nicht gefunden",
        ),
        (WAITING | {"last_problem": "name"}, {}, Who.THEIR_OPERATOR, "", "Der Server von Bassline wird nicht gefunden"),
        (WAITING | {"last_problem": "not-allowed"}, {}, Who.OUR_OPERATOR, "", "Der Server von Bassline liegt an einer"),
        (WAITING, {"refusal": "invalid"}, Who.US, "connect", f"Bassline kann das so nicht annehmen. {AGAIN}"),
        (
            WAITING | {"last_problem": "closed"},
            {},
            Who.US,
            "connect",
            "Der Server von Bassline sagt, dass diese Verbindung dort",
        ),
        (WAITING | {"peer_paused_at": EARLIER}, {}, Who.THEM, "", "Bassline hat die Verbindung pausiert."),
        (CONNECTED, {}, Who.NOBODY, "", "Die Verbindung mit Bassline ist aktiv."),
        (CONNECTED | {"code_expires_at": EARLIER}, {}, Who.NOBODY, "", "Die Verbindung mit Bassline ist aktiv."),
        (
            CONNECTED | {"verified_at": None},
            {},
            Who.US,
            "verify",
            "Die Verbindung mit Bassline ist aktiv. Als Nächstes bitte die Sicherheitsnummer vergleichen.",
        ),
        (CONNECTED | {"peer_paused_at": EARLIER}, {}, Who.THEM, "", "Bassline hat die Verbindung pausiert."),
        (CONNECTED | {"paused_at": EARLIER}, {}, Who.US, "switch", "Von uns pausiert"),
        (
            CONNECTED | {"last_problem": "closed"},
            {},
            Who.US,
            "connect",
            "Der Server von Bassline sagt, dass diese Verbindung dort beendet wurde.",
        ),
        (CONNECTED | {"last_problem": "key"}, {}, Who.US, "connect", "Bassline nimmt unseren Schlüssel nicht mehr an."),
        (CONNECTED, {"is_key_lost": True}, Who.OUR_OPERATOR, "connect", "Unser eigener Schlüssel für Bassline"),
        (
            CONNECTED | {"last_problem": "refused", "failing_since": EARLIER, "retry_at": LATER},
            {},
            Who.THEIR_OPERATOR,
            "",
            "Bassline antwortet seit 12:00 nicht; nächster Versuch 14:00. Der Server von Bassline ist",
        ),
        (
            CONNECTED | {"last_problem": "refused", "failing_since": NOW - timedelta(days=2), "retry_at": EARLIER},
            {},
            Who.THEIR_OPERATOR,
            "",
            "Bassline antwortet seit 27.02.2027 13:00 nicht; die nächste Anfrage versucht es wieder.",
        ),
        (CONNECTED | {"last_problem": "busy"}, {}, Who.ITSELF, "", "Der Server von Bassline ist gerade beschäftigt."),
        (CONNECTED | {"closed_at": EARLIER}, {}, Who.US, "switch", "Wir haben diese Verbindung getrennt."),
        (
            CONNECTED | {"closed_at": EARLIER, "closed_by_peer": True, "last_problem": "key"},
            {"is_key_lost": True},
            Who.US,
            "switch",
            "Bassline hat diese Verbindung getrennt.",
        ),
    ],
)
def test_who_acts(facts: dict[str, Any], beside: dict[str, Any], who: Who, action: str, text: str) -> None:
    with translation.override("de"), time_machine.travel(NOW, tick=False):
        stands = standing(connection(**facts), NOW, Beside(**beside))
    assert (stands.who, stands.action, stands.sentence[: len(text)]) == (who, action, text)


def test_a_code_handed_over_without_our_mail_leaves_no_step_that_nobody_can_take() -> None:
    found = connection(code_expires_at=LATER, peer_key_at=EARLIER, connected_at=EARLIER)
    states = [step.state for step in steps(found, standing(found, NOW))]
    assert states == [StepState.DONE] * 4 + [StepState.OURS]
