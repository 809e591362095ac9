"""Each mail of the corpus pasted into "Eintragen", as a browser sends it (mission P4)."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from partners import connections, pairing
from partners.models import PartnerConnection
from partners.pairing import CodeNotTaken, fingerprint
from partners.protocol.pairing_code import CodeRefused, PairingCode, Refusal
from tests.factories import make_contact
from tests.partners.mails import CODE, MAILS, NOW, Mail


@pytest.fixture
def connection(aurora: Tenant) -> PartnerConnection:
    contact = make_contact(aurora, "Bassline", is_supplier=True, email="post@bassline.example")
    connections.switch_on(contact=contact, actor=Actor(label="Ada"), now=NOW)
    return pairing.start_pairing(contact=contact, actor=Actor(label="Ada"), now=NOW)


def as_pasted(mail: Mail) -> str:
    return mail.text.replace("\r\n", "\n").replace("\n", "\r\n")


def test_the_use_case_reads_each_mail(connection: PartnerConnection) -> None:
    for mail in MAILS:
        assert outcome(connection, mail) == (CODE if mail.outcome == "code" else mail.outcome), mail
    assert connection.keys.count() == 1


def outcome(connection: PartnerConnection, mail: Mail) -> PairingCode | Refusal:
    try:
        return pairing.read_code(connection=connection, text=as_pasted(mail), now=NOW).code
    except CodeNotTaken as refused:
        return refused.refusal


def test_the_page_shows_each_code_or_says_why_not(connection: PartnerConnection, log_in: Callable[..., Client]) -> None:
    url = connection.tenant.url("partners:enter_code", connection.contact_id)
    with time_machine.travel(NOW, tick=False), translation.override("de"):
        client = log_in(connection.tenant)
        for mail in MAILS:
            page: Any = client.post(url, {"code": as_pasted(mail)})
            assert expected(mail) in page.content.decode(), mail
    assert connection.keys.count() == 1


def expected(mail: Mail) -> str:
    if not mail.text.strip():
        return "Dieses Feld ist zwingend erforderlich."
    if mail.outcome == "code":
        return fingerprint(CODE.public_key)
    expired_at = CODE.expires_at if mail.outcome == Refusal.EXPIRED else None
    return str(CodeNotTaken(CodeRefused(Refusal(mail.outcome), expired_at))).partition(" am ")[0]
