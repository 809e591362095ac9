"""Whoever reads or replaces the mails (security.md rows 1 and 2)."""

import json
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from partners import connections, pairing
from partners.access import AccessLevel, effective_level
from partners.models import PartnerConnection, SeenNonce, StoredAnswer
from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import PairingCode, decode, encode
from partners.protocol.safety_number import Side, safety_number
from partners.protocol.signing import fresh_nonce, needs_idempotency_key, sign_request
from partners.transport import RawAnswer
from tests.factories import make_connection, make_contact
from tests.fakes import deliver
from tests.partners.codes import foreign_code

ADMIN = Actor(label="Ada")
V1 = "/api/partner/v1"
ROUTES = [
    ("GET", "/connection"),
    ("POST", "/connection/notice"),
    ("GET", "/keys"),
    ("POST", "/pairing"),
    ("GET", "/articles"),
    ("GET", "/articles/1"),
    ("GET", "/articles/1/picture"),
    ("GET", "/categories"),
    ("POST", "/availability"),
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("POST", "/orders/1/commands"),
    ("POST", "/order-events"),
    ("GET", "/nowhere"),
]


def with_key(tenant: Tenant, name: str) -> PartnerConnection:
    contact = make_contact(tenant, name, is_customer=True, is_supplier=True, email=f"post@{name}.example")
    connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
    return pairing.start_pairing(contact=contact, actor=ADMIN, now=timezone.now())


def read(code: str) -> PairingCode:
    yes = {"is_own": lambda _: False, "is_in_use": lambda _: False, "allow_origin": lambda _: True}
    return decode(code, now=timezone.now(), **yes)


class Mallory:
    """Sits on the mail server: makes a side of her own for each of the two, under the other's name."""

    def __init__(self) -> None:
        self.key, self.connection_id = KeyPair.generate(), uuid4()

    def code_in_the_name_of(self, real: PairingCode) -> str:
        return encode(
            PairingCode(
                connection_id=self.connection_id,
                public_key=self.key.public,
                origin="https://rent.mallory.example",
                tenant_id=real.tenant_id,
                display_name=real.display_name,
                expires_at=real.expires_at,
            )
        )

    def asks(self, method: str, path: str, connection_id: UUID, origin: str) -> RawAnswer:
        body = b"{}" if method == "POST" else b""
        headers = sign_request(
            method=method,
            origin=origin,
            target=V1 + path,
            connection_id=connection_id,
            key=self.key,
            now=timezone.now(),
            nonce=fresh_nonce(),
            body=body,
            idempotency_key=uuid4() if needs_idempotency_key(method, V1 + path) else None,
        )
        return deliver(method, V1 + path, headers, body)


def enter(connection: PartnerConnection, code: str) -> PartnerConnection:
    return pairing.save_code(connection=connection, text=code, actor=ADMIN, now=timezone.now())


def test_who_replaces_both_mails_cannot_make_the_numbers_equal(aurora: Tenant, bassline: Tenant) -> None:
    a, b = with_key(aurora, "bassline"), with_key(bassline, "aurora")
    code_of_a, code_of_b = read(pairing.code_text(a)), read(pairing.code_text(b))
    a = enter(a, Mallory().code_in_the_name_of(code_of_b))
    b = enter(b, Mallory().code_in_the_name_of(code_of_a))
    assert a.safety_number != b.safety_number
    # What the two would have seen without her is one number, whichever side computes it.
    honest = safety_number(_side(code_of_a), _side(code_of_b))
    assert honest == safety_number(_side(code_of_b), _side(code_of_a))
    assert honest not in {a.safety_number, b.safety_number}


def _side(code: PairingCode) -> Side:
    return Side(
        origin=code.origin,
        tenant_id=code.tenant_id,
        connection_id=code.connection_id,
        pairing_key=code.public_key,
    )


def test_the_number_covers_the_key_alone_too(aurora: Tenant) -> None:
    """A code in which nothing but the key was replaced."""
    a = with_key(aurora, "bassline")
    ours = _side(read(pairing.code_text(a)))
    their_key, her_key = KeyPair.generate().public, KeyPair.generate().public
    honest, replaced = (
        Side(origin="https://b.example", tenant_id="b", connection_id=a.pk, pairing_key=key)
        for key in (their_key, her_key)
    )
    assert safety_number(ours, honest) != safety_number(ours, replaced)


def test_no_machine_reserves_for_somebody_whose_number_nobody_compared(aurora: Tenant, bassline: Tenant) -> None:
    connection, _theirs = make_connection(aurora, peer=bassline, level=3)
    assert connection.effective_level is AccessLevel.STOCK
    connection.verified_at = timezone.now()
    assert connection.effective_level is AccessLevel.AUTOMATIC
    assert effective_level(level=3, is_customer=False, is_verified=True) is AccessLevel.NONE


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_reads_a_code_opens_nothing_with_it(aurora: Tenant, bassline: Tenant, method: str, path: str) -> None:
    """Before and after the partner's code is entered; nothing is stored of her either way."""
    a = with_key(aurora, "bassline")
    seen = read(pairing.code_text(a))
    mallory = Mallory()
    before = mallory.asks(method, path, seen.connection_id, seen.origin)
    assert before.status == (409 if path == "/pairing" else 401)
    enter(a, encode(foreign_code()))
    after = mallory.asks(method, path, seen.connection_id, seen.origin)
    assert after.status == 401
    assert json.loads(after.body)["type"].endswith("/signature")
    assert SeenNonce.objects.count() == StoredAnswer.objects.count() == 0
    assert "signature" not in {name.lower() for answer in (before, after) for name, _value in answer.headers}
    a.refresh_from_db()
    assert a.connected_at is None


def test_her_own_server_does_not_connect_with_a_code_that_was_meant_for_another(aurora: Tenant) -> None:
    """She enters the code in her own Eventworx, which greets ours: again and again, and never gets in."""
    a = with_key(aurora, "bassline")
    seen, mallory = read(pairing.code_text(a)), Mallory()
    assert [mallory.asks("POST", "/pairing", seen.connection_id, seen.origin).status for _ in range(3)] == [409] * 3
    enter(a, encode(foreign_code()))
    assert [mallory.asks("POST", "/pairing", seen.connection_id, seen.origin).status for _ in range(3)] == [401] * 3
    assert Contact.objects.filter(partner_connections__connected_at__isnull=False).count() == 0
