"""Questions to all partners, and what has come of them so far."""

import itertools
import time
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from eventworx.tenants.models import User
from partners import search
from partners.search import Gathered, Order, Standing
from tests.partners.many import Many

DEADLINE = 1.0


turns = itertools.count()


def ask(trade: Many, query: str = "par", dialog: UUID | None = None, asker: User | None = None) -> UUID:
    asked = search.gather(
        tenant=trade.tenant,
        asker=asker or trade.asker,
        dialog=dialog or uuid4(),
        turn=next(turns),
        wanted=trade.wanted(query),
        now=timezone.now(),
    )
    assert asked
    return asked


def look(trade: Many, asked: UUID, order: Order = Order.RELEVANCE, later: float = 0) -> Gathered:
    now = timezone.now() + timedelta(seconds=later)
    found = search.gathered(tenant=trade.tenant, asker=trade.asker, gathering=asked, order=order, now=now)
    assert found
    return found


def is_gone(trade: Many, asked: UUID) -> bool:
    named = {"tenant": trade.tenant, "asker": trade.asker, "gathering": asked, "now": timezone.now()}
    return search.news_of(**named) == "" and search.gathered(order=Order.FREE, **named) is None  # type: ignore[arg-type]


def standings(found: Gathered) -> dict[str, Standing]:
    return {reply.connection.contact.name.split()[0].lower(): reply.standing for reply in found.replies}


def follow(trade: Many, asked: UUID, seconds: float = 6) -> Gathered:
    """Look until everybody has answered."""
    end = time.monotonic() + seconds
    while (found := look(trade, asked)).is_open and time.monotonic() < end:
        time.sleep(0.02)
    return found


def until_answered(trade: Many, asked: UUID, *names: str) -> Gathered:
    """Look until these have answered, which they must before the slow ones end."""
    started = time.monotonic()
    while any(standings(found := look(trade, asked))[name].is_open for name in names):
        assert time.monotonic() - started < DEADLINE * 0.8, "the slow ones delay the quick ones"
        time.sleep(0.01)
    return found


def names(found: Gathered) -> list[str]:
    return [hit.listing.name for hit in found.hits]
