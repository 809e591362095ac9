"""Random work on the stock of a company, and a model that counts it afterwards by brute force."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

import django
from django.db import DatabaseError
from django.utils import timezone

from eventworx.periods import LATEST, Period

if __name__ == "__main__":
    django.setup()

from eventworx.tenants.models import Tenant
from inventory import reservations
from inventory.hand_overs import hand_over, take_back, undo_hand_over
from inventory.models import Article, Reservation, StockMovementKind
from inventory.models import articles as article_models
from inventory.reservations import ReservationClaim, Shortage, change, release, reserve
from inventory.stock import add_movement

SEASON = datetime(2027, 7, 1, tzinfo=UTC)
HOURS = 60


def some_period(random: Random) -> Period:
    start = SEASON + timedelta(minutes=random.randrange(HOURS * 60))
    return Period(start, start + timedelta(minutes=random.randint(1, 24 * 60)))


class Worker:
    """Does one random thing after the other, as its seed says; what it made is its own to change."""

    def __init__(self, tenant: Tenant, articles: list[Article], seed: int) -> None:
        self.tenant, self.articles, self.random = tenant, articles, Random(seed)
        self.own: list[int] = []
        self.refused = 0
        self.expected: tuple[type[Exception], ...] = (Shortage,)

    def work(self, operations: int) -> None:
        kinds = [self.book, self.book_several, self.hold, self.alter, self.confirm, self.give_back]
        kinds += [self.leave_and_return, self.buy]
        for _number in range(operations):
            try:
                self.random.choice(kinds)()
            except self.expected:
                self.refused += 1

    def claim(self, **fields: object) -> ReservationClaim:
        article, quantity = self.random.choice(self.articles), self.random.randint(1, 5)
        return ReservationClaim(article.pk, quantity, some_period(self.random), **fields)  # type: ignore[arg-type]

    def book(self) -> None:
        self._keep(reserve(tenant=self.tenant, claims=[self.claim()]))

    def book_several(self) -> None:
        claims = [self.claim() for _ in range(self.random.randint(2, 10))]
        self._keep(reserve(tenant=self.tenant, claims=claims, partial=self.random.random() < 0.5))

    def hold(self) -> None:
        """Some run out while the work goes on."""
        until = timezone.now() + timedelta(milliseconds=self.random.choice([1, 50, 10_000_000]))
        self._keep(reserve(tenant=self.tenant, claims=[self.claim(expires_at=until)]))

    def confirm(self) -> None:
        """A hold becomes firm, also one that has run out, if there is enough."""
        row = self._some()
        if row and row.expires_at:
            claim = ReservationClaim(row.article_id, row.quantity, row.period, reservation=row)
            reserve(tenant=self.tenant, claims=[claim])

    def alter(self) -> None:
        row = self._some()
        if row and row.left_at is None:
            change(reservation=row, quantity=self.random.randint(1, 6), period=some_period(self.random))

    def give_back(self) -> None:
        row = self._some()
        if row:
            release(tenant=self.tenant, reservations=[row])

    def leave_and_return(self) -> None:
        row = self._some()
        if row and row.expires_at is None:
            hand_over(tenant=self.tenant, reservations=[row], at=row.start)
            take_back(tenant=self.tenant, reservations=[row], at=row.start + (row.end - row.start) / 2)
            if row.blocked_until == LATEST and self.random.random() < 0.5:
                undo_hand_over(tenant=self.tenant, reservations=[row])

    def buy(self) -> None:
        """Stock only grows, so that whatever was promised stays covered; but for what is sold, which is gone."""
        period = some_period(self.random)
        kind, article = StockMovementKind.ADDITION, self.random.choice(self.articles)
        add_movement(article=article, kind=kind, quantity=1, start=period.start, end=period.end)

    def _keep(self, made: Iterable[Reservation | None]) -> None:
        self.own += [row.pk for row in made if row]

    def _some(self) -> Reservation | None:
        """One of our own, as it stands."""
        return self.tenant.reservations.filter(pk=self.random.choice(self.own)).first() if self.own else None


def overbooked(article: Article, now: datetime) -> list[int]:
    """Minutes of the season in which more is promised than there is, counted without any of the product's sums."""
    minutes = [article.owned] * (HOURS * 60 + 25 * 60)
    for movement in article.stock_movements.all():
        _count(minutes, movement.start, movement.end or LATEST, movement.quantity)
    for row in article.reservations.all():
        if row.sold_at is None and (row.expires_at is None or row.expires_at > now):
            _count(minutes, row.blocked_from, row.blocked_until, -row.quantity)
    return [minute for minute, left in enumerate(minutes) if left < 0]


def _count(minutes: list[int], start: datetime, end: datetime, quantity: int) -> None:
    first, last = ((bound - SEASON) // timedelta(minutes=1) for bound in (start, end))
    for minute in range(max(first, 0), min(last, len(minutes))):
        minutes[minute] += quantity


def main() -> None:
    """One process: `python -m tests.inventory.engine SLUG SEED OPERATIONS [without-lock]`; prints what was refused."""
    slug, seed, operations, *flags = sys.argv[1:]
    tenant = Tenant.objects.get(slug=slug)
    worker = Worker(tenant, list(tenant.articles.all()), int(seed))
    if flags:
        # The control. What two write at once may also hit a constraint or each other.
        article_models.LOCK = ""
        reservations.reserve_at_once = lambda *_plain: []  # type: ignore[assignment]
        worker.expected = (Shortage, DatabaseError)
    worker.work(int(operations))
    print(worker.refused)


if __name__ == "__main__":
    main()
