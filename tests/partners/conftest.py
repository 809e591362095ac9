"""A connected pair and the fake network between them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import outbox, transport
from partners.models import Delivery, PartnerConnection
from partners.releases import release
from partners.tasks import HANDLERS
from tests.factories import make_article, make_connection, make_job, make_user
from tests.fakes import InProcess
from tests.partners.trade import Trade


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


@pytest.fixture
def trade(
    pair: tuple[PartnerConnection, PartnerConnection], network: InProcess, aurora: Tenant, bassline: Tenant
) -> Trade:
    ours, theirs = pair
    ours.contact.email = "dispo@bassline.example"
    ours.contact.save()
    found = Trade(
        ours=ours,
        theirs=theirs,
        network=network,
        buyer=make_user(aurora, Role.SALES, first_name="Anna", last_name="Angebot"),
        seller=make_user(bassline, Role.SALES, first_name="Bernd", last_name="Bass"),
        article=make_article(bassline, "MAC Aura XB", owned=10, rental_price=Decimal("25.00")),
        job=make_job(aurora),
    )
    release(connection=theirs, actor=Actor(label="Boss"), everything=True)
    return found


@pytest.fixture
def work() -> Callable[..., list[outbox.Outcome]]:
    """Deliver everything that is due, as the worker does, until nothing moves; optionally `later`."""

    def turn(later: timedelta = timedelta(0)) -> list[outbox.Outcome]:
        outcomes: list[outbox.Outcome] = []
        for _round in range(5):
            now = timezone.now() + later
            due = list(Delivery.objects.due(now).values_list("pk", flat=True))
            outcomes += [outbox.attempt(delivery_id=pk, now=now, handlers=HANDLERS) for pk in due]
            if not due:
                break
        return outcomes

    return turn


@pytest.fixture
def make_stranger(bassline: Tenant) -> Callable[[Tenant], PartnerConnection]:
    """A partner of bassline's who has nothing to do with aurora's orders: his side of the connection."""

    def connect(tenant: Tenant) -> PartnerConnection:
        return make_connection(tenant, peer=bassline)[0]

    return connect
