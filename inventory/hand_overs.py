"""Goods leave the store and come back; what is sold leaves for good (mission O7). Callers see to it that what leaves
before its time is reserved from then on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.courses import apply_changes, blocks, moves
from inventory.models import Article, ArticleKind, Reservation, StockMovement
from inventory.reservations import locked_reservations
from inventory.steps import Change, undone

_TICK = timedelta(microseconds=1)


class TooFewOwned(BusinessError):
    code = "too-few-owned"
    status = 409
    message = _(
        "Of %(article)s only %(owned)d are left, and %(leaving)d are to be sold with this hand-over. "
        "Nothing was handed out. Please put the owned quantity of the article right first."
    )


@dataclass(frozen=True, slots=True)
class Sale:
    """Which reservations a hand-over has sold, and which additions, gone as such, count as owned because of it."""

    sold: list[Reservation]
    owned_now: list[StockMovement]


@transaction.atomic
def hand_over(*, tenant: Tenant, reservations: Iterable[Reservation], at: datetime) -> Sale:
    """Note that the goods have left the store; returns what is sold by it, for the caller's journal.

    What is lent is away until it is taken back, also past the agreed time. What is sold is owned no longer and takes
    nothing any more. Raises TooFewOwned and changes nothing.
    """
    rows = [row for row in _as_they_stand(tenant, reservations) if row.waits]
    found = tenant.articles.filter(pk__in={row.article_id for row in rows}, kind=ArticleKind.SALE)
    articles = {article.pk: article for article in found}
    lent = [row.pk for row in rows if row.article_id not in articles]
    tenant.reservations.filter(pk__in=lent).update(handed_over_at=at, returned_at=None)
    sold = [row for row in rows if row.article_id in articles]
    leaving = Counter[Article]()
    for row in sold:
        leaving[articles[row.article_id]] += row.quantity
    owned_now = [movement for article, quantity in leaving.items() for movement in _disown(article, quantity, at)]
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for movement in owned_now:
        changes[movement.article_id].append(undone(moves(movement)))
    for row in sold:
        changes[row.article_id].append(undone(blocks(row)))
    apply_changes(changes)
    tenant.reservations.filter(pk__in=[row.pk for row in sold]).update(sold_at=at)
    return Sale(sold, owned_now)


@transaction.atomic
def undo_hand_over(*, tenant: Tenant, reservations: Iterable[Reservation]) -> None:
    """Note that the goods never left. They wait in store for what was agreed; what is back already stays so.

    What was sold is owned again and reserved as it was: until the end of time, until its own end where it was over
    before the article was for sale, or where the article is lent by now.
    """
    rows = _as_they_stand(tenant, reservations)
    tenant.reservations.filter(pk__in=[row.pk for row in rows if row.is_out]).update(handed_over_at=None)
    sold = [row for row in rows if row.is_sold]
    articles = tenant.articles.in_bulk({row.article_id for row in sold})
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in sold:
        article = articles[row.article_id]
        article.owned += row.quantity
        row.sold_at = None
        if article.kind != ArticleKind.SALE:
            row.blocked_until = article.with_buffers(row.period).end
        changes[article.pk].append(blocks(row))
    for article in articles.values():
        article.save(update_fields=["owned", "updated_at"])
    apply_changes(changes)
    tenant.reservations.bulk_update(sold, ["sold_at", "blocked_until"])


@transaction.atomic
def take_back(*, tenant: Tenant, reservations: Iterable[Reservation], at: datetime) -> None:
    """Note that the goods are back. What came early is free again once its turnaround is over. By whatever clock, they
    come after they left."""
    back = [row for row in _as_they_stand(tenant, reservations) if row.is_out]
    at = max([at, *(row.handed_over_at + _TICK for row in back if row.handed_over_at)])
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in back:
        changes[row.article_id].append(undone(blocks(row)))
        _end(row, at)
        changes[row.article_id].append(blocks(row))
    tenant.reservations.bulk_update(back, ["returned_at", "end", "blocked_until"])
    apply_changes(changes)


@transaction.atomic
def undo_take_back(*, tenant: Tenant, reservations: Iterable[Reservation]) -> None:
    """Note that the goods did not come back. Callers have reserved them again, in the same transaction."""
    back = [row.pk for row in _as_they_stand(tenant, reservations) if row.returned_at]
    tenant.reservations.filter(pk__in=back).update(returned_at=None)


@transaction.atomic
def part_with(*, tenant: Tenant, reservations: Iterable[Reservation], now: datetime) -> list[Reservation]:
    """What is back is nobody's as long as it is turned around; returns what still is."""
    rows = [row for row in _as_they_stand(tenant, reservations) if row.returned_at]
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in rows:
        changes[row.article_id].append(undone(blocks(row)))
        row.start = row.blocked_from = cast(datetime, row.returned_at)
        row.end = row.blocked_until
    return _let_turn(tenant, rows, changes, now)


