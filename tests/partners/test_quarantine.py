"""A copy neither answers for the company nor writes to its partners and customers (security.md §2, row 28)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from eventworx import installation
from eventworx.audit import Actor
from eventworx.installation import Standing
from eventworx.messaging.mail import queue_mail
from eventworx.messaging.models import MailState
from eventworx.messaging.tasks import send_due_mails
from eventworx.tenants.models import Tenant
from partners import client, connections, outbox, pairing, tasks
from partners.client import PartnerUnreachable, Reason
from partners.models import Delivery, DeliveryState, PartnerConnection
from partners.protocol import retry
from tests.factories import make_user
from tests.fakes import InProcess, NeverLooksAgain
from tests.mailserver import MailServer
from tests.partners.test_gateway import Question, notice
from tests.partners.trade import Trade

Pair = tuple[PartnerConnection, PartnerConnection]
BOSS = Actor("Boss")


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Callable[[Standing], None]:
    """From now on this process knows that it is a copy, or that it is none."""
    return lambda standing: monkeypatch.setattr(installation, "watch", NeverLooksAgain(standing))


@pytest.fixture
def a_copy(become: Callable[[Standing], None]) -> None:
    become(Standing.OTHER_ID)


def test_partners_are_answered_503_before_anything_else(pair: Pair, a_copy: None) -> None:
    ours, theirs = pair
    for question in (Question(theirs), notice(theirs)):
        answer = question.ask()
        headers = {name.lower(): value for name, value in answer.headers}
        assert answer.status == 503
        assert b"urn:ewx:problem/quarantine" in answer.body
        assert "signature" not in headers
        assert headers["retry-after"] == "300"
    assert not ours.seen_nonces.exists()
    assert not ours.stored_answers.exists()


@pytest.mark.parametrize(
    "path", ["/api/partner/v1/connection", "/api/partner/v9/connection", "/api/partner/", "/api/partner/v1/x%2e"]
)
def test_strangers_learn_no_more(db: None, a_copy: None, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 503
    assert Client().get("/.well-known/ewx-partner").status_code == 200


def test_nothing_is_asked_of_partners_and_users_read_why(pair: Pair, network: InProcess, a_copy: None) -> None:
    with pytest.raises(PartnerUnreachable) as refused:
        connections.test_connection(connection=pair[0], actor=BOSS)
    assert refused.value.reason == Reason.QUARANTINE
    assert str(refused.value).startswith("Diese Installation gilt als Kopie")
    assert network.sent == []


def test_what_waits_stays_as_it_is(
    trade: Trade, become: Callable[[Standing], None], work: Callable[..., list[outbox.Outcome]]
) -> None:
    """Of every kind, also what would have come to its end meanwhile: nobody is told, no attempt is counted."""
    trade.add_position()
    trade.send()
    connections.switch_off(connection=trade.ours, actor=BOSS, now=timezone.now())
    connections.close(connection=trade.theirs, actor=BOSS, now=timezone.now())
    rows = Delivery.objects.order_by("pk")
    before = list(rows.values())
    assert {row["kind"] for row in before} >= {"order", "notice", "farewell"}
    become(Standing.FILE_MISSING)
    for later in (timedelta(0), retry.ALERT_AFTER, timedelta(days=8)):
        now = timezone.now() + later
        assert outbox.deliver_due(now=now, handlers=tasks.HANDLERS) == 0
        assert outbox.tell_late(now=now, handlers=tasks.HANDLERS) == 0
        assert {outbox.attempt(delivery_id=row["id"], now=now, handlers=tasks.HANDLERS) for row in before} == {
            outbox.Outcome.NOT_DUE
        }
    assert list(rows.values()) == before
    assert trade.network.sent == []
    become(Standing.ORIGINAL)
    work()
    assert trade.network.sent


def test_a_farewell_signed_ahead_does_not_go_out(pair: Pair, network: InProcess, a_copy: None) -> None:
    connections.close(connection=pair[0], actor=BOSS, now=timezone.now())
    signed = client.SignedRequest(**pair[0].deliveries.get().body)
    with pytest.raises(PartnerUnreachable):
        client.send_ahead(request=signed, partner="x", deadline=1)
    assert network.sent == []


def test_a_quarantine_that_begins_on_the_way_keeps_the_delivery(
    pair: Pair, network: InProcess, become: Callable[[Standing], None]
) -> None:
    """Claimed as the original, sent as a copy: nothing leaves, and it is tried again."""

    class Turns(NeverLooksAgain):
        asked = 0

        def in_quarantine(self) -> bool:
            self.asked += 1
            return self.asked > 1

    connections.switch_off(connection=pair[0], actor=BOSS, now=timezone.now())
    (delivery,) = pair[0].deliveries.all()
    become(Standing.ORIGINAL)
    installation.watch = Turns()
    outcome = outbox.attempt(delivery_id=delivery.pk, now=timezone.now(), handlers=tasks.HANDLERS)
    delivery.refresh_from_db()
    assert outcome is outbox.Outcome.UNREACHABLE
    assert (delivery.state, delivery.last_problem) == (DeliveryState.QUEUED, "quarantine")
    assert network.sent == []


def test_no_business_mail_leaves_a_copy(
    trade: Trade, smtp: MailServer, become: Callable[[Standing], None], work: Callable[..., list[outbox.Outcome]]
) -> None:
    """Codes and orders to partners, and whatever else is queued; they wait untouched."""
    trade.add_position()
    trade.send()
    work()
    draft = trade.job.tenant.contacts.create(name="Neu", number="N-1", is_supplier=True, email="neu@elsewhere.example")
    connections.switch_on(contact=draft, actor=BOSS, now=timezone.now())
    paired = pairing.start_pairing(contact=draft, actor=BOSS, now=timezone.now())
    pairing.send_code(connection=paired, actor=BOSS, sender=trade.buyer, now=timezone.now())
    queue_mail(tenant=trade.job.tenant, to="kunde@x.example", topic="test", template="test", context={}, language="de")
    mails = trade.job.tenant.mails.order_by("pk")
    before = list(mails.values())
    assert {mail["topic"] for mail in before} >= {"partner_code", "partner_order", "test"}
    become(Standing.OTHER_ID)
    send_due_mails()
    assert smtp.messages == []
    assert list(mails.values()) == before
    become(Standing.ORIGINAL)
    send_due_mails()
    assert len(smtp.messages) == len(before)
    assert {mail.state for mail in mails} == {MailState.SENT}


def test_who_must_log_in_to_end_it_can(aurora: Tenant, smtp: MailServer, a_copy: None) -> None:
    """The link for a new password goes to the person who asked for it."""
    user = make_user(aurora)
    Client().post("/accounts/password/reset/", {"email": user.email})
    assert len(smtp.sent_to(user.email)) == 1
