"""Our own product keeps its protocol: every case of the kit, over real HTTP."""

from dataclasses import replace

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant
from partners.api import rates
from partners.conformance import Group, Verdict, chosen, run_cases, table_row
from tests.factories import make_tenant
from tests.partners.conformance.own_pair import own_pair
from tests.services import free_port


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    return make_tenant("bassline", "Bassline Rental")


@pytest.fixture
def generous(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit waits for limits as long as they want; here nobody has the time. 409 pairing-incomplete stays limited."""
    lifted = {name: replace(limit, most=100_000) for name, limit in rates.PER_CONNECTION.items()}
    monkeypatch.setattr(rates, "PER_CONNECTION", lifted)
    for name in ("FAILED_FROM_ADDRESS", "FAILED_FOR_CONNECTION"):
        monkeypatch.setattr(rates, name, replace(getattr(rates, name), most=100_000))


@pytest.mark.usefixtures("generous")
@pytest.mark.parametrize("group", Group)
def test_every_case_holds(group: Group, tenant: Tenant, live_server: LiveServer, settings: Settings) -> None:
    port = free_port()
    settings.EWX_ORIGIN = live_server.url
    settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({f"http://127.0.0.1:{port}"})
    with own_pair(tenant, port) as pair:
        pair.arrange(group)
        results = list(run_cases(chosen([group]), pair.peer))
    unclear = [table_row(result) for result in results if result.verdict is not Verdict.HELD]
    assert not unclear, "\n".join(unclear)
