"""How a figure of availability comes about: when the fewest are free, and what counts then (mission E3, §6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from eventworx.periods import LATEST, Period
from inventory.availability import Stock, bottleneck_in, courses_on, stock_in
from inventory.models import Article, ArticleKind, Reservation, StockMovement
from inventory.steps import during, span_of
from inventory.timeline.bars import changes_in, claims_in

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Proof:
    """Of one article in `period`, as it was at `as_of`. `bottleneck` is when the fewest are free for the first time;
    at its beginning `added` and `out_of_service` are the dated changes in force, `reserved` all that is claimed.
    `claims` and `movements` make them up; of claims at most `SHOWN` are named."""

    article: Article
    period: Period
    as_of: datetime
    stock: Stock
    bottleneck: Period
    added: int
    out_of_service: int
    reserved: int
    claims: Sequence[Reservation]
    unnamed: int
    movements: Sequence[StockMovement]

    @property
    def missing(self) -> int:
        return max(-self.stock.free, 0)

    @property
    def is_in_buffers(self) -> bool:
        """Whether it is scarcest before or after the period, in the time that preparing and turning around take."""
        return not (self.period.overlaps(self.bottleneck) or self.is_later)

    @property
    def is_later(self) -> bool:
        """Whether it is scarcest after the period, in which what is sold does not come back."""
        return self.article.kind == ArticleKind.SALE and self.bottleneck.start >= self.period.end

    @property
    def is_for_good(self) -> bool:
        """Whether it stays as scarce as that."""
        return self.bottleneck.end == LATEST


def prove(*, article: Article, period: Period, now: datetime) -> Proof:
    """Ask availability and show what its answer is made of; four statements."""
    course = courses_on(articles=[article], period=period, now=now)[article.pk]
    bottleneck = bottleneck_in(article=article, course=course, period=period)
    start = Period(bottleneck.start, bottleneck.start)
    (step,) = during(course, span_of(start))
    claims = claims_in(articles=[article], period=start, now=now)
    return Proof(
        article=article,
        period=period,
        as_of=now,
        stock=stock_in(article=article, course=course, period=period),
        bottleneck=bottleneck,
        added=step.added,
        out_of_service=article.out_of_service + step.out_of_service,
        reserved=step.reserved,
        claims=claims[:SHOWN],
        unnamed=len(claims) - len(claims[:SHOWN]),
        movements=changes_in(articles=[article], period=start),
    )
