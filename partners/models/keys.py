"""The keys of a connection: one that counts for each side, and in a change of keys its successor or predecessor."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from eventworx.encryption import CannotOpen, Place, open_sealed, seal
from eventworx.tenants.models import Tenant
from partners.models.lookups import Lookup
from partners.protocol.keys import KeyPair

RETIRES_AFTER = timedelta(days=7)  # from the first valid use of its successor (protocol §4)


class KeySide(models.TextChoices):
    OWN = "own", pgettext_lazy("key", "ours")
    PEER = "peer", pgettext_lazy("key", "the partner's")


class KeyState(models.TextChoices):
    """Of ours: staged until the partner has it, then active, in the end destroyed. His retire for 7 days."""

    ACTIVE = "active", pgettext_lazy("key", "in use")
    STAGED = "staged", pgettext_lazy("key", "prepared")
    RETIRING = "retiring", pgettext_lazy("key", "running out")
    DESTROYED = "destroyed", pgettext_lazy("key", "destroyed")


def public_halves(keys: "Mapping[str, ConnectionKey]") -> dict[str, bytes]:
    """Raw public keys by key id, as signatures are verified with."""
    return {keyid: bytes(key.public_key) for keyid, key in keys.items()}


class ConnectionKey(models.Model):
    """An Ed25519 key of one side, `since` when in its state.

    Ours keeps its private half encrypted, bound to this row (security.md §1); its public half is never forgotten,
    so that a code of our own is always recognised (protocol §1, refusal `own`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="connection_keys")
    connection = models.ForeignKey("partners.PartnerConnection", on_delete=models.CASCADE, related_name="keys")
    side = models.CharField(max_length=4, choices=KeySide.choices)
    keyid = models.CharField(max_length=16)
    public_key = models.BinaryField(max_length=32)
    sealed_private_key = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=KeyState.choices, default=KeyState.ACTIVE)
    since = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "side"],
                condition=Q(state=KeyState.ACTIVE),
                name="one_active_key_per_side",
            ),
            models.UniqueConstraint(
                fields=["connection", "side"],
                condition=Q(state=KeyState.STAGED),
                name="one_staged_key_per_side",
            ),
        ]
        indexes = [models.Index(fields=["keyid"], name="keys_by_keyid")]

    def __str__(self) -> str:
        return f"{self.side} {self.keyid}"

    @property
    def place(self) -> Place:
        return Place("partners_connectionkey", str(self.pk), "private_key", self.tenant_id)

    def seal_private_key(self, raw: bytes) -> None:
        self.sealed_private_key = seal(raw, self.place)

    def open_private_key(self) -> bytes:
        """The raw private key, decrypted for this one use; raises CannotOpen."""
        return open_sealed(self.sealed_private_key, self.place)

    def opens(self) -> bool:
        """Whether the private half can still be decrypted."""
        try:
            self.open_private_key()
        except CannotOpen:
            return False
        return True

    @property
    def retires_at(self) -> datetime | None:
        """From when on a key that runs out is refused."""
        return self.since + RETIRES_AFTER if self.state == KeyState.RETIRING else None

    def is_retired(self, now: datetime) -> bool:
        """Whether it counts for nothing any more; judged when read, whoever sweeps when."""
        return self.retires_at is not None and self.retires_at <= now

    def become(self, state: KeyState, now: datetime) -> None:
        """Enter a state; the private half ends with the key."""
        self.state, self.since = state, now
        changed = ["state", "since"]
        if state is KeyState.DESTROYED:
            self.sealed_private_key = ""
            changed.append("sealed_private_key")  # and only then: master keys may be changing meanwhile
        self.save(update_fields=changed)

    @classmethod
    def of(cls, connection_id: uuid.UUID) -> "Iterator[ConnectionKey]":
        """The keys of both sides, in whatever state."""
        return _of_connection.rows(connection_id)

    @classmethod
    def beside(cls, relation: str) -> "dict[str, F]":
        """The columns of a key for `annotate`, where something else is read and keys, its `relation`, with it."""
        return {f"key_{field.attname}": F(f"{relation}__{field.name}") for field in cls._meta.concrete_fields}

    @classmethod
    def all_beside(cls, rows: "Iterable[Sequence[Any]]") -> "list[ConnectionKey]":
        """The keys that were read so; a row without one has its columns all the same."""
        names = [field.attname for field in cls._meta.concrete_fields]
        return [cls.from_db(None, names, row) for row in rows if row[0]]

    @classmethod
    def is_own(cls, public_key: bytes) -> bool:
        """Whether this installation ever made it."""
        return cls.objects.filter(side=KeySide.OWN, public_key=public_key).exists()

    @classmethod
    def is_peers(cls, public_key: bytes, *, besides: uuid.UUID) -> bool:
        """Whether it is the partner's in another connection than `besides`."""
        return cls.objects.filter(side=KeySide.PEER, public_key=public_key).exclude(connection=besides).exists()

    @classmethod
    def forget_retired(cls, now: datetime) -> None:
        """Delete, over all tenants, what has been refused for good."""
        gone = cls.objects.filter(side=KeySide.PEER, state=KeyState.RETIRING, since__lte=now - RETIRES_AFTER)
        gone.delete()


def proving(keys: Iterable[ConnectionKey], now: datetime) -> dict[str, ConnectionKey]:
    """Of a connection's keys those, by key id, that prove a message to be the partner's."""
    return {key.keyid: key for key in keys if key.side == KeySide.PEER and not key.is_retired(now)}


def signing(keys: Iterable[ConnectionKey], state: KeyState = KeyState.ACTIVE) -> KeyPair:
    """Of a connection's keys our own pair, its private half decrypted for this one use; raises CannotOpen,
    ConnectionKey.DoesNotExist."""
    for key in keys:
        if key.side == KeySide.OWN and key.state == state:
            return KeyPair.from_raw(key.open_private_key())
    raise ConnectionKey.DoesNotExist


_of_connection = Lookup(lambda connection_id: ConnectionKey.objects.filter(connection=connection_id))
