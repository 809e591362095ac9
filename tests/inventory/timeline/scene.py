"""An article with everything that a timeline can show, around a moment."""

from datetime import datetime, timedelta

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.hand_overs import hand_over
from inventory.models import Article, Reservation, StockMovementKind
from inventory.reservations import ReservationClaim, reserve
from inventory.stock import add_movement
from tests.factories import make_article, make_category

HOUR = timedelta(hours=1)


def take(
    article: Article, quantity: int, start: datetime, end: datetime, label: str = "", until: datetime | None = None
) -> Reservation:
    claim = ReservationClaim(article.pk, quantity, Period(start, end), label, expires_at=until)
    (made,) = reserve(tenant=article.tenant, claims=[claim])
    assert made
    return made


def busy_article(tenant: Tenant, now: datetime, **fields: object) -> Article:
    """Ten units with two hours of preparation and four of turnaround: something reserved, held and overdue, some
    more for a while, some broken for good, and units missing tomorrow."""
    category = tenant.categories.first() or make_category(tenant)
    buffers = {"buffer_before_minutes": 120, "buffer_after_minutes": 240}
    article = make_article(tenant, "Bühnenscheinwerfer", owned=10, category=category, **buffers, **fields)
    late = take(article, 2, now - 60 * HOUR, now - 40 * HOUR, "J-1001 Gala")
    hand_over(tenant=tenant, reservations=[late], at=now - 60 * HOUR)
    take(article, 5, now + 12 * HOUR, now + 30 * HOUR, "J-1002 Sommerfest")
    take(article, 3, now + 20 * HOUR, now + 44 * HOUR, "J-1003 Messe", until=now + 48 * HOUR)
    take(article, 1, now + 60 * HOUR, now + 61 * HOUR, "J-1004 Hochzeit")
    kinds = StockMovementKind
    add_movement(article=article, kind=kinds.ADDITION, quantity=4, start=now + 36 * HOUR, end=now + 64 * HOUR)
    add_movement(article=article, kind=kinds.OUT_OF_SERVICE, quantity=1, start=now + 18 * HOUR, note="Lampe defekt")
    return article
