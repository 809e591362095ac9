"""On which terms we lend to a partner: what he sees of our stock (mission R4)."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from partners.connections.ending import ConnectionEnded
from partners.models import PartnerConnection
from partners.models.journal import Deed
from partners.shown_stock import StockMode

MOST_UNITS = 999_999  # what a line of an order can ask for at most (protocol §4)


class CapNeeded(BusinessError):
    code = "cap-needed"
    message = _("Please enter up to which figure the partner learns how many are free.")
    field = "stock_cap"


@transaction.atomic
def set_stock_terms(
    *,
    connection: PartnerConnection,
    stock_mode: StockMode,
    stock_cap: int | None,
    stock_kept_back: int,
    actor: Actor,
) -> PartnerConnection:
    """How much of our stock this partner sees from his next request on. Units are 0 to MOST_UNITS.

    `stock_cap` counts where the mode is capped and may be None otherwise. Raises CapNeeded, ConnectionEnded.
    """
    if stock_mode is StockMode.CAPPED and not stock_cap:
        raise CapNeeded
    wanted: dict[str, object] = {"stock_mode": stock_mode, "stock_kept_back": stock_kept_back}
    if stock_cap:
        wanted["stock_cap"] = stock_cap
    return _write(connection, wanted, Deed.STOCK_SHOWN, actor)


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
