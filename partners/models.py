"""The partner network: connections and their keys, what is released, what goes back and forth."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.encryption import Place, open_sealed, seal
from eventworx.tenants.models import Tenant
from inventory.models import Article, Category
from jobs.models import Inquiry, SubRentalOrder
from partners.access import AccessLevel, effective_level
from partners.protocol.connection_state import ConnectionFacts, ConnectionState, connection_state
from partners.protocol.keys import KeyPair


class ConnectionQuerySet(models.QuerySet["PartnerConnection"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def latest_first(self) -> Self:
        """The open one, then the ended ones, the last to end first."""
        return self.order_by(F("closed_at").desc(nulls_first=True), "-created_at")

    def usable(self) -> Self:
        """Connected, not closed, paused by neither side."""
        return self.open().filter(connected_at__isnull=False, paused_at__isnull=True, peer_paused_at__isnull=True)

    def lending_to_us(self) -> Self:
        """Suppliers whose material can be searched and ordered now: usable, and not known to offer us nothing."""
        return self.usable().filter(contact__is_supplier=True).exclude(peer_level=0)

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
    last_heard_at = models.DateTimeField(null=True, blank=True)
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
        ]

    def __str__(self) -> str:
        return self.peer_display_name or str(self.contact)

    @property
    def effective_level(self) -> AccessLevel:
        """The level in force at this moment (mission P2); needs `contact` loaded."""
        return effective_level(level=self.level, is_customer=self.contact.is_customer)

    def own_key(self) -> KeyPair:
        """Our key pair, its private half decrypted for this one use."""
        return KeyPair.from_raw(self.keys.get(side=KeySide.OWN, state=KeyState.ACTIVE).open_private_key())

    def peer_keys(self) -> dict[str, bytes]:
        """The partner's public keys by key id; none before his code was entered.

        After the end they are kept: they prove who is told that it is over, and are never entered again.
        """
        return {key.keyid: bytes(key.public_key) for key in self.keys.filter(side=KeySide.PEER)}

    def locked(self) -> "PartnerConnection":
        """This row under lock until the transaction ends, and then, read anew, its tenant and contact.

        They are read by statements of their own: on PostgreSQL a join would show the contact as it was
        before we waited.
        """
        rows = type(self).objects.select_for_update().prefetch_related("tenant", "contact")
        return rows.get(pk=self.pk)

    @property
    def facts(self) -> ConnectionFacts:
        return ConnectionFacts(
            code_sent_at=self.code_sent_at,
            peer_key_at=self.peer_key_at,
            connected_at=self.connected_at,
            verified_at=self.verified_at,
            paused_at=self.paused_at,
            peer_paused_at=self.peer_paused_at,
            closed_at=self.closed_at,
        )

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands, derived from its facts (protocol §2)."""
        return connection_state(self.facts)

    @classmethod
    def for_wire_id(cls, connection_id: uuid.UUID) -> "PartnerConnection | None":
        """The connection that a request names: the one look-up that starts at no tenant."""
        return cls.objects.select_related("tenant", "contact").filter(pk=connection_id).first()

    @classmethod
    def ever_issued(cls, *, connection_id: uuid.UUID, public_key: bytes) -> bool:
        """Whether this installation made that id or key at any time (protocol §1, refusal `own`)."""
        own = ConnectionKey.objects.filter(side=KeySide.OWN, public_key=public_key)
        return cls.objects.filter(pk=connection_id).exists() or own.exists()

    @classmethod
    def is_entered(cls, *, connection_id: uuid.UUID, public_key: bytes, besides: uuid.UUID) -> bool:
        """Whether that id or key is entered for another connection (protocol §1, refusal `in-use`)."""
        keys = ConnectionKey.objects.filter(side=KeySide.PEER, public_key=public_key).exclude(connection=besides)
        return cls.objects.filter(peer_connection_id=connection_id).exclude(pk=besides).exists() or keys.exists()


