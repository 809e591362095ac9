"""Both codes are entered: the servers find each other (mission P5, protocol §2)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
import time_machine
from django.db import connections as database_connections
from django.db import transaction
from django.utils import timezone

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import connections, pairing
from partners.models import ConnectionKey, PartnerConnection
from partners.protocol.connection_state import ConnectionState
from partners.tasks import deliver_due
from partners.transport import RawAnswer
from tests.factories import make_connection, make_user
from tests.fakes import InProcess
from tests.partners.questions import Pair, Question


def test_handshake(pair: Pair, network: InProcess) -> None:
    """Both codes are entered; the first call connects both sides."""
    PartnerConnection.objects.update(connected_at=None)
    ours, theirs = (PartnerConnection.objects.get(pk=side.pk) for side in pair)
    pairing.greet(connection=ours, now=timezone.now())
    deliver_due()
    for side in (ours, theirs):
        side.refresh_from_db()
        assert side.state is ConnectionState.CONNECTED
    assert ours.peer_level == theirs.effective_level


def test_handshake_waits_for_the_other_admin(pair: Pair, network: InProcess) -> None:
    PartnerConnection.objects.update(connected_at=None)
    ours, theirs = (PartnerConnection.objects.get(pk=side.pk) for side in pair)
    entered = list(theirs.keys.filter(side="peer"))
    theirs.keys.filter(side="peer").delete()
    pairing.greet(connection=ours, now=timezone.now())
    deliver_due()
    delivery = ours.deliveries.get()
    assert (delivery.state, delivery.last_problem) == ("queued", "not-entered-there")
    ours.refresh_from_db()
    assert ours.connected_at is None
    ConnectionKey.objects.bulk_create(entered)
    with time_machine.travel(delivery.next_attempt_at, tick=False):
        deliver_due()
    ours.refresh_from_db()
    assert ours.connected_at


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("", "Der Code ist abgelaufen, bevor der Partner ihn eingetragen hat. Bitte neu verbinden."),
        ("not-entered-there", "Der Code ist abgelaufen, bevor der Partner ihn eingetragen hat. Bitte neu verbinden."),
        ("certificate", "bevor die Verbindung zustande kam. Bitte neu verbinden. Das Zertifikat des Servers von"),
        ("down", "bevor die Verbindung zustande kam. Bitte neu verbinden. Der Server von Bassline Rental wird nicht"),
    ],
)
def test_a_code_that_expired_tells_the_admins(pair: Pair, network: InProcess, problem: str, said: str) -> None:
    admin = make_user(pair[0].tenant, Role.ADMIN)
    PartnerConnection.objects.update(connected_at=None)
    PartnerConnection.objects.filter(pk=pair[0].pk).update(code_expires_at=timezone.now(), last_problem="name")
    ours = PartnerConnection.objects.get(pk=pair[0].pk)
    pairing.greet(connection=ours, now=timezone.now())
    ours.deliveries.update(last_problem=problem)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        deliver_due()
    message = ours.tenant.inbox_messages.get(recipient=admin)
    assert "Bassline" in message.subject
    assert said in message.body
    assert network.sent == []


def test_a_code_entered_in_its_last_hour_still_connects(pair: Pair, network: InProcess) -> None:
    """Aurora entered Bassline's code, Bassline enters Aurora's later, when his own has expired: his call connects."""
    PartnerConnection.objects.update(connected_at=None, code_expires_at=timezone.now() - timedelta(days=1))
    theirs = PartnerConnection.objects.get(pk=pair[1].pk)
    pairing.greet(connection=theirs, now=timezone.now())
    deliver_due()
    for side in pair:
        side.refresh_from_db()
        assert side.state is ConnectionState.CONNECTED


def test_a_handshake_answered_by_somebody_else_changes_nothing(pair: Pair, network: InProcess) -> None:
    PartnerConnection.objects.update(connected_at=None)
    ours = PartnerConnection.objects.get(pk=pair[0].pk)
    network.fault = RawAnswer(200, (("Content-Type", "application/json"),), b"{}")
    pairing.greet(connection=ours, now=timezone.now())
    deliver_due()
    ours.refresh_from_db()
    assert ours.connected_at is None
    assert ours.deliveries.get().last_problem == "rubbish"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_first_signs_of_life_at_once_one_makes_the_connection_stand(aurora: Tenant, bassline: Tenant) -> None:
    ours, theirs = make_connection(aurora, peer=bassline)
    PartnerConnection.objects.filter(pk=theirs.pk).update(connected_at=None)

    def ask(_number: int) -> int:
        try:
            return Question(ours).ask().status
        finally:
            database_connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            theirs.locked()
            asked = [pool.submit(ask, number) for number in range(2)]
            sleep(1)  # both have read that it does not stand yet, and stand at the lock
            assert not any(answer.done() for answer in asked)
        assert [answer.result() for answer in asked] == [200, 200]
    deeds = [entry.action for entry in connections.entries_about(theirs.contact)]
    assert deeds.count(connections.Deed.CONNECTED) == 1
