"""A captured request sent to another place: server, tenant, connection, route (security.md row 8)."""

import itertools
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from eventworx.tenants.models import Tenant
from partners.models import PartnerConnection, SeenNonce
from partners.protocol.signing import fresh_nonce, sign_request
from tests.factories import make_connection
from tests.fakes import deliver

V1 = "/api/partner/v1"
ORIGINS = ["http://testserver", "https://rent.elsewhere.example", "https://testserver", "http://testserver:8080"]
TARGETS = [f"{V1}/connection", f"{V1}/categories", f"{V1}/articles?q=par", f"{V1}/articles?q=pas", f"{V1}/articles"]


@pytest.fixture
def pairs(aurora: Tenant, bassline: Tenant, cymbal: Tenant) -> list[tuple[PartnerConnection, PartnerConnection]]:
    """Aurora with each of the others, and the others with each other."""
    return [make_connection(one, peer=other) for one, other in itertools.combinations((aurora, bassline, cymbal), 2)]


def captured(caller: PartnerConnection, target: str, origin: str) -> dict[str, str]:
    assert caller.peer_connection_id
    return sign_request(
        method="GET",
        origin=origin,
        target=target,
        connection_id=caller.peer_connection_id,
        key=caller.own_key(),
        now=timezone.now(),
        nonce=fresh_nonce(),
    )


def test_a_request_is_good_at_one_server_and_one_target(
    pairs: list[tuple[PartnerConnection, PartnerConnection]], settings: Settings
) -> None:
    caller = pairs[0][0]
    elsewhere = [((one, TARGETS[0]), (other, TARGETS[0])) for one, other in itertools.product(ORIGINS, ORIGINS)]
    otherwise = [((ORIGINS[0], one), (ORIGINS[0], other)) for one, other in itertools.product(TARGETS, TARGETS)]
    for number, ((signed_for, target), (sent_to, asked)) in enumerate(elsewhere + otherwise):
        settings.EWX_ORIGIN = sent_to
        status = deliver("GET", asked, captured(caller, target, signed_for), b"", f"192.0.2.{number}").status
        assert status == (200 if (signed_for, target) == (sent_to, asked) else 401), (
            signed_for,
            sent_to,
            target,
            asked,
        )


def test_a_request_is_good_for_one_connection(pairs: list[tuple[PartnerConnection, PartnerConnection]]) -> None:
    """Also where the other connection is one of the same company, or of the same partner."""
    sides = [side for pair in pairs for side in pair]
    for caller, other in itertools.product(sides, sides):
        headers = captured(caller, TARGETS[0], ORIGINS[0]) | {"EWX-Connection": str(other.pk)}
        status = deliver("GET", TARGETS[0], headers, b"").status
        assert status == (200 if other.pk == caller.peer_connection_id else 401)


def test_a_signature_over_another_method_opens_nothing(
    pairs: list[tuple[PartnerConnection, PartnerConnection]],
) -> None:
    headers = captured(pairs[0][0], TARGETS[0], ORIGINS[0])
    for method in ("DELETE", "HEAD", "OPTIONS", "PUT"):
        assert deliver(method, TARGETS[0], headers, b"").status == 401
    assert deliver("GET", TARGETS[0], headers, b"").status == 200


def test_a_header_in_the_name_of_nobody(pairs: list[tuple[PartnerConnection, PartnerConnection]]) -> None:
    for name in (str(uuid4()), "", "*", str(pairs[0][1].pk).upper(), f"{pairs[0][1].pk} "):
        headers = captured(pairs[0][0], TARGETS[0], ORIGINS[0]) | {"EWX-Connection": name}
        expected = 200 if name.strip() == str(pairs[0][1].pk) else 401
        assert deliver("GET", TARGETS[0], headers, b"").status == expected
    assert SeenNonce.objects.count() == 0
