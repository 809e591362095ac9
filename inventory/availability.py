"""What is free, and when: the one arithmetic of stock (mission E3).

Free = the minimum over every instant of a half-open period of owned − out of service − use. List, job, quote, guard
and partner API all ask here.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from eventworx.periods import LATEST, Period
from inventory.models import Article, StockMovementKind, movements_on, reservations_on


@dataclass(frozen=True, slots=True)
class Claim:
    """`quantity` units during `period`; a period of one instant claims nothing."""

    period: Period
    quantity: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Of one article in a period, dated changes included: the fewest owned, the most out of service, the fewest free.

    `free` is signed: a shortage is negative.
    """

    owned: int
    out_of_service: int
    free: int


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything dated that bears on the stock of one article."""

    additions: list[Claim] = field(default_factory=list)
    out_of_service: list[Claim] = field(default_factory=list)
    reservations: list[Claim] = field(default_factory=list)


def free_quantity(
    *, owned: int, out_of_service: int, inflows: Iterable[Claim], reservations: Iterable[Claim], period: Period
) -> int:
    """The fewest free units at any instant of `period` (which may be a single instant); signed.

    `inflows` are dated additions to stock. `reservations` come widened by their own buffers, `period` by those of
    whoever asks.
    """
    return owned - out_of_service + min(_levels(inflows, reservations, period).values())


def stock_of(*, articles: Sequence[Article], period: Period, excluding: Collection[int] = ()) -> dict[int, Stock]:
    """The stock of each article in `period`, by its id; two queries however many articles.

    The period is widened by each article's current buffers, so that what is shown is what can be reserved.
    Reservations with ids in `excluding` do not count.
    """
    claims = claims_on(articles=articles, period=period, excluding=excluding)
    return {article.pk: stock_in(article=article, claims=claims[article.pk], period=period) for article in articles}


def claims_on(*, articles: Sequence[Article], period: Period, excluding: Collection[int] = ()) -> Mapping[int, Claims]:
    """What bears on each article in `period`, widened by the greatest buffers among them; two queries."""
    claims: defaultdict[int, Claims] = defaultdict(Claims)
    if articles:
        window = _widest(articles, period)
        _read_reservations(claims, articles, window, excluding)
        _read_movements(claims, articles, window)
    return claims


def stock_in(*, article: Article, claims: Claims, period: Period) -> Stock:
    """The stock of one article whose claims are known already."""
    asked = article.with_buffers(period)
    return Stock(
        owned=_lowest(article.owned, claims.additions, (), asked),
        out_of_service=-_lowest(-article.out_of_service, (), claims.out_of_service, asked),
        free=free_quantity(
            owned=article.owned,
            out_of_service=article.out_of_service,
            inflows=claims.additions,
            reservations=[*claims.out_of_service, *claims.reservations],
            period=asked,
        ),
    )


def bottleneck_in(*, article: Article, claims: Claims, period: Period) -> Period:
    """When the fewest units of the article are free for the first time: the proof of `Stock.free` (mission §6).

    Told as far as it lies in `period`. Outside of it lies what only the article's buffers touch.
    """
    asked = article.with_buffers(period)
    levels = _levels(claims.additions, [*claims.out_of_service, *claims.reservations], asked)
    fewest = min(levels.values())
    start = next(instant for instant, level in levels.items() if level == fewest)
    later = (instant for instant, level in levels.items() if instant > start and level != fewest)
    found = Period(start, next(later, asked.end))
    return found.shared_with(period) or found


def _levels(inflows: Iterable[Claim], reservations: Iterable[Claim], period: Period) -> dict[datetime, int]:
    """By how much dated changes move the stock from each instant on, in order, beginning with the period's start."""
    changes = Counter({period.start: 0})
    for sign, claims in ((1, inflows), (-1, reservations)):
        for claim in claims:
            if not claim.period.is_instant and claim.period.overlaps(period):
                changes[max(claim.period.start, period.start)] += sign * claim.quantity
                if claim.period.end < period.end:
                    changes[claim.period.end] -= sign * claim.quantity
    instants = sorted(changes)
    return dict(zip(instants, accumulate(changes[instant] for instant in instants), strict=True))


def _widest(articles: Sequence[Article], period: Period) -> Period:
    return period.widened(
        max(article.buffer_before for article in articles), max(article.buffer_after for article in articles)
    )


def _read_reservations(
    claims: Mapping[int, Claims], articles: Sequence[Article], window: Period, excluding: Collection[int]
) -> None:
    rows = reservations_on(articles).blocking(window).exclude(pk__in=excluding)
    for article_id, start, end, quantity in rows.values_list("article", "blocked_from", "blocked_until", "quantity"):
        claims[article_id].reservations.append(Claim(Period(start, end), quantity))


def _read_movements(claims: Mapping[int, Claims], articles: Sequence[Article], window: Period) -> None:
    for movement in movements_on(articles).in_force(window):
        known = claims[movement.article_id]
        kind = known.additions if movement.kind == StockMovementKind.ADDITION else known.out_of_service
        kind.append(Claim(Period(movement.start, movement.end or LATEST), movement.quantity))


def _lowest(standing: int, more: Iterable[Claim], fewer: Iterable[Claim], period: Period) -> int:
    return free_quantity(owned=standing, out_of_service=0, inflows=more, reservations=fewer, period=period)
