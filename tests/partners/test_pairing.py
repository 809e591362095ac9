"""From the switch to a connection that stands: codes, mails, handshake (mission P1-P5)."""

import quopri
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation
from pytest_django import Settings

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from partners import connections, pairing
from partners.models import ConnectionKey, PartnerConnection
from partners.pairing import (
    AddressMissing,
    AlreadyConnected,
    CodeAlreadyEntered,
    CodeNotTaken,
    EnteredCode,
    KeyMissing,
    NotSwitchedOn,
    OurCodeExpired,
)
from partners.protocol.connection_state import ConnectionState
from partners.protocol.pairing_code import decode, encode
from tests.crowd import at_once
from tests.factories import make_contact, make_user
from tests.fakes import InProcess
from tests.partners.codes import foreign_code
from tests.partners.questions import Pair

ADMIN = Actor(label="Ada")


@pytest.fixture
def connection(aurora: Tenant) -> PartnerConnection:
    """Aurora has made its key for the supplier Bassline."""
    contact = make_contact(aurora, "Bassline", is_supplier=True, email="post@bassline.example")
    connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    return pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now())


def read(connection: PartnerConnection, text: str) -> EnteredCode:
    return pairing.read_code(connection=connection, text=text, now=timezone.now())


def save(connection: PartnerConnection, text: str) -> PartnerConnection:
    return pairing.save_code(connection=connection, text=text, actor=ADMIN, now=timezone.now())


def everything_stored() -> list[Any]:
    keys = ConnectionKey.objects.order_by("pk").values_list("connection", "side", "keyid", "state")
    return [*PartnerConnection.objects.order_by("pk").values(), *keys]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Au\u200erora\tLicht\n", "Aurora Licht"),
        ("\u202eAurora", "Aurora"),
        ("A\u0308rger", "Ärger"),
        ("ä" * 60, "ä" * 40),
    ],
)
def test_a_company_name_fits_into_its_code_however_it_was_pasted(
    connection: PartnerConnection, name: str, shown: str
) -> None:
    connection.tenant.name = name
    code = decode(
        pairing.code_text(connection),
        now=timezone.now(),
        is_own=lambda _: False,
        is_in_use=lambda _: False,
        allow_origin=lambda _: True,
    )
    assert code.display_name == shown


def test_nothing_is_verified_before_there_is_a_number(connection: PartnerConnection) -> None:
    """Otherwise whatever code is entered later would count as compared."""
    with pytest.raises(connections.NothingToCompare):
        connections.verify(connection=connection, safety_number="", actor=ADMIN, now=timezone.now())
    connection.refresh_from_db()
    assert connection.verified_at is None


def test_start_makes_a_key_that_lies_sealed(connection: PartnerConnection) -> None:
    key = connection.keys.get()
    assert key.sealed_private_key.startswith("v1.")
    assert connection.own_key().public == bytes(key.public_key)
    assert connection.code_expires_at
    assert connection.code_expires_at - timezone.now() > timedelta(days=13)
    assert connection.state is ConnectionState.DRAFT


def test_start_needs_the_switch(aurora: Tenant) -> None:
    with pytest.raises(NotSwitchedOn):
        pairing.start_pairing(contact=make_contact(aurora), actor=ADMIN, now=timezone.now())


def test_start_without_a_usable_key_file_is_a_sentence(aurora: Tenant, settings: Settings, tmp_path: Path) -> None:
    contact = make_contact(aurora)
    connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    settings.EWX_KEY_FILE = tmp_path / "rubbish.keys"
    settings.EWX_KEY_FILE.write_text("rubbish!")
    before = everything_stored()
    with pytest.raises(connections.KeyFileUnusable):
        pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now())
    assert everything_stored() == before


def test_starting_again_is_a_new_connection(pair: Pair, network: InProcess) -> None:
    old = pair[0]
    category = old.tenant.categories.create(name="Licht")
    old.releases.create(tenant=old.tenant, category=category)
    new = pairing.start_pairing(contact=old.contact, actor=ADMIN, now=timezone.now())
    old.refresh_from_db()
    assert new.pk != old.pk
    assert old.closed_at
    assert new.level == old.level
    assert new.releases.get().category == category
    assert (new.peer_key_at, new.connected_at, new.verified_at) == (None, None, None)


def test_send_the_code(connection: PartnerConnection) -> None:
    sender = make_user(connection.tenant)
    preview = pairing.code_mail(connection)
    mail = pairing.send_code(connection=connection, actor=ADMIN, sender=sender, now=timezone.now())
    assert mail.to == "post@bassline.example"
    assert mail.text.strip() == preview["text"]
    assert mail.subject == preview["subject"]
    code = pairing.code_text(connection)
    assert code in mail.text.split("\n\n")  # a paragraph of its own
    attachment = mail.attachments.get()
    assert (attachment.name, bytes(attachment.content).decode()) == ("partner-code.ewx", code)
    connection.refresh_from_db()
    assert connection.state is ConnectionState.CODE_SENT


def test_send_needs_an_address(connection: PartnerConnection) -> None:
    connection.contact.email = ""
    connection.contact.save()
    before = everything_stored()
    with pytest.raises(AddressMissing), translation.override("de"):
        pairing.send_code(connection=connection, actor=ADMIN, sender=make_user(connection.tenant), now=timezone.now())
    assert everything_stored() == before
    assert connection.tenant.mails.count() == 0


def test_an_expired_code_is_not_sent(connection: PartnerConnection) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=14), tick=False), pytest.raises(OurCodeExpired):
        pairing.send_code(connection=connection, actor=ADMIN, sender=make_user(connection.tenant), now=timezone.now())
    assert connection.tenant.mails.count() == 0


