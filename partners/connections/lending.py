"""On which terms we lend to a partner: what he sees of our stock, what a machine may promise him (mission R4, R5)."""

from datetime import datetime
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from partners.connections.ending import ConnectionEnded
from partners.guard_rails import PROPOSED
from partners.models import PartnerConnection
from partners.models.journal import Deed
from partners.shown_stock import StockMode

MOST_UNITS = 999_999  # what a line of an order can ask for at most (protocol §4)


class CapNeeded(BusinessError):
    code = "cap-needed"
    message = _("Please enter up to which figure the partner learns how many are free.")
    field = "stock_cap"


class ShownStock(TypedDict, total=False):
    """How much of our stock a partner sees; units are 0 to MOST_UNITS. `stock_cap` counts where the mode is capped and
    may be None otherwise."""

    stock_mode: StockMode
    stock_cap: int | None
    stock_kept_back: int


class Limits(TypedDict, total=False):
    """Beyond what a person confirms; None: no limit. `most_net` is in the tenant's currency."""

    most_units: int | None
    most_net: Decimal | None
    lead_hours: int
    horizon_days: int | None
    most_orders: int | None


@transaction.atomic
def set_stock_terms(*, connection: PartnerConnection, actor: Actor, **terms: Unpack[ShownStock]) -> PartnerConnection:
    """How much of our stock this partner sees from his next request on; what is not named stays as it is now.

    Raises CapNeeded, ConnectionEnded.
    """
    connection, wanted = connection.locked(), dict[str, object](terms)
    if "stock_cap" in terms and not terms["stock_cap"]:
        if terms.get("stock_mode", connection.stock_mode) == StockMode.CAPPED:
            raise CapNeeded
        del wanted["stock_cap"]
    return _write(connection, wanted, Deed.STOCK_SHOWN, actor)


@transaction.atomic
def set_guard_rails(*, connection: PartnerConnection, actor: Actor, **limits: Unpack[Limits]) -> PartnerConnection:
    """Beyond what a person has to confirm this partner's orders, from the next one on; what is not named stays as it is
    now. Raises ConnectionEnded."""
    return _write(connection, dict[str, object](limits), Deed.GUARD_RAILS_SET, actor)


@transaction.atomic
def propose_guard_rails(*, connection: PartnerConnection, actor: Actor) -> PartnerConnection:
    """Where no limit is set the PROPOSED one holds from now on; an admin may take it away. Raises ConnectionEnded."""
    wanted: dict[str, object] = {name: at for name, at in PROPOSED.items() if getattr(connection, name) is None}
    return _write(connection, wanted, Deed.GUARD_RAILS_SET, actor)


@transaction.atomic
def pull_brake(*, tenant: Tenant, connection: PartnerConnection | None = None, actor: Actor, now: datetime) -> None:
    """From the commit on no machine confirms an order of this partner, or without `connection` of anybody.

    Orders on their way through are waited for: whoever has pulled it knows that nothing more is promised.
    Raises ConnectionEnded.
    """
    if connection and connection.locked().closed_at:
        raise ConnectionEnded
    if connection is None:
        list(tenant.partner_connections.open().order_by("pk").select_for_update())
    _brake, is_new = tenant.partner_brakes.get_or_create(connection=connection, defaults={"pulled_at": now})
    if is_new:
        deed = Deed.BRAKE_PULLED if connection else Deed.BRAKE_PULLED_FOR_ALL
        record(tenant=tenant, actor=actor, action=deed, target=connection or tenant)


@transaction.atomic
def release_brake(*, tenant: Tenant, connection: PartnerConnection | None = None, actor: Actor) -> None:
    """Let machines confirm again what keeps within the limits; what has waited goes on waiting for a person."""
    released, _rows = tenant.partner_brakes.filter(connection=connection).delete()
    if released:
        deed = Deed.BRAKE_RELEASED if connection else Deed.BRAKE_RELEASED_FOR_ALL
        record(tenant=tenant, actor=actor, action=deed, target=connection or tenant)


def _write(connection: PartnerConnection, wanted: dict[str, object], deed: Deed, actor: Actor) -> PartnerConnection:
    """The connection with what is wanted, and one entry in the journal that names what changed to what."""
    connection = connection.locked()
    if connection.closed_at:
        raise ConnectionEnded
    changed = {name: value for name, value in wanted.items() if getattr(connection, name) != value}
    if not changed:
        return connection
    for name, value in changed.items():
        setattr(connection, name, value)
    connection.save(update_fields=list(changed))
    said = {name: value if value is None or isinstance(value, int) else str(value) for name, value in changed.items()}
    record(tenant=connection.tenant, actor=actor, action=deed, target=connection, **said)
    return connection
