"""What an exchange with a partner tells beside its content."""

from datetime import datetime

from django.db import transaction

from eventworx.audit import record
from partners.models import KeySide, KeyState, PartnerConnection
from partners.models.journal import Deed, partner_actor


@transaction.atomic
def take_up_peer_key(*, connection: PartnerConnection, keyid: str, now: datetime) -> None:
    """The partner signs with the key he announced: it is his from now on, its predecessor runs out (protocol §4)."""
    connection = connection.locked()
    keys = {key.state: key for key in connection.keys.filter(side=KeySide.PEER).order_by("since")}
    new, old = keys.get(KeyState.STAGED), keys.get(KeyState.ACTIVE)
    if connection.closed_at or new is None or new.keyid != keyid:
        return
    if old:
        old.become(KeyState.RETIRING, now)
    new.become(KeyState.ACTIVE, now)
    record(
        tenant=connection.tenant,
        actor=partner_actor(connection),
        action=Deed.PEER_KEY_CHANGED,
        target=connection,
        keyid=keyid,
    )
