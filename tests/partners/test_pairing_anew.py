"""Pairing anew, walked on both sides to its end: after a change of mind, a lost key, a restored backup (mission P10).

An installation refuses codes of its own, so the two companies of one database enter each other's by hand here.
"""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import client, connections, pairing
from partners.client import PartnerUnreachable
from partners.models import ConnectionKey, KeySide, PartnerConnection
from partners.orders.sending import ToBePickedAnew, send_order
from partners.outbox import Outcome
from partners.protocol import pairing_code
from tests.fakes import InProcess
from tests.partners.trade import Trade

ADMIN = Actor(label="Ada")
LogIn = Callable[..., Client]
Work = Callable[..., list[Outcome]]


def current(contact: Contact) -> PartnerConnection:
    found = contact.partner_connections.select_related("tenant", "contact").latest_first().first()
    assert found
    return found


def connect(contact: Contact) -> str:
    """ "Verbinden mit dem Partner", with the switch before it where it is off; the code for the mail."""
    connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    connection = pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now())
    code = pairing.code_text(connection)
    connection.code_sent_at = timezone.now()
    connection.save(update_fields=["code_sent_at"])
    return code


def enter(contact: Contact, text: str) -> None:
    connection, now = current(contact), timezone.now()
    code = pairing_code.decode(
        text,
        now=now,
        is_own=lambda _code: False,
        is_in_use=lambda found: PartnerConnection.is_entered(
            connection_id=found.connection_id, public_key=found.public_key, besides=connection.pk
        ),
        allow_origin=lambda _origin: True,
    )
    entered = pairing.describe_code(connection=connection, code=code)
    pairing.enter_code(connection=connection, entered=entered, actor=ADMIN, now=now)


def is_in_touch(contact: Contact) -> bool:
    return client.call(connection=current(contact), method="GET", path="/connection").status == 200


@pytest.fixture
def tab(log_in: LogIn) -> Callable[[Contact], str]:
    """What an admin of the contact's company reads in the tab."""
    browsers: dict[Tenant, Client] = {}

    def read(contact: Contact) -> str:
        browser = browsers.setdefault(contact.tenant, log_in(contact.tenant, Role.ADMIN))
        response = browser.get(contact.tenant.url("partners:tab", contact.pk))
        assert response.status_code == 200
        return response.content.decode()

    return read


def exchange(ours: Contact, theirs: Contact, work: Work, tab: Callable[[Contact], str]) -> None:
    """Both have a new code and enter the other's, one after the other; each side says who has to act."""
    our_code, their_code = connect(ours), connect(theirs)
    assert "Warten auf den Schlüssel von" in tab(ours)
    enter(theirs, our_code)
    work()
    assert "dort muss ein Admin unseren Code eintragen" in tab(theirs)
    enter(ours, their_code)
    work()
    for side in (ours, theirs):
        assert "ist aktiv" in tab(side)
        assert current(side).verified_at is None
    assert current(ours).safety_number == current(theirs).safety_number
    assert is_in_touch(ours)
    assert is_in_touch(theirs)


def test_one_side_connects_anew(trade: Trade, work: Work, tab: Callable[[Contact], str], log_in: LogIn) -> None:
    ours, theirs = trade.ours.contact, trade.theirs.contact
    trade.add_position()
    order = trade.send()
    work()
    code = connect(ours)
    work()
    assert "hat diese Verbindung getrennt" in tab(theirs)  # the farewell told him
    with pytest.raises(PartnerUnreachable):
        client.call(connection=trade.theirs, method="GET", path="/connection")
    connect(theirs)
    enter(theirs, code)
    enter(ours, pairing.code_text(current(theirs)))
    work()
    assert is_in_touch(ours)
    assert is_in_touch(theirs)
    # Level and releases moved over, the order stayed with the connection it was made on, and is read on both sides.
    assert current(theirs).level == trade.theirs.level
    assert current(theirs).releases.count() == 1
    assert (order.connection_id, current(ours).orders.count()) == (trade.ours.pk, 0)
    job = ours.tenant.url("partners:job_orders", trade.job.pk)
    page = log_in(ours.tenant, Role.SALES).get(job).content.decode()
    assert "Verbindung beendet" in page
    inquiry = trade.incoming().inquiry
    assert log_in(theirs.tenant, Role.SALES).get(theirs.tenant.url("jobs:inquiry", inquiry.pk)).status_code == 200


def lose_own_key(connection: PartnerConnection) -> None:
    """The key file is another one: nothing that was sealed with the former opens."""
    sealed = ConnectionKey.objects.get(connection=connection, side=KeySide.OWN).sealed_private_key
    other = ".".join(["v1", "00000000", *sealed.split(".")[2:]])
    connection.keys.filter(side=KeySide.OWN).update(sealed_private_key=other)


