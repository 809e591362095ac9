"""Claims on own stock: the only writer of claims (mission E3, O9).

Whoever reserves holds the lock of the articles until the transaction ends; what is free is computed inside it, and the
steps are written there: no unit is promised twice. Reducing and giving back are always possible, also where stock is
short. A hold ("Option") counts until it expires, as of the moment in which somebody looks.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import moved, stock_in
from inventory.courses import apply_changes, around, blocks, lock_articles
from inventory.models import (
    Article,
    PlainClaim,
    Reservation,
    insert_reservations,
    locking,
    read_courses,
    reserve_at_once,
    writing,
)
from inventory.steps import Change, Course, Span, changed, span_of, undone

_WRITTEN = ["article", "quantity", "label", "start", "end", "blocked_from", "blocked_until", "expires_at"]


@dataclass(frozen=True, slots=True)
class ReservationClaim:
    """What somebody wants of one article; with `reservation` instead of what that one holds.

    `label` says for whom, for lists. With `expires_at` it is a hold, which counts until then.
    """

    article_id: int
    quantity: int
    period: Period
    label: str = ""
    reservation: Reservation | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.period.is_instant:
            raise ValueError("a reservation has a quantity and a duration")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Of an article `wanted` units were asked for and `free` could be had."""

    article: Article
    wanted: int
    free: int


class Shortage(BusinessError):
    code = "shortage"
    status = 409
    message = _("Not enough stock in this period: %(shortfalls)s.")
    field = "quantity"

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        line = _("%(article)s: %(wanted)d wanted, %(free)d free")
        sentences = [
            line % {"article": short.article.name, "wanted": short.wanted, "free": short.free} for short in shortfalls
        ]
        super().__init__(shortfalls="; ".join(sentences))
        self.shortfalls = list(shortfalls)


@dataclass(frozen=True, slots=True)
class _Grant:
    quantity: int
    blocked: Period

    @property
    def change(self) -> Change:
        return Change(span_of(self.blocked), reserved=self.quantity)


@dataclass(slots=True)
class _Desk:
    """What lies on the table while claims are judged: the locked articles, what the claims replace, the courses.

    Hundreds of lines on one article for the same time are counted down: its course is gone through once for all.
    """

    articles: Mapping[int, Article]
    held: Mapping[int, Reservation]
    kept: Mapping[int, Course]  # as the steps stand
    courses: dict[int, Course]  # as it counts for the claims: with what moves with time, without what they replace
    now: datetime
    taken: defaultdict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))  # not in the courses yet
    known: dict[int, tuple[Period, int]] = field(default_factory=dict)  # what is free, of the period last asked about

    def take(self, claim: ReservationClaim, change: Change) -> None:
        if not change.reserved:
            return
        self.taken[claim.article_id].append(change)
        period, free = self.known.pop(claim.article_id, (None, 0))
        if period and change.span == span_of(self.articles[claim.article_id].with_buffers(period)):
            self.known[claim.article_id] = period, free - change.reserved

    def free(self, claim: ReservationClaim) -> int:
        """The fewest free units in the claim's period, with all that was taken."""
        article = self.articles[claim.article_id]
        period, free = self.known.get(article.pk, (None, 0))
        if period != claim.period:
            self.courses[article.pk] = changed(self.courses[article.pk], self.taken.pop(article.pk, ()))
            free = stock_in(article=article, course=self.courses[article.pk], period=claim.period).free
            self.known[article.pk] = claim.period, free
        return free

    def replaced_by(self, claim: ReservationClaim) -> Reservation | None:
        return self.held.get(claim.reservation.pk) if claim.reservation else None


@transaction.atomic
def reserve(
    *, tenant: Tenant, claims: Sequence[ReservationClaim], partial: bool = False, now: datetime | None = None
) -> list[Reservation | None]:
    """Reserve everything, or raise Shortage and change nothing; one reservation per claim, in order.

    Claims on one article count together. With `partial` each gets what is free, first come first served, and None
    where nothing is. A claim that names its reservation replaces it: what it holds counts as free for it, and making
    it smaller within its period always succeeds, with the buffers it was made with; any other one gets the article's
    buffers of today. `tenant` owns the articles. Holds are judged as of `now` (default: this moment), but never as of
    before the locks were had: one that ran out while somebody waited may have gone to others.
    """
    if not claims:
        return []
    now = now or timezone.now()
    plain = _reserve_plain(tenant, claims, now)
    return [*plain] if plain else _reserve(tenant, claims, partial, now)


