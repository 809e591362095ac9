"""Keys change without a mail, each authenticated by its predecessor (mission P10, protocol §4 `/keys`).

Ours: a new pair is *staged* here and told to the partner, signed by both keys. Once he has it (201) we switch: the new
one is active, the private half of the old one destroyed. He knows both by then and takes the old one for 7 days more,
so whatever we signed before still counts. Whatever dies in between is healed by the next try, which carries the same
idempotency key and is signed by the old key, good there until we have switched.

His: what he tells us is staged; at the first message signed with it, it is his (`client.take_up_peer_key`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.encryption import CannotOpen
from eventworx.errors import BusinessError
from eventworx.messaging.inbox import notify
from eventworx.tenants.roles import Permission
from partners import outbox
from partners.client import Answer, PartnerRefused, Reason, last_words, sentence
from partners.connections.ending import ConnectionEnded
from partners.models import ConnectionKey, Delivery, KeySide, KeyState, PartnerConnection
from partners.models.journal import Deed, partner_actor
from partners.outbox import DeliveryHandlers, DeliveryKind
from partners.protocol.keys import KeyPair, keyid
from partners.protocol.versions import Capability
from partners.protocol.wire import (
    FieldErrors,
    KeyList,
    ProblemCode,
    StoredKey,
    new_key_to_wire,
    parse_stored_key,
)

WORKER = Actor(label="Eventworx")


class NotConnectedYet(BusinessError):
    code = "not-connected"
    status = 409
    message = _("The connection does not stand yet: there is no key to change.")


class NoKeysThere(BusinessError):
    code = "no-keys-there"
    status = 409
    message = _(
        "As far as we know, the installation of %(partner)s cannot change keys yet; “Test connection” asks again. "
        "Until whoever runs that server updates it, “Connect with the partner” makes a new key."
    )


class KeyLost(BusinessError):
    code = "key-lost"
    status = 409

    def __str__(self) -> str:
        return sentence(Reason.OWN_KEY, str(self.params["partner"]))


class KeyFileUnusable(BusinessError):
    code = "key-file-unusable"
    status = 409
    message = _(
        "The key file of this installation cannot be used, so no key can be kept. Whoever runs our installation has to "
        "bring it back."
    )


class UnknownKey(BusinessError):
    code = ProblemCode.NOT_FOUND.value
    status = 404
    message = _("There is no such key.")


class KeyInUse(BusinessError):
    code = ProblemCode.KEY_IN_USE.value
    status = 409
    message = _("This key signs at present.")


class RetiringKey(BusinessError):
    """What a key that is running out may not do any more: whoever stole it would keep the connection for good."""

    code = ProblemCode.STATE.value
    status = 409
    message = _("This key is running out; keys are changed with its successor.")


def add_key(
    *,
    connection: PartnerConnection,
    side: KeySide,
    key: KeyPair | bytes,
    state: KeyState = KeyState.ACTIVE,
    now: datetime,
) -> ConnectionKey:
    """Store a key of one side. Of ours (a pair) the private half is sealed into the row. Raises KeyFileUnusable."""
    raw = key.public if isinstance(key, KeyPair) else key
    row = ConnectionKey(
        tenant_id=connection.tenant_id,
        connection=connection,
        side=side,
        keyid=keyid(raw),
        public_key=raw,
        state=state,
        since=now,
        created_at=now,
    )
    if isinstance(key, KeyPair):
        try:
            row.seal_private_key(key.secret_bytes())
        except CannotOpen as error:
            raise KeyFileUnusable from error
    row.save()
    return row


# Our key


@transaction.atomic
def rotate_key(*, connection: PartnerConnection, actor: Actor, now: datetime) -> ConnectionKey:
    """Begin to change our key ("Schlüssel wechseln"), also while either side has paused; the staged key.

    Where a change is under way already, it is that one. Raises ConnectionEnded, NotConnectedYet, NoKeysThere, KeyLost.
    """
    connection = connection.locked()
    _check_may_rotate(connection)
    staged = connection.keys.filter(side=KeySide.OWN, state=KeyState.STAGED).first()
    if staged:
        return staged
    pair = KeyPair.generate()
    staged = add_key(connection=connection, side=KeySide.OWN, key=pair, state=KeyState.STAGED, now=now)
    outbox.enqueue_delivery(
        connection=connection, kind=DeliveryKind.KEYS, path="/keys", body=new_key_to_wire(pair.public)
    )
    record(tenant=connection.tenant, actor=actor, action=Deed.KEY_STAGED, target=connection, keyid=staged.keyid)
    return staged


def _check_may_rotate(connection: PartnerConnection) -> None:
    if connection.closed_at:
        raise ConnectionEnded
    if not connection.connected_at:
        raise NotConnectedYet
    if Capability.KEYS not in connection.shared_capabilities:
        raise NoKeysThere(partner=connection)
    try:
        connection.own_key()
    except CannotOpen as error:
        raise KeyLost(partner=connection) from error


def _told(delivery: Delivery, answer: Answer, now: datetime) -> None:
    """The partner has our new key: from here on we sign with it. In the transaction that ends the delivery."""
    keys = {key.state: key for key in delivery.connection.keys.filter(side=KeySide.OWN).order_by("since")}
    staged, active = keys[KeyState.STAGED], keys[KeyState.ACTIVE]
    if _keyid_in(answer) != staged.keyid:
        _keep_old_key(delivery, partial(sentence, Reason.RUBBISH, str(delivery.connection)), now)
        return
    active.become(KeyState.DESTROYED, now)
    staged.become(KeyState.ACTIVE, now)
    _record(delivery.connection, Deed.KEY_CHANGED, WORKER, staged.keyid)


def _keyid_in(answer: Answer) -> str:
    try:
        return parse_stored_key(answer.document).keyid
    except FieldErrors:
        return ""


def _refused(delivery: Delivery, refused: PartnerRefused, now: datetime) -> None:
    _keep_old_key(delivery, refused.__str__, now)


def _given_up(delivery: Delivery, last_problem: str, now: datetime) -> None:
    _keep_old_key(delivery, partial(_why_given_up, delivery.connection, last_problem), now)


def _why_given_up(connection: PartnerConnection, last_problem: str) -> str:
    """Seven days are over; the last try says why, be it his server, its certificate or a trouble of its own."""
    passed = gettext("The partner has not taken the new key for 7 days.")
    return f"{passed} {last_words(connection, last_problem)}".strip()


def _keep_old_key(delivery: Delivery, why: Callable[[], str], now: datetime) -> None:
    """The change did not come about. The partner may have stored the new key: nobody will ever use it."""
    connection, after = delivery.connection, _("The former key stays in use.")
    for staged in connection.keys.filter(side=KeySide.OWN, state=KeyState.STAGED):
        staged.become(KeyState.DESTROYED, now)
        _record(connection, Deed.KEY_KEPT, WORKER, staged.keyid)
    notify(
        tenant=connection.tenant,
        permission=Permission.MANAGE_PARTNERS,
        subject=format_lazy(_("Our key for {partner} was not changed"), partner=str(connection)),
        body=lambda: f"{why()} {after}",
        link=connection.tenant.url("partners:tab", connection.contact_id),
    )


KEY_HANDLERS = DeliveryHandlers(delivered=_told, refused=_refused, given_up=_given_up)


# The partner's key


def stage_peer_key(
    *, connection: PartnerConnection, public_key: bytes, signed_with: str, now: datetime
) -> ConnectionKey:
    """Keep the partner's next key, which he has proven to hold; it replaces one that he never used.

    `connection` is locked by the caller, `signed_with` the id of the key that authenticated the partner. To tell a
    key that is his already changes nothing. Raises RetiringKey.
    """
    keys = connection.peer_keys(now)
    _check_may_change_keys(keys, signed_with)
    known = keys.get(keyid(public_key))
    if known:
        return known
    connection.keys.filter(side=KeySide.PEER, state=KeyState.STAGED).delete()
    staged = add_key(connection=connection, side=KeySide.PEER, key=public_key, state=KeyState.STAGED, now=now)
    _record(connection, Deed.PEER_KEY_STAGED, partner_actor(connection), staged.keyid)
    return staged


def _check_may_change_keys(keys: Mapping[str, ConnectionKey], signed_with: str) -> None:
    signer = keys.get(signed_with)
    if signer is None or signer.state == KeyState.RETIRING:
        raise RetiringKey


def list_peer_keys(*, connection: PartnerConnection, now: datetime) -> KeyList:
    """The partner's keys as they are stored here, the oldest first."""
    known = sorted(connection.peer_keys(now).values(), key=lambda key: (key.created_at, key.keyid))
    return KeyList(items=tuple(StoredKey(keyid=key.keyid, state=key.state, since=key.since) for key in known))


@transaction.atomic
def withdraw_peer_key(*, connection: PartnerConnection, keyid: str, signed_with: str, now: datetime) -> None:
    """Forget a key of the partner's that is staged or running out.

    Raises UnknownKey, KeyInUse (the one that signed, or the active one), RetiringKey, ConnectionEnded.
    """
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    keys = connection.peer_keys(now)
    if keyid not in keys:
        raise UnknownKey
    if keyid == signed_with or keys[keyid].state == KeyState.ACTIVE:
        raise KeyInUse
    _check_may_change_keys(keys, signed_with)
    keys[keyid].delete()
    _record(connection, Deed.PEER_KEY_WITHDRAWN, partner_actor(connection), keyid)


def _record(connection: PartnerConnection, deed: Deed, actor: Actor, key: str) -> None:
    record(tenant=connection.tenant, actor=actor, action=deed, target=connection, keyid=key)
