"""Random histories of one article, made through the product's own use-cases, and a plain walk that counts them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from eventworx.periods import LATEST, Period
from eventworx.tenants.models import Tenant
from inventory.hand_overs import hand_over, take_back
from inventory.models import Article, ArticleKind, Reservation, StockMovementKind
from inventory.reservations import ReservationClaim, reserve
from inventory.stock import add_movement
from tests.factories import make_article

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
AROUND = 30 * 60  # minutes on both sides of the moment in which somebody looks
EARLIER = timedelta(days=40)  # when everything was agreed

# Of each example what it wrote is rolled back by the test itself.
with_database = {
    "deadline": None,
    "database": None,
    # A scene is small enough to be read as it is; making it smaller takes minutes.
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
few = settings(max_examples=40, **with_database)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Claimed:
    """A reservation, in minutes from the moment somebody looks. `fate` says what became of it."""

    start: int
    length: int
    quantity: int
    fate: str


@dataclass(frozen=True)
class Moved:
    start: int
    length: int | None
    quantity: int
    kind: StockMovementKind


@dataclass(frozen=True)
class Scene:
    """`frozen` are the buffers when everything was reserved, `buffers` those of today; `lost` units are no longer
    owned."""

    owned: int
    lost: int
    out_of_service: int
    frozen: tuple[int, int]
    buffers: tuple[int, int]
    claims: tuple[Claimed, ...]
    moves: tuple[Moved, ...]
    kind: ArticleKind = ArticleKind.RENTAL


starts, lengths, quantities = st.integers(-AROUND, AROUND), st.integers(1, 900), st.integers(1, 5)
buffers = st.tuples(st.integers(0, 150), st.integers(0, 150))
fates = st.sampled_from(["firm", "firm", "held", "run out", "out", "back"])
claims = st.builds(Claimed, starts, lengths, quantities, fates)
moves = st.builds(Moved, starts, st.none() | lengths, quantities, st.sampled_from(StockMovementKind))
scenes = st.builds(
    Scene,
    owned=st.integers(0, 14),
    lost=st.integers(0, 3),
    out_of_service=st.integers(0, 2),
    frozen=buffers,
    buffers=buffers,
    claims=st.lists(claims, max_size=9).map(tuple),
    moves=st.lists(moves, max_size=4).map(tuple),
    kind=st.sampled_from([ArticleKind.RENTAL, ArticleKind.SALE]),
)


def play(tenant: Tenant, scene: Scene, now: datetime, name: str = "PAR 64") -> Article:
    """The article after all that; what was not to be had was not reserved."""
    before, after = scene.frozen
    named = {"buffer_before_minutes": before, "buffer_after_minutes": after}
    article = make_article(tenant, name, owned=scene.owned, kind=scene.kind, **named)
    for moved in scene.moves:
        if moved.kind is StockMovementKind.ADDITION:
            _move(article, moved, now)
    for claimed in scene.claims:
        _claim(article, claimed, now)
    for moved in scene.moves:
        if moved.kind is StockMovementKind.OUT_OF_SERVICE:
            _move(article, moved, now)
    article.refresh_from_db(fields=["owned"])
    article.owned, article.out_of_service = max(article.owned - scene.lost, 0), scene.out_of_service
    article.buffer_before_minutes, article.buffer_after_minutes = scene.buffers
    article.save()
    return article


def _move(article: Article, moved: Moved, now: datetime) -> None:
    start = now + moved.start * MINUTE
    end = None if moved.length is None else start + moved.length * MINUTE
    add_movement(article=article, kind=moved.kind, quantity=moved.quantity, start=start, end=end)


def _claim(article: Article, claimed: Claimed, now: datetime) -> None:
    start = now + claimed.start * MINUTE
    period = Period(start, start + claimed.length * MINUTE)
    until = {"held": now + MINUTE, "run out": now}.get(claimed.fate)
    claim = ReservationClaim(article.pk, claimed.quantity, period, "J-1", expires_at=until)
    (row,) = reserve(tenant=article.tenant, claims=[claim], partial=True, now=now - EARLIER)
    if row and claimed.fate in {"out", "back"} and period.start < now:
        hand_over(tenant=article.tenant, reservations=[row], at=period.start)
        if claimed.fate == "back":
            take_back(
                tenant=article.tenant, reservations=[row], at=min(now, period.start + claimed.length * MINUTE / 2)
            )


def walked(article: Article, period: Period, now: datetime, excluding: Collection[int] = ()) -> int:
    """The fewest free units of a period, its buffers included, asked at every minute without any of the product's
    sums; all instants of a scene lie on whole minutes, or halfway between them. What is sold has to be there for ever:
    after its period it is asked at every instant at which anything changes."""
    asked = article.with_buffers(period)
    claims = [row for row in article.reservations.all() if row.pk not in excluding]
    moves = [(row.start, row.end or LATEST, row.signed_quantity) for row in article.stock_movements.all()]
    taken = [(row.blocked_from, _until(row, now), -row.quantity) for row in claims if row.counts(now)]
    standing, changes = article.owned - article.out_of_service, [*moves, *taken]
    later = [bound for start, end, _units in changes for bound in (start, end) if period.end <= bound < asked.end]
    instants = [*_walk(asked.start, min(asked.end, period.end) if article.kind == ArticleKind.SALE else asked.end)]
    instants += [*later, period.end] if article.kind == ArticleKind.SALE else []
    return min(standing + _counted(changes, instant) for instant in instants)


def _walk(start: datetime, end: datetime) -> Iterator[datetime]:
    yield start
    while (start := start + MINUTE / 2) < end:
        yield start


def _counted(changes: Iterable[tuple[datetime, datetime, int]], instant: datetime) -> int:
    return sum(units for start, end, units in changes if start <= instant < end)


def _until(row: Reservation, now: datetime) -> datetime:
    is_late = row.handed_over_at and not row.returned_at and row.blocked_until <= now
    return LATEST if is_late else row.blocked_until