@transaction.atomic
def set_apart(*, tenant: Tenant, reservation: Reservation, quantity: int) -> Reservation:
    """So many units of what is turned around, as a reservation of their own, like the rest of it."""
    same = {field.attname: getattr(reservation, field.attname) for field in Reservation._meta.concrete_fields}
    apart = Reservation(**(same | {"id": None, "quantity": quantity}))
    reservation.quantity -= quantity
    tenant.reservations.bulk_update([reservation], ["quantity"])
    tenant.reservations.bulk_create([apart])
    return apart


@transaction.atomic
def let_turn(*, tenant: Tenant, ends: Sequence[tuple[Reservation, datetime]], now: datetime) -> list[Reservation]:
    """What is turned around, as it stands with its articles locked, bars others until these instants; what is new is
    made, what would be over goes. Returns what is left."""
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row, end in ends:
        if row.pk:
            changes[row.article_id].append(undone(blocks(row)))
        row.end = row.blocked_until = end
    return _let_turn(tenant, [row for row, _end in ends], changes, now)


def _let_turn(
    tenant: Tenant, rows: Sequence[Reservation], changes: dict[int, list[Change]], now: datetime
) -> list[Reservation]:
    """Write rows of what is turned around, and the steps; what is so no longer, or in the past, goes."""
    turning = [row for row in rows if max(row.start, now) < row.end]
    for row in turning:
        changes[row.article_id].append(blocks(row))
    tenant.reservations.filter(pk__in={row.pk for row in rows if row not in turning}).delete()
    known = [row for row in turning if row.pk]
    tenant.reservations.bulk_update(known, ["start", "end", "blocked_from", "blocked_until"])
    tenant.reservations.bulk_create([row for row in turning if row not in known])
    apply_changes(changes)
    return turning


def _as_they_stand(tenant: Tenant, reservations: Iterable[Reservation]) -> Sequence[Reservation]:
    return locked_reservations(tenant, {row.pk for row in reservations})


def _disown(article: Article, quantity: int, at: datetime) -> list[StockMovement]:
    """So many units of a locked article are owned no longer; raises TooFewOwned.

    Where what stands in its master data does not suffice, additions that came for good and are there count as owned
    from now on, the oldest first: these are returned, and gone.
    """
    counted = list[StockMovement]()
    for addition in article.stock_movements.came_for_good(at) if article.owned < quantity else ():
        if article.owned < quantity:
            article.owned += addition.quantity
            counted.append(addition)
            addition.delete()
    if article.owned < quantity:
        raise TooFewOwned(article=article.name, owned=article.owned, leaving=quantity)
    article.owned -= quantity
    article.save(update_fields=["owned", "updated_at"])
    return counted


def _end(row: Reservation, at: datetime) -> None:
    """What is back, early or late, is kept by its turnaround and no longer; so is what was lent before it was for sale,
    which has none."""
    turnaround = timedelta() if row.is_for_good else row.buffers[1]
    row.returned_at = at
    if row.start < at:
        row.end, row.blocked_until = at, Period(at, at).widened(timedelta(), turnaround).end
