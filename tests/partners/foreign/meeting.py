"""Aurora on the product and Foreign Rental on another vendor's server: each hires from and lends to the other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from eventworx.audit import Actor
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.models import Article
from jobs.models import Job
from partners import connections, matching, pairing, search
from partners.models import PartnerConnection, PartnerOrder
from partners.orders import send_order
from partners.releases import release
from tests.factories import make_article, make_contact, make_job
from tests.foreign.client import Client
from tests.foreign.server import ForeignServer
from tests.foreign.store import Connection
from tests.partners.trade import shown
from tests.world import deliver_all

BOSS = Actor(label="Boss")


@dataclass
class Meeting:
    """`tenant` is ours; `server` is theirs, `connection` their side of the connection."""

    tenant: Tenant
    server: ForeignServer
    our_pk: object = None

    @property
    def ours(self) -> PartnerConnection:
        """Our side as the database has it now."""
        return self.tenant.partner_connections.select_related("contact", "tenant").get(pk=self.our_pk)

    @property
    def theirs(self) -> Connection:
        return self.server.connection()

    @property
    def client(self) -> Client:
        """What their people ask of us."""
        return self.server.client()

    # --- our admins --------------------------------------------------------------------------------
    def switch_on(self) -> None:
        """A contact that is customer and supplier, our key, everything of ours released at level 2."""
        names = {"email": "hire@foreign.example", "is_customer": True, "is_supplier": True}
        contact = make_contact(self.tenant, "Foreign Rental GmbH", **names)
        connections.switch_on(contact=contact, actor=BOSS, now=timezone.now())
        started = pairing.start_pairing(contact=contact, actor=BOSS, now=timezone.now())
        self.our_pk = started.pk
        connections.set_level(connection=started, level=2, actor=BOSS)
        release(connection=started, actor=BOSS, everything=True)

    def our_code(self) -> str:
        return pairing.hand_over_code(connection=self.ours, actor=BOSS, now=timezone.now())

    def enter(self, code: str) -> None:
        pairing.save_code(connection=self.ours, text=code, actor=BOSS, now=timezone.now())

    def pair(self) -> None:
        """Both codes are mailed and entered; our worker says hello."""
        self.switch_on()
        theirs = self.server.make_code()
        self.server.enter_code(self.our_code())
        self.enter(theirs)
        deliver_all()

    # --- our people --------------------------------------------------------------------------------
    def search(self, job: Job, query: str = "", cursor: str = "") -> search.SearchAnswer:
        return search.search_partner(
            connection=self.ours, query=query, period=_planning(job), usage=_usage(job), cursor=cursor
        )

    def order(self, job: Job, article_id: str, quantity: int, faults: Collection[str] = ()) -> PartnerOrder:
        """Pick an article of theirs, connect it with a new one of ours, and send the order to a server so faulty."""
        ours = self.ours
        kept = search.fetch_listing(connection=ours, article_id=article_id, period=_planning(job), usage=_usage(job))
        own = make_article(self.tenant, f"{kept.document['name']} (own)", owned=0)
        matching.link_article(
            tenant=self.tenant, contact=ours.contact, partner_article_id=article_id, article=own, actor=BOSS
        )
        seen = shown(job, ours.contact, article_id)
        search.add_partner_position(
            job=job, connection=ours, partner_article_id=article_id, quantity=quantity, seen=seen
        )
        sent = send_order(connection=ours, job=job, actor=BOSS, now=timezone.now())
        self.server.gate.faults = frozenset(faults)
        deliver_all()
        return self.known(sent)

    def known(self, order: PartnerOrder) -> PartnerOrder:
        """An order as we have it now."""
        return self.tenant.partner_orders.select_related("sub_rental_order", "inquiry").get(pk=order.pk)

    def job(self) -> Job:
        return make_job(self.tenant)

    def article(self, name: str = "MAC Aura XB", owned: int = 10) -> Article:
        return make_article(self.tenant, name, owned=owned, rental_price=Decimal("25.00"))


def _planning(job: Job) -> Period:
    return Period(job.planning_start, job.planning_end)


def _usage(job: Job) -> Period:
    return Period(job.usage_start, job.usage_end)
