"""Claims on own stock: the only writer of reservations (mission E3, O9).

Whoever reserves holds the lock of the articles until the transaction ends, and what is free is computed inside it:
no unit is promised twice. Giving back needs no lock, and reducing is always possible, also where stock is short.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import Claim, Claims, claims_on, stock_in
from inventory.models import Article, Reservation


@dataclass(frozen=True, slots=True)
class ReservationClaim:
    """What somebody wants of one article; with `reservation` instead of what that one holds.

    `label` says for whom, for lists.
    """

    article_id: int
    quantity: int
    period: Period
    label: str = ""
    reservation: Reservation | None = None

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
    message = _("Not enough stock in this period: %(shortfalls)s")
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


def lock_articles(*, tenant: Tenant, article_ids: Iterable[int]) -> dict[int, Article]:
    """The articles, locked until the transaction ends, in the order of their ids: two who want the same ones cannot
    wait for each other. `reserve` does it; whoever reserves more than once in a transaction locks everything first.

    The lock does not stand in the way of rows that only refer to an article.
    """
    wanted = set(article_ids)
    rows = tenant.articles.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    articles = {article.pk: article for article in rows}
    if articles.keys() != wanted:
        raise LookupError("an article of another tenant, or none")
    return articles


@transaction.atomic
def reserve(*, tenant: Tenant, claims: Sequence[ReservationClaim], partial: bool = False) -> list[Reservation | None]:
    """Reserve everything, or raise Shortage and change nothing; one reservation per claim, in order.

    Claims on one article count together. With `partial` each gets what is free, first come first served, and None
    where nothing is. A claim that names its reservation replaces it: what it holds counts as free for it, and making
    it smaller within its period always succeeds, with the buffers it was made with; any other one gets the article's
    buffers of today. `tenant` owns the articles.
    """
    articles = lock_articles(tenant=tenant, article_ids=[claim.article_id for claim in claims])
    held = _held(tenant, claims)
    grants = _grant(articles, claims, held)
    if not partial:
        _refuse_shortfall(articles, claims, grants)
    return [_write(tenant, claim, grant, held) for claim, grant in zip(claims, grants, strict=True)]


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
    )
    (changed,) = reserve(tenant=reservation.tenant, claims=[claim])
    return cast(Reservation, changed)  # without `partial` it is everything or Shortage


def release(*, tenant: Tenant, reservations: Iterable[Reservation]) -> None:
    """Give everything back."""
    tenant.reservations.filter(pk__in=[reservation.pk for reservation in reservations]).delete()


def _held(tenant: Tenant, claims: Iterable[ReservationClaim]) -> dict[int, Reservation]:
    """What the claims replace, as it stands now that the articles are locked."""
    return tenant.reservations.in_bulk([claim.reservation.pk for claim in claims if claim.reservation])


def _grant(
    articles: Mapping[int, Article], claims: Sequence[ReservationClaim], held: Mapping[int, Reservation]
) -> list[_Grant]:
    """What each claim can have, given what the earlier ones get."""
    if not claims:
        return []
    window = Period(min(c.period.start for c in claims), max(c.period.end for c in claims))
    taken = claims_on(articles=list(articles.values()), period=window, excluding=held.keys())
    # What a later claim keeps in any case is not there for an earlier one.
    for claim in claims:
        taken[claim.article_id].reservations.extend(_floor(claim, _replaced(claim, held)))
    grants = []
    for claim in claims:
        replaced, others = _replaced(claim, held), taken[claim.article_id]
        for own in _floor(claim, replaced):
            others.reservations.remove(own)
        grant = _best(articles[claim.article_id], claim, replaced, others)
        others.reservations.append(Claim(grant.blocked, grant.quantity))
        grants.append(grant)
    return grants


def _replaced(claim: ReservationClaim, held: Mapping[int, Reservation]) -> Reservation | None:
    return held.get(claim.reservation.pk) if claim.reservation else None


def _best(article: Article, claim: ReservationClaim, replaced: Reservation | None, taken: Claims) -> _Grant:
    """As much as is free, but never less than the claim holds already for that time."""
    kept = _kept(claim, replaced)
    free = stock_in(article=article, claims=taken, period=claim.period).free
    if replaced and kept and (kept == claim.quantity or kept > free):
        return _Grant(kept, claim.period.widened(*replaced.buffers))
    return _Grant(min(claim.quantity, max(free, 0)), article.with_buffers(claim.period))


def _floor(claim: ReservationClaim, replaced: Reservation | None) -> list[Claim]:
    """What the claim blocks at least, whatever it gets."""
    kept = _kept(claim, replaced)
    return [Claim(claim.period.widened(*replaced.buffers), kept)] if replaced and kept else []


def _kept(claim: ReservationClaim, replaced: Reservation | None) -> int:
    """What the claim can have whatever else is reserved: what it holds, as long as it stays inside its period."""
    if replaced is None or replaced.article_id != claim.article_id:
        return 0
    inside = replaced.start <= claim.period.start and claim.period.end <= replaced.end
    return min(claim.quantity, replaced.quantity) if inside else 0


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
    tenant: Tenant, claim: ReservationClaim, grant: _Grant, held: Mapping[int, Reservation]
) -> Reservation | None:
    row = _replaced(claim, held)
    if not grant.quantity:
        if row:
            row.delete()
        return None
    row = row or tenant.reservations.model(tenant=tenant)
    row.article_id, row.quantity, row.label = claim.article_id, grant.quantity, claim.label
    row.start, row.end = claim.period.start, claim.period.end
    row.blocked_from, row.blocked_until = grant.blocked.start, grant.blocked.end
    row.save()
    return row
