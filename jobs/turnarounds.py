"""What comes back is turned around before others get it; the job that it comes back from may have it earlier (mission
E3, O7). Callers hold the lock of the job and those of the articles."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from eventworx.periods import Period, instant_at
from inventory import hand_overs
from inventory.availability import courses_on, stock_in, stock_of
from inventory.models import Article, Reservation
from inventory.steps import Change, Course, changed, during, span_of
from jobs.models import Job, Position, Turnaround


def keep(*, job: Job, turning: Iterable[Reservation]) -> None:
    """Remember whose it was and how long it is turned around."""
    job.turnarounds.bulk_create(
        Turnaround(
            tenant=job.tenant,
            job=job,
            article_id=row.article_id,
            quantity=row.quantity,
            until=row.blocked_until,
            reservation=row,
        )
        for row in turning
    )


def begin(*, job: Job, back: Iterable[Reservation], at: datetime) -> None:
    """What is back is turned around from now on, as long as it was reserved with, whatever the job does with it."""
    ends = [(row, Period(at, at).widened(timedelta(), row.buffers[1]).end) for row in back if not row.is_for_good]
    rows = [
        Turnaround(tenant=job.tenant, job=job, article_id=row.article_id, quantity=row.quantity, until=end)
        for row, end in ends
        if at < end
    ]
    job.turnarounds.bulk_create(rows)
    _let_turn(job, [(row, row.until) for row in rows], at)


def make_way(*, job: Job, wanted: Mapping[Position, int], again: Period, now: datetime) -> None:
    """What is turned around after a job does not bar its positions, which want so many units `again`.

    They get of it what they cannot have otherwise, and no more: to everybody else the rest is as far away as it was.
    What takes longest is cut short first: so no more of it is than has to be.
    """
    articles = {row.article.pk: row.article for row in wanted if row.article}
    turning = [(row, row.reservation) for row in job.turnarounds.on(articles) if row.reservation]
    if not turning:
        return
    units = Counter[int]()
    for position, quantity in wanted.items():
        units[cast(int, position.article_id)] += quantity
    held = [position.reservation_id for position in wanted if position.reservation_id]
    ours = [*held, *(reservation.pk for _row, reservation in turning)]
    apart = stock_of(articles=articles.values(), period=again, excluding=held, now=now)
    together = stock_of(articles=articles.values(), period=again, excluding=ours, now=now)
    left = Counter({pk: _lacking(most, together[pk].free, apart[pk].free) for pk, most in units.items()})
    ends = list[tuple[Turnaround, datetime]]()
    for row, reservation in sorted(turning, key=lambda one: one[1].blocked_until, reverse=True):
        needed = articles[row.article_id].with_buffers(again).start
        if left[row.article_id] and needed < reservation.blocked_until:
            part = _apart(row, min(left[row.article_id], row.quantity))
            left[row.article_id] -= part.quantity
            ends.append((part, needed))
    _let_turn(job, ends, now)


def let_last(*, job: Job, article_ids: Collection[int], now: datetime) -> None:
    """What was cut short for a job that needs it no longer is turned around to its end after all, or until the job
    needs it, as far as it is still there: nobody who has reserved it meanwhile gets less. What lasts longest stays cut,
    as `make_way` has it."""
    rows = list(job.turnarounds.filter(article__in=article_ids).select_related("reservation").order_by("pk"))
    cut = [row for row in rows if row.is_cut and row.left_at is None and now < row.until]
    if not cut:
        return
    articles = job.tenant.articles.in_bulk({row.article_id for row in cut})
    needed = _needed(job, articles, rows, now)
    whole = Period(now, max(row.until for row in cut))
    courses = courses_on(articles=list(articles.values()), period=whole, now=now)
    ends = list[tuple[Turnaround, datetime]]()
    for row in sorted(cut, key=lambda one: one.until, reverse=True):
        article, course = articles[row.article_id], courses[row.article_id]
        short = min(needed[row.article_id], row.quantity)
        needed[row.article_id] -= short
        since = max(now, row.reservation.blocked_until) if row.reservation else now
        again = min(row.until, article.with_buffers(job.planning_period).start)
        for units, until in ((short, again), (row.quantity - short, row.until)):
            for some, end in _as_long_as_free(article, course, since, until, units):
                course = changed(course, [Change(span_of(Period(since, end)), reserved=some)])
                ends.append((_apart(row, some), end))
        courses[row.article_id] = course
    _let_turn(job, ends, now)


def leave(*, job: Job, units: Mapping[int, int], at: datetime) -> None:
    """So many units of each article by its id leave the store for the job: what was cut short for them until now is not
    turned around any more."""
    left, gone = Counter(units), list[Turnaround]()
    for row in job.turnarounds.on(units).filter(until__gt=at).order_by("until", "pk"):
        if left[row.article_id] > 0 and (row.reservation is None or row.reservation.blocked_until <= at):
            gone.append(_apart(row, min(left[row.article_id], row.quantity)))
            left[row.article_id] -= gone[-1].quantity
    _let_turn(job, [(row, at) for row in gone], at)
    job.turnarounds.filter(pk__in=[row.pk for row in gone]).update(left_at=at)


def stay(*, job: Job, left_at: datetime) -> None:
    """What left then never did."""
    job.turnarounds.filter(left_at=left_at).update(left_at=None)


def _lacking(most: int, together: int, apart: int) -> int:
    """Of so many units these cannot be had but from what is turned around: free with it, and without."""
    return min(most, max(together, 0)) - min(most, max(apart, 0))


def _needed(job: Job, articles: Mapping[int, Article], rows: Sequence[Turnaround], now: datetime) -> dict[int, int]:
    """So many units of each article have to be cut short for what the job has reserved and not handed out."""
    positions = job.positions.filter(article__in=articles, reservation__isnull=False).select_related("reservation")
    held = [row.reservation for row in positions if row.reservation]
    held = [row for row in held if row.counts(now) and not row.left_at]
    ours = [*(row.pk for row in held), *(row.reservation_id for row in rows if row.reservation_id)]
    period = job.planning_period
    courses = courses_on(articles=list(articles.values()), period=period, excluding=ours, now=now)
    needed = {}
    for pk, article in articles.items():
        whole = [
            Change(span_of(Period(now, row.until)), reserved=row.quantity)
            for row in rows
            if row.article_id == pk and row.left_at is None and now < row.until
        ]
        together = stock_in(article=article, course=courses[pk], period=period).free
        apart = stock_in(article=article, course=changed(courses[pk], whole), period=period).free
        needed[pk] = _lacking(sum(row.quantity for row in held if row.article_id == pk), together, apart)
    return needed


def _as_long_as_free(
    article: Article, course: Course, since: datetime, until: datetime, units: int
) -> Iterator[tuple[int, datetime]]:
    """How many of so many units are free from an instant on, each time until when; at the latest until another."""
    if until <= since:
        return
    for step in during(course, span_of(Period(since, until))):
        free = min(units, max(article.owned - article.out_of_service + step.level, 0))
        if free < units and since < instant_at(step.instant):
            yield units - free, instant_at(step.instant)
        units = free
    if units:
        yield units, until


def _apart(row: Turnaround, quantity: int) -> Turnaround:
    """So many units of what is turned around, apart from the others."""
    if quantity == row.quantity:
        return row
    barring = row.reservation and hand_overs.set_apart(
        tenant=row.tenant, reservation=row.reservation, quantity=quantity
    )
    apart = Turnaround(
        tenant=row.tenant,
        job=row.job,
        article_id=row.article_id,
        quantity=quantity,
        until=row.until,
        reservation=barring,
    )
    apart.save()
    row.quantity -= quantity
    row.save(update_fields=["quantity"])
    return apart


def _let_turn(job: Job, ends: Sequence[tuple[Turnaround, datetime]], now: datetime) -> None:
    """Bar others until these instants, from now on where nothing does."""
    barring = [row.reservation or _barring(job, row, now) for row, _end in ends]
    until = [(reservation, end) for reservation, (_row, end) in zip(barring, ends, strict=True)]
    kept = hand_overs.let_turn(tenant=job.tenant, ends=until, now=now)
    for (row, _end), reservation in zip(ends, barring, strict=True):
        row.reservation = reservation if reservation in kept else None
    job.turnarounds.bulk_update([row for row, _end in ends], ["reservation"])


def _barring(job: Job, row: Turnaround, now: datetime) -> Reservation:
    since = dict.fromkeys(["start", "blocked_from", "handed_over_at", "returned_at"], now)
    named = {"article_id": row.article_id, "quantity": row.quantity, "label": str(job)[:200]}
    return Reservation(tenant=job.tenant, **named, **since)
