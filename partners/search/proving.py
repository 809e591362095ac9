"""What a partner has free of one article of his, with the proof that he gives for it (mission §6, protocol §4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from partners import client
from partners.access import is_askable
from partners.client import PartnerUnreachable, Reason
from partners.models import PartnerConnection
from partners.protocol.versions import Capability
from partners.protocol.wire import Availability, Json, Listing, Stock, instant_text, parse_availability
from partners.protocol.wire.fields import LAST_INSTANT
from partners.search.asking import count_question, refuse_own_pause, taken

_FOR_GOOD = LAST_INSTANT - timedelta(seconds=1)  # what is sold stays away until then, or longer


@dataclass(frozen=True, slots=True)
class PartnerProof:
    """Of `quantity` units in `period`, as the partner said at `as_of`. `bottleneck`: when the fewest are free for the
    first time, which only who tells exact figures says. His preparation and turnaround are counted."""

    period: Period
    quantity: int
    stock: Stock | None
    bottleneck: Period | None
    as_of: datetime

    @property
    def is_throughout(self) -> bool:
        """Whether at every instant of the period as few are free as at any other."""
        return self.bottleneck == self.period

    @property
    def is_for_good(self) -> bool:
        """Whether it stays as scarce as that."""
        return self.bottleneck is not None and self.bottleneck.end >= _FOR_GOOD


def can_be_proved(*, connection: PartnerConnection, listing: Listing, period: Period) -> bool:
    """Whether the partner tells stock, has announced that he answers for it, and is asked about no more than he may."""
    announced = Capability.AVAILABILITY in connection.shared_capabilities
    return listing.stock is not None and announced and is_askable(period)


def prove_at_partner(
    *, asker: User, connection: PartnerConnection, article_id: str, period: Period, quantity: int, now: datetime
) -> PartnerProof:
    """Ask the partner for so many units; nothing is promised by his answer. Counted with the searches of who asks.

    Raises TooManySearches, PausedHere, PartnerProblem.
    """
    count_question(asker=asker, now=now)
    refuse_own_pause(connection)
    asked: Json = {
        "period": _zoned(period, connection.tenant),
        "lines": [{"article": article_id, "quantity": quantity}],
    }
    answer = client.call(connection=connection, method="POST", path="/availability", body=asked)
    found: Availability = taken(connection, parse_availability, answer.document)
    line = next((line for line in found.lines if line.article == article_id), None)
    if line is None:
        raise PartnerUnreachable(Reason.RUBBISH, partner=str(connection))
    told = line.bottleneck
    return PartnerProof(
        period=period,
        quantity=quantity,
        stock=line.stock,
        bottleneck=Period.spanning(told.start, told.end) if told else None,
        as_of=found.as_of or answer.received_at,
    )


def _zoned(period: Period, tenant: Tenant) -> Json:
    return {"start": instant_text(period.start), "end": instant_text(period.end), "zone": tenant.time_zone}
