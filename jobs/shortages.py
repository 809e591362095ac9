"""What a job needs, has and lacks of our own stock (mission J6, J7), through `availability.stock_of` only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import Stock, stock_of
from inventory.models import Article
from inventory.search import find_articles
from jobs.models import Job, Position, PositionQuerySet

SOON = timedelta(days=14)
HITS = 20


@dataclass(frozen=True, slots=True)
class Need:
    """Of one position: what is needed, free for it of our own, reserved for it, sub-rented, and missing.

    `own_free` counts without what this job holds, less what its earlier positions take of the same article;
    None for free text. Missing is the own part less what is reserved, or less what is free while nothing can be.
    """

    need: int
    own_free: int | None
    reserved: int
    sub_rented: int
    shortage: int

    @property
    def own(self) -> int:
        return self.need - self.sub_rented


@dataclass(frozen=True, slots=True)
class OwnHit:
    """An article of ours with its stock in the period that was asked for."""

    article: Article
    stock: Stock


def shortages_of(*, job: Job) -> dict[int, Need]:
    """The need of every position of `job`, by its id; in a fixed number of queries."""
    return needs_of(job=job, positions=list(job.positions.select_related("article", "reservation").in_order()))


def needs_of(*, job: Job, positions: Sequence[Position]) -> dict[int, Need]:
    """The same for positions that are loaded already, with `article` and `reservation`, in order."""
    articles = {row.article_id: row.article for row in positions if row.article}
    held = [row.reservation_id for row in positions if row.reservation_id]
    stock = stock_of(articles=list(articles.values()), period=job.planning_period, excluding=held)
    left: Counter[int | None] = Counter({article_id: known.free for article_id, known in stock.items()})
    needs = {}
    for row in positions:
        needs[row.pk] = _need(row, left[row.article_id], job.uses_stock)
        left[row.article_id] -= row.own_quantity
    return needs


def _need(position: Position, left: int, uses_stock: bool) -> Need:
    reserved = position.reserved_quantity
    free = max(left, 0) if position.article else None
    there = reserved if uses_stock else free or 0
    shortage = max(position.own_quantity - there, 0) if position.article else 0
    return Need(position.quantity, free, reserved, position.sub_rented_quantity, shortage)


def short_positions(*, tenant: Tenant, now: datetime) -> PositionQuerySet:
    """Positions of orders of the next 14 days that lack own stock, the nearest first; each with `missing`."""
    soon = tenant.jobs.running_at(Period(now, now + SOON))
    return tenant.positions.short().filter(job__in=soon).select_related("job__tenant").order_by("job__planning_start")


def own_material_for(*, job: Job, query: str) -> list[OwnHit]:
    """Our own articles for a search, with what is free in the job's planning period; none for an empty search."""
    if not query.strip():
        return []
    articles = find_articles(tenant=job.tenant, scope=job.tenant.articles.active(), query=query, limit=HITS)
    stock = stock_of(articles=articles, period=job.planning_period)
    return [OwnHit(article, stock[article.pk]) for article in articles]
