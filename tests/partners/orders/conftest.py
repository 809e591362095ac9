"""Aurora hires from Bassline: a job with a position to order, and a worker to turn by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from inventory.models import Article
from jobs.models import Job, Position
from jobs.positions import SupplierTerms, add_sub_rental_position
from partners import outbox
from partners.models import Delivery, PartnerConnection, PartnerOrder
from partners.orders import send_order
from partners.releases import release
from partners.tasks import HANDLERS
from tests.factories import make_article, make_connection, make_job, make_user
from tests.fakes import InProcess


@dataclass
class Trade:
    """Both companies, their sides of the connection, and what they trade."""

    ours: PartnerConnection
    theirs: PartnerConnection
    network: InProcess
    buyer: User
    seller: User
    article: Article
    job: Job

    def add_position(self, quantity: int = 2, article: Article | None = None) -> Position:
        lent = article or self.article
        terms = SupplierTerms(
            article_id=str(lent.pk),
            number=lent.number,
            unit_cost=lent.rental_price,
            discount_percent=Decimal(0),
            factors=(),
            extra_day_factor=Decimal(0),
            currency="EUR",
        )
        own = make_article(self.ours.tenant, f"{lent.name} (own)", owned=0)
        return add_sub_rental_position(
            job=self.job, article=own, supplier=self.ours.contact, quantity=quantity, terms=terms
        )

    def send(self) -> PartnerOrder:
        return send_order(connection=self.ours, job=self.job, actor=self.actor, now=timezone.now())

    @property
    def actor(self) -> Actor:
        return Actor(label=str(self.buyer), user=self.buyer)

    @property
    def seller_actor(self) -> Actor:
        return Actor(label=str(self.seller), user=self.seller)

    def incoming(self) -> PartnerOrder:
        return self.theirs.orders.select_related("inquiry__tenant", "connection", "tenant").get()

    def outgoing(self) -> PartnerOrder:
        return self.ours.orders.select_related("sub_rental_order", "connection", "tenant").get()


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
            due = Delivery.due_ids(now, 50)
            outcomes += [outbox.attempt(delivery_id=pk, now=now, handlers=HANDLERS) for pk, _connection in due]
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