def _reserve_plain(tenant: Tenant, claims: Sequence[ReservationClaim], now: datetime) -> list[Reservation]:
    """All of it where it is firm, new and free, and names each article once; else nothing. As often as one is named its
    steps would be written anew: 500 lines on one for two years took minutes, under its lock."""
    is_named_again = len({claim.article_id for claim in claims}) < len(claims)
    if is_named_again or any(claim.reservation or claim.expires_at for claim in claims):
        return []
    wanted = [
        PlainClaim(claim.article_id, claim.quantity, claim.label, claim.period.start, claim.period.end)
        for claim in claims
    ]
    rows = reserve_at_once(tenant, wanted, now)
    for row in rows:
        row.tenant = tenant
    return rows


def _reserve(
    tenant: Tenant, claims: Sequence[ReservationClaim], partial: bool, now: datetime
) -> list[Reservation | None]:
    desk = _desk(tenant, claims, now)
    grants = _grant(desk, claims)
    if not partial:
        _refuse_shortfall(desk.articles, claims, grants)
    return _write(tenant, desk, claims, grants)


def change(
    *, reservation: Reservation, quantity: int | None = None, period: Period | None = None, label: str | None = None
) -> Reservation:
    """The reservation with another quantity, period or label. Raises Shortage and changes nothing."""
    claim = ReservationClaim(
        article_id=reservation.article_id,
        quantity=reservation.quantity if quantity is None else quantity,
        period=period or reservation.period,
        label=reservation.label if label is None else label,
        reservation=reservation,
        expires_at=reservation.expires_at,
    )
    (changed,) = reserve(tenant=reservation.tenant, claims=[claim])
    return cast(Reservation, changed)  # without `partial` it is everything or Shortage


@transaction.atomic
def release(*, tenant: Tenant, reservations: Iterable[Reservation]) -> None:
    """Give everything back. What somebody else gave back in the meantime is given back already."""
    named = {reservation.pk for reservation in reservations}
    if not named:
        return
    rows = locked_reservations(tenant, named)
    _give_back(rows)
    tenant.reservations.filter(pk__in=[row.pk for row in rows]).delete()


def locked_reservations(tenant: Tenant, named: Collection[int]) -> list[Reservation]:
    """Reservations as they stand, by their ids, with their articles locked; only what is there."""
    ids = set(tenant.reservations.filter(pk__in=named).values_list("article_id", flat=True))
    lock_articles(tenant=tenant, article_ids=ids)
    rows = list(tenant.reservations.filter(pk__in=named).order_by("pk"))
    _require_locked(rows, ids)
    return rows


def _require_locked(rows: Iterable[Reservation], article_ids: Collection[int]) -> None:
    """Whoever changes what a reservation is for holds the lock of its job: it cannot go elsewhere meanwhile."""
    if any(row.article_id not in article_ids for row in rows):
        raise LookupError("a reservation went to another article meanwhile")


def _give_back(rows: Iterable[Reservation]) -> None:
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for row in rows:
        if row.in_steps:
            changes[row.article_id].append(undone(blocks(row)))
    apply_changes(changes)


def _desk(tenant: Tenant, claims: Sequence[ReservationClaim], now: datetime) -> _Desk:
    """Locks the articles and reads what is there; whoever waits does so inside this statement, and reads afterwards."""
    named = [claim.reservation for claim in claims if claim.reservation]
    ids = {claim.article_id for claim in claims} | {row.article_id for row in named}
    held = _held(tenant, named, ids) if named else {}
    now = max(now, timezone.now()) if held else now
    spans = [span for claim in claims for span in _touched(claim, held)]
    read = read_courses(ids, around(spans), after=[locking(tenant, ids)])
    if any(pk not in read.articles or read.articles[pk].tenant_id != tenant.pk for pk in ids):
        raise LookupError("an article of another tenant, or none")
    return _Desk(read.articles, held, read.courses, dict(moved(read, held.keys(), now)), now)


def _held(tenant: Tenant, named: Iterable[Reservation], article_ids: Collection[int]) -> dict[int, Reservation]:
    """What the claims replace, as it stands once everything is locked."""
    lock_articles(tenant=tenant, article_ids=article_ids)
    held = tenant.reservations.in_bulk([row.pk for row in named])
    _require_locked(held.values(), article_ids)
    if any(row.is_sold for row in held.values()):
        raise LookupError("what is sold is reserved no longer")
    return held


