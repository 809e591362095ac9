"""A connected pair and the fake network between them."""

import pytest

from eventworx.tenants.models import Tenant
from partners import transport
from partners.models import PartnerConnection
from tests.factories import make_connection
from tests.fakes import InProcess


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """Whatever goes out arrives in this very process."""
    fake = InProcess()
    monkeypatch.setattr(transport, "current", fake)
    return fake


@pytest.fixture
def pair(aurora: Tenant, bassline: Tenant, network: InProcess) -> tuple[PartnerConnection, PartnerConnection]:
    """Aurora's and Bassline's side of one connection that stands."""
    return make_connection(aurora, peer=bassline)