class KeySide(models.TextChoices):
    OWN = "own", _("ours")
    PEER = "peer", _("partner's")


class KeyState(models.TextChoices):
    ACTIVE = "active", _("active")
    STAGED = "staged", _("staged")
    RETIRING = "retiring", _("retiring")
    DESTROYED = "destroyed", _("destroyed")


class ConnectionKey(models.Model):
    """An Ed25519 key of one side. Ours keeps its private half encrypted, bound to this row (security.md §1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="connection_keys")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="keys")
    side = models.CharField(max_length=4, choices=KeySide.choices)
    keyid = models.CharField(max_length=16)
    public_key = models.BinaryField(max_length=32)
    sealed_private_key = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=KeyState.choices, default=KeyState.ACTIVE)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "side"],
                condition=Q(state=KeyState.ACTIVE),
                name="one_active_key_per_side",
            ),
        ]
        indexes = [models.Index(fields=["keyid"], name="keys_by_keyid")]

    def __str__(self) -> str:
        return f"{self.side} {self.keyid}"

    @property
    def _place(self) -> Place:
        return Place("partners_connectionkey", str(self.pk), "private_key", self.tenant_id)

    def seal_private_key(self, raw: bytes) -> None:
        self.sealed_private_key = seal(raw, self._place)

    def open_private_key(self) -> bytes:
        """The raw private key, decrypted for this one use; raises CannotOpen."""
        return open_sealed(self.sealed_private_key, self._place)


class Release(models.Model):
    """What a partner may see and order (mission R1): an article, a category with its branches, or everything.

    With `excluded` it takes something away again. A released article wins over an excluded category.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="releases")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="releases")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, null=True, blank=True, related_name="releases")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, null=True, blank=True, related_name="releases")
    everything = models.BooleanField(default=False)
    excluded = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        constraints = [
            models.CheckConstraint(
                condition=Q(article__isnull=False, category__isnull=True, everything=False)
                | Q(article__isnull=True, category__isnull=False, everything=False)
                | Q(article__isnull=True, category__isnull=True, everything=True, excluded=False),
                name="release_names_one_thing",
            ),
            models.UniqueConstraint(
                fields=["connection", "article"],
                condition=Q(article__isnull=False),
                name="article_released_once",
            ),
            models.UniqueConstraint(
                fields=["connection", "category"],
                condition=Q(category__isnull=False),
                name="category_released_once",
            ),
            models.UniqueConstraint(
                fields=["connection"], condition=Q(everything=True), name="everything_released_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.article or self.category or _("everything"))


class ArticleLinkQuerySet(models.QuerySet["ArticleLink"]):
    def standing(self, partner_article_id: str) -> Self:
        """The link of a partner's article, if our article is still in use."""
        return self.filter(partner_article_id=partner_article_id, article__archived_at__isnull=True)


class ArticleLink(models.Model):
    """A person's decision that a partner's article is one of ours (mission J4)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="article_links")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="article_links")
    partner_article_id = models.CharField(max_length=64)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="partner_links")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="article_links"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ArticleLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("article link")
        verbose_name_plural = _("article links")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contact", "partner_article_id"], name="partner_article_linked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact}: {self.partner_article_id} = {self.article}"


class PartnerListing(models.Model):
    """A partner's article as he last described it to us when somebody picked it (the listing of protocol §4)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_listings")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="partner_listings")
    partner_article_id = models.CharField(max_length=64)
    document = models.JSONField()
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "contact", "partner_article_id"], name="partner_listing_once")
        ]

    def __str__(self) -> str:
        return f"{self.contact}: {self.partner_article_id}"


class Direction(models.TextChoices):
    OUTGOING = "outgoing", _("we order")
    INCOMING = "incoming", _("partner orders")


