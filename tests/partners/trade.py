"""Aurora hires from Bassline: a job with a position to order, and a worker to turn by hand."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.tenants.models import User
from inventory.models import Article
from jobs.models import Job, Position
from jobs.positions import SupplierTerms, add_sub_rental_position
from partners import search
from partners.models import PartnerConnection, PartnerOrder
from partners.orders import send_order
from tests.factories import make_article
from tests.fakes import InProcess


def shown(job: Job, supplier: Contact, article_id: str) -> str:
    """The price of a partner's article in a job, as the form carries it that shows it."""
    listing = search.picked_listing(contact=supplier, partner_article_id=article_id)
    price = search.price_in(job, listing, supplier=supplier)
    return price.carried if price else ""


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