def test_who_is_connected_needs_no_code(pair: Pair) -> None:
    """After a change of keys it would name a key that is none any more."""
    with pytest.raises(AlreadyConnected):
        pairing.code_text(pair[0])


def whole_mail(code: str) -> str:
    quoted = "\n".join(f"> {line}" for line in f"Hallo,\n\nunser Code:\n\n{code}\n\nGrüße".splitlines())
    return quopri.encodestring(quoted.encode()).decode()


@pytest.mark.parametrize("form", [str, whole_mail, str.lower])
def test_reading_stores_nothing(connection: PartnerConnection, form: Any) -> None:
    code, before = foreign_code(), everything_stored()
    entered = read(connection, form(encode(code)))
    assert entered.code == code
    assert entered.server_name == "rent.bassline.example"
    assert len(entered.safety_number.replace(" ", "")) == 30
    assert entered.oddities == ()
    assert everything_stored() == before


@pytest.mark.parametrize(
    ("origin", "shown", "expected"),
    [
        ("https://bassline.example", "bassline.example", []),
        ("https://bassline.example.evil.example", "bassline.example.evil.example", ["contains"]),
        ("https://xn--bssline-5wa.example", "bässline.example (xn--bssline-5wa.example)", ["alike", "international"]),
    ],
)
def test_the_server_is_compared_with_the_mail_domain(
    connection: PartnerConnection, origin: str, shown: str, expected: list[str]
) -> None:
    entered = read(connection, encode(foreign_code(origin=origin)))
    assert (entered.server_name, list(entered.oddities)) == (shown, expected)


def damaged(connection: PartnerConnection) -> str:
    text = encode(foreign_code())
    return text[:30] + ("A" if text[30] != "A" else "B") + text[31:]


def cut_off(connection: PartnerConnection) -> str:
    return encode(foreign_code())[:60]


def own(connection: PartnerConnection) -> str:
    return pairing.code_text(connection)


def expired(connection: PartnerConnection) -> str:
    return encode(foreign_code(expires_at=timezone.now().replace(microsecond=0) - timedelta(days=1)))


def entered_elsewhere(connection: PartnerConnection) -> str:
    code = encode(foreign_code())
    contact = make_contact(connection.tenant, "Other")
    connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    save(pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now()), code)
    return code


def plain_http(connection: PartnerConnection) -> str:
    return encode(foreign_code(origin="http://rent.bassline.example"))


def no_code(connection: PartnerConnection) -> str:
    return "Guten Tag, anbei der Code."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (damaged, "Der Code wurde unterwegs beschädigt."),
        (cut_off, "Der Code ist nicht vollständig."),
        (own, "Das ist ein Code dieser Installation selbst."),
        (expired, "Dieser Code ist am "),
        (entered_elsewhere, "Dieser Code wurde schon eingetragen."),
        (plain_http, "In diesem Text steht kein Partner-Code, den"),
        (no_code, "In diesem Text steht kein Partner-Code, den"),
    ],
)
def test_bad_code_gets_a_sentence_and_changes_nothing(connection: PartnerConnection, text: Any, sentence: str) -> None:
    pasted = text(connection)
    before = everything_stored()
    for attempt in (read, save):
        with pytest.raises(CodeNotTaken) as caught:
            attempt(connection, pasted)
        with translation.override("de"):
            assert str(caught.value).startswith(sentence)
    assert everything_stored() == before


def test_entering_needs_our_own_key(aurora: Tenant) -> None:
    draft = connections.switch_on(contact=make_contact(aurora), actor=ADMIN, now=timezone.now())
    with pytest.raises(KeyMissing):
        read(draft, encode(foreign_code()))


def test_one_code_per_connection(connection: PartnerConnection) -> None:
    saved = save(connection, encode(foreign_code()))
    before = everything_stored()
    with pytest.raises(CodeAlreadyEntered):
        save(saved, encode(foreign_code()))
    assert everything_stored() == before


def test_saving_starts_the_handshake_until_our_code_expires(connection: PartnerConnection) -> None:
    """The partner's own code may expire meanwhile: it is entered."""
    code = foreign_code(expires_at=timezone.now().replace(microsecond=0) + timedelta(days=3))
    saved = save(connection, encode(code))
    delivery = saved.deliveries.get()
    assert (delivery.kind, delivery.path, delivery.not_after) == ("pairing", "/pairing", connection.code_expires_at)
    assert delivery.body == {"connection": str(saved.pk), "partner_connection": str(code.connection_id)}
    assert saved.safety_number == pairing.describe_code(connection=connection, code=code).safety_number


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_admins_who_enter_one_code_at_once_get_one_connection() -> None:
    """The second is told that the code is in use; nothing of his is half written."""
    tenant = Tenant.objects.create(slug="delta", name="Delta")
    text = encode(foreign_code())
    for name in ("Bassline", "Bassline GmbH"):
        contact = make_contact(tenant, name, is_supplier=True)
        connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
        pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now())

    def enter(connection: PartnerConnection, entered: EnteredCode) -> str:
        try:
            pairing.enter_code(connection=connection, entered=entered, actor=ADMIN, now=timezone.now())
        except pairing.CodeNotTaken as refused:
            return refused.refusal.value
        return "stored"

    both = [partial(enter, connection, read(connection, text)) for connection in tenant.partner_connections.all()]
    assert sorted(at_once(*both)) == ["in-use", "stored"]
    assert tenant.partner_connections.filter(peer_key_at__isnull=False).count() == 1
    assert tenant.connection_keys.filter(side="peer").count() == 1