def test_a_lost_master_key(
    trade: Trade, work: Work, network: InProcess, tab: Callable[[Contact], str], log_in: LogIn
) -> None:
    ours, theirs = trade.ours.contact, trade.theirs.contact
    lose_own_key(trade.ours)
    assert "Unser eigener Schlüssel für Bassline Rental lässt sich nicht öffnen" in tab(ours)
    admin = log_in(ours.tenant, Role.ADMIN)
    tested = admin.post(ours.tenant.url("partners:test", ours.pk), headers={"HX-Request": "true"})
    assert (tested.status_code, "lässt sich nicht öffnen" in tested.content.decode()) == (200, True)
    question = {"supplier": trade.ours.pk, "q": "mac", "start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}
    found = admin.get(ours.tenant.url("partners:search", trade.job.pk), question)
    assert (found.status_code, "lässt sich nicht öffnen" in found.content.decode()) == (200, True)
    changed = admin.post(ours.tenant.url("partners:rotate_key", ours.pk), follow=True)
    assert "lässt sich nicht öffnen" in changed.content.decode()
    # The worker goes on, and the partner is told to wait: unsigned, so it changes nothing.
    trade.add_position()
    trade.send()
    assert work() == [Outcome.UNREACHABLE]
    with pytest.raises(PartnerUnreachable) as caught:
        is_in_touch(theirs)
    assert caught.value.reason == "busy"
    assert current(theirs).closed_at is None
    # The way out: connect anew, here and there.
    connect(ours)
    work()  # there is no key to sign a farewell with
    assert current(theirs).closed_at is None
    with pytest.raises(PartnerUnreachable):
        is_in_touch(theirs)
    assert "sagt, dass diese Verbindung dort beendet wurde" in tab(theirs)
    exchange(ours, theirs, work, tab)


def test_a_backup_from_before_the_pairing(trade: Trade, work: Work, tab: Callable[[Contact], str]) -> None:
    """The partner's server knows nothing of the connection any more: unsigned 401 to whatever we say."""
    ours, theirs = trade.ours.contact, trade.theirs.contact
    theirs.partner_connections.all().delete()
    with pytest.raises(PartnerUnreachable):
        is_in_touch(ours)
    for _ in range(2):  # it stays, whoever looks when
        shown = tab(ours)
        assert "nimmt unseren Schlüssel nicht mehr an" in shown
        assert "du bist dran" in shown
    exchange(ours, theirs, work, tab)


def test_our_backup_from_before_a_change_of_keys(trade: Trade, work: Work, tab: Callable[[Contact], str]) -> None:
    """We have the former key only. For seven days it is good there for all but a change of keys, then for nothing."""
    ours, theirs = trade.ours.contact, trade.theirs.contact
    former = {key.pk: key.sealed_private_key for key in trade.ours.keys.filter(side=KeySide.OWN)}
    connections.rotate_key(connection=trade.ours, actor=ADMIN, now=timezone.now())
    work()
    is_in_touch(ours)
    trade.ours.keys.filter(side=KeySide.OWN).exclude(pk__in=former).delete()
    for pk, sealed in former.items():
        trade.ours.keys.filter(pk=pk).update(state="active", sealed_private_key=sealed)
    assert is_in_touch(ours)
    connections.rotate_key(connection=current(ours), actor=ADMIN, now=timezone.now())
    assert work() == [Outcome.FAILED]
    trade.theirs.keys.filter(state="retiring").delete()
    with pytest.raises(PartnerUnreachable):
        is_in_touch(ours)
    assert "nimmt unseren Schlüssel nicht mehr an" in tab(ours)
    exchange(ours, theirs, work, tab)


@pytest.mark.parametrize("is_another", [True, False])
def test_what_a_partner_calls_his_articles_holds_for_his_company_alone(trade: Trade, is_another: bool) -> None:
    """From his trial installation to the real one: number 7 there is another article here, and would be ordered."""
    ours, position = trade.ours.contact, trade.add_position()
    ours.article_links.create(tenant=ours.tenant, partner_article_id="7", article=position.article)
    ours.partner_listings.create(tenant=ours.tenant, partner_article_id="7", document={}, fetched_at=timezone.now())
    theirs = trade.theirs.contact
    connections.close(connection=trade.ours, actor=ADMIN, now=timezone.now())
    if is_another:
        trade.theirs.tenant.wire_id = "production"
        trade.theirs.tenant.save()
    connect(ours)
    enter(ours, connect(theirs))
    assert {ours.article_links.count(), ours.partner_listings.count()} == {0 if is_another else 1}
    anew = current(ours)
    anew.connected_at = timezone.now()
    anew.save()
    if is_another:
        with pytest.raises(ToBePickedAnew, match="MAC Aura XB"):
            send_order(connection=anew, job=trade.job, actor=ADMIN, now=timezone.now())
        assert not ours.tenant.sub_rental_orders.exists()
    else:
        send_order(connection=anew, job=trade.job, actor=ADMIN, now=timezone.now())
