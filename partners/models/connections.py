"""Connections and their keys."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from partners.access import ALLOWS, AccessLevel, effective_level
from partners.guard_rails import GuardRails
from partners.models.keys import ConnectionKey, KeySide, KeyState, proving, signing
from partners.models.lookups import Lookup
from partners.protocol.connection_state import ConnectionFacts, ConnectionState, connection_state
from partners.protocol.keys import KeyPair
from partners.protocol.versions import FIRST, OURS, Agreement, NoCommonVersion, Offer, agree
from partners.shown_stock import StockMode, StockTerms

# What an admin grants a partner, and a connection that follows an ended one takes over.
GRANTED = (
    "level",
    "stock_mode",
    "stock_cap",
    "stock_kept_back",
    "most_units",
    "most_net",
    "lead_hours",
    "horizon_days",
    "most_orders",
)


class ConnectionQuerySet(models.QuerySet["PartnerConnection"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def entered(self) -> Self:
        """Those for which the partner's code was entered."""
        return self.filter(peer_key_at__isnull=False)

    def latest_first(self) -> Self:
        """The open one, then the ended ones, the last to end first."""
        return self.order_by(F("closed_at").desc(nulls_first=True), "-created_at")

    def suppliers(self) -> Self:
        """Connected suppliers; whether they answer now, they say when they are asked."""
        return self.open().filter(connected_at__isnull=False, contact__is_supplier=True)

    def lending_to_us(self) -> Self:
        """Suppliers worth offering as a source: not paused by us, not known to offer us nothing."""
        return self.suppliers().filter(paused_at__isnull=True).exclude(peer_level=0)

    def by_name(self) -> Self:
        return self.order_by("contact__sort_key", "pk")