def _touched(claim: ReservationClaim, held: Mapping[int, Reservation]) -> Iterator[Span]:
    """Every stretch that is read or written for a claim; what the article's buffers add to it is read in any case."""
    yield span_of(claim.period)
    replaced = held.get(claim.reservation.pk) if claim.reservation else None
    if replaced:
        yield span_of(replaced.blocked)
        yield span_of(claim.period.widened(*replaced.buffers))


def _grant(desk: _Desk, claims: Sequence[ReservationClaim]) -> list[_Grant]:
    """What each claim can have, given what the earlier ones get."""
    # What a later claim keeps in any case is not there for an earlier one.
    floors = [_floor(desk, claim) for claim in claims]
    for claim, floor in zip(claims, floors, strict=True):
        desk.take(claim, floor.change)
    grants = []
    for claim, floor in zip(claims, floors, strict=True):
        desk.take(claim, undone(floor.change))
        grant = _best(desk, claim, floor)
        desk.take(claim, grant.change)
        grants.append(grant)
    return grants


def _best(desk: _Desk, claim: ReservationClaim, floor: _Grant) -> _Grant:
    """As much as is free, but never less than the claim holds already for that time."""
    free = desk.free(claim)
    if floor.quantity and (floor.quantity == claim.quantity or floor.quantity > free):
        return floor
    return _Grant(min(claim.quantity, max(free, 0)), desk.articles[claim.article_id].with_buffers(claim.period))


def _floor(desk: _Desk, claim: ReservationClaim) -> _Grant:
    """What the claim can have whatever else is reserved: what it holds, as long as it stays inside its period."""
    replaced = desk.replaced_by(claim)
    if replaced is None or replaced.article_id != claim.article_id or not replaced.counts(desk.now):
        return _Grant(0, claim.period)
    kept = claim.period.widened(*replaced.buffers)
    inside = replaced.blocked_from <= kept.start and kept.end <= replaced.blocked_until
    return _Grant(min(claim.quantity, replaced.quantity) if inside else 0, kept)


def _refuse_shortfall(
    articles: Mapping[int, Article], claims: Sequence[ReservationClaim], grants: Sequence[_Grant]
) -> None:
    wanted, granted = Counter[int](), Counter[int]()
    for claim, grant in zip(claims, grants, strict=True):
        wanted[claim.article_id] += claim.quantity
        granted[claim.article_id] += grant.quantity
    short = [pk for pk in wanted if granted[pk] < wanted[pk]]
    if short:
        raise Shortage([Shortfall(articles[pk], wanted[pk], granted[pk]) for pk in short])


def _write(
    tenant: Tenant, desk: _Desk, claims: Sequence[ReservationClaim], grants: Sequence[_Grant]
) -> list[Reservation | None]:
    """The rows, and the steps that follow from them."""
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    rows: list[Reservation | None] = []
    for claim, grant in zip(claims, grants, strict=True):
        replaced = desk.replaced_by(claim)
        if replaced and replaced.in_steps:
            changes[replaced.article_id].append(undone(blocks(replaced)))
        if grant.quantity and claim.expires_at is None:
            changes[claim.article_id].append(grant.change)
        rows.append(_row(tenant, claim, grant, replaced) if grant.quantity else None)
    kept = [row for row in rows if row]
    courses = {pk: changed(desk.kept[pk], some) for pk, some in changes.items()}
    insert_reservations([row for row in kept if row.pk is None], after=writing(desk.kept, courses))
    if desk.held:
        tenant.reservations.bulk_update([row for row in kept if row.pk in desk.held], _WRITTEN)
        tenant.reservations.filter(pk__in=desk.held.keys() - {row.pk for row in kept}).delete()
    return rows


def _row(tenant: Tenant, claim: ReservationClaim, grant: _Grant, replaced: Reservation | None) -> Reservation:
    row = replaced or Reservation(tenant=tenant)
    row.article_id, row.quantity, row.label = claim.article_id, grant.quantity, claim.label
    row.start, row.end = claim.period.start, claim.period.end
    row.blocked_from, row.blocked_until = grant.blocked.start, grant.blocked.end
    row.expires_at = claim.expires_at
    return row
