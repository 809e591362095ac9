"""The kit and our own product as its partner: a tenant on the live server, with a worker that delivers what waits."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connections as databases
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from partners import connections, outbox, pairing
from partners.conformance import CASES, Group, Identity, Options, Peer, Reception, run_case, shake_hands
from partners.models import Direction, PartnerConnection
from partners.orders import confirm_order
from partners.releases import release
from partners.tasks import HANDLERS
from partners.transport.listening import listening
from tests.factories import make_article, make_category, make_contact, make_picture

BOSS = Actor(label="Boss")
LEVELS = {Group.LEVEL_0: 0, Group.LEVEL_1: 1, Group.LEVEL_3: 3}
PATIENCE = 20.0
SOON = timedelta(minutes=1)  # so much ahead of the clock the worker is: a second attempt comes at once


@dataclass
class OwnPair:
    tenant: Tenant
    connection: PartnerConnection
    peer: Peer

    def arrange(self, group: Group) -> None:
        """Do in the product what its people are asked to do before the cases of a group."""
        if group is Group.UNPAIRED:
            return
        code = self.peer.identity.code_text()
        now = timezone.now()
        pairing.save_code(connection=self.connection, text=code, actor=BOSS, now=now)
        if group in LEVELS:
            connections.set_level(connection=self.connection, level=LEVELS[group], actor=BOSS)
        if group is Group.LEVEL_3:
            self.connection.refresh_from_db()
            number = self.connection.safety_number
            connections.verify(connection=self.connection, safety_number=number, actor=BOSS, now=now)
        if group is Group.PAUSED:
            run_case(CASES["repeat.replayed"], self.peer)
            connections.switch_off(connection=self.connection, actor=BOSS, now=now)
        if group is Group.CLOSED:
            connections.close(connection=self.connection, actor=BOSS, now=now)
        if group is Group.ROTATED:
            shake_hands(self.peer, seconds=PATIENCE)
            assert self.peer.heard().wait_for(lambda heard: heard.path == "/pairing", seconds=PATIENCE)
            self._wait_until_the_kit_is_known()
            connections.rotate_key(connection=self.connection, actor=BOSS, now=now)

    def _wait_until_the_kit_is_known(self) -> None:
        """What the kit can do stands in its answer to the handshake, which the worker is writing down."""
        ends_at = time.monotonic() + PATIENCE
        while "keys" not in self.connection.shared_capabilities:
            assert time.monotonic() < ends_at
            time.sleep(0.05)
            self.connection.refresh_from_db()


@contextlib.contextmanager
def own_pair(tenant: Tenant, port: int) -> Iterator[OwnPair]:
    """The kit, listening on `port`, has our code; what we know of the kit is for `arrange` to say."""
    identity = Identity.new(f"http://127.0.0.1:{port}", datetime.now(UTC))
    connection, unreleased = _offering(tenant)
    identity.enter(pairing.code_text(connection), datetime.now(UTC))
    reception = Reception(identity)
    options = Options(patience=PATIENCE, unreleased=unreleased)
    with listening("127.0.0.1", port, reception.answer), _working(tenant):
        yield OwnPair(tenant, connection, Peer(identity=identity, reception=reception, options=options, is_fresh=True))


def _offering(tenant: Tenant) -> tuple[PartnerConnection, str]:
    """A connection at level 2, a few articles in two categories, and the id of one that is not released."""
    contact = make_contact(tenant, "Conformance kit", is_customer=True, is_supplier=True)
    connection = connections.switch_on(contact=contact, actor=BOSS, now=timezone.now())
    connection = pairing.start_pairing(contact=contact, actor=BOSS, now=timezone.now())
    connections.set_level(connection=connection, level=2, actor=BOSS)
    light = make_category(tenant, "Licht")
    spots = make_category(tenant, "Scheinwerfer", parent=light)
    make_article(tenant, "Dimmer", category=light, picture=make_picture(tenant))
    make_article(tenant, "Lüster für Säle", category=light)
    make_article(tenant, "Moving Head Spot", category=spots)
    make_article(tenant, "Kabelbrücke")
    release(connection=connection, actor=BOSS, everything=True)
    hidden = make_article(tenant, "Not for partners")
    release(connection=connection, actor=BOSS, articles=[hidden], excluded=True)
    return connection, str(hidden.pk)


@contextlib.contextmanager
def _working(tenant: Tenant) -> Iterator[None]:
    """Deliver what is due, and answer the orders that want an answer."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            outbox.deliver_due(now=timezone.now() + SOON, handlers=HANDLERS)
            for order in tenant.partner_orders.filter(direction=Direction.INCOMING, state="requested"):
                if order.document["buyer_reference"] == "KIT-ANSWER":
                    confirm_order(order=order, actor=BOSS, now=timezone.now())
        databases.close_all()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()
