"""Our own product keeps its protocol: every case of the kit, over real HTTP."""

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant
from partners.conformance import Group, Verdict, chosen, run_cases, table_row
from tests.factories import make_tenant
from tests.partners.conformance.own_pair import own_pair
from tests.services import free_port

# Level 3 is not offered yet.
GROUPS = [group for group in Group if group is not Group.LEVEL_3]


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    return make_tenant("bassline", "Bassline Rental")


@pytest.mark.parametrize("group", GROUPS)
def test_every_case_holds(group: Group, tenant: Tenant, live_server: LiveServer, settings: Settings) -> None:
    port = free_port()
    settings.EWX_ORIGIN = live_server.url
    settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({f"http://127.0.0.1:{port}"})
    with own_pair(tenant, port) as pair:
        pair.arrange(group)
        results = list(run_cases(chosen([group]), pair.peer))
    unclear = [table_row(result) for result in results if result.verdict is not Verdict.HELD]
    assert not unclear, "\n".join(unclear)