class PartnerOrder(models.Model):
    """An order as it stands on the wire: the document with its version, beside our own business record.

    `mailed_at`: when its mail to the supplier was written, which happens once.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_orders")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.PROTECT, related_name="orders")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    order_id = models.UUIDField()
    version = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=20)
    document = models.JSONField()
    sub_rental_order = models.OneToOneField(
        SubRentalOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="partner_order"
    )
    inquiry = models.OneToOneField(
        Inquiry, on_delete=models.PROTECT, null=True, blank=True, related_name="partner_order"
    )
    mailed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("partner order")
        verbose_name_plural = _("partner orders")
        constraints = [
            models.UniqueConstraint(fields=["connection", "order_id"], name="partner_order_once"),
            models.CheckConstraint(
                condition=Q(direction="outgoing", sub_rental_order__isnull=False, inquiry__isnull=True)
                | Q(direction="incoming", sub_rental_order__isnull=True, inquiry__isnull=False),
                name="partner_order_has_its_record",
            ),
        ]
        indexes = [models.Index(fields=["connection", "updated_at", "id"], name="orders_by_change")]

    def __str__(self) -> str:
        return str(self.order_id)


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("queued")
    DELIVERED = "delivered", _("delivered")
    PARKED = "parked", _("parked")
    FAILED = "failed", _("failed")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=[DeliveryState.QUEUED, DeliveryState.PARKED])

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def due(self, now: datetime) -> Self:
        """Deliveries to attempt now, the oldest first; of one order only its first unfinished one."""
        earlier = Delivery.objects.filter(
            order=OuterRef("order"),
            pk__lt=OuterRef("pk"),
            state__in=[DeliveryState.QUEUED, DeliveryState.PARKED],
        )
        return (
            self.filter(state__in=[DeliveryState.QUEUED, DeliveryState.PARKED], next_attempt_at__lte=now)
            .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=now))
            .filter(Q(order__isnull=True) | ~Exists(earlier))
            .order_by("next_attempt_at", "pk")
        )


class Delivery(models.Model):
    """The outbox: something a partner must learn, written in the transaction of the deed (mission O6).

    `body` is what goes on the wire, `idempotency_key` the same in every attempt. A worker claims a row for a
    while (`claimed_until`), so that a killed worker's row is taken up by the next. `last_problem` is the code of
    the last failure ("unreachable", "paused" …).
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="deliveries")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="deliveries")
    order = models.ForeignKey(PartnerOrder, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries")
    kind = models.CharField(max_length=20)
    path = models.CharField(max_length=200)
    body = models.JSONField()
    idempotency_key = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField(null=True, blank=True)
    last_problem = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state__in=["queued", "parked"]), name="deliveries_due"
            ),
            models.Index(fields=["connection", "state"], name="deliveries_by_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.connection_id}"

    @classmethod
    def due_ids(cls, now: datetime, limit: int) -> list[tuple[int, uuid.UUID]]:
        """What the worker takes up next, over all tenants: (delivery, connection)."""
        return list(cls.objects.due(now).values_list("pk", "connection_id")[:limit])

    @classmethod
    def locked_if_due(cls, delivery_id: int, now: datetime) -> "Delivery | None":
        """The row under lock if it is due and nobody else holds it."""
        rows = cls.objects.select_for_update(skip_locked=True, of=("self",)).due(now)
        return rows.filter(pk=delivery_id).first()

    @classmethod
    def locked(cls, delivery_id: int) -> "Delivery":
        return cls.objects.select_for_update().get(pk=delivery_id)


class SeenNonce(models.Model):
    """A nonce that a validly signed request used; the unique index is the replay guard (protocol §3)."""

    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="seen_nonces")
    nonce = models.CharField(max_length=86)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "nonce"], name="nonce_once")]
        indexes = [models.Index(fields=["seen_at"], name="nonces_by_age")]

    def __str__(self) -> str:
        return self.nonce


class StoredAnswer(models.Model):
    """The answer to a request with an idempotency key, kept for its repetitions (protocol §6)."""

    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="stored_answers")
    key = models.UUIDField()
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="stored_answer_once")]
        indexes = [models.Index(fields=["created_at"], name="answers_by_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