class PartnerConnection(models.Model):
    """One pairing of a contact with a tenant on another server. Stores facts; its state is derived from them.

    `id` is our side's connection id on the wire. `level` is what we offer the partner. Times are UTC.
    A new pairing is a new row; the old one is kept, closed, with its orders (protocol §2).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_connections")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="partner_connections")
    level = models.PositiveSmallIntegerField(choices=AccessLevel.choices, default=AccessLevel.NONE)
    # How much of our stock he sees from level 2 on (mission R4).
    stock_mode = models.CharField(max_length=10, choices=StockMode.choices, default=StockMode.EXACT)
    stock_cap = models.PositiveIntegerField(default=10)
    stock_kept_back = models.PositiveIntegerField(default=0)
    # Beyond these no machine confirms his order on level 3 (mission R5); None: no limit. In the tenant's currency.
    most_units = models.PositiveIntegerField(null=True, blank=True)
    most_net = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    lead_hours = models.PositiveIntegerField(default=0)
    horizon_days = models.PositiveIntegerField(null=True, blank=True)
    most_orders = models.PositiveIntegerField(null=True, blank=True)

    code_expires_at = models.DateTimeField(null=True, blank=True)
    code_sent_at = models.DateTimeField(null=True, blank=True)

    peer_connection_id = models.UUIDField(null=True, blank=True)
    peer_origin = models.CharField(max_length=255, blank=True)
    peer_tenant_id = models.CharField(max_length=64, blank=True)
    peer_display_name = models.CharField(max_length=80, blank=True)
    peer_code_expires_at = models.DateTimeField(null=True, blank=True)
    peer_key_at = models.DateTimeField(null=True, blank=True)
    safety_number = models.CharField(max_length=40, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    connected_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    peer_paused_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_peer = models.BooleanField(default=False)

    peer_level = models.PositiveSmallIntegerField(null=True, blank=True)
    peer_protocol_min = models.CharField(max_length=100, blank=True)
    peer_protocol_max = models.CharField(max_length=100, blank=True)
    peer_capabilities = models.JSONField(default=list, blank=True)
    last_heard_at = models.DateTimeField(null=True, blank=True)

    # How our last call went: its problem, '' where it was answered; and since when, how often in a row nothing came
    # back, and until when he is left in peace for that. Written by `partners.client` alone.
    last_problem = models.CharField(max_length=30, blank=True)
    last_problem_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner connection")
        verbose_name_plural = _("partner connections")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contact"], condition=Q(closed_at__isnull=True), name="one_open_connection"
            ),
            models.UniqueConstraint(
                fields=["peer_connection_id"],
                condition=Q(peer_connection_id__isnull=False),
                name="peer_id_once",
            ),
            models.CheckConstraint(condition=Q(stock_mode__in=StockMode.values), name="stock_mode_known"),
            models.CheckConstraint(condition=Q(stock_cap__gte=1), name="stock_cap_positive"),
        ]

    def __str__(self) -> str:
        return self.peer_display_name or str(self.contact)

    @property
    def effective_level(self) -> AccessLevel:
        """The level in force at this moment (mission P2); needs `contact` loaded."""
        return effective_level(
            level=self.level, is_customer=self.contact.is_customer, is_verified=self.verified_at is not None
        )

    @property
    def granted(self) -> dict[str, Any]:
        """What we granted this partner, for the connection that follows this one."""
        return {name: getattr(self, name) for name in GRANTED}

    @property
    def stock_terms(self) -> StockTerms | None:
        """How much of our stock he sees at this moment; None below level 2."""
        if not ALLOWS[self.effective_level].stock:
            return None
        return StockTerms(mode=StockMode(self.stock_mode), cap=self.stock_cap, kept_back=self.stock_kept_back)

    @property
    def guard_rails(self) -> GuardRails:
        """Beyond what a person has to confirm his orders."""
        return GuardRails(
            most_units=self.most_units,
            most_net=self.most_net,
            lead_hours=self.lead_hours,
            horizon_days=self.horizon_days,
            most_orders=self.most_orders,
        )

    def own_key(self, state: KeyState = KeyState.ACTIVE) -> KeyPair:
        """Our key pair, its private half decrypted for this one use; raises CannotOpen, ConnectionKey.DoesNotExist."""
        return signing(ConnectionKey.of(self.pk), state)

    def pairing_key(self) -> ConnectionKey:
        """The key that stood in our code: the safety number is made of it whatever came after (protocol §1)."""
        return self.keys.filter(side=KeySide.OWN).earliest("created_at")

    def peer_keys(self, now: datetime) -> dict[str, ConnectionKey]:
        """The keys by key id that prove a message to be the partner's; none before his code was entered.

        After the end they are kept: they prove who is told that it is over, and are never entered again.
        """
        return proving(ConnectionKey.of(self.pk), now)

    def agreement(self) -> Agreement:
        """What we speak with this partner, after what he last said of himself; raises NoCommonVersion.

        Who has said nothing yet speaks the first version and no more.
        """
        low, high = self.peer_protocol_min or str(FIRST), self.peer_protocol_max or str(FIRST)
        return agree(OURS, Offer.parse(low, high, self.peer_capabilities))

    @property
    def shared_capabilities(self) -> frozenset[str]:
        """What both sides offer beyond the core of the protocol; nothing where no version is common."""
        try:
            return self.agreement().capabilities
        except NoCommonVersion:
            return frozenset()

    def locked(self) -> "PartnerConnection":
        """This row under lock until the transaction ends, and then, read anew, its tenant and contact.

        They are read by statements of their own: on PostgreSQL a join would show the contact as it was
        before we waited.
        """
        rows = type(self).objects.select_for_update().prefetch_related("tenant", "contact")
        return rows.get(pk=self.pk)

    def reread(self) -> "PartnerConnection":
        """This row as it is now, with its tenant and contact."""
        return type(self).objects.select_related("tenant", "contact").get(pk=self.pk)

    def rests(self, now: datetime) -> bool:
        """Whether he is left in peace at this moment, because nothing came back several times in a row."""
        return self.retry_at is not None and now < self.retry_at

    def claim_probe(self, *, until: datetime) -> bool:
        """Of all who find that his rest is over one tries him; the others find him at rest `until` then."""
        return type(self).objects.filter(pk=self.pk, retry_at=self.retry_at).update(retry_at=until) == 1

    def still_rests(self) -> bool:
        """Whether he is not asked, read anew; somebody else may have got an answer meanwhile."""
        self.refresh_from_db(fields=["retry_at", "failing_since"])
        return self.retry_at is not None

    @property
    def facts(self) -> ConnectionFacts:
        return ConnectionFacts(
            code_sent_at=self.code_sent_at,
            peer_key_at=self.peer_key_at,
            connected_at=self.connected_at,
            paused_at=self.paused_at,
            peer_paused_at=self.peer_paused_at,
            closed_at=self.closed_at,
        )

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands, derived from its facts (protocol §2)."""
        return connection_state(self.facts)

    @classmethod
    def for_wire_id(cls, connection_id: uuid.UUID) -> "tuple[PartnerConnection | None, list[ConnectionKey]]":
        """The connection that a request names, and the keys of both its sides, in one statement: the one look-up that
        starts at no tenant."""
        connection, keys = _by_wire_id.first(connection_id)
        return connection, ConnectionKey.all_beside(keys)

    @classmethod
    def strangers(cls) -> ConnectionQuerySet:
        """Connected partners who never told us what they speak, over all tenants."""
        silent = cls.objects.open().filter(connected_at__isnull=False, peer_protocol_min="", peer_capabilities=[])
        return silent.select_related("tenant", "contact").order_by("pk")

    @classmethod
    def ever_issued(cls, *, connection_id: uuid.UUID, public_key: bytes) -> bool:
        """Whether this installation made that id or key at any time (protocol §1, refusal `own`)."""
        return cls.objects.filter(pk=connection_id).exists() or ConnectionKey.is_own(public_key)

    @classmethod
    def is_entered(cls, *, connection_id: uuid.UUID, public_key: bytes, besides: uuid.UUID) -> bool:
        """Whether that id or key is entered for another connection (protocol §1, refusal `in-use`)."""
        entered = cls.objects.filter(peer_connection_id=connection_id).exclude(pk=besides)
        return entered.exists() or ConnectionKey.is_peers(public_key, besides=besides)


def _with_keys(pk: uuid.UUID) -> ConnectionQuerySet:
    rows = PartnerConnection.objects.select_related("tenant", "contact").filter(pk=pk)
    return rows.annotate(**ConnectionKey.beside("keys"))


_by_wire_id = Lookup(_with_keys)
