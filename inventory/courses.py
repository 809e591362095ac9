"""Keeping the courses of stock true: what each row does to its article, and whether the steps say so (mission E3)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from django.db import transaction

from eventworx.databases import execute_all
from eventworx.periods import LATEST, Period, instant_at, ticks
from eventworx.tenants.models import Tenant
from inventory.models import (
    Article,
    Reservation,
    StockMovement,
    StockMovementKind,
    locking,
    movements_on,
    read_courses,
    reservations_on,
    write_courses,
)
from inventory.steps import BEGINNING, EMPTY, END, Change, Course, Span, changed, span_of

ALWAYS = Span(BEGINNING, END)


@dataclass(frozen=True, slots=True)
class Difference:
    """An article whose steps do not say what its reservations and movements say."""

    article: Article
    kept: Course
    computed: Course

    @property
    def since(self) -> datetime:
        """The first instant at which they differ."""
        steps = zip_longest(self.kept, self.computed)
        differing = next((one, other) for one, other in steps if one != other)
        return instant_at(min(step.instant for step in differing if step))


def blocks(reservation: Reservation) -> Change:
    """What a reservation takes, as long as it was agreed; what is sold, until the end of time."""
    return Change(span_of(reservation.blocked), reserved=reservation.quantity)


def stays_away(reservation: Reservation) -> Change:
    """What overdue goods take beyond what was agreed: until somebody takes them back."""
    return Change(Span(ticks(reservation.blocked_until), END), reserved=reservation.quantity)


def moves(movement: StockMovement) -> Change:
    """What a dated change of stock does."""
    span = span_of(Period(movement.start, movement.end or LATEST))
    if movement.kind == StockMovementKind.ADDITION:
        return Change(span, added=movement.quantity)
    return Change(span, out_of_service=movement.quantity)


def lock_articles(*, tenant: Tenant, article_ids: Iterable[int]) -> None:
    """Whoever changes a course holds the lock of its article until the transaction ends (`locking`).

    `reserve` does it; whoever reserves or gives back more than once in a transaction locks everything first.
    Raises LookupError for an article of another tenant, or none.
    """
    wanted = set(article_ids)
    if len(execute_all([locking(tenant, wanted)])) < len(wanted):
        raise LookupError("an article of another tenant, or none")


def apply_changes(changes: Mapping[int, Sequence[Change]]) -> None:
    """Enter changes into the courses of articles, by id; the caller holds their locks."""
    touched = [change.span for some in changes.values() for change in some]
    if touched:
        before = read_courses(list(changes), around(touched)).courses
        write_courses(before, {pk: changed(before[pk], some) for pk, some in changes.items()})


def around(spans: Collection[Span]) -> Span:
    """What has to be read before anything is written in `spans`: the step before them, too, which theirs may equal."""
    return Span(min(span.start for span in spans) - 1, max(span.end for span in spans))


def computed_courses(articles: Iterable[Article]) -> dict[int, Course]:
    """The courses as all reservations and movements make them, from the first to the last."""
    changes: dict[int, list[Change]] = {article.pk: [] for article in articles}
    for reservation in reservations_on(changes).filter(expires_at__isnull=True, sold_at__isnull=True):
        changes[reservation.article_id].append(blocks(reservation))
    for movement in movements_on(changes):
        changes[movement.article_id].append(moves(movement))
    return {pk: changed(EMPTY, some) for pk, some in changes.items()}


@transaction.atomic
def check_courses(*, tenant: Tenant, article_ids: Collection[int], mend: bool = False) -> list[Difference]:
    """Compare the steps of these articles with a plain recomputation, under their locks; with `mend` write what is
    right. Returns what was wrong."""
    ids = [article_id for (article_id,) in execute_all([locking(tenant, article_ids)])]
    articles, kept, _moving = read_courses(ids, ALWAYS)
    computed = computed_courses(articles.values())
    wrong = [
        Difference(articles[pk], kept[pk], computed[pk]) for pk in articles if list(kept[pk]) != list(computed[pk])
    ]
    if mend:
        write_courses({one.article.pk: one.kept for one in wrong}, {one.article.pk: one.computed for one in wrong})
    return wrong
